"""Drivers as the shell shows and orders them: each command, and the life of a driver under the
session's own console: killed, stopped, faulty in every way that `inject` knows, given up."""
import re
import time

import pytest

import mkimage
from conftest import ROOT
from test_refusal import screen_text

CTRL_C, ENTER, TAB = "\x03", "\r", "\t"
COM1, COM2 = "/platform/com1", "/platform/com2"
FIELDS = ["driver", "device", "pid", "state", "dma", "restarts", "last_death", "uptime_ms",
          "cpu_us", "interrupts"]
CAUSES = {
    "null-deref": r"fault: page fault, cannot read address 0x0, at 0x[0-9a-f]+ \([\w.]+\+0x\w+\)",
    "wild-write": r"fault: page fault, cannot write address 0x123456789000, at .*\([\w.]+\+0x\w+\)",
    "wild-jump": r"fault: page fault, cannot execute address 0x123456789000, at 0x123456789000 "
                 r"\(none of its functions\)",
    "stack-overflow": r"fault: page fault, cannot write address 0x2\w+, at .*\([\w.]+\+0x\w+\)",
    "foreign-port": r"fault: exception 13 \(general protection fault: .*\), at 0x\w+ \([\w.]+\+0x\w+\)",
    "foreign-page": r"fault: page fault, cannot write address 0x200000, at .*\([\w.]+\+0x\w+\)",
    "endless-loop": r"heartbeat: no answer for \d+ ms",
    "deadlock": r"heartbeat: no answer for \d+ ms",
    "budget-hog": r"budget: it has used up all of \d+ us in each \d+ us for \d+ ms",
    "lost-request": r"request age: its oldest request is \d+ ms old, at most \d+ are allowed",
    "irq-unacked": r"irq-unacked: interrupt 0 has been unacknowledged for \d+ ms",
    "irq-storm": r"irq-storm: interrupt 0 comes more than \d+ times in \d+ ms",
    "garbage-reply": r"bad message: label 0xdeadbeef, refused: ",
    "exit": r"exit: it ended itself, at 0x[0-9a-f]+ \(\w+",
}
DMA_FAULTS = ["wild-dma-write", "wild-dma-read", "forged-irq"]  # of devices with DMA: test_dma.py


def driver(machine, device=COM1):
    return next(d for d in machine.run_json("drivers") if d["device"] == device)


def wait_for(machine, condition, device=COM1, limit_s=60):
    """The driver once it is as wanted; the typing gives it interrupts and requests meanwhile."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        found = driver(machine, device)
        if condition(found):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{device} stays {found}")


def accounts(machine):
    """What must be the same before and after: memory, tasks, what devman has handed out."""
    tasks = [(t["id"], t["name"], t["memory_bytes"], t["restarts"]) for t in machine.run_json("ps")]
    drivers = [(d["device"], d["memory_bytes"]) for d in machine.run_json("drivers")]
    return machine.run_json("mem"), tasks, drivers, machine.run_json("devman memory")


def look_at_others(machine, path):
    """Every task, and every driver but that of @path: all that is told of them and that time alone
    does not change. Where instructions are the clock, it runs away while the host is slow to read the
    line, whose driver then dies of its request's age: nothing of that is told."""
    unseen = [path, COM1] if machine.config.icount else [path]
    tasks = [{k: v for k, v in t.items() if k != "cpu_us"} for t in machine.run_json("ps")]
    drivers = [{k: v for k, v in d.items() if k not in ["uptime_ms", "cpu_us", "interrupts"]}
               for d in machine.run_json("drivers") if d["device"] not in unseen]
    return tasks + drivers


def bystanders(machine, path):
    """How the others are when none of them is at work for a moment."""
    for _ in range(100):
        found = look_at_others(machine, path)
        time.sleep(0.05)
        if found == look_at_others(machine, path):
            return found
    raise AssertionError("they do not come to rest")


