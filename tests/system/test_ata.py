"""Disks in the system: the driver `ata` by PIO and by DMA, on q35 with a PIIX3 and on pc; what it
wrote is compared with the image on the host. The tests in the system are tests/os/block.c."""
import os
import re
import time

import pytest

from conftest import ROOT
from disks import ATA, BLOCKS, MARK, holds, machine_of, make_disk, path_of
from test_drivers import CAUSES, driver
from test_fs import ISO, run, sum_of

PIECE = 8
SIZES = (1, 2, 3, 8, 16, 17, 64, 128, 255, 256, 257, 1024, 2048)
KINDS = ["q35-iommu", "q35-dma", "q35-pio", "pc-dma", "pc-pio"]
TESTS = re.findall(r'\{"(block\.[\w.]+\w)"', (ROOT / "tests/os/block.c").read_text()) + [
    f"block.deaths.{what}" for what in ("write", "read", "flush")]
EACH = [f"soak.block.each.{what}" for what in ("write", "read", "flush")] * (
    "DEATHS_EACH" in os.environ)


@pytest.fixture(name="disk")
def fixture_disk(tmp_path):
    return make_disk(tmp_path / "disk")


@pytest.mark.parametrize("kind", KINDS)
def test_disk(machine, count, disk, kind):
    """Every size, depth, wrong requests, deaths under load and at some steps of a request (in make
    soak at each)."""
    one = machine(limit_s=500 + 3600 * len(EACH), **machine_of(kind, ATA, disk))
    one.boot()
    found, = (node for node in one.run_json("lsdev block") if node["driver"] == "ata")
    assert found["path"] == path_of(kind, ATA) + "/disk0", found
    owner, = [d for d in one.run_json("lsdev") if d["path"] == found["path"].removesuffix("/disk0")]
    dma = {"iommu": "iommu", "dma": "unprotected", "pio": "none"}[kind.split("-")[1]]
    assert found["dma"] == owner["dma"] == dma
    lines = one.run("test block", timeout=300)
    passed = [line.split()[1] for line in lines if line.startswith("pass ")]
    failures = [line for line in lines if line.startswith("FAIL")]
    count(f"ata-{kind}", len(passed), len(failures))
    assert not failures and sorted(passed) == sorted(TESTS), "\n".join(lines)
    for test in EACH:
        assert one.run(f"test {test}", timeout=3600)[-1] == "1 passed, 0 failed", test
    how = "PIO" if kind.endswith("pio") else "DMA"
    assert any(f"ata: disk0: QEMU HARDDISK, {BLOCKS} blocks of 512 bytes, by {how}" in line
               for line in one.run("log"))
    check_image(disk.read_bytes())


def check_image(data):
    assert data[:16] == MARK and not any(data[16:512 * 1000])
    for i, sectors in enumerate(SIZES):
        assert holds(data, 1000 + 2048 * i, sectors, i + 1), sectors
    assert holds(data, BLOCKS - 2048, 2048, 99)
    check_depth(data)


def check_depth(data):
    for i in range(32):
        assert holds(data, 40000 + PIECE * i, PIECE, 201), i
        if i > 1:
            assert holds(data, 40000 + 1237 * i, PIECE, 200), i


@pytest.mark.parametrize("kind", ["q35-pio", "q35-iommu"])
def test_faults(machine, count, disk, kind):
    """Each fault that its driver can commit: it dies of it, comes back, and no data is wrong."""
    one = machine(limit_s=500, **machine_of(kind, ATA, disk))
    one.boot()
    for fault in CAUSES:
        if fault == "irq-storm":
            continue  # a drive interrupts only when it is done
        before = driver(one, "/pci/00:04.0")["restarts"]
        one.run(f"inject {fault} ata")
        lines = one.run("test block.deep.random block.deep.neighbours", timeout=60)
        assert lines[-1] == "2 passed, 0 failed", (fault, lines)
        deadline = time.monotonic() + 30
        while driver(one, "/pci/00:04.0")["restarts"] == before and time.monotonic() < deadline:
            time.sleep(0.2)
        now = driver(one, "/pci/00:04.0")
        assert now["restarts"] == before + 1 and re.match(CAUSES[fault], now["last_death"]), (fault, now)
        count(f"ata-fault-{kind}-{fault}", 1, 0)
    check_depth(disk.read_bytes())


def test_cd(machine):
    """The CD that it was booted from is a drive, too."""
    one = machine(machine="pc")
    one.boot()
    found, = one.run_json("lsdev block")
    assert found["path"] == "/pci/00:01.1/cd2", found
    blocks = os.path.getsize(ROOT / "build/quoll.iso") // 2048
    assert any(f"cd2: QEMU DVD-ROM, {blocks} blocks of 2048 bytes" in line for line in one.run("log"))
    titles = [line for line in one.run("regs ata") if "  " not in line]
    assert titles == ["primary channel", "primary channel, control", "secondary channel",
                      "secondary channel, control", "bus master"]


BOCHS_TESTS = ["block.info", "block.sizes", "block.deep.random", "block.deep.neighbours",
               "block.refused", "block.forged"]


def test_on_bochs(machine, count, disk, tmp_path):
    """Its PIIX3 by PIO: a disk, and the CD that it was booted from, whose files are those of the ISO;
    over a death, too."""
    one = machine(emulator="bochs", limit_s=400, extra=(
        f"ata0-slave: type=disk, path={disk}, mode=flat, cylinders={BLOCKS // 512}, heads=16, spt=32",))
    one.boot(120)
    assert [node["path"] for node in one.run_json("lsdev block")] == [
        "/pci/00:01.1/cd0", "/pci/00:01.1/disk1"]
    for name in ("/boot/grub/grub.cfg", "/boot/quoll.elf"):
        run("xorriso", "-osirrox", "on", "-indev", ISO, "-extract", name, tmp_path / "back")
        wanted = sum_of((tmp_path / "back").read_bytes())
        assert one.run(f"sha256sum /cd0{name}", 60)[0].split()[0] == wanted
        one.run("kill ata")
    lines = one.run("test " + " ".join(BOCHS_TESTS), 200)
    assert [line for line in lines if line.startswith("pass")] == [
        f"pass {name}" for name in BOCHS_TESTS], lines
    assert lines[-1] == f"{len(BOCHS_TESTS)} passed, 0 failed"
    count("ata-bochs", len(BOCHS_TESTS), 0)
    check_image(disk.read_bytes())


def test_drives_outlive_their_driver(machine, disk):
    """They stay in the tree; orders are for the device, as a drive has no driver of its own."""
    one = machine(**machine_of("q35-pio", ATA, disk))
    one.boot()
    assert "has no driver" in one.run("kill /pci/00:04.0/disk0")[0]
    one.run("kill ata")
    ata, = (d for d in one.run_json("drivers") if d["driver"] == "ata")
    assert ata["restarts"] == 1 and ata["device"] == "/pci/00:04.0", ata
    found, = one.run_json("lsdev block")
    assert found["path"] == "/pci/00:04.0/disk0" and found["state"] == "running", found
    one.run("stop ata")
    found, = one.run_json("lsdev block")
    assert found["state"] == "stopped", found
