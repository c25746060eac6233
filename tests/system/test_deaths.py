"""Drivers that die: at random moments under load, by devman's timer, which is above them; at every
instruction of a request; of every fault; with their bus dead. What their clients see is a pause.
`make soak` has many more of each (DEATHS_ROUNDS, DEATHS_EACH in the environment)."""
import os
import re
import select
import socket
import threading
import time

import pytest

from emu import Config
from machine import PROMPT, Machine
from test_drivers import (CAUSES, accounts, bystanders, driver, log_of_deaths, nobody_else_noticed,
                          wait_for)
from test_refusal import screen_text

KILLS = 20
SHARE = 0.3  # of the deaths in a handler, and with requests
ROUNDS = int(os.environ.get("DEATHS_ROUNDS", "1"))  # of KILLS
EVERY = "each" if os.environ.get("DEATHS_EACH") else "some"
COM1, COM2, I8042, VGA = "/platform/com1", "/platform/com2", "/platform/i8042", "/pci/00:01.0"
LIMIT_S = 300 + 120 * ROUNDS
STEPS_LIMIT_S = 1800 if EVERY == "each" else 120


class SecondLine:
    """The other end of COM2: keeps what comes, and sends it back while `echoes`."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(1)
        self.seen = b""
        self.echoes = False
        threading.Thread(target=self._serve, daemon=True).start()

    def all(self):
        """What has come, when nothing has come for a while."""
        seen = -1
        while seen != len(self.seen):
            seen = len(self.seen)
            time.sleep(0.2)
        return self.seen

    def _serve(self):
        line, _ = self.listener.accept()
        while data := line.recv(4096):
            self.seen += data
            if self.echoes:
                line.sendall(data)


@pytest.fixture(name="one", scope="module")
def fixture_one(tmp_path_factory):
    """A machine with a second serial line, and an edu."""
    path = tmp_path_factory.mktemp("deaths") / "com2"
    line = SecondLine(path)
    config = Config(boot="pvh", extra=("-serial", f"unix:{path}", "-device", "edu,addr=4"))
    with Machine(config, "test_deaths", limit_s=3 * LIMIT_S + 4 * STEPS_LIMIT_S) as machine:
        machine.second_line = line
        machine.boot()
        machine.run("test soak.deaths.edu_client")  # the first test looks for devices: borrows them
        yield machine


def progress(text):
    """To the log of `make soak`, which takes long."""
    if "DEATHS_LOG" in os.environ:
        with open(os.environ["DEATHS_LOG"], "a", encoding="utf-8") as log:
            log.write(time.strftime("%H:%M:%S ") + text + "\n")


def rounds(what):
    for number in range(ROUNDS):
        yield number
        if (number + 1) % 5 == 0:
            progress(f"{what}: {(number + 1) * KILLS} kills")


# ---- in the system: tests/os/deaths.c and deaths_steps.c

@pytest.mark.parametrize("name", ["calls", "buses"] + [
    f"{EVERY}.{what}" for what in ["serial", "echo", "display", "null", "every_driver"]])
def test_in_the_system(one, count, name):
    before = len(one.second_line.all())
    one.second_line.echoes = name.endswith(".echo")
    for _ in rounds(name) if name in ["calls", "buses"] else [0]:
        lines = one.run(f"test soak.deaths.{name}", timeout=STEPS_LIMIT_S)
        count(f"deaths-{name}", *map(int, re.match(r"(\d+) passed, (\d+) failed", lines[-1]).groups()))
        assert lines == [f"pass soak.deaths.{name}", "1 passed, 0 failed"]
    progress(name)
    one.second_line.echoes = False
    if name.endswith(".serial"):
        check_lines(one.second_line.all()[before:])


def test_a_task_s_death_closes_its_sessions(machine):
    one = machine(boot="pvh", extra=("-serial", "null"))
    one.boot()
    one.run("test drivers.leave")  # looks at the devices first, which restarts some drivers
    before, first = one.run_json("devman memory"), driver(one, COM2)
    one.run("test death.own")
    state, = [t["state"] for t in one.run_json("ps") if t["name"] == "test"]
    assert state == "faulted"
    one.run("start null")
    end = time.monotonic() + 10
    while one.run_json("devman memory") != before and time.monotonic() < end:
        time.sleep(0.1)
    assert one.run_json("devman memory") == before
    assert driver(one, COM2)["pid"] == first["pid"]  # it has let go of them, and lives


def test_a_restart_by_order_repeats_nothing(one):
    before = len(one.second_line.all())
    assert one.run("test soak.deaths.restarts", timeout=60) == [
        "pass soak.deaths.restarts", "1 passed, 0 failed"]
    data = one.second_line.all()[before:]
    assert data == b"".join(b"<%05d abcdefghijklmnopqrstuvwxyz>" % n for n in range(1, 21))


def check_lines(data):
    """Each line is whole and in its place; at most one byte of it is there twice."""
    lines = re.findall(rb"<+[^<]*", data)
    assert len(lines) > 20 and b"".join(lines) == data
    last = 0
    for line in lines:
        number = int(re.sub(rb"\D", b"", line)) if len(re.sub(rb"\D", b"", line)) == 5 else None
        if number is None:  # the byte that came twice is a digit
            digits = re.sub(rb"\D", b"", line)
            assert len(digits) == 6, line
            number = next(n for n in range(last + 1, 100000)
                          if repeats(digits, b"%05d" % n) == 1)
        whole = b"<%05d abcdefghijklmnopqrstuvwxyz>" % number
        assert repeats(line, whole) in [0, 1] and number > last, (line, whole)
        last = number


def repeats(seen, whole):
    """How many bytes of @whole, which has arrived as @seen, are in there twice; None: something
    else has happened to it."""
    at = twice = 0
    for byte in seen:
        if at < len(whole) and byte == whole[at]:
            at += 1
        elif at > 0 and byte == whole[at - 1]:
            twice += 1
        else:
            return None
    return twice if at == len(whole) else None


# ---- the shell's own line

def begin(one, path, every_ms):
    """Have the driver killed; its restarts so far."""
    assert one.run(f"kill {path} {KILLS} {every_ms}")[0].endswith(
        f" is killed {KILLS} times from now on")


def toll_of(one, path):
    """Its toll; while the line itself loses its driver, the question is asked again."""
    for _ in range(100):
        try:
            toll, = one.run_json(f"devman toll {path}")
            return toll
        except (AssertionError, ValueError):
            time.sleep(0.5)
            one.send("\r")
            one.wait_prompt()
    raise AssertionError(f"no answer to: devman toll {path}")


def met(one, path, requests=True):
    """Wait until the last kill; enough of them must have met something."""
    toll = toll_of(one, path)
    end = time.monotonic() + 60
    while toll["left"] and time.monotonic() < end:
        time.sleep(0.1)
        toll = toll_of(one, path)
    assert toll["kills"] == KILLS and toll["in_handler"] >= SHARE * KILLS, toll
    assert not requests or toll["with_requests"] >= SHARE * KILLS, toll
    wait_for(one, lambda d: d["state"] == "running", path)


def read_until(one, end, limit_s=120):
    """All bytes up to @end, which pexpect would be slow with."""
    data, limit = b"", time.monotonic() + limit_s
    while not data.endswith(end):
        assert time.monotonic() < limit, data[-300:]
        if select.select([one.serial_fd], [], [], 1)[0]:
            data += os.read(one.serial_fd, 65536)
    return data


def test_lines_through_console_and_uart(one):
    """All in order, none lost, at most one byte twice for each death."""
    for _ in rounds("count"):
        before, last = accounts(one), 15000
        begin(one, COM1, 15)
        one.send(f"count {last}\r")
        seen = read_until(one, b"\r\n" + PROMPT.encode())
        whole = f"count {last}\r\n".encode() + b"".join(b"%d\r\n" % i for i in range(1, last + 1))
        assert 0 <= repeats(seen, whole + PROMPT.encode()) <= KILLS
        met(one, COM1)
        assert accounts(one) == before


def test_typing_at_the_line(one):
    """At most one byte lost for each death, though they come in bursts, and none out of order."""
    for _ in rounds("typing"):
        before, typed = accounts(one), "".join(f"{n:x}" for n in range(1000, 1060))
        begin(one, COM1, 30)
        one.send("echo ")
        for at in range(0, len(typed), 10):
            one.send(typed[at:at + 10])
            time.sleep(0.06)
        time.sleep(3)  # for the last kill
        one.send("\r\recho in-step\r")
        one.expect("\r\nin-step\r\n" + PROMPT)
        text = one.serial.before
        met(one, COM1, requests=False)
        echoed = [line for line in text.split("\r\n") if re.fullmatch(r"[0-9a-f]{100,}", line)]
        assert len(echoed) == 1 and lost_of(typed, echoed[0]) <= KILLS, text
        assert accounts(one) == before


# ---- keys and the screen

TYPED = "abcdefghijklmnopqrstuvwxyz0123456789"


def screen_rows(one):
    """The text on the screen, without what is blank."""
    text = screen_text(one)
    rows = [text[at:at + 80].rstrip() for at in range(0, len(text), 80)]
    return [row for row in rows if row]


def press(one, *keys):
    one.qmp("send-key", keys=[{"type": "qcode", "data": key} for key in keys], **{"hold-time": 5})
    time.sleep(0.02)


def type_line(one, text):
    """As typed on the keyboard, and until the screen's shell has its prompt again."""
    for key in [{" ": "spc"}.get(key, key) for key in text] + ["ret"]:
        press(one, key)
    end = time.monotonic() + 30
    while screen_rows(one)[-1:] != [PROMPT.strip()]:
        assert time.monotonic() < end, screen_rows(one)
        time.sleep(0.05)