def nobody_else_noticed(machine, path, before):
    """What @before says of the others still holds; one can be at work for a moment."""
    end = time.monotonic() + 10
    while (now := look_at_others(machine, path)) != before:
        assert time.monotonic() < end, [pair for pair in zip(before, now) if pair[0] != pair[1]]
        time.sleep(0.1)


def log_of_deaths(machine):
    return [line for line in machine.run("log") if " died: " in line]


def resync(machine):
    """A prompt again, after the screen was sent anew because the line was gone for a while."""
    machine.send(ENTER + "echo in-step" + ENTER)
    machine.expect("\r\nin-step\r\nquoll> ")


# ---- what there is

def test_lsdev_shows_the_tree(shell):
    lines = shell.run("lsdev")
    assert lines[0].split() == ["DEVICE", "ID", "STATE", "DRIVER", "SERVES"]
    assert lines[1].startswith("/ ")
    assert any(re.match(r"  platform +platform +running +platform +platform$", x) for x in lines)
    assert any(re.match(r"    com1 +com +running +uart8250 +serial$", x) for x in lines)
    assert len({line.index(word) for line, word in
                [(lines[0], "STATE")] + [(x, "running") for x in lines if "running" in x]}) == 1


def test_lsdev_json_and_patterns(shell):
    nodes = shell.run_json("lsdev")
    assert len(nodes) == len(shell.run("lsdev")) - 1
    com1 = next(n for n in nodes if n["path"] == COM1)
    assert com1 == {"path": COM1, "id": "com", "state": "running", "driver": "uart8250",
                    "serves": "serial", "dma": "none"}
    assert all(n["driver"] is None for n in nodes if n["state"] == "unmatched")
    assert COM1 in [n["path"] for n in shell.run_json("lsdev serial")]
    assert all(n["path"].startswith("/platform") for n in shell.run_json("lsdev /platform"))
    assert len(shell.run_json("lsdev 8086:")) > 1  # q35: host bridge, LPC, AHCI, SMBus
    assert "nothing matches nix; a pattern is" in shell.run("lsdev nix")[0]


def test_drivers_json(shell):
    drivers = shell.run_json("drivers")
    for one in drivers:
        assert list(one)[:len(FIELDS)] == FIELDS
        assert one["state"] == "running" and one["pid"] > 0
        assert one["dma"] in ["none", "iommu", "unprotected"]
        assert one["last_death"] is None or isinstance(one["last_death"], str)
    assert len({one["pid"] for one in drivers}) == len(drivers)
    first, second = driver(shell), driver(shell)
    for figure in ["uptime_ms", "cpu_us", "interrupts"]:
        assert 0 < first[figure] <= second[figure]


def test_drivers_table(shell):
    lines = shell.run("drivers")
    rows = [line for line in lines[1:] if not line.startswith(" ")]
    assert len(rows) == len(shell.run_json("drivers"))
    assert {len(line) for line in [lines[0]] + rows} == {len(lines[0])} and len(lines[0]) < 80


def test_regs(shell):
    lines = shell.run("regs uart8250")
    assert any(re.match(r"lcr +0x03$", line) for line in lines)
    assert any(re.match(r"    word_length +0x3 bits8$", line) for line in lines)
    assert shell.run_json(f"regs {COM1}")[0]["device"] == COM1
    before = shell.run_json("devman memory")
    shell.run("regs uart8250")
    assert shell.run_json("devman memory") == before  # its session is closed again


def test_describe(shell):
    lines = shell.run("devman describe uart8250")
    assert lines[0].startswith("interface serial, number 16")
    assert any("write @async" in line for line in lines)


