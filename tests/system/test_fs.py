"""Files as a user sees them: the shell's commands on FAT disks and the boot CD, and what mtools and
fsck.fat say of the disks afterwards. Both machines: `pc` with its own IDE, `q35` with piix3-ide."""
import hashlib
import random
import subprocess

import pytest

from conftest import ROOT

ISO = ROOT / "build" / "quoll.iso"
MIB = 1 << 20


def run(*command, **how):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, **how)
    assert done.returncode == 0, f"{command}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
    return done.stdout


def make_fat(path, bits, mib):
    with open(path, "wb") as image:
        image.truncate(mib * MIB)
    run("mkfs.fat", "-F", bits, path)
    return path


def check_fat(path):
    text = run("fsck.fat", "-nv", path)
    for bad in ["differ", "Orphan", "wrong", "Reclaim", "loop", "Dirty bit", "contains"]:
        assert bad not in text, text


def disks(kind, *images):
    """Options for the images as disk0, disk1, and the boot CD as cd0."""
    options = ["-boot", "d"]
    if kind == "q35":
        options += ["-device", "piix3-ide,id=ide", "-drive",
                    f"file={ISO},format=raw,if=none,id=cd,readonly=on,media=cdrom",
                    "-device", "ide-cd,drive=cd,bus=ide.1,unit=0"]
    for index, image in enumerate(images):
        drive = f"file={image},format=raw"
        if kind == "pc":
            options += ["-drive", f"{drive},if=ide,index={index}"]
        else:
            options += ["-drive", f"{drive},if=none,id=disk{index}", "-device",
                        f"ide-hd,drive=disk{index},bus=ide.0,unit={index}"]
    return options


def sum_of(contents):
    return hashlib.sha256(contents).hexdigest()


def data(count, seed):
    return random.Random(seed).randbytes(count)


def power_off(one):
    one.send("poweroff\r")
    assert one.wait_exit(30) == 0


