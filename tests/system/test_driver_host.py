"""Drivers on the host: their own sources, the framework's second back end, QEMU's device models
behind qtest, under the address and undefined-behaviour sanitizers."""
import os
import random
import re
import subprocess

import pytest

from conftest import ROOT
from qtest import Qtest

ENVIRONMENT = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"}


def built(name):
    """The driver NAME with its test."""
    done = subprocess.run(["make", "--no-print-directory", f"build/host/{name}"], cwd=ROOT,
                          capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return ROOT / "build" / "host" / name


@pytest.fixture(scope="module")
def program():
    """program(NAME): the driver NAME with its test, built."""
    return built


def passes(count, name, command):
    done = subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True, text=True,
                          errors="replace", check=False, timeout=300, env=ENVIRONMENT)
    found = re.search(r"(\d+) passed, (\d+) failed\s*$", done.stdout)
    assert found, (done.stdout + done.stderr)[-3000:]
    count(f"driver-{name}", *map(int, found.groups()))
    assert done.returncode == 0 and int(found[1]) > 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


@pytest.fixture
def serial(tmp_path, program, count):
    """serial(PART ...): those parts, one instance of the driver after the other on one device."""

    def run(*parts):
        line, monitor = tmp_path / "line", tmp_path / "monitor"
        with Qtest("-chardev", f"socket,id=line,path={line},server=on,wait=off",
                   "-serial", "chardev:line", "-qmp", f"unix:{monitor},server=on,wait=off") as qemu:
            for part in parts:
                passes(count, f"uart8250-{part}",
                       [program("uart8250"), qemu.socket, part, line, monitor])

    return run


def test_uart8250(serial):
    """Bytes both ways, back-pressure, every setting, flow control, errors, quiet."""
    serial("all")


def test_uart8250_takes_over_a_dirty_device(serial):
    serial("dirty", "again")


@pytest.mark.parametrize("seed", range(1, 5))
def test_uart8250_with_a_hostile_client(serial, seed):
    serial(f"fuzz{seed}")


# -- edu -------------------------------------------------------------------------------------------

@pytest.mark.parametrize("manifest", ["drivers/edu/edu.manifest", "tests/drivers/edu/msi.manifest"])
def test_edu(program, count, manifest):
    """By its pin, and by messages."""
    with Qtest("-device", "edu,addr=4") as qemu:
        passes(count, f"edu-{manifest.split('/')[-1]}",
               [program("edu"), qemu.socket, manifest, "all"])


def test_edu_takes_over_a_dirty_device(program, count):
    with Qtest("-device", "edu,addr=4") as qemu:
        for part in ("dirty", "again"):
            passes(count, f"edu-{part}",
                   [program("edu"), qemu.socket, "drivers/edu/edu.manifest", part])


# -- ata -------------------------------------------------------------------------------------------

def image(path, megabytes):
    """Noise, the same each time."""
    path.write_bytes(random.Random(path.name).randbytes(megabytes << 20))
    return path


@pytest.fixture
def disks(tmp_path, program, count):
    """disks(PART ..., dma=, errors=FILE): instances of the driver one after the other, on a PIIX3
    with two disks and a CD. FILE is blkdebug's configuration for the first disk."""

    def run(*parts, dma=False, errors=None):
        disk, second, cd = (image(tmp_path / name, size) for name, size in
                            (("disk", 64), ("second", 1), ("cd", 2)))
        first = f"blkdebug:{errors}:{disk}" if errors else disk
        with Qtest("-device", "piix3-ide,id=ide9,addr=4",
                   "-drive", f"file={first},format=raw,if=none,id=d0",
                   "-device", "ide-hd,bus=ide9.0,unit=0,drive=d0",
                   "-drive", f"file={second},format=raw,if=none,id=d1",
                   "-device", "ide-hd,bus=ide9.0,unit=1,drive=d1",
                   "-drive", f"file={cd},format=raw,if=none,id=c0,media=cdrom,readonly=on",
                   "-device", "ide-cd,bus=ide9.1,unit=0,drive=c0") as qemu:
            for part in parts:
                passes(count, f"ata-{part}{'-dma' * dma}",
                       [program("ata"), qemu.socket, "drivers/ata/ata.manifest", part, disk, cd,
                        *["dma"] * dma])

    return run


def test_ata_by_pio(disks):
    """Every size, both drives, a CD, neighbours put together, bad requests, closed sessions."""
    disks("pio")


def test_ata_by_dma(disks):
    """The same, and requests of up to 1 MiB."""
    disks("dma", dma=True)


@pytest.mark.parametrize("dma", [False, True], ids=["pio", "dma"])
def test_ata_takes_over_a_dirty_device(disks, dma):
    disks("dirty", "again", dma=dma)


@pytest.mark.parametrize("dma", [False, True], ids=["pio", "dma"])
def test_ata_survives_a_hostile_client(disks, dma):
    """Anything in its queue: definite errors, nothing of anybody else touched."""
    disks("hostile", dma=dma)


