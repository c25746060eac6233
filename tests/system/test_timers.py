"""The timer and the clock: their drivers on the host against QEMU's HPET, PIT and MC146818, and in
the system, where `date` and the areas drivers.* of the in-OS tests are their clients."""
import calendar
import datetime
import os
import re
import signal
import subprocess
import time

import pytest

import mkimage
from conftest import ROOT
from qtest import Qtest
from test_driver_host import built, passes
from test_net import until

BASES = {"leap": "2024-02-29T23:59:50", "old": "1999-12-31T12:00:00", "late": "2099-06-30T00:30:00"}


def seconds(text):
    return calendar.timegm(datetime.datetime.fromisoformat(text).timetuple())


# ---- on the host

@pytest.mark.parametrize("kind", BASES)
def test_rtc_base(count, kind):
    program = built("rtc")
    with Qtest("-rtc", f"base={BASES[kind]},clock=vm") as qemu:
        passes(count, f"rtc-base-{kind}", [program, qemu.socket, "base", seconds(BASES[kind])])


@pytest.mark.parametrize("part", ["set", "wrong", "updates"])
def test_rtc(count, part):
    program = built("rtc")
    with Qtest() as qemu:
        passes(count, f"rtc-{part}", [program, qemu.socket, part])


@pytest.mark.parametrize("part", ["pin", "kernel", "pit", "lost", "chip"])
def test_timer(count, part):
    program = built("timer")
    with Qtest("-global", "hpet.msi=on") as qemu:
        passes(count, f"timer-{part}", [program, qemu.socket, part])


