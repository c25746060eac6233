"""Writes and flushes reach the medium in the order that they must, though the driver dies: proved
from a log of all that was written (QEMU's filter blklogwrites). What writes is
tests/os/block_order.c: round after round a half, a flush, another half, a flush.

For each round the log must show, whatever the deaths repeated: all of the first half, a flush, all
of the second half, a flush, and then only the next round; nothing of a half after something of what
follows it."""
import os
import struct

import pytest

import write_log
from disks import ATA_PC, UNPROTECTED, IOMMU, IOMMU_DEVICE, block, make_disk, subjects_on

PLACES_AT, STEP, WRITES, PIECE = 50000, 1237, 4, 8  # tests/os/block_order.c
SEED, SUMMARY = 1000, 2
KILLED, SOME = ["disk.order.killed"], ["disk.order.at_once", "disk.order.in_turn"]
MORE = [f"soak.{name}" for name in SOME]
# By PIO a request is ten times as many instructions.
NAMES = {"q35-iommu": KILLED + SOME, "q35-pio": KILLED, "pc-dma": KILLED}
if "DEATHS_EACH" in os.environ:
    NAMES = {"q35-iommu": KILLED + MORE, "q35-pio": KILLED + SOME, "pc-dma": KILLED + MORE}
LIMIT_S = 3600 if "DEATHS_EACH" in os.environ else 200
MASK = (1 << 64) - 1
UNSALT = pow(0xd1b54a32d192ed03, -1, 1 << 64)


def seed_of(number, data):
    """Of which writing the block @number is: the inverse of disks.block."""
    seed = (struct.unpack_from("<Q", data)[0] ^ number * 64 * 0x9e3779b97f4a7c15 & MASK) * UNSALT & MASK
    assert block(number, seed) == data, f"block {number} is a mixture"
    return seed


def events(entries):
    """("flush",) and (round, half, block) as they happened."""
    where = {PLACES_AT + STEP * i + k: i // WRITES
             for i in range(2 * WRITES) for k in range(PIECE)}
    for entry in entries:
        for k in range(len(entry.data) // 512):
            number, data = entry.sector + k, entry.data[512 * k:512 * k + 512]
            if number in where:
                turn, half = divmod(seed_of(number, data) - SEED, 2)
                assert half == where[number]
                yield turn, half, number
        if entry.flags & write_log.FLUSH:
            yield ("flush",)


def check(found, rounds):
    """@found goes through halves in order, each complete and flushed before the next begins.
    Returns how many blocks were written more than once."""
    at, written, flushed, twice = 0, set(), False, 0  # @at: the half, counted through all rounds
    for event in found:
        if event == ("flush",):
            flushed = len(written) == WRITES * PIECE
            continue
        half = 2 * event[0] + event[1]
        if half == at + 1:
            assert flushed, f"round {event[0]}, half {event[1]} begins before a flush of all before"
            at, written = half, set()
        assert half == at, f"round {event[0]}, half {event[1]} after half {at % 2} of round {at // 2}"
        twice += event[2] in written
        written.add(event[2])
        flushed = False
    assert at == 2 * rounds - 1 and flushed, (at, rounds)
    return twice


def boot(machine, subject, kind, disk, log):
    fields = dict(boot="pvh", limit_s=LIMIT_S * 2, **UNPROTECTED)
    extra = write_log.options(disk, log)
    if kind == "pc-dma":
        one = machine(machine="pc", extra=extra + ATA_PC.options("d0"), **fields)
    elif kind == "q35-iommu":
        one = machine(extra=IOMMU_DEVICE + extra + subject.options("d0"), **fields, **IOMMU)
    else:
        fields = {"boot": "pvh", "limit_s": LIMIT_S * 2}
        one = machine(extra=extra + subject.options("d0"), **fields)
    one.boot()
    return one


@subjects_on("q35-iommu", "q35-pio", "pc-dma")
def test_order_around_a_flush(machine, count, tmp_path, subject, kind):
    disk, log = make_disk(tmp_path / "disk"), tmp_path / "log"
    one = boot(machine, subject, kind, disk, log)
    seen = twice = 0
    for name in NAMES[kind]:
        assert one.run(f"test {name}", LIMIT_S)[-1] == "1 passed, 0 failed", name
        one.hmp("info block")  # the log is as far as the test
        entries = list(write_log.read(log))
        rounds, = struct.unpack_from("<Q", disk.read_bytes(), 512 * SUMMARY)
        assert rounds > 10
        twice += check(events(entries[seen:]), rounds)
        count(f"disk-order-{subject.name}-{kind}-{name}", rounds, 0)
        seen = len(entries)
    assert twice > 0, "no death has met a write: nothing was shown"


def test_the_check_finds_what_is_wrong():
    """A log in which a write comes after what must follow it, or a flush is missing or early."""
    def half(turn, number):
        first = PLACES_AT + STEP * WRITES * number
        return [(turn, number, first + STEP * i + k) for i in range(WRITES) for k in range(PIECE)]

    flush = [("flush",)]
    good = half(0, 0) + flush + half(0, 1) + flush
    assert check(good, 1) == 0
    assert check(half(0, 0)[:3] + flush + good, 1) == 3
    for wrong in (half(0, 0) + half(0, 1) + flush,  # no flush between
                  half(0, 0)[:-1] + flush + half(0, 0)[-1:] + half(0, 1) + flush,  # one too early
                  half(0, 0) + flush + half(0, 1) + half(0, 0)[:1] + flush,  # one again, too late
                  half(0, 0)[1:] + flush + half(0, 1) + flush,  # one missing
                  half(0, 0) + flush + half(0, 1)):  # the last flush
        with pytest.raises(AssertionError):
            check(wrong, 1)
