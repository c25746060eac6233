"""Disks and CDs at q35's own Serial ATA controller: the driver `ahci` behind an IOMMU and with DMA
unprotected, alone and beside `ata`. The tests in the system are tests/os/block.c, as for `ata`."""
import hashlib
import re
import time

import pytest

from conftest import ROOT
from test_ata import BLOCKS, MARK, TESTS, check_depth, check_image
from test_drivers import CAUSES, driver
from test_fs import check_fat, data, make_fat, power_off, run, sum_of

PATH = "/pci/00:1f.2"
ISO = ROOT / "build" / "quoll.iso"
IOMMU = dict(machine="q35,kernel-irqchip=split", iommu="intremap=on")
UNPROTECTED = dict(image="build/unprotected/quoll.img", kernel="build/kernel/quoll.elf")
MACHINES = {"iommu": IOMMU, "unprotected": UNPROTECTED}
REFUSED = {"wild-dma-write": r"dma: DMA write to 0x[0-9a-f]+ refused, requester 00:1f\.2",
           "wild-dma-read": r"dma: DMA read of 0x[0-9a-f]+ refused, requester 00:1f\.2"}


@pytest.fixture(name="disk")
def fixture_disk(tmp_path):
    path = tmp_path / "disk"
    with open(path, "wb") as image:
        image.truncate(BLOCKS * 512)
        image.write(MARK)
    return path


def disk_at(port, image, more=""):
    return ("-drive", f"file={image},format=raw,if=none,id=s{port}{more}",
            "-device", f"ide-hd,bus=ide.{port},drive=s{port}")


def disk_of_ata(image):
    return ("-drive", f"file={image},format=raw,if=none,id=d0", "-device", "piix3-ide,id=ide9,addr=4",
            "-device", "ide-hd,bus=ide9.0,drive=d0")


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


@pytest.mark.parametrize("kind", MACHINES)
def test_disk(machine, count, disk, kind):
    """Every size, depth, wrong requests, deaths under load and at some steps of a request."""
    one = machine(limit_s=500, boot="pvh", extra=disk_at(0, disk), **MACHINES[kind])
    one.boot()
    found, = one.run_json("lsdev block")
    assert found["path"] == f"{PATH}/disk0" and found["driver"] == "ahci", found
    lines = one.run("test block", timeout=300)
    passed = [line.split()[1] for line in lines if line.startswith("pass ")]
    failures = [line for line in lines if line.startswith("FAIL")]
    count(f"ahci-{kind}", len(passed), len(failures))
    assert not failures and sorted(passed) == sorted(TESTS), "\n".join(lines)
    assert any("ahci: disk0: QEMU HARDDISK, 131072 blocks of 512 bytes, by queued DMA" in line
               for line in one.run("log"))
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


def provoke(one, fault):
    one.run(f"inject {fault} ahci")
    lines = one.run("test block.deep.random block.deep.neighbours", timeout=60)
    assert lines[-1] == "2 passed, 0 failed", (fault, lines)


def test_faults(machine, count, disk):
    """Each fault that its driver can commit: it dies of it, comes back, and no data is wrong. What
    its device does to memory is refused and named."""
    one = machine(limit_s=500, boot="pvh", extra=disk_at(0, disk), **IOMMU)
    one.boot()
    for fault, cause in {**CAUSES, **REFUSED}.items():
        if fault == "irq-storm":
            continue  # a drive interrupts only when it is done
        before = driver(one, PATH)["restarts"]
        provoke(one, fault)
        deadline = time.monotonic() + 30
        while driver(one, PATH)["restarts"] == before and time.monotonic() < deadline:
            time.sleep(0.2)
        now = driver(one, PATH)
        assert now["restarts"] == before + 1 and re.match(cause, now["last_death"]), (fault, now)
        count(f"ahci-fault-{fault}", 1, 0)
    before = driver(one, PATH)["restarts"]
    provoke(one, "forged-irq")
    assert driver(one, PATH)["restarts"] == before
    check_depth(disk.read_bytes())