def test_explain(shell):
    lines = shell.run("devman explain uart8250")
    assert lines[0] == f"{COM1} is com, on the bus /platform"
    assert any(re.match(r"  uart8250 +fits with score \d+$", line) for line in lines)
    assert any(re.match(r"  platform +does not fit, it is for null platform$", x) for x in lines)
    assert lines[-1].startswith("uart8250 has it and runs")
    lines = shell.run("devman explain /pci/00:1f.3")
    assert lines[0].startswith("/pci/00:1f.3 is 8086:2930, class 0c0500")
    assert lines[-1] == "no driver fits; it waits for one"
    assert shell.run("devman explain /")[-1] == "devman itself is its driver"
    assert shell.run(f"devman explain {COM2}") == [
        f"devman explain: there is no device {COM2}; did you mean {COM1}?"]


def test_events(shell):
    events = shell.run_json("events")
    assert [e["number"] for e in events] == list(range(1, len(events) + 1))
    assert sorted(e["time_us"] for e in events) == [e["time_us"] for e in events]
    assert {"device-added", "driver-started"} <= {e["event"] for e in events}
    assert len(shell.run("events")) == len(events) + 1


def test_events_follow_until_interrupted(shell):
    shell.send("events follow" + ENTER)
    shell.expect("started   /platform/com1 ")
    time.sleep(0.3)
    shell.send(CTRL_C)
    shell.wait_prompt()
    shell.send("kill /null" + ENTER)
    shell.wait_prompt()
    assert any(re.search(r"died +/null +null +killed by hand", x) for x in shell.run("events"))


def test_top(shell):
    rows = shell.run_json("top")
    names = [row["name"] for row in rows]
    assert {"root", "devman", "qsh", "uart8250"} <= set(names)
    assert all(900000 < row["of_us"] for row in rows)
    assert sum(row["used_us"] for row in rows) <= rows[0]["of_us"]
    assert [row["used_us"] for row in rows] == sorted((row["used_us"] for row in rows),
                                                      reverse=True)
    table = shell.run("top 1")
    assert table[0] == "CPU %   TOTAL (ms)  NAME         DEVICE" and "(idle" in table[-1]
    shares = [float(line.split()[0]) for line in table[1:]]
    assert 95 < sum(shares) < 101
    shell.send("top 1 follow" + ENTER)
    for _ in range(2):
        shell.expect("(idle")
    shell.send(CTRL_C)
    shell.wait_prompt()


def test_console(shell):
    """At first on both; each move says where the session is now, and it is there."""
    place, = shell.run_json("console")
    assert place["on"] == "both" and place["columns"] >= 80 and place["bytes_out"] > 0
    assert shell.run("console")[0].startswith("on the serial line and the screen, ")
    assert "neither serial nor screen nor both" in shell.run("console move away")[0]
    assert shell.run("console move serial")[0].startswith("on the serial line, ")
    shell.run("echo seen by nobody on the screen")
    assert "seen by nobody" not in screen_text(shell)
    assert shell.run("console move both")[0].startswith("on the serial line and the screen, ")
    shell.run("echo seen again")
    time.sleep(0.3)
    assert "seen again" in screen_text(shell)


def test_console_without_a_screen(machine):
    one = machine(boot="pvh", extra=("-vga", "none"))
    one.boot()
    assert one.run("console move screen") == [
        "console: there is no screen to move to; lsdev display and devman explain say why"]


def test_mistakes_get_one_line(shell):
    for line, answer in {
            "kill": "kill: which driver? usage: kill D",
            "kill uart": "kill: no driver is called uart; did you mean uart8250?",
            "kill /nix/nix": "kill: no driver is called /nix/nix; drivers lists them",
            "restart /pci/00:1f.3": "restart: /pci/00:1f.3 has no driver; devman explain /pci/00:1f.3",
            "regs /pci/00:1f.3": "regs: /pci/00:1f.3 has no driver; devman explain",
            "start uart8250": "start: uart8250 (/platform/com1) is running already; restart",
            "stop uart8250": "stop: this session is on /platform/com1 itself and could not",
            "stop uart8250 soon": "stop: SECONDS is a number from 1 to 3600, not soon",
            "inject": "inject: what into which driver? usage: inject",
            "inject exti uart8250": "inject: there is no fault exti; did you mean exit?",
            "devman": "devman: explain or describe what, or memory? usage: devman",
            "events x": "events: x is not follow; usage: events",
            "top -1": "top: no option -1",
            "drivers all": "drivers: all is too much; usage: drivers"}.items():
        lines = shell.run(line)
        assert len(lines) == 1 and lines[0].startswith(answer), lines
    assert "error" in shell.run_json("kill nobody")[0]