@pytest.fixture(name="screen")
def fixture_screen(one):
    """The machine with another shell on the screen, at an empty prompt at the top."""
    press(one, "alt", "f2")
    time.sleep(0.5)
    type_line(one, "clear")
    return one


def lost_of(typed, seen):
    """How many characters of @typed are missing in @seen, which has nothing else."""
    at = lost = 0
    for character in seen:
        found = typed.find(character, at)
        assert found >= 0, (typed, seen)
        lost += found - at
        at = found + 1
    return lost + len(typed) - at


def test_keys(screen):
    """At most one scan code lost for each death, and what is typed afterwards works: a lost make
    code is a character that is missing; a lost break code shows nothing."""
    one = screen
    for _ in rounds("keys"):
        for key in ["e", "c", "h", "o", "spc"]:
            press(one, key)
        before, typed = accounts(one), 2 * TYPED
        begin(one, I8042, 60)
        for key in typed:
            press(one, key)
        while one.run_json(f"devman toll {I8042}")[0]["left"]:
            for _ in range(10):
                press(one, "shift")
        met(one, I8042, requests=False)
        press(one, "ret")
        type_line(one, "echo works")
        rows = screen_rows(one)
        echoed = next(row for row in reversed(rows[:-3]) if not row.startswith(PROMPT))
        assert lost_of(typed, echoed) <= KILLS
        assert rows[-3:] == [PROMPT + "echo works", "works", PROMPT.strip()]
        assert accounts(one) == before
        type_line(one, "clear")