def test_wild_dma_unprotected(machine, disk):
    """Where nothing stops it, it happens: the page is changed, and nobody dies."""
    one = machine(limit_s=300, boot="pvh", extra=disk_at(0, disk), **UNPROTECTED)
    one.boot()
    provoke(one, "wild-dma-write")
    provoke(one, "wild-dma-read")
    assert driver(one, PATH)["restarts"] == 0
    # what devman's page holds, as the disk was given it
    assert set(disk.read_bytes()[512:1024]) == {0xc5}


def test_files(machine, tmp_path):
    """A file system on a disk, and the CD that it was booted from, with every byte of it; the disk's
    driver is killed meanwhile."""
    image = make_fat(tmp_path / "a.img", 16, 32)
    big = data(4 * (1 << 20) + 77, 3)
    (tmp_path / "big").write_bytes(big)
    run("mcopy", "-i", image, tmp_path / "big", "::big")
    one = machine(limit_s=400, extra=("-boot", "d", *disk_at(0, image)), **IOMMU)
    one.boot()
    assert [node["path"] for node in one.run_json("lsdev block")] == [f"{PATH}/disk0", f"{PATH}/cd2"]
    names = {line["name"] for line in one.run_json("ls /")}
    assert names == {"dev", "disk0", "cd0"}
    assert "boot" in {line["name"] for line in one.run_json("ls /cd0")}
    one.run("kill ahci 8 100")
    for index in range(3):
        assert one.run(f"cp /disk0/big /disk0/copy{index}", 120) == []
    sums = one.run("sha256sum /disk0/copy0 /disk0/copy1 /disk0/copy2", 120)
    assert [line.split()[0] for line in sums] == [sum_of(big)] * 3
    whole = hashlib.sha256(ISO.read_bytes()).hexdigest()
    assert one.run("sha256sum /dev/cd0", 240) == [f"{whole}  /dev/cd0"]
    deaths = [line for line in one.run_json("events") if line["driver"] == "ahci"
              and line["cause"] == "killed"]
    assert len(deaths) == 8
    power_off(one)
    check_fat(image)


def test_beside_ata(machine, tmp_path):
    """Disks are counted over both drivers, in the order of the tree: /disk0 is ata's here."""
    first, second = make_fat(tmp_path / "a.img", 16, 32), make_fat(tmp_path / "b.img", 16, 32)
    for image, text in ((first, "ata"), (second, "ahci")):
        (tmp_path / "name").write_text(text + "\n")
        run("mcopy", "-i", image, tmp_path / "name", "::name")
    one = machine(limit_s=300, boot="pvh", extra=(*disk_of_ata(first), *disk_at(3, second),
                                                  *cd_at(4, ISO)), **IOMMU)
    one.boot()
    assert [node["path"] for node in one.run_json("lsdev block")] == [
        "/pci/00:04.0/disk0", f"{PATH}/disk3", f"{PATH}/cd4"]
    assert one.run("cat /disk0/name /disk1/name") == ["ata", "ahci"]
    assert "boot" in {line["name"] for line in one.run_json("ls /cd0")}


def test_refused_without_an_iommu(machine, disk):
    """As it is shipped, a machine without an IOMMU has no Serial ATA: it says so, and goes on; disks
    of `ata` are what they were."""
    one = machine(limit_s=300, extra=disk_of_ata(disk))
    one.boot()
    node = next(d for d in one.run_json("lsdev") if d["path"] == PATH)
    assert node["state"] == "refused", node
    assert any(f"{PATH}: ahci was not started: ahci needs DMA: there is no IOMMU" in line
               for line in one.run("log"))
    found, = one.run_json("lsdev block")
    assert found["path"] == "/pci/00:04.0/disk0", found
    assert one.run("test block.sizes", timeout=100)[-1] == "1 passed, 0 failed"
