"""Disks and CDs at q35's own Serial ATA controller: the driver `ahci` behind an IOMMU and with DMA
unprotected, alone and beside `ata`. The tests in the system are tests/os/block.c, as for `ata`;
faults, deaths and wild DMA are test_disk_*.py's."""
import hashlib

import pytest

from conftest import ROOT
from disks import AHCI, ATA, IOMMU_DEVICE, machine_of, make_disk
from test_ata import EACH, TESTS, check_depth, check_image
from test_drivers import driver
from test_fs import make_fat, run

PATH = AHCI.path
ISO = ROOT / "build" / "quoll.iso"
IOMMU = dict(machine="q35,kernel-irqchip=split", iommu="intremap=on")


@pytest.fixture(name="disk")
def fixture_disk(tmp_path):
    return make_disk(tmp_path / "disk")


def disk_at(port, image, more=""):
    return ("-drive", f"file={image},format=raw,if=none,id=s{port}{more}",
            "-device", f"ide-hd,bus=ide.{port},drive=s{port}")


def cd_at(port, image):
    return ("-drive", f"file={image},format=raw,if=none,id=s{port},media=cdrom,readonly=on",
            "-device", f"ide-cd,bus=ide.{port},drive=s{port}")


def outstanding(trace):
    """Most commands that QEMU had at a time."""
    now = most = 0
    for line in trace.read_text().splitlines():
        now += line.startswith("process_ncq_command ") - line.startswith("ncq_finish ")
        most = max(most, now)
    return most


def check_tests(one, count, names, wanted):
    lines = one.run(f"test {names}", timeout=3600 if EACH else 300)
    passed = [line.split()[1] for line in lines if line.startswith("pass ")]
    failures = [line for line in lines if line.startswith("FAIL")]
    count(f"ahci-{names.replace(' ', '-')}", len(passed), len(failures))
    assert not failures and sorted(passed) == sorted(wanted), "\n".join(lines)


def test_disk(machine, count, disk):
    """Every size, depth, wrong requests, deaths under load and at some steps of a request (in make
    soak at each)."""
    one = machine(limit_s=500 + 3600 * len(EACH), **machine_of("q35-iommu", AHCI, disk))
    one.boot()
    found, = one.run_json("lsdev block")
    assert found["path"] == f"{PATH}/disk0" and found["driver"] == "ahci", found
    check_tests(one, count, "block", TESTS)
    for test in EACH:
        check_tests(one, count, test, [test])
    assert any("ahci: disk0: QEMU HARDDISK, 131072 blocks of 512 bytes, by queued DMA" in line
               for line in one.run("log"))
    check_image(disk.read_bytes())


def test_disk_unprotected(machine, count, disk):
    one = machine(limit_s=300, **machine_of("q35-dma", AHCI, disk))
    one.boot()
    assert any("DMA IS UNPROTECTED" in line for line in one.run("lsdev"))
    names = [f"block.{what}" for what in ("sizes", "deep.random", "deep.neighbours", "refused")]
    check_tests(one, count, " ".join(names), names)
    check_image(disk.read_bytes())


def test_depth(machine, disk, tmp_path):
    """A disk that is slower than its client has 32 commands at a time, and each is done."""
    trace = tmp_path / "trace"
    one = machine(limit_s=300, boot="pvh", **IOMMU, extra=(
        *disk_at(0, disk, ",throttling.iops-total=100"), "-D", trace,
        "-trace", "process_ncq_command", "-trace", "ncq_finish"))
    one.boot()
    lines = one.run("test block.deep.neighbours block.deep.random", timeout=120)
    assert lines[-1] == "2 passed, 0 failed", lines
    assert outstanding(trace) == 32
    check_depth(disk.read_bytes())


