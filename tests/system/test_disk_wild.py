"""A disk's controller that goes to memory that is none of its: behind an IOMMU it is stopped, named
and survived; without one the same tests must fail, which shows that they test something. What the
driver does is drivers/ata/wild.c; the tests in the system are tests/os/block_wild.c."""
import re

import pytest

from disks import SUBJECTS, block, machine_of, make_disk, path_of, subjects_on
from test_disk_copy import OUTAGE_MAX_US, longest_outage_us
from test_drivers import bystanders, driver, log_of_deaths, nobody_else_noticed

WRITE, READ, FORGED = "disk.wild.write", "disk.wild.read", "disk.wild.forged_irq"
REFUSED = {
    WRITE: r"DMA write to 0x[0-9a-f]+ refused, requester {who}, reason 5 \(it may not write there\)",
    READ: r"DMA read of 0x[0-9a-f]+ refused, requester {who}, reason 6 \(it may not read there\)",
}
TARGET = 0xc5  # devman's page, servers/devman/inject.c


def requester(subject):
    return re.escape(subject.path.rsplit("/", 1)[1])


def run_test(one, name, limit_s=60):
    *lines, last = one.run(f"test {name}", timeout=limit_s)
    return last == "1 passed, 0 failed", "\n".join(lines)


def carrier(disk):
    """The block that the controller carried to or from memory, as it is on the medium."""
    return disk.read_bytes()[512:1024]


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_stopped_behind_an_iommu(machine, count, tmp_path, subject):
    """The page is as before, the disk got nothing of it, the fault is named, the disk works again
    (soon, by the guest's clock, which counts instructions), and nobody else has noticed."""
    disk = make_disk(tmp_path / "disk")
    one = machine(limit_s=400, icount=True, **machine_of("q35-iommu", subject, disk))
    one.boot()
    assert any("devman: DMA is confined by the IOMMU" in line for line in one.run("log"))
    assert run_test(one, "block.info")[0]  # the first test looks for devices: borrows them
    for name in (WRITE, READ, FORGED):
        before, others = driver(one, subject.path), bystanders(one, subject.path)
        passed, said = run_test(one, name)
        count(f"{subject.name}-{name}", int(passed), int(not passed))
        assert passed, said
        if name in REFUSED:
            now = driver(one, subject.path)
            why = "dma: " + REFUSED[name].format(who=requester(subject))
            assert now["restarts"] == before["restarts"] + 1 and re.match(why, now["last_death"]), now
            deaths = [line for line in log_of_deaths(one) if subject.path in line]
            assert re.search(rf"{subject.path}: {subject.name}, instance \d+ .* died: {why}; restarts",
                             deaths[-1])
        nobody_else_noticed(one, subject.path, others)
    assert longest_outage_us(one, subject.path) <= OUTAGE_MAX_US
    assert carrier(disk) == block(1, 401)


@subjects_on("q35-dma", "pc-dma")
def test_seen_without_one(machine, tmp_path, subject, kind):
    """Nothing stops it: the page has changed, the disk has what was in it, and the tests say so."""
    disk = make_disk(tmp_path / "disk")
    one = machine(limit_s=400, **machine_of(kind, subject, disk))
    one.boot()
    passed, said = run_test(one, WRITE)
    assert not passed and re.search(rf"FAIL {WRITE}.*target\.wrong", said), said
    passed, said = run_test(one, READ)
    assert not passed and re.search(rf"FAIL {READ}.*count_received", said), said
    assert carrier(disk) == 512 * bytes([TARGET])
    passed, said = run_test(one, FORGED)
    assert passed, said
    assert driver(one, path_of(kind, subject))["restarts"] == 0


@pytest.mark.parametrize("kind", ["q35-pio", "pc-pio"])
def test_none_by_pio(machine, tmp_path, kind):
    """What has no DMA can't be made to."""
    subject = SUBJECTS["ata"]
    one = machine(**machine_of(kind, subject, make_disk(tmp_path / "disk")))
    one.boot()
    for name in (WRITE, READ, FORGED):
        passed, said = run_test(one, name)
        assert passed, said
    assert one.run("inject wild-dma-write ata")[-1].endswith(" has no DMA")
    assert driver(one, path_of(kind, subject))["restarts"] == 0


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_a_disk_that_is_somebody_s_is_left_alone(machine, tmp_path, subject):
    """A disk without the mark: a wild read writes nothing to it, and is stopped all the same."""
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(range(256)) * (4 << 12))
    before = disk.read_bytes()
    one = machine(**machine_of("q35-iommu", subject, disk))
    one.boot()
    for fault, kind in (("wild-dma-write", WRITE), ("wild-dma-read", READ)):
        deaths = driver(one, subject.path)["restarts"]
        one.run(f"inject {fault} {subject.path}")
        for _ in range(100):
            if driver(one, subject.path)["restarts"] > deaths:
                break
        why = "dma: " + REFUSED[kind].format(who=requester(subject))
        assert re.match(why, driver(one, subject.path)["last_death"])
    one.run(f"inject forged-irq {subject.path}")
    for _ in range(50):
        if any("could ask for anything" in line for line in one.run("log")):
            break
    assert any("could ask for anything" in line for line in one.run("log"))
    assert disk.read_bytes() == before
