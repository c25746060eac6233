"""write_log.py - reads what QEMU's block filter `blklogwrites` writes: every write and flush that
reached a medium, in order. The format is that of Linux' dm-log-writes, which
Documentation/admin-guide/device-mapper/log-writes.rst describes; all numbers little endian:

  sector 0   magic 0x6a736677736872, version 1, number of entries (8 bytes each), bytes of a sector
             (4). The number of entries is up to date after each flush.
  then for each entry a sector that begins with four words of 8 bytes: first sector, number of
             sectors, flags, bytes of a mark; behind it the sectors that were written, none for a
             discard. Flags: 1 flush, 2 FUA, 4 discard, 8 mark.
"""
import struct
import typing

MAGIC, VERSION = 0x6a736677736872, 1
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


class Entry(typing.NamedTuple):
    sector: int
    flags: int
    data: bytes


def options(disk, log, node="d0"):
    """QEMU's options for @disk as the block node @node, with @log of all that is written to it."""
    log.write_bytes(b"")
    return ("-blockdev", f"driver=file,filename={disk},node-name={node}-file",
            "-blockdev", f"driver=file,filename={log},node-name={node}-log",
            "-blockdev", f"driver=blklogwrites,file={node}-file,log={node}-log,node-name={node},"
                         "log-sector-size=512")


def read(path):
    """The entries, in order."""
    with open(path, "rb") as log:
        magic, version, count, sector = struct.unpack("<QQQI", log.read(28))
        if (magic, version) != (MAGIC, VERSION):
            raise ValueError(f"{path} is no log of writes: {magic:#x}, version {version}")
        at = sector
        for number in range(count):
            log.seek(at)
            head = log.read(32)
            if len(head) != 32:
                raise ValueError(f"{path} ends in entry {number} of {count}")
            first, sectors, flags, mark = struct.unpack("<QQQQ", head)
            if flags & ~(FLUSH | FUA | DISCARD | MARK) or flags & MARK and not mark:
                raise ValueError(f"{path}: entry {number} has flags {flags:#x}")
            at += sector
            size = 0 if flags & DISCARD else sectors * sector
            log.seek(at)
            data = log.read(size)
            if len(data) != size:
                raise ValueError(f"{path} ends in the data of entry {number}")
            at += size
            yield Entry(first, flags, data)