# How a key is let go of, and the death between its two bytes, are among these.
KEY_STEPS, KEY_STEPS_MAX = {"some": 211, "each": 3}[EVERY], 9000
KEYS_OUTLIVED = 5  # in a row: past the end of a key's life
KEYS_A_LINE = 30


def type_while_it_dies(one, steps):
    """A letter while its driver dies after so many instructions, and a digit when it is back.
    Returns what of these may be missing: one scan code for each death."""
    path, typed, deaths = I8042, [], []
    for key in ["e", "c", "h", "o", "spc"]:
        press(one, key)
    for number, step in enumerate(steps):
        before = driver(one, path)["restarts"]
        one.run(f"kill {path} after {step}")
        typed.append((chr(ord("a") + number % 26), str(number % 10)))
        press(one, typed[-1][0])
        end = time.monotonic() + 0.5
        while driver(one, path)["restarts"] == before and time.monotonic() < end:
            time.sleep(0.01)
        wait_for(one, lambda d: d["state"] == "running", path)
        one.run(f"kill {path} after 0")
        press(one, typed[-1][1])
        deaths.append(driver(one, path)["restarts"] - before)
        if deaths[-KEYS_OUTLIVED:] == KEYS_OUTLIVED * [0]:
            break
    return typed, deaths


def check_keys(typed, deaths, row):
    """Nothing is there twice, nothing in another order, and a death has cost one code at most."""
    for pair, died in zip(typed, deaths):
        for key in pair:
            if row.startswith(key):
                row = row[1:]
            else:
                died -= 1
        assert died >= 0, (pair, row)
    assert row == "", (typed, row)


