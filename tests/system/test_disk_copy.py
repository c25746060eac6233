"""A copy of a file, and its sum, while the disk's driver is killed again and again and while it
suffers every fault that can be injected: cp says nothing, the sum is right in the system and on the
host, and fsck.fat finds nothing. `make soak` copies 256 MiB at a kill a second (DISK_MIB)."""
import os
import re
import time

import pytest

import mkimage
from conftest import ROOT
from disks import SUBJECTS, machine_of, path_of, subjects_on
from machine import PROMPT
from test_deaths import press, screen_rows
from test_drivers import CAUSES, DMA_FAULTS, driver, log_of_deaths, wait_for
from test_fs import MIB, check_fat, data, make_fat, power_off, run, sum_of

COPY_MIB = int(os.environ.get("DISK_MIB", "16"))
EVERY_MS = 1000 if COPY_MIB >= 256 else 25
KILLS_MAX = 100000
KILLS_LEAST = 10
TRIES = 5  # at typing a line
SHARE = 0.3  # of the kills that met requests
OUTAGE_MAX_US = 50000
LIMIT_S = 600 + 20 * COPY_MIB
# A disk interrupts only when it is done; a disk that is not a test disk sends nothing to where
# interrupts go: test_disk_wild.py has that.
FAULTS = [fault for fault in (*CAUSES, *DMA_FAULTS) if fault not in ("irq-storm", "forged-irq")]
FAULT_MIB = COPY_MIB if COPY_MIB >= 256 else 8
WILD = {"wild-dma-write": r"dma: DMA write to 0x[0-9a-f]+ refused, requester ",
        "wild-dma-read": r"dma: DMA read of 0x[0-9a-f]+ refused, requester "}


def make_disk(directory, mib, copies=1):
    """A FAT disk with a file of @mib MiB, and room for its copies; its sum."""
    image = make_fat(directory / "disk.img", 32, (1 + copies) * (mib + 1) + 40)
    with open(directory / "big", "wb") as big:
        for part in range(mib):
            big.write(data(MIB, part))
        big.write(data(77, mib))
    run("mcopy", "-i", image, directory / "big", "::big")
    return image, sum_of((directory / "big").read_bytes())


def check_on_host(directory, image, wanted, names=("copy",)):
    check_fat(image)
    for name in names:
        run("mcopy", "-n", "-o", "-i", image, f"::{name}", directory / "back")
        assert sum_of((directory / "back").read_bytes()) == wanted, name


def check_sum(one, wanted):
    assert one.run("sha256sum /disk0/copy", LIMIT_S) == [f"{wanted}  /disk0/copy"]


def longest_outage_us(one, path):
    """From a death to the successor that serves, of those that the events still show."""
    found, died = [], None
    for event in one.run_json("events"):
        if event["device"] != path:
            continue
        if event["event"] == "driver-died":
            died = event["time_us"]
        elif event["event"] == "driver-restarted" and died is not None:
            found.append(event["time_us"] - died)
            died = None
    assert found
    return max(found)


@subjects_on("q35-iommu", "q35-pio", "pc-dma")
def test_killed_while_it_copies(machine, count, tmp_path, subject, kind):
    """Where the time is the guest's own (one machine counts instructions), no outage is longer than
    50 ms."""
    path, exact = path_of(kind, subject), kind == "q35-iommu"
    image, wanted = make_disk(tmp_path, COPY_MIB)
    one = machine(limit_s=LIMIT_S, icount=exact, **machine_of(kind, subject, image))
    one.boot()
    one.run("ls /disk0")  # mounts it
    one.run(f"kill {path} {KILLS_MAX} {EVERY_MS}")
    assert one.run("cp /disk0/big /disk0/copy", LIMIT_S) == []
    check_sum(one, wanted)
    toll, = one.run_json(f"devman toll {path}")
    one.run(f"kill {path} 1 1000")
    wait_for(one, lambda d: one.run_json(f"devman toll {path}")[0]["left"] == 0, path)
    assert toll["kills"] >= KILLS_LEAST and toll["with_requests"] >= SHARE * toll["kills"], toll
    if exact:
        assert longest_outage_us(one, path) <= OUTAGE_MAX_US
    count(f"disk-copy-{subject.name}-{kind}", toll["kills"], 0)
    power_off(one)
    check_on_host(tmp_path, image, wanted)