def test_tab_completes_drivers_and_faults(shell):
    shell.send("regs ua" + TAB + ENTER)
    assert "word_length" in shell.expect("\r\nquoll> ")
    shell.send("inject null" + TAB + "nosuch" + ENTER)
    assert "no driver is called nosuch" in shell.expect("\r\nquoll> ")
    shell.send("devman ex" + TAB + "/platform/c" + TAB + "1" + CTRL_C)
    shell.wait_prompt()


# ---- the life of the driver below this session

@pytest.mark.parametrize("order", ["kill", "restart"])
def test_ended_by_hand_it_comes_back_at_once(shell, order):
    shell.run("regs uart8250")
    before, first = accounts(shell), driver(shell)
    lines = shell.run(f"{order} uart8250")
    second = driver(shell)
    assert lines == [f"uart8250 ({COM1}) runs, pid {second['pid']}"]
    assert second["pid"] > first["pid"] and second["restarts"] == first["restarts"] + 1
    assert second["last_death"] == {"kill": "killed by hand",
                                    "restart": "restarted by hand"}[order]
    assert second["uptime_ms"] < first["uptime_ms"]
    assert accounts(shell) == before
    assert second["last_death"] + "; restarts at once" in log_of_deaths(shell)[-1]


def test_a_bus_driver_s_death_leaves_its_devices_drivers(shell):
    uart, before = driver(shell), accounts(shell)
    for path in ["/platform", "/pci"]:
        first = driver(shell, path)
        shell.run(f"kill {path}")
        assert driver(shell, path)["pid"] > first["pid"]
    assert driver(shell)["pid"] == uart["pid"] and accounts(shell) == before


def test_stopped_for_a_while_the_session_comes_back(shell):
    before = accounts(shell)
    first = driver(shell)
    shell.send("stop uart8250 1" + ENTER)
    shell.expect_re(r"uart8250 \(/platform/com1\) runs, pid \d+")
    resync(shell)
    second = driver(shell)
    assert second["pid"] > first["pid"] and second["restarts"] == first["restarts"]
    assert accounts(shell) == before
    kinds = [e["event"] for e in shell.run_json("events") if e["device"] == COM1]
    assert kinds[-3:] == ["driver-died", "driver-stopped", "driver-started"]


@pytest.mark.parametrize("fault", CAUSES)
def test_a_fault_is_named_and_mended(shell, fault):
    shell.run("regs uart8250")  # a request done: its death waits for nothing
    before, first, others = accounts(shell), driver(shell), bystanders(shell, COM1)
    shell.send(f"inject {fault} uart8250" + ENTER)
    time.sleep(0.3)
    shell.send(ENTER)  # an interrupt and a request for those that need one; then nothing is typed,
    time.sleep(7 if fault == "lost-request" else 2)  # what the dying one receives may be lost
    resync(shell)
    second = wait_for(shell, lambda d: d["restarts"] > first["restarts"])
    assert second["state"] == "running" and second["restarts"] == first["restarts"] + 1
    assert re.match(CAUSES[fault], second["last_death"]), second["last_death"]
    line = log_of_deaths(shell)[-1]
    assert re.search(rf"devman: {COM1}: uart8250, instance \d+ \(pid {first['pid']}\), died: ", line)
    assert second["last_death"] in line and line.endswith("; restarts at once")
    assert shell.run("echo still here") == ["still here"]
    assert accounts(shell) == before
    nobody_else_noticed(shell, COM1, others)