def test_keys_at_every_instruction(screen):
    """ps2 dies after each number of instructions of a key's life: at most one code of it is lost,
    and no half of one makes another."""
    one, before = screen, accounts(screen)
    total = 0
    for first in range(1, KEY_STEPS_MAX, KEY_STEPS * KEYS_A_LINE):
        steps = range(first, first + KEY_STEPS * KEYS_A_LINE, KEY_STEPS)
        typed, deaths = type_while_it_dies(one, steps)
        press(one, "ret")
        type_line(one, "echo works")
        rows = screen_rows(one)
        assert rows[-3:] == [PROMPT + "echo works", "works", PROMPT.strip()]
        check_keys(typed, deaths, rows[rows.index(PROMPT + "echo works") - 1])
        total += sum(deaths)
        progress(f"keys at every instruction: up to {steps[-1]}, {total} deaths")
        type_line(one, "clear")
        if deaths[-KEYS_OUTLIVED:] == KEYS_OUTLIVED * [0]:
            break
    assert total >= 10 and accounts(one) == before


def test_picture(screen):
    """A screen that scrolls while its driver dies is in the end as without the deaths."""
    one = screen
    type_line(one, "count 400")
    whole = screen_text(one)
    for _ in rounds("picture"):
        before = accounts(one)
        type_line(one, "clear")
        begin(one, VGA, 10)
        while one.run_json(f"devman toll {VGA}")[0]["left"]:
            type_line(one, "count 3000")
        met(one, VGA)
        type_line(one, "clear")
        type_line(one, "count 400")
        assert screen_text(one) == whole
        assert accounts(one) == before


# ---- every fault in every driver

# test_drivers.py has uart8250, platform, pci and null. The timer's interrupts take a client and a
# machine that counts instructions: tests/os/drivers.c, by test_os.py.
EDU, TIMER, CLOCK = "/pci/00:04.0", "/platform/hpet", "/platform/cmos"
PAIRS = [(path, fault) for path in [I8042, VGA, EDU, TIMER, CLOCK] for fault in CAUSES
         if not (path == TIMER and fault.startswith("irq-"))]


def cannot(path, fault):
    """The answer where a driver can't have the fault: nothing happens, and it says so."""
    if path in [I8042, VGA, CLOCK] and fault == "irq-storm":
        return f" ({path}) has no interrupt that it could be made to storm with"
    if path in [VGA, CLOCK] and fault == "irq-unacked":
        return f" ({path}) has no interrupt"
    return None


def provoke(one, path, fault):
    """Some faults wait for what is to go wrong."""
    if fault == "irq-unacked" and path == I8042:
        press(one, "shift")
    elif fault == "irq-unacked" and path == EDU:
        one.run("test soak.deaths.edu_client")  # its first interrupt is not acknowledged
    elif fault == "lost-request":
        one.run(f"regs {path}")  # this one: asked again after the death


@pytest.mark.parametrize("path,fault", PAIRS)
def test_every_fault(one, path, fault):
    """Its cause is named, it is restarted as its policy says, and nobody else has noticed."""
    one.run(f"regs {path}")
    first, before, others = driver(one, path), accounts(one), bystanders(one, path)
    lines = one.run(f"inject {fault} {path}")
    refusal = cannot(path, fault)
    if refusal is not None:
        assert len(lines) == 1 and lines[0].endswith(refusal)
        assert driver(one, path)["pid"] == first["pid"] and accounts(one) == before
        return
    provoke(one, path, fault)
    second = wait_for(one, lambda d: d["restarts"] > first["restarts"], path)
    assert re.match(CAUSES[fault], second["last_death"]), second["last_death"]
    assert second["last_death"] in log_of_deaths(one)[-1]
    assert log_of_deaths(one)[-1].endswith("; restarts at once")
    nobody_else_noticed(one, path, others)
    assert accounts(one) == before


def test_every_driver_had_every_fault(one):
    """Those of this file and of test_drivers.py are all that there are."""
    elsewhere = [COM1, "/platform", "/pci", "/null"]
    assert {d["device"] for d in one.run_json("drivers")} - {"/platform/com2"} == {
        path for path, _ in PAIRS} | set(elsewhere)
    assert one.run("test drivers.edu.calls")[-1] == "1 passed, 0 failed"