def test_without_a_machine(tmp_path, count):
    """Calendar, list, and a clock chip that QEMU has not."""
    flags = subprocess.run(["make", "-s", "host-flags"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.split()
    done = subprocess.run(["gcc", *flags, "-o", tmp_path / "pure", "tests/timers/pure.c",
                           "servers/lib/calendar.c", "drivers/rtc/chip.c", "drivers/timer/list.c"],
                           cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    passes(count, "timers-pure", [tmp_path / "pure"])


# ---- in the system

# machine, what the log says of it, and the device that the driver has
MACHINES = {
    "q35": ((), "q35", "HPET, 10 ns, with interrupts by a pin", "/platform/hpet"),
    "pc": ((), "pc", "HPET, 1000 ns, with the kernel's deadlines", "/platform/hpet"),
    "messages": (("-global", "hpet.msi=on"), "pc", "HPET, 10 ns, with interrupts by messages",
                 "/platform/hpet"),  # allowed by one line in the manifest
    "refused": (("-global", "hpet.msi=on"), "q35", "PIT, 839 ns, with interrupts by a pin",
                "/platform/pit"),
    "pit": ((), "q35,hpet=off", "PIT, 839 ns, with interrupts by a pin", "/platform/pit"),
}


def names_of(area):
    """The in-OS tests of an area that the sources name."""
    text = (ROOT / "tests" / "os" / "timers.c").read_text()
    return re.findall(rf'\{{"(drivers\.{area}\.\w+)"', text)


def allowed(tmp_path):
    """The timer may have an HPET whose registers reach memory, which has more points than a PIT."""
    files = dict(mkimage.unpack((ROOT / "build/quoll.img").read_bytes()))
    files["timer.manifest"] = files["timer.manifest"].replace(
        b"match         = platform pit\n", b"match         = platform hpet-fsb score=200\n")
    image = tmp_path / "quoll.img"
    image.write_bytes(mkimage.pack(list(files.items())))
    return image


@pytest.mark.parametrize("kind", MACHINES)
def test_drivers(machine, tmp_path, count, kind):
    """Each way in which deadlines can come: what clients see, and every fault."""
    extra, name, says, device = MACHINES[kind]
    image = allowed(tmp_path) if kind == "messages" else ROOT / "build/quoll.img"
    one = machine(boot="pvh", icount=True, machine=name, limit_s=300, image=str(image),
                  extra=(*extra, "-rtc", "clock=vm"))
    one.boot()
    until(lambda: [line for line in one.run("log") if line.endswith(f"timer: {says}")])
    drivers = {d["driver"]: d for d in one.run_json("drivers")}
    assert drivers["timer"]["device"] == device and drivers["rtc"]["device"] == "/platform/cmos"
    ran = {r["test"]: r for r in one.run_json(
        "test drivers.timer drivers.clock drivers.faults.timer drivers.faults.clock", timeout=250)}
    bad = [f"{r['test']}: {r['message']}" for r in ran.values() if not r["passed"]]
    count(f"drivers-timers-{kind}", len(ran) - len(bad), len(bad))
    assert not bad, "\n".join(bad)
    assert set(names_of("timer") + names_of("clock")) <= set(ran)
    faults = {name.rsplit(".", 1)[1] for name in ran if name.startswith("drivers.faults.timer.")}
    assert len(faults) >= 12 and ({"irq_storm", "irq_unacked"} <= faults) == (kind != "pc")


@pytest.mark.parametrize("kind", BASES)
def test_date(machine, kind):
    one = machine(boot="pvh", icount=True, extra=("-rtc", f"base={BASES[kind]},clock=vm"))
    one.boot()
    said, = one.run_json("date")
    uptime = one.run_json("uptime")[0]["uptime_us"] / 1e6
    assert 0 <= said["unix"] - seconds(BASES[kind]) <= uptime + 1
    assert seconds(said["iso"].rstrip("Z")) == said["unix"]
    line, = one.run("date")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC, \w+day", line)
    assert line[:4] == BASES[kind][:4]


def test_date_set(machine):
    one = machine(boot="pvh", icount=True, extra=("-rtc", "clock=vm"))
    one.boot()
    for text in ["2024-02-29T23:59:58", '"1999-12-31 23:59:59"', "2199-01-01T00:00:00Z"]:
        said, = one.run_json(f"date -s {text}")
        assert 0 <= said["unix"] - seconds(text.strip('"').rstrip("Z")) <= 2
    before, = one.run_json("date")
    for text, why in [("2023-02-29T00:00:00", "no such day"), ("now", "the form is"),
                      ("2200-01-01T00:00:00", "no such day"), ("2024-1-1T00:00:00", "the form is"),
                      ("", "set it to what")]:
        line, = one.run(f"date -s {text}")
        assert why in line, line
    for words in ["date now", "date -x", "date -s a b"]:
        line, = one.run(words)
        assert "usage: date [-s TIME]" in line, line
    after, = one.run_json("date")
    assert 0 <= after["unix"] - before["unix"] <= 60


def test_registers(machine):
    one = machine(boot="pvh")
    one.boot()
    hpet = "\n".join(one.run("regs timer"))
    assert "counter_low" in hpet and "period_fs" in hpet
    assert "status_b" in "\n".join(one.run("regs rtc"))
    explained = "\n".join(one.run("devman explain /platform/pit"))
    assert "pit-spare" in explained and "no driver" in explained


def test_an_hpet_that_reaches_memory_is_nobody_s(machine):
    """Its comparators offer FSB mode: whoever had its registers could write anywhere below 4 GiB."""
    one = machine(boot="pvh", extra=("-global", "hpet.msi=on"))
    one.boot()
    nodes = {n["path"]: n for n in one.run_json("lsdev /platform")}
    assert nodes["/platform/hpet"]["id"] == "hpet-fsb"
    assert nodes["/platform/hpet"]["state"] == "unmatched"
    assert nodes["/platform/pit"]["id"] == "pit" and nodes["/platform/pit"]["driver"] == "timer"


# ---- the clock rate

def uptime(one):
    return one.run_json("drivers")[0]["uptime_ms"] / 1000


def counted(one, begin):
    """How many seconds the machine that was begun so counts in a second."""
    begin(one)
    one.wait_prompt(60)
    began, first = time.monotonic(), uptime(one)
    time.sleep(2)
    last = uptime(one)
    return (last - first) / (time.monotonic() - began)


def stopped_and_started(one):
    one.start()
    for _ in range(20):
        time.sleep(0.005)
        os.killpg(one.process.pid, signal.SIGSTOP)
        time.sleep(0.1)
        os.killpg(one.process.pid, signal.SIGCONT)


def test_a_host_that_stops_the_machine(machine):
    """For longer than the PIT takes to come round (55 ms) while the clock rate is measured by it."""
    rates = [counted(machine(boot="pvh"), how) for how in (lambda one: one.start(), *[stopped_and_started] * 2)]
    assert all(0.8 < rate < 1.2 for rate in rates), rates
