"""The fs server's core on the host, under the sanitizers: what it writes is what mtools and fsck.fat
say is there, what it reads is what mtools, mkfs.fat, sfdisk and xorriso have put there, and disks
that lie harm nobody. The programs are in tests/fs."""
import datetime
import os
import random
import subprocess

import pytest

from conftest import ROOT

FATFS = "build/deps/micropython/source/lib/oofatfs"
CORE = [f"servers/fs/{name}.c" for name in
        ["range", "partition", "iso", "iso_record", "iso_volume", "path", "fat", "volume", "file",
         "tree"]]
FLAGS = ["-std=c11", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
         "-D_GNU_SOURCE", "-DHOST_TEST", "-DCONFIG_DEBUG=1", "-I.", "-Ikernel/include",
         "-Iservers/include", "-Ibuild/gen", "-idirafter", "libc/include", "-isystem", FATFS,
         "-isystem", "servers/fs/fatfs"]
WARNINGS = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"]
NEW_FILE_TIME = "2026-11-21 10:00"


def run(*command, **how):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, **how)
    assert done.returncode == 0, f"{command}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
    return done.stdout


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """The folder of the programs `tool` and `fuzz`."""
    to = tmp_path_factory.mktemp("fs")
    for name in ["ff", "ffunicode"]:
        run("gcc", *FLAGS, "-w", "-include", "servers/fs/fatfs/fatfs_conf.h", "-c", f"{FATFS}/{name}.c", "-o", to / f"{name}.o", cwd=ROOT)
    for name in ["tool", "fuzz"]:
        run("gcc", *FLAGS, *WARNINGS, "-o", to / name, f"tests/fs/{name}.c", "tests/fs/image.c",
            *CORE, "servers/lib/calendar.c", "libc/strerror.c", to / "ff.o", to / "ffunicode.o",
            cwd=ROOT)
    return to


@pytest.fixture
def tool(programs):
    """tool(disks, (command, word...), ...): a list of (result, lines) for each command."""

    def do(disks, *commands):
        text = "".join("\t".join(map(str, command)) + "\n" for command in commands)
        output = run(programs / "tool", *disks, input=text)
        results, lines = [], []
        for line in output.splitlines():
            if line.startswith("= "):
                results.append((line[2:], lines))
                lines = []
            else:
                lines.append(line)
        assert len(results) == len(commands)
        return results

    return do


def errors(results):
    return [error for error, _ in results]


def make_fat(path, bits, mib, *more):
    with open(path, "wb") as image:
        image.truncate(mib << 20)
    run("mkfs.fat", "-F", bits, *more, path)
    return path


def check_fat(path):
    """fsck.fat finds nothing to say."""
    text = run("fsck.fat", "-nv", path)
    for bad in ["differ", "Orphan", "wrong", "Reclaim", "loop", "bad", "Dirty bit", "contains"]:
        assert bad not in text.replace("bad blocks", ""), text
    return text


def data(count, seed):
    return random.Random(seed).randbytes(count)


SIZES = {12: 4, 16: 32, 32: 64}