@pytest.mark.parametrize("kind", ["pc", "q35"])
def test_commands(machine, tmp_path, kind):
    image, second = make_fat(tmp_path / "a.img", 16, 32), make_fat(tmp_path / "b.img", 32, 64)
    big = data(700001, 1)
    (tmp_path / "big").write_bytes(big)
    (tmp_path / "text").write_text("hello from mtools\nline two\n")
    run("mmd", "-i", image, "::docs")
    run("mcopy", "-i", image, tmp_path / "big", "::docs/big")
    run("mcopy", "-i", image, tmp_path / "text", "::A long greeting.txt")
    one = machine(machine=kind, extra=disks(kind, image, second))
    one.boot()
    assert {line["name"]: line["read_only"] for line in one.run_json("mount")} == {
        "disk0": False, "disk1": False, "cd0": True}
    assert [line["name"] for line in one.run_json("ls /")] == ["dev", "disk0", "disk1", "cd0"]
    listed = {line["name"]: line for line in one.run_json("ls /disk0")}
    assert set(listed) == {"docs", "A long greeting.txt"}
    assert listed["docs"]["kind"] == "directory"
    assert listed["A long greeting.txt"]["bytes"] == 27
    assert one.run('cat "/disk0/A long greeting.txt"') == ["hello from mtools", "line two"]
    assert one.run("sha256sum /disk0/docs/BIG") == [f"{sum_of(big)}  /disk0/docs/BIG"]
    assert one.run("cd /disk0/docs") == [] and one.run("pwd") == ["/disk0/docs"]
    assert one.run("mkdir /disk1/new /disk1/new/inner") == []
    assert one.run("cp big /disk1/new/inner") == []
    assert one.run("cp big ../copy") == []
    assert one.run('mv ../copy "/disk0/a name with blanks"') == []
    assert one.run("mv /disk1/new/inner/big /disk1/BIG2") == []
    assert one.run("sha256sum /disk1/big2")[0].split()[0] == sum_of(big)
    assert one.run("hexdump big 0x10 32")[0].startswith(
        "00000010  " + big[16:24].hex(" ") + "  " + big[24:32].hex(" "))
    space = {line["name"]: line for line in one.run_json("df")}
    assert {name: line["format"] for name, line in space.items()} == {"disk0": "fat16",
                                                                      "disk1": "fat32"}
    assert one.run("rm /disk1/new/inner") == []
    year = one.run("date")[0][:4]
    assert one.run_json("ls /disk1/BIG2")[0]["modified"].startswith(year)
    power_off(one)
    check_fat(image)
    check_fat(second)
    free = int(run("minfo", "-i", second, "::").split("free clusters=")[1].split()[0])
    assert space["disk1"]["free_bytes"] + space["disk1"]["unit_bytes"] == free * \
        space["disk1"]["unit_bytes"]
    for where, name in [(image, "a name with blanks"), (second, "BIG2"), (image, "docs/big")]:
        run("mcopy", "-n", "-o", "-i", where, f"::{name}", tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == big
    assert run("mdir", "-/", "-b", "-i", second).split() == ["::/new/", "::/BIG2"]


@pytest.mark.parametrize("kind", ["pc", "q35"])
def test_the_boot_cd_is_readable(machine, tmp_path, kind):
    """Every file of the ISO, as xorriso lists it, has the sum that it has on the host."""
    one = machine(machine=kind, extra=disks(kind), limit_s=300)
    one.boot()
    names = run("xorriso", "-indev", ISO, "-find", "/", "-type", "f").splitlines()
    names = [name.strip("'") for name in names if name.startswith("'/")]
    assert any(name.endswith("quoll.img") for name in names) and len(names) > 20

    def of_kind(path, wanted):
        return {f"{path}/{line['name']}" for line in one.run_json(f"ls /cd0{path}")
                if line["kind"] == wanted}

    found, left = set(), {""}
    while left:
        path = left.pop()
        found |= of_kind(path, "file")
        left |= of_kind(path, "directory")
    assert found == {*names, "/boot.catalog"}  # which is no file to xorriso
    chosen = sorted(names, key=len)[:3] + [name for name in names if "quoll" in name]
    for name in chosen:
        run("xorriso", "-osirrox", "on", "-indev", ISO, "-extract", name, tmp_path / "back")
        got = one.run_json(f"sha256sum /cd0{name}", 60)[0]
        assert got == {"path": f"/cd0{name}", "sha256": sum_of((tmp_path / "back").read_bytes())}
        (tmp_path / "back").unlink()
    assert one.run_json("sha256sum /dev/cd0", 120)[0]["sha256"] == sum_of(ISO.read_bytes())


def test_errors_say_what_to_do(machine, tmp_path):
    image = make_fat(tmp_path / "a.img", 12, 2)
    one = machine(machine="pc", extra=disks("pc", image))
    one.boot()
    for command, part in [
            ("cat /disk0/nothing", "nothing of that name; ls lists"),
            ("cat /disk7/x", "nothing of that name"), ("cat /disk0", "is a directory; ls lists it"),
            ("cat", "usage: cat PATH..."), ("cp /disk0/x", "one more path is needed"),
            ("cp /disk0/x /disk0/y", "nothing of that name"), ("cp /disk0 /disk0/y", "directory"),
            ("mkdir /cd0/x", "it can only be read"), ("rm /cd0/boot", "it can only be read"),
            ("mkdir /disk0/a*b", "no file can have this name there"),
            ("rm /disk0", "it is in use"), ("mount disk0", "is mounted already"),
            ("mount floppy", "nothing of that name"), ("umount disk3", "not mounted"),
            ("hexdump /disk0/x 1 2z", "2z is no number"), ("ls -a", "no option -a"),
            ("cp /cd0/efi.img /disk0/efi", "no room is left")]:
        lines = one.run(command, 60)
        assert part in lines[0], (command, lines)
    assert "was removed" in lines[-1]
    assert json_error(one, "ls /disk0/nothing").startswith("ls: /disk0/nothing: ")
    assert one.run_json("ls /disk0") == []
    assert one.run("umount /disk0") == []
    before = image.read_bytes()
    assert "mount it to use it again" in one.run("ls /disk0")[0]
    assert one.run("cp /cd0/boot/grub/grub.cfg /dev/disk0") == []
    assert "no file or file system that is known" in one.run("mount disk0")[0]
    power_off(one)
    grub = (ROOT / "boot" / "grub.cfg").read_bytes()
    assert image.read_bytes() == grub + before[len(grub):]


def json_error(one, command):
    return one.run_json(command)[0]["error"]


@pytest.mark.parametrize("kind", ["pc"])
def test_a_driver_that_dies_is_a_delay(machine, tmp_path, kind):
    """Copies while the disk's driver is killed again and again: every byte is right, on the host
    too; one that is stopped is a definite error, and after it is started all works again."""
    image = make_fat(tmp_path / "a.img", 16, 32)
    big = data(4 * MIB + 77, 3)
    (tmp_path / "big").write_bytes(big)
    run("mcopy", "-i", image, tmp_path / "big", "::big")
    one = machine(machine=kind, extra=disks(kind, image), limit_s=400)
    one.boot()
    assert one.run("ls /disk0 --json")[0].startswith('{"name": "big"')
    one.run("kill ata 8 100")
    for index in range(3):
        assert one.run(f"cp /disk0/big /disk0/copy{index}", 120) == []
    sums = one.run("sha256sum /disk0/copy0 /disk0/copy1 /disk0/copy2", 120)
    assert [line.split()[0] for line in sums] == [sum_of(big)] * 3
    deaths = [line for line in one.run_json("events") if line["driver"] == "ata"
              and line["cause"] == "killed"]
    assert len(deaths) == 8
    assert "does not run" in one.run("stop ata")[0]
    assert "driver was given up" in one.run("cat /disk0/big")[0]
    assert "runs" in one.run("start ata")[0]
    for _ in range(50):
        lines = one.run("ls /disk0")
        if "copy2" in lines[-1]:
            break
    assert one.run("sha256sum /disk0/copy2", 60)[0].split()[0] == sum_of(big)
    power_off(one)
    check_fat(image)
    for index in range(3):
        run("mcopy", "-n", "-o", "-i", image, f"::copy{index}", tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == big


def test_inside_the_system(machine, count, tmp_path):
    """What a client sees, and what is left of one that dies with an open file."""
    image = make_fat(tmp_path / "a.img", 16, 32)
    (tmp_path / "mark").write_text("x")
    run("mcopy", "-i", image, tmp_path / "mark", "::quoll test volume")
    one = machine(machine="pc", extra=disks("pc", image))
    one.boot()
    *lines, last = one.run("test files", 60)
    passed, failed = int(last.split()[0]), int(last.split()[2])
    count("os-files", passed, failed)
    assert (passed, failed) == (3, 0), lines
    one.run("test death.files")
    state, = [task["state"] for task in one.run_json("ps") if task["name"] == "test"]
    assert state == "faulted"
    assert one.run("cat /disk0/left") == ["left behind"]
    assert one.run_json("mount")[0]["open_files"] == 0
    assert one.run("umount disk0") == []
    power_off(one)
    check_fat(image)
    assert run("mtype", "-i", image, "::left") == "left behind\n"


def test_partitions(machine, tmp_path):
    disk = tmp_path / "disk.img"
    with open(disk, "wb") as image:
        image.truncate(16 * MIB)
    run("sfdisk", "-q", disk, input="label: gpt\nstart=2048,size=8192\nstart=12288,size=8192\n")
    for start, name in [(2048, "one"), (12288, "two")]:
        fat = make_fat(tmp_path / name, 12, 4)
        with open(disk, "r+b") as image:
            image.seek(start * 512)
            image.write(fat.read_bytes())
    one = machine(machine="q35", extra=disks("q35", disk))
    one.boot()
    assert one.run("mkdir /disk0/one /disk0p2/two") == []
    assert "cp the file, then rm it here" in one.run("mv /disk0/one /disk0p2/three")[0]
    assert [(line["name"], line["partition"], line["format"]) for line in one.run_json("mount")
            if line["disk"] == "disk0"] == [("disk0", 1, "fat12"), ("disk0p2", 2, "fat12")]
    power_off(one)
    for start, name in [(2048, "one"), (12288, "two")]:
        part = tmp_path / "part"
        part.write_bytes(disk.read_bytes()[start * 512:][:4 * MIB])
        check_fat(part)
        assert run("mdir", "-b", "-i", part).split() == [f"::/{name}/"]