def test_a_disk_that_does_not_answer(machine, disk):
    """It is reset, and what it was asked for is tried again, or ends with a definite error; the
    driver lives, and once the disk is itself again all is well. (Under icount 20 s of the guest's
    pass at once, while QEMU lets a block of 4 KiB through in 4 s.)"""
    subject = machine_of("q35-iommu", AHCI, disk)
    subject["extra"] = (*IOMMU_DEVICE, *AHCI.at(disk, **{"throttling.bps-total": 1000}))
    one = machine(limit_s=600, icount=True, **subject)
    one.boot()
    for _ in range(10):
        one.run("hexdump /dev/disk0 0 16", timeout=120)
        if any("disk0: the drive does not answer; it is reset" in line for line in one.run("log")):
            break
    else:
        raise AssertionError("no command was given up")
    one.qmp("block_set_io_throttle", device="d0", bps=0, bps_rd=0, bps_wr=0, iops=0, iops_rd=0,
            iops_wr=0)
    assert "quoll test disk" in one.run("hexdump /dev/disk0 0 16", timeout=120)[0]
    assert driver(one, PATH)["restarts"] == 0


def test_boot_cd(machine, tmp_path):
    """The CD that it was booted from, with every byte of it, and a file system on a disk."""
    image = make_fat(tmp_path / "a.img", 16, 32)
    one = machine(limit_s=400, extra=("-boot", "d", *disk_at(0, image)), **IOMMU)
    one.boot()
    assert [node["path"] for node in one.run_json("lsdev block")] == [f"{PATH}/disk0", f"{PATH}/cd2"]
    assert {line["name"] for line in one.run_json("ls /")} == {"dev", "disk0", "cd0"}
    assert "boot" in {line["name"] for line in one.run_json("ls /cd0")}
    assert one.run("cp /cd0/boot/grub/grub.cfg /disk0/copy") == []
    whole = hashlib.sha256(ISO.read_bytes()).hexdigest()
    assert one.run("sha256sum /dev/cd0", 240) == [f"{whole}  /dev/cd0"]
    assert one.run("umount disk0") == []
    assert run("mtype", "-i", image, "::copy") == (ROOT / "boot/grub.cfg").read_text()


def test_beside_ata(machine, tmp_path):
    """Disks are counted over both drivers, in the order of the tree: /disk0 is ata's here."""
    first, second = make_fat(tmp_path / "a.img", 16, 32), make_fat(tmp_path / "b.img", 16, 32)
    for image, text in ((first, "ata"), (second, "ahci")):
        (tmp_path / "name").write_text(text + "\n")
        run("mcopy", "-i", image, tmp_path / "name", "::name")
    one = machine(limit_s=300, boot="pvh", extra=(*ATA.at(first), *disk_at(3, second),
                                                  *cd_at(4, ISO)), **IOMMU)
    one.boot()
    assert [node["path"] for node in one.run_json("lsdev block")] == [
        "/pci/00:04.0/disk0", f"{PATH}/disk3", f"{PATH}/cd4"]
    assert one.run("cat /disk0/name /disk1/name") == ["ata", "ahci"]
    assert "boot" in {line["name"] for line in one.run_json("ls /cd0")}


def test_without_drives(machine, disk):
    """The controller is there, with nothing at it: it is no disk itself."""
    one = machine(limit_s=300, **machine_of("q35-iommu", ATA, disk))
    one.boot()
    node = next(d for d in one.run_json("lsdev") if d["path"] == PATH)
    assert node["state"] == "running" and node["driver"] == "ahci", node
    assert [node["path"] for node in one.run_json("lsdev block")] == ["/pci/00:04.0/disk0"]
    assert {line["name"] for line in one.run_json("ls /")} == {"dev", "disk0"}


def test_refused_without_an_iommu(machine, disk):
    """As it is shipped, a machine without an IOMMU has no Serial ATA: it says so, and goes on; disks
    of `ata` are what they were."""
    one = machine(limit_s=300, extra=ATA.at(disk))
    one.boot()
    node = next(d for d in one.run_json("lsdev") if d["path"] == PATH)
    assert node["state"] == "refused", node
    assert any(f"{PATH}: ahci was not started: ahci needs DMA: there is no IOMMU" in line
               for line in one.run("log"))
    assert [node["path"] for node in one.run_json("lsdev block")] == ["/pci/00:04.0/disk0"]
    assert one.run("test block.sizes", timeout=100)[-1] == "1 passed, 0 failed"
