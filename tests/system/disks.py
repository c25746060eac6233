"""disks.py - what the tests of disks share: their drivers (a line each in SUBJECTS), the machines
that these are tested on, the test disk and what tests/os/disk.c writes to it."""
import dataclasses
import struct

import pytest

MARK = b"quoll test disk\n"  # drivers/framework/test_disk.h
BLOCKS = 131072
UNPROTECTED = dict(image="build/unprotected/quoll.img", kernel="build/kernel/quoll.elf")


@dataclasses.dataclass(frozen=True)
class Subject:
    """A driver of disks, and the device that it has: @devices for q35, none where it is there
    anyway, and the bus of the device's first drive."""

    name: str
    path: str
    devices: tuple
    bus: str
    kinds: tuple  # of machine_of, that it has disks on
    drive: str = "ide-hd"

    def options(self, drive):
        """With the block node or drive @drive as its first disk."""
        return (*self.devices, "-device", f"{self.drive},drive={drive},bus={self.bus}")

    def at(self, disk, **more):
        """With the image @disk."""
        extra = "".join(f",{key}={value}" for key, value in more.items())
        return ("-drive", f"file={disk},format=raw,if=none,id=d0{extra}", *self.options("d0"))


KINDS = ("q35-iommu", "q35-dma", "q35-pio", "pc-dma", "pc-pio")
ATA = Subject("ata", "/pci/00:04.0", ("-device", "piix3-ide,id=ide9,addr=4"), "ide9.0", KINDS)
ATA_PC = Subject("ata", "/pci/00:01.1", (), "ide.0", KINDS)
AHCI = Subject("ahci", "/pci/00:1f.2", (), "ide.0", ("q35-iommu", "q35-dma"))
SUBJECTS = {"ata": ATA, "ahci": AHCI}  # on q35

IOMMU = dict(machine="q35,kernel-irqchip=split")
IOMMU_DEVICE = ("-device", "intel-iommu,intremap=on")


def machine_of(kind, subject, disk):
    """Config fields of: q35-iommu, q35-dma (unprotected), q35-pio, pc-dma, pc-pio."""
    fields = dict(boot="pvh", **(UNPROTECTED if kind.endswith("-dma") else {}))
    if kind == "q35-iommu":
        return {**fields, **IOMMU, "extra": IOMMU_DEVICE + subject.at(disk)}
    where = ATA_PC if kind.startswith("pc") else subject
    return {**fields, "machine": kind.split("-")[0], "extra": where.at(disk)}


def subjects_on(*kinds):
    """Parametrizes a test by @subject and @kind: each driver on those of @kinds that it has."""
    pairs = [(subject, kind) for subject in SUBJECTS.values() for kind in kinds
             if kind in subject.kinds]
    return pytest.mark.parametrize("subject,kind", pairs,
                                   ids=[f"{subject.name}-{kind}" for subject, kind in pairs])


def path_of(kind, subject):
    return (ATA_PC if kind.startswith("pc") else subject).path


def make_disk(path, blocks=BLOCKS):
    with open(path, "wb") as image:
        image.truncate(blocks * 512)
        image.write(MARK)
    return path


def block(number, seed):
    """What disk_fill of tests/os/disk.c makes."""
    mask = (1 << 64) - 1
    salt = seed * 0xd1b54a32d192ed03 & mask
    return struct.pack("<64Q", *(((number * 64 + i) * 0x9e3779b97f4a7c15 & mask) ^ salt
                                 for i in range(64)))


def holds(disk, first, count, seed):
    return disk[first * 512:(first + count) * 512] == b"".join(
        block(first + i, seed) for i in range(count))