@pytest.mark.parametrize("bits", SIZES)
@pytest.mark.parametrize("sector", [512, 2048])
def test_fat_as_mtools_sees_it(tool, tmp_path, bits, sector):
    image = make_fat(tmp_path / "disk.img", bits, SIZES[bits] * (sector // 512), "-S", sector)
    files = {"A long file name with späces.bin": 300001, "SHORT.TXT": 6, "empty": 0,
             "日本語の名前.txt": 70000, "n" * 251 + ".txt": 5000}
    commands = []
    for index, (name, size) in enumerate(files.items()):
        (tmp_path / str(index)).write_bytes(data(size, index))
        commands.append(("put", tmp_path / str(index), f"/disk0/{name}"))
    commands += [("mkdir", "/disk0/Directory One"), ("mkdir", "/disk0/Directory One/inner"),
                 ("mv", "/disk0/SHORT.TXT", "/disk0/Directory One/inner/moved file"),
                 ("put", tmp_path / "0", "/disk0/gone"), ("rm", "/disk0/gone"),
                 ("put", tmp_path / "0", "/disk0/cut"), ("truncate", "/disk0/cut", 77777),
                 ("append", tmp_path / "3", "/disk0/cut"), ("ls", "/disk0"), ("umount", "disk0")]
    results = tool([f"disk0:{image}:{sector}"], *commands)
    assert set(errors(results)) == {"OK"}
    listed = {line.split(" ", 3)[3]: line.split(" ")[:3] for line in results[-2][1]}
    assert set(listed) == set(files) - {"SHORT.TXT"} | {"Directory One", "cut"}
    written = datetime.datetime.fromisoformat(NEW_FILE_TIME + "+00:00").timestamp()
    assert all(int(line[2]) == written for line in listed.values())
    check_fat(image)
    moved = {"SHORT.TXT": "Directory One/inner/moved file"}
    for index, (name, size) in enumerate(files.items()):
        back = tmp_path / "back"
        run("mcopy", "-n", "-o", "-i", image, f"::{moved.get(name, name)}", back)
        assert back.read_bytes() == data(size, index), name
    run("mcopy", "-n", "-o", "-i", image, "::cut", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data(300001, 0)[:77777] + data(70000, 3)
    assert NEW_FILE_TIME in run("mdir", "-i", image, "::cut").replace("  ", " ")


@pytest.mark.parametrize("bits", SIZES)
def test_fat_that_mtools_has_written(tool, tmp_path, bits):
    image = make_fat(tmp_path / "disk.img", bits, SIZES[bits])
    run("mmd", "-i", image, "::Folder")
    for index in range(120):  # fragmented: every other one is removed before the large one comes
        (tmp_path / "one").write_bytes(data(3000 + index * 50, index))
        run("mcopy", "-i", image, tmp_path / "one", f"::Folder/the file number {index}")
    run("mdel", "-i", image, *[f"::Folder/the file number {i}" for i in range(0, 120, 2)])
    (tmp_path / "large").write_bytes(data(900000, 999))
    run("mcopy", "-i", image, tmp_path / "large", "::large")
    commands = [("ls", "/disk0/Folder"), ("get", "/disk0/LARGE", tmp_path / "got")]
    commands += [("get", f"/disk0/Folder/the file number {index}", tmp_path / f"got{index}")
                 for index in range(1, 120, 2)]
    results = tool([f"disk0:{image}"], *commands)
    assert set(errors(results)) == {"OK"}
    assert len(results[0][1]) == 60
    assert (tmp_path / "got").read_bytes() == data(900000, 999)
    for index in range(1, 120, 2):
        assert (tmp_path / f"got{index}").read_bytes() == data(3000 + index * 50, index)


def test_errors_change_nothing(tool, tmp_path):
    image = make_fat(tmp_path / "disk.img", 16, 8, "-s", 1)
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"hello\n")
    large.write_bytes(data(9 << 20, 1))
    tool([f"disk0:{image}"], ("mkdir", "/disk0/a long directory"), ("put", small, "/disk0/file"),
         ("put", small, "/disk0/locked"), ("mkdir", "/disk0/a long directory/b"),
         ("umount", "disk0"))
    run("mattrib", "-i", image, "+r", "::locked")
    before = image.read_bytes()
    expected = {
        ("get", "/disk0/nothing", small): "NOT_FOUND",
        ("get", "/disk9/file", tmp_path / "x"): "NOT_FOUND",
        ("get", "/disk0", tmp_path / "x"): "IS_DIRECTORY",
        ("get", "/disk0/a long directory", tmp_path / "x"): "IS_DIRECTORY",
        ("put", small, "/disk0/a long directory"): "IS_DIRECTORY",
        ("put", small, "/disk0/locked"): "READ_ONLY",
        ("rm", "/disk0/locked"): "READ_ONLY",
        ("put", small, "/disk0/no/such"): "NOT_FOUND",
        ("put", small, "/disk0/file/x"): "NOT_FOUND",
        ("put", small, "/disk0/a*b"): "BAD_NAME",
        ("new", small, "/disk0/FILE"): "EXISTS",
        ("mkdir", "/disk0/file"): "EXISTS",
        ("mkdir", "/disk0"): "EXISTS",
        ("rm", "/disk0"): "BUSY",
        ("rm", "/"): "NO_RIGHT",
        ("rm", "/dev"): "READ_ONLY",
        ("mkdir", "/new"): "NOT_FOUND",
        ("rm", "/disk0/a long directory"): "NOT_EMPTY",
        ("mv", "/disk0/a long directory", "/disk0/a long directory/c"): "BAD_ARG",
        ("mv", "/disk0/A Long Directory", "/disk0/alongd~1/b/c"): "BAD_ARG",
        ("mv", "/disk0/file", "/disk0/locked"): "EXISTS",
        ("mv", "/disk0/file", "/dev/file"): "READ_ONLY",
        ("ls", "/disk0/file"): "NOT_DIRECTORY",
        ("ls", "/disk0/../disk0"): "BAD_ARG",
        ("ls", "/disk0//file"): "BAD_ARG",
        ("ls", "/disk0/a\\b"): "BAD_ARG",
        ("truncate", "/disk0/file", 7): "BAD_ARG",
        ("mount", "disk0"): "EXISTS",
        ("mount", "disk0p1"): "NOT_FOUND",
        ("umount", "cd0"): "NOT_FOUND",
        ("hold", "/dev/disk0", 1): "BUSY",
    }
    results = tool([f"disk0:{image}"], ("stat", "/disk0"), *expected, ("umount", "disk0"))
    assert errors(results)[1:-1] == list(expected.values())
    assert image.read_bytes() == before
    full = tool([f"disk0:{image}"], ("put", large, "/disk0/large"), ("rm", "/disk0/large"),
                ("df", "/disk0"), ("umount", "disk0"))
    assert errors(full) == ["FULL", "OK", "OK", "OK"]
    check_fat(image)


def test_open_files_are_kept(tool, tmp_path):
    image = make_fat(tmp_path / "disk.img", 12, 2)
    small = tmp_path / "small"
    small.write_bytes(b"hello\n")
    results = tool([f"disk0:{image}"], ("put", small, "/disk0/file"), ("hold", "/disk0/file", 1),
                   ("get", "/disk0/file", tmp_path / "x"), ("rm", "/disk0/FILE"),
                   ("mv", "/disk0/file", "/disk0/other"), ("umount", "disk0"), ("hold-write",),
                   ("sync",), ("drop",), ("hold", "/disk0/file", 0),
                   ("get", "/disk0/file", tmp_path / "x"), ("put", small, "/disk0/file"),
                   ("hold-write",), ("umount", "disk0"), ("end",), ("hold-read",),
                   ("umount", "disk0"))
    assert errors(results) == ["OK", "OK", "BUSY", "BUSY", "BUSY", "BUSY", "OK", "OK", "OK", "OK",
                               "OK", "BUSY", "NO_RIGHT", "BUSY", "OK", "BAD_ARG", "OK"]
    assert (tmp_path / "x").read_bytes() == b"xello\n"
    check_fat(image)


def test_what_a_task_may_reach(tool, tmp_path):
    image = make_fat(tmp_path / "disk.img", 12, 2)
    small = tmp_path / "small"
    small.write_bytes(b"hello\n")
    results = tool(
        [f"disk0:{image}"], ("mkdir", "/disk0/pub"), ("mkdir", "/disk0/public"),
        ("put", small, "/disk0/pub/file"), ("root", "read", "/disk0/pub"),
        ("get", "/disk0/pub/file", tmp_path / "x"), ("put", small, "/disk0/pub/file"),
        ("ls", "/disk0/public"), ("stat", "/disk0/PUB/file"), ("hold", "/dev/disk0", 0),
        ("ls", "/"), ("ls", "/disk0"), ("ls", "/dev"), ("root", "write", "/disk0/pub"),
        ("put", small, "/disk0/pub/other"), ("rm", "/disk0/pub"),
        ("mv", "/disk0/pub/other", "/disk0/other"), ("mkdir", "/disk0/x"),
        ("root", "none", "/"), ("ls", "/"))
    assert errors(results)[4:] == ["OK", "NO_RIGHT", "NO_RIGHT", "NO_RIGHT", "NO_RIGHT", "OK",
                                   "OK", "NO_RIGHT", "OK", "OK", "NO_RIGHT", "NO_RIGHT",
                                   "NO_RIGHT", "OK", "NO_RIGHT"]
    assert [line.split(" ", 3)[3] for line in results[9][1]] == ["disk0"]
    assert [line.split(" ", 3)[3] for line in results[10][1]] == ["pub"]


PARTITIONS = {
    "dos": ("start=2048,size=2048,type=1\nstart=4096,size=6144,type=6\n"
            "start=10240,size=6000,type=5\nstart=10300,size=2048,type=1\n"
            "start=12400,size=2048,type=1\n",
            {"disk0": 2048, "disk0p2": 4096, "disk0p5": 10300, "disk0p6": 12400}),
    "gpt": ("start=2048,size=2048\nstart=4096,size=6144\nstart=12400,size=2048\n",
            {"disk0": 2048, "disk0p2": 4096, "disk0p3": 12400}),
}


def make_disk(tmp_path, label):
    """An 8 MiB disk with a FAT volume in each partition, each with its name in a file."""
    script, starts = PARTITIONS[label]
    disk = tmp_path / "disk.img"
    with open(disk, "wb") as image:
        image.truncate(8 << 20)
    run("sfdisk", "-q", disk, input=f"label: {label}\n{script}")
    for name, start in starts.items():
        fat = make_fat(tmp_path / name, 12, 1)
        (tmp_path / "text").write_text(name)
        run("mcopy", "-i", fat, tmp_path / "text", "::which")
        with open(disk, "r+b") as image:
            image.seek(start * 512)
            image.write(fat.read_bytes())
    return disk, starts


@pytest.mark.parametrize("label", PARTITIONS)
def test_partitions(tool, tmp_path, label):
    disk, starts = make_disk(tmp_path, label)
    results = tool([f"disk0:{disk}"], ("volumes",),
                   *[("get", f"/{name}/which", tmp_path / f"got-{name}") for name in starts],
                   ("get", "/disk0p1/which", tmp_path / "got-p1"), ("ls", "/disk0p9"),
                   *[("put", tmp_path / "text", f"/{name}/new") for name in starts],
                   *[("umount", name) for name in starts], ("umount", "disk0p1"))
    assert errors(results) == ["OK"] * (2 + len(starts)) + ["NOT_FOUND"] + ["OK"] * 2 * len(
        starts) + ["NOT_FOUND"]
    assert [line.split()[0] for line in results[0][1]] == list(starts)
    for name, start in starts.items():
        assert (tmp_path / f"got-{name}").read_text() == name
        part = tmp_path / "part"
        part.write_bytes(disk.read_bytes()[start * 512:][:1 << 20])
        check_fat(part)
        assert "new" in run("mdir", "-b", "-i", part)
    assert (tmp_path / "got-p1").read_text() == "disk0"


def test_damaged_gpt_has_a_second_copy(tool, tmp_path):
    disk, starts = make_disk(tmp_path, "gpt")
    for block, name in [(1, "the header"), (2, "the array")]:
        broken = bytearray(disk.read_bytes())
        broken[block * 512 + 40] ^= 1
        (tmp_path / "broken.img").write_bytes(broken)
        results = tool([f"disk0:{tmp_path}/broken.img"], ("volumes",),
                       ("get", "/disk0p3/which", tmp_path / "got"))
        assert errors(results) == ["OK", "OK"], name
        assert (tmp_path / "got").read_text() == "disk0p3"
    broken = bytearray(disk.read_bytes())
    broken[1 * 512 + 40] ^= 1
    broken[-512 + 40] ^= 1
    (tmp_path / "broken.img").write_bytes(broken)
    results = tool([f"disk0:{tmp_path}/broken.img"], ("volumes",), ("ls", "/disk0p3"),
                   ("ls", "/disk0"))
    assert errors(results) == ["OK", "NOT_FOUND", "UNSUPPORTED"] and len(starts) == 3


def test_iso(tool, tmp_path):
    tree = tmp_path / "tree"
    deep = "a/b/c/d/e/f/g/h/i/j"
    long_name = "A name with spaces, " + "x" * 200 + ".and.dots"
    (tree / deep).mkdir(parents=True)
    files = {"a/large.bin": data(700001, 1), f"{deep}/deep": b"deep\n", "empty": b"",
             f"a/{long_name}": b"long\n", "README.TXT": b"plain\n"}
    for name, contents in files.items():
        (tree / name).write_bytes(contents)
    (tree / "link").symlink_to("a")
    for index in range(300):
        (tree / "a" / "b" / f"entry number {index}").write_bytes(b"%d" % index)
    for options in [["-R"], ["-R", "-D"], ["-R", "-J"]]:
        iso = tmp_path / "rock.iso"
        iso.unlink(missing_ok=True)
        run("xorriso", "-as", "mkisofs", *options, "-o", iso, tree)
        disks = [f"cd0:{iso}:2048:ro", f"disk0:{iso}"]
        results = tool(disks, *[("get", f"/{disk}/{name}", tmp_path / f"got{index}{disk}")
                                for index, name in enumerate(files) for disk in ["cd0", "disk0"]],
                       ("ls", "/cd0/a/b"), ("get", "/cd0/link", tmp_path / "x"),
                       ("put", tmp_path / "got0cd0", "/cd0/new"), ("rm", "/cd0/empty"),
                       ("put", tmp_path / "got0cd0", "/disk0/new"), ("ls", "/cd0/empty"),
                       ("ls", "/cd0/readme.txt"), ("df", "/cd0"), ("volumes",))
        assert errors(results) == ["OK"] * 11 + ["UNSUPPORTED", "READ_ONLY", "READ_ONLY",
                                                 "READ_ONLY", "NOT_DIRECTORY", "NOT_FOUND", "OK",
                                                 "OK"], options
        for index, contents in enumerate(files.values()):
            for disk in ["cd0", "disk0"]:
                assert (tmp_path / f"got{index}{disk}").read_bytes() == contents
        assert {line.split(" ", 3)[3] for line in results[10][1]} == {
            "c", *[f"entry number {index}" for index in range(300)]}
    run("xorriso", "-as", "mkisofs", "--norock", "-o", tmp_path / "plain.iso", tree)
    results = tool([f"cd0:{tmp_path}/plain.iso:2048:ro"],
                   ("get", "/cd0/readme.txt", tmp_path / "x"),
                   ("get", "/cd0/a/large.bin", tmp_path / "y"))
    assert errors(results) == ["OK", "OK"]
    assert (tmp_path / "x").read_bytes() == b"plain\n"
    assert (tmp_path / "y").read_bytes() == files["a/large.bin"]


def test_whole_disks(tool, tmp_path):
    (tmp_path / "disk.img").write_bytes(data(1 << 20, 5))
    (tmp_path / "piece").write_bytes(data(100001, 6))
    disks = [f"disk0:{tmp_path}/disk.img", f"disk1:{tmp_path}/piece:512:ro"]
    results = tool(disks, ("ls", "/dev"), ("get", "/dev/disk0", tmp_path / "got"),
                   ("put", tmp_path / "piece", "/dev/disk0"), ("new", tmp_path / "piece",
                                                               "/dev/disk0"),
                   ("put", tmp_path / "piece", "/dev/disk1"), ("get", "/dev/disk2", tmp_path / "x"),
                   ("rm", "/dev/disk0"), ("ls", "/disk0"), ("stat", "/dev/disk0"))
    assert errors(results) == ["OK", "OK", "OK", "EXISTS", "READ_ONLY", "NOT_FOUND", "READ_ONLY",
                               "UNSUPPORTED", "OK"]
    assert (tmp_path / "got").read_bytes() == data(1 << 20, 5)
    assert (tmp_path / "disk.img").read_bytes() == (data(100001, 6) + data(1 << 20, 5)[100001:])
    assert results[0][1][0].split() == ["Dw", str(1 << 20), "0", "disk0"]


def test_a_device_that_fails_or_goes(tool, tmp_path):
    """Every read and write of a session fails in turn: the error is IO, then all works again; or
    the disk is lost: files and volume are gone, and it can be mounted anew."""
    image = make_fat(tmp_path / "disk.img", 16, 8, "-s", 1)
    (tmp_path / "text").write_bytes(data(40000, 1))
    tool([f"disk0:{image}"], ("put", tmp_path / "text", "/disk0/kept"), ("umount", "disk0"))
    session = [("ls", "/disk0"), ("get", "/disk0/kept", tmp_path / "x"),
               ("put", tmp_path / "text", "/disk0/new")]
    for how, error in [("fail", "IO"), ("lose", "GONE")]:
        seen = set()
        for after in range(1, 60):
            results = tool([f"disk0:{image}"], (how, after), *session, (how, 0),
                           ("get", "/disk0/kept", tmp_path / "y"), ("umount", "disk0"))
            seen |= set(errors(results)[1:4])
            assert errors(results)[5] == "OK" and set(errors(results)[1:4]) <= {"OK", error}
            assert (tmp_path / "y").read_bytes() == data(40000, 1)
        assert seen == {"OK", error}
    results = tool([f"disk0:{image}"], ("hold", "/disk0/kept", 0), ("lose", 1),
                   ("get", "/disk0/kept", tmp_path / "y"), ("lose", 0), ("hold-read",), ("drop",), ("drop",), ("ls", "/disk0"))
    assert errors(results) == ["OK", "OK", "GONE", "OK", "GONE", "GONE", "BAD_ARG", "OK"]


FUZZ = {"fat12": (2500, "disk0", 512), "fat16": (2500, "disk0", 512), "fat32": (80, "disk0", 512),
        "dos": (800, "disk0", 512), "gpt": (800, "disk0", 512), "iso": (4000, "cd0", 2048)}


@pytest.mark.parametrize("kind", FUZZ)
def test_disks_that_lie(programs, tmp_path, kind):
    rounds, name, block = FUZZ[kind]
    (tmp_path / "text").write_bytes(data(60000, 1))
    if kind in PARTITIONS:
        image = make_disk(tmp_path, kind)[0]
    elif kind == "iso":
        image, tree = tmp_path / "iso", tmp_path / "tree"
        (tree / "a" / "b").mkdir(parents=True)
        for path in ["a/file with a long name", "a/b/other", "top"]:
            (tree / path).write_bytes(data(5000, 2))
        run("xorriso", "-as", "mkisofs", "-R", "-o", image, tree)
    else:
        bits = int(kind[3:])
        image = make_fat(tmp_path / "fat", bits, {12: 1, 16: 3, 32: 40}[bits], "-s", 1)
        run("mmd", "-i", image, "::directory", "::directory/inner")
        for path in ["file with a long name", "directory/inner/other", "directory/a"]:
            run("mcopy", "-i", image, tmp_path / "text", f"::{path}")
    seed = 1 + list(FUZZ).index(kind)
    text = run(programs / "fuzz", name, image, block, rounds, seed,
               env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"}, timeout=400)
    mounted = int(text.split(": ")[1].split()[0])
    assert mounted > rounds // 3, text