@pytest.mark.parametrize("path", ["/platform", "/pci", "/null"])
def test_drivers_without_an_interrupt(shell, path):
    for fault, cause in CAUSES.items():
        shell.run(f"regs {path}")
        before, first, others = accounts(shell), driver(shell, path), bystanders(shell, path)
        lines = shell.run(f"inject {fault} {path}")
        if fault.startswith("irq-"):
            assert lines == [f"inject: {first['driver']} ({path}) has no interrupt" +
                             (" that it could be made to storm with" if fault == "irq-storm" else "")]
            continue
        if fault == "lost-request":
            shell.run(f"regs {path}")  # this one: asked again after the death
        second = wait_for(shell, lambda d: d["restarts"] > first["restarts"], path)
        assert re.match(cause, second["last_death"]), second["last_death"]
        assert log_of_deaths(shell)[-1].endswith("; restarts at once")
        assert accounts(shell) == before
        nobody_else_noticed(shell, path, others)


def test_a_storm_that_the_device_cannot_make(shell):
    """The i8042 interrupts for what is typed, and only its driver knows that."""
    before = driver(shell, "/platform/i8042")
    assert shell.run("inject irq-storm ps2") == [
        "inject: ps2 (/platform/i8042) has no interrupt that it could be made to storm with"]
    assert driver(shell, "/platform/i8042")["pid"] == before["pid"]


def test_inject_list_names_every_fault_and_its_cause(shell):
    faults = shell.run_json("inject list")
    assert [f["fault"] for f in faults] == [*CAUSES, *DMA_FAULTS]
    assert all(f["cause"] == "dma" for f in faults if f["fault"] in DMA_FAULTS)
    for one in faults[:len(CAUSES)]:
        assert CAUSES[one["fault"]].split(":")[0].replace(" ", "-") == one["cause"]
    assert len(shell.run("inject list")) == len(faults) + 1


# ---- the life of one that has no clients

@pytest.fixture(name="two_lines", scope="module")
def fixture_two_lines(request):
    from emu import Config
    from machine import Machine
    config = Config(boot="pvh", extra=("-serial", "null"))
    with Machine(config, request.module.__name__ + "-two-lines", limit_s=200) as one:
        one.boot()
        yield one


def test_a_name_that_is_not_unique_needs_the_path(two_lines):
    assert two_lines.run("kill uart8250") == [
        f"kill: uart8250 drives several devices; say which: {COM1} {COM2}"]
    assert two_lines.run(f"kill {COM2}")[0].startswith(f"uart8250 ({COM2}) runs")


def test_deaths_before_any_request_wait_longer_and_longer_until_it_is_given_up(two_lines):
    before = accounts(two_lines)
    last = two_lines.run_json("events")[-1]["number"]
    for death in range(1, 6):
        two_lines.run(f"inject {'null-deref' if death < 5 else 'endless-loop'} {COM2}")
        if death == 5:
            lines = two_lines.run(f"regs {COM2}")  # it waits, unless this came too late
            assert len(lines) == 1 and re.match(
                rf"regs: uart8250 \({COM2}\) (ended before it answered; drivers says why"
                r"|does not run \(gave-up\))", lines[0])
        state = wait_for(two_lines, lambda d: d["state"] != "restarting", COM2)["state"]
        assert state == ("running" if death < 5 else "gave-up")
    events = [e for e in two_lines.run_json("events") if e["number"] > last]
    assert [e["event"] for e in events] == 4 * ["driver-died", "driver-restarted"] + [
        "driver-died", "driver-gave-up"]
    died = [e["time_us"] for e in events if e["event"] == "driver-died"]
    back = [e["time_us"] for e in events if e["event"] == "driver-restarted"]
    waits = [(after - at) / 1000 for at, after in zip(died, back)]
    for wait, least in zip(waits, [0, 10, 20, 40]):
        assert least <= wait < least + 40, waits
    assert [line.split("; ")[-1] for line in log_of_deaths(two_lines)[-5:]] == [
        "restarts at once", "restarts in 10 ms", "restarts in 20 ms", "restarts in 40 ms",
        "given up: 5 deaths within 10000 ms without a request done"]
    assert accounts(two_lines)[:3] == before[:3]
    two_lines.accounts = before