def copy_on_screen(one, name):
    """Begin a copy in the screen's shell, as somebody there would: who looks at what was typed."""
    line = f"cp /disk0/big /disk0/{name}"
    for _ in range(TRIES):
        for key in line:
            press(one, *{" ": ["spc"], "/": ["slash"], "-": ["minus"]}.get(key, [key]))
        end = time.monotonic() + 5
        while screen_rows(one)[-1:] != [PROMPT + line] and time.monotonic() < end:
            time.sleep(0.05)
        if screen_rows(one)[-1:] == [PROMPT + line]:
            press(one, "ret")
            return
        press(one, "ctrl", "c")
    raise AssertionError(screen_rows(one))


def is_copying(one):
    return screen_rows(one)[-1:] != [PROMPT.strip()]


def await_copy(one):
    end = time.monotonic() + LIMIT_S
    while is_copying(one):
        assert time.monotonic() < end, screen_rows(one)
        time.sleep(0.05)
    assert not [row for row in screen_rows(one) if row.startswith("cp:")], screen_rows(one)


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_every_fault_while_it_copies(machine, count, tmp_path, subject):
    """The screen's shell copies, the serial line's has the driver commit one fault after the other:
    each is named, none is noticed by the copy."""
    image, wanted = make_disk(tmp_path, FAULT_MIB, len(FAULTS))
    one = machine(limit_s=LIMIT_S * 4, **machine_of("q35-iommu", subject, image))
    one.boot()
    one.run("ls /disk0")
    press(one, "alt", "f2")
    end = time.monotonic() + 30
    while screen_rows(one)[-1:] != [PROMPT.strip()]:
        assert time.monotonic() < end, screen_rows(one)
        time.sleep(0.1)
    met = 0
    for fault in FAULTS:
        first = driver(one, subject.path)
        copy_on_screen(one, fault)
        one.run(f"inject {fault} {subject.path}")
        met += is_copying(one)
        now = wait_for(one, lambda d, n=first["restarts"]: d["restarts"] > n, subject.path)
        assert re.match({**CAUSES, **WILD}[fault], now["last_death"]), (fault, now)
        assert now["last_death"] in log_of_deaths(one)[-1]
        await_copy(one)
        count(f"disk-copy-{subject.name}-{fault}", 1, 0)
    assert met >= len(FAULTS) / 2, "most of the copies were done before their fault"
    power_off(one)
    check_on_host(tmp_path, image, wanted, FAULTS)


def test_load_that_takes_all_of_its_budget(machine, tmp_path):
    """By PIO a driver's CPU time is its clients' doing. Where it takes all of the Budget, here a
    small one, devman takes the driver for a hog again and again: each time that is a restart and no
    more. It is never given up, as it has done requests, and no byte is wrong."""
    subject = SUBJECTS["ata"]
    small = tmp_path / "quoll.img"
    files = mkimage.unpack((ROOT / "build" / "quoll.img").read_bytes())
    small.write_bytes(mkimage.pack([
        (name, re.sub(rb"budget +=[^\n]*", b"budget = 2ms / 10ms", content))
        if name == "ata.manifest" else (name, content) for name, content in files]))
    image, wanted = make_disk(tmp_path, 8)
    one = machine(limit_s=LIMIT_S, **{**machine_of("q35-pio", subject, image), "image": str(small),
                                      "kernel": str(ROOT / "build/kernel/quoll.elf")})
    one.boot()
    assert one.run("cp /disk0/big /disk0/copy", 300) == []
    check_sum(one, wanted)
    deaths = [event["cause"] for event in one.run_json("events") if event["event"] == "driver-died"]
    assert len(deaths) >= 2 and set(deaths) == {"budget"}, deaths
    assert driver(one, subject.path)["state"] == "running"
    power_off(one)
    check_on_host(tmp_path, image, wanted)