ERRORS = """\
[inject-error]
event = "read_aio"
errno = "5"
sector = "5000"

[inject-error]
event = "write_aio"
errno = "5"
sector = "6000"

[inject-error]
event = "read_aio"
errno = "5"
sector = "7000"
once = "on"

[inject-error]
event = "write_aio"
errno = "5"
sector = "8000"
once = "on"
"""


@pytest.mark.parametrize("dma", [False, True], ids=["pio", "dma"])
def test_ata_names_bad_blocks(disks, tmp_path, dma):
    errors = tmp_path / "errors"
    errors.write_text(ERRORS)
    disks("errors", dma=dma, errors=errors)


# -- ahci ------------------------------------------------------------------------------------------

@pytest.fixture
def sata(tmp_path, program, count):
    """sata(PART ..., errors=FILE, dma=, manifest=): instances of the driver one after the other, on an
    ICH9 with a disk, a small one that for some parts is slow, and a CD."""

    def run(*parts, errors=None, dma=True, manifest="drivers/ahci/ahci.manifest"):
        disk, second, cd = (image(tmp_path / name, size) for name, size in
                            (("disk", 64), ("second", 1), ("cd", 2)))
        first = f"blkdebug:{errors}:{disk}" if errors else disk
        slow = "dirty" in parts or "deep" in parts or "closed" in parts
        with Qtest("-device", "ich9-ahci,id=sata,addr=4",
                   "-drive", f"file={first},format=raw,if=none,id=d0",
                   "-device", "ide-hd,bus=sata.0,drive=d0",
                   "-drive", f"file={second},format=raw,if=none,id=d1"
                   + ",throttling.iops-total=50" * slow,
                   "-device", "ide-hd,bus=sata.1,drive=d1",
                   "-drive", f"file={cd},format=raw,if=none,id=c0,media=cdrom,readonly=on",
                   "-device", "ide-cd,bus=sata.2,drive=c0") as qemu:
            for part in parts:
                passes(count, f"ahci-{part}",
                       [program("ahci"), qemu.socket, manifest, part, disk, cd, *["dma"] * dma])

    return run


def test_ahci(sata):
    """Every size up to 1 MiB, both drives, a CD, neighbours put together, bad requests, closed
    sessions."""
    sata("dma")


def test_ahci_has_32_commands_at_a_disk(sata):
    """And with them at a slow disk, sessions are closed."""
    sata("deep", "closed")


def test_ahci_survives_a_hostile_client(sata):
    sata("hostile")


def test_ahci_takes_over_a_dirty_device(sata):
    sata("dirty", "again")


def test_ahci_names_bad_blocks(sata, tmp_path):
    """One by one, and one of 32 that are queued."""
    errors = tmp_path / "errors"
    errors.write_text(ERRORS)
    sata("errors", errors=errors)


def test_ahci_by_its_pin(sata, tmp_path):
    """Without messages it interrupts by INTA."""
    manifest = tmp_path / "pin.manifest"
    lines = (ROOT / "drivers/ahci/ahci.manifest").read_text().splitlines(keepends=True)
    manifest.write_text("".join(line for line in lines if not line.startswith("want")))
    assert len(manifest.read_text().splitlines()) == len(lines) - 1
    sata("deep", manifest=manifest)


def test_ahci_without_dma(sata):
    sata("refused", dma=False)


# -- e1000 -----------------------------------------------------------------------------------------

CARDS = ["e1000", "e1000-82545em", "e1000-82544gc", "e1000e"]


@pytest.fixture
def card(tmp_path, program, count):
    """card(MODEL, PART ...): instances of the driver one after the other on one card."""

    def run(model, *parts):
        here, there, monitor = (tmp_path / name for name in ("card", "peer", "monitor"))
        netdev = (f"dgram,id=n0,local.type=unix,local.path={here},"
                  f"remote.type=unix,remote.path={there}")
        with Qtest("-netdev", netdev, "-device",
                   f"{model},netdev=n0,id=nic,addr=4,mac=52:54:00:12:34:56",
                   "-qmp", f"unix:{monitor},server=on,wait=off") as qemu:
            for part in parts:
                passes(count, f"{model}-{part}",
                       [program("e1000"), qemu.socket, part, here, there, monitor,
                        *["82574"] * (model == "e1000e")])

    return run


@pytest.mark.parametrize("model", CARDS)
def test_e1000(card, model):
    """Frames both ways, batches, checksums, tags, filters, the link, closed sessions."""
    card(model, "all")


@pytest.mark.parametrize("model", CARDS)
def test_e1000_takes_over_a_dirty_device(card, model):
    card(model, "dirty", "again")


def test_e1000_without_dma(card):
    card("e1000", "refused")


@pytest.mark.parametrize("model,seed", [("e1000", 1), ("e1000", 2), ("e1000e", 3), ("e1000e", 4)])
def test_e1000_with_a_hostile_device_and_client(card, model, seed):
    card(model, f"fuzz{seed}")