def test_what_was_given_up_can_be_started(two_lines):
    gone = driver(two_lines, COM2)
    assert gone["state"] == "gave-up" and gone["pid"] == 0 and gone["uptime_ms"] == 0
    assert "was given up; its last death: heartbeat: no" in two_lines.run(f"devman explain {COM2}")[-1]
    for order in ["kill", "regs", "stop"]:
        assert two_lines.run(f"{order} {COM2}") == [
            f"{order}: uart8250 ({COM2}) does not run (gave-up); start {COM2} brings it back"]
    assert two_lines.run(f"start {COM2}")[0].startswith(f"uart8250 ({COM2}) runs, pid ")
    two_lines.run(f"inject exit {COM2}")  # a clean record: it is restarted again
    assert wait_for(two_lines, lambda d: d["last_death"].startswith("exit"), COM2)
    assert accounts(two_lines) == two_lines.accounts  # its interrupt is devman's again, too


def test_stop_and_start(two_lines):
    before = accounts(two_lines)
    assert two_lines.run(f"stop {COM2}") == [
        f"uart8250 ({COM2}) does not run (stopped); start {COM2} brings it back"]
    assert driver(two_lines, COM2)["state"] == "stopped"
    assert two_lines.run(f"devman explain {COM2}")[-1] == "uart8250 has it, and was stopped by hand"
    assert two_lines.run(f"restart {COM2}")[0].startswith(f"uart8250 ({COM2}) runs, pid ")
    assert accounts(two_lines) == before


# ---- all of them

def test_every_driver_survives_itself(shell):
    """Those with clients and those without: ended in five ways, it is back, and nobody else is."""
    for path in [d["device"] for d in shell.run_json("drivers") if d["state"] == "running"]:
        for fault in ["", "null-deref", "endless-loop", "garbage-reply", "exit"]:
            shell.run(f"regs {path}")
            before, first = accounts(shell), driver(shell, path)
            others = {d["device"]: d["pid"] for d in shell.run_json("drivers") if d != first}
            shell.run(f"inject {fault} {path}" if fault else f"kill {path}")
            second = wait_for(shell, lambda d: d["restarts"] > first["restarts"], path)
            assert re.match(CAUSES.get(fault, "killed by hand"), second["last_death"])
            assert second["state"] == "running" and accounts(shell) == before, path
            now = {d["device"]: d["pid"] for d in shell.run_json("drivers")}
            assert {p: now[p] for p in others if p != path} == {
                p: others[p] for p in others if p != path}


def test_a_flood_within_its_limit_is_no_missing_heartbeat(machine, tmp_path):
    """Interrupts come before all else that a driver could receive. Its loop goes round, though: it
    is its Budget that is used up, and that is said."""
    files = dict(mkimage.unpack((ROOT / "build/quoll.img").read_bytes()))
    text = files["uart8250.manifest"].decode()
    files["uart8250.manifest"] = re.sub("irq-limit .*", "irq-limit = none", text).encode()
    image = tmp_path / "quoll.img"
    image.write_bytes(mkimage.pack(list(files.items())))
    one = machine(boot="pvh", image=str(image), extra=("-serial", "null"))
    one.boot()
    one.run(f"inject irq-storm {COM2}")
    second = wait_for(one, lambda d: d["restarts"] == 1, COM2)
    assert second["last_death"].startswith("budget: it has used up all of")
