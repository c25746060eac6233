"""The four virtual consoles with keyboard and screen: a shell each, what has left the screen, the
keyboard's layout; with the drivers below dying."""
import re
import time

import pytest

from conftest import ROOT
from test_refusal import screen_text

KEYS = {" ": "spc", "-": "minus", ".": "dot", "/": "slash", "\n": "ret"}


def press(one, *keys):
    one.qmp("send-key", keys=[{"type": "qcode", "data": key} for key in keys], **{"hold-time": 10})


def type_keys(one, text):
    """The keys of these characters on a keyboard labelled us."""
    for character in text:
        press(one, KEYS.get(character, character))


def rows(one):
    text = screen_text(one)
    return [text[at:at + 80].rstrip() for at in range(0, len(text), 80)]


def wait_for_rows(one, condition, what):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        seen = rows(one)
        if condition(seen):
            return seen
        time.sleep(0.1)
    raise AssertionError(f"the screen does not show {what}: " + "\n".join(seen))


def wait_for_row(one, row):
    return wait_for_rows(one, lambda seen: row in seen, row)


def show(one, number):
    press(one, "alt", f"f{number}")


@pytest.fixture(scope="module")
def booted(request):
    from emu import Config
    from machine import Machine
    with Machine(Config(memory=64), "test_screens", limit_s=300) as one:
        one.boot()
        yield one


def test_a_shell_on_each(booted):
    """Each has its own lines, what is typed goes to the one that is shown, and the first alone is
    on the serial line."""
    booted.run("echo this is 1")
    for number in [2, 3, 4]:
        show(booted, number)
        wait_for_rows(booted, lambda seen: "quoll>" in seen and "this is 1" not in seen, "a shell")
        type_keys(booted, f"echo this is {number}\n")
        wait_for_row(booted, f"this is {number}")
    for number in [1, 4, 2, 3, 1]:
        show(booted, number)
        seen = wait_for_row(booted, f"this is {number}")
        others = [f"this is {n}" for n in [1, 2, 3, 4] if n != number]
        assert not set(others) & set(seen)
    type_keys(booted, "echo typed\n")
    assert booted.expect("\r\ntyped\r\nquoll> ").endswith("echo typed")


def test_shells_work_beside_each_other(booted):
    """One waits for a command that is long, the others go on; output comes to where it belongs."""
    show(booted, 2)
    type_keys(booted, "clear\ntop 3\n")
    wait_for_row(booted, "quoll> top 3")
    show(booted, 3)
    type_keys(booted, "clear\necho beside\n")
    wait_for_row(booted, "beside")
    assert booted.run("echo first") == ["first"]
    show(booted, 2)
    wait_for_rows(booted, lambda seen: "quoll>" in seen and any("(idle" in row for row in seen),
                  "top's end")
    assert not {"beside", "first"} & set(rows(booted))
    show(booted, 1)
    wait_for_row(booted, "first")


def test_a_second_session_is_not_on_the_line(booted):
    """`console` tells; and the line stays the first session's."""
    show(booted, 2)
    type_keys(booted, "clear\nconsole\n")
    wait_for_rows(booted, lambda seen: any(row.startswith("on the screen, 80 columns, 25 rows")
                                           for row in seen), "where it is")
    type_keys(booted, "clear\nconsole move serial\n")
    wait_for_row(booted, "console: another session is on the serial line")
    show(booted, 1)
    assert booted.run("console")[0].startswith(
        "on the serial line and the screen, 80 columns, 25 rows")


def test_scroll_back(booted):
    """Shift-PgUp shows what has left the screen, output does not move the view, keys do."""
    booted.run("echo top")
    for number in range(60):
        booted.run(f"echo line {number}")
    wait_for_row(booted, "line 59")
    press(booted, "shift", "pgup")
    seen = wait_for_row(booted, "line 40")
    assert "line 59" not in seen
    press(booted, "shift", "pgup")
    wait_for_row(booted, "line 30")
    press(booted, "shift", "pgdn")
    assert wait_for_row(booted, "line 40") == seen
    booted.run("echo while looking")
    time.sleep(0.5)
    assert rows(booted) == seen
    press(booted, "ret")
    wait_for_row(booted, "while looking")
    booted.wait_prompt()


def test_layouts(booted):
    """German keys from `console layout de` on, also from the next driver; and us again."""
    assert booted.run("console layout") == ["the keyboard's layout is us"]
    assert booted.run("console layout de") == ["the keyboard's layout is de"]
    assert booted.run_json("console layout") == [{"layout": "de"}]
    show(booted, 4)
    type_keys(booted, "clear\necho yz/\n")
    wait_for_row(booted, "zy-")
    booted.run("kill ps2")
    type_keys(booted, "clear\necho zyz/\n")
    wait_for_row(booted, "yzy-")
    assert booted.run("console layout qwerty") == ["console: there is no layout qwerty; there are: "
                                                   "de us"]
    assert booted.run("console layout a-name-that-is-too-long")[0].startswith("console: there is no")
    assert booted.run("console layout us") == ["the keyboard's layout is us"]
    type_keys(booted, "clear\necho yz/\n")
    wait_for_row(booted, "yz/")
    show(booted, 1)


@pytest.mark.parametrize("driver", ["ps2", "vga", "uart8250"])
def test_a_driver_dies_below_a_screen(booted, driver):
    """The picture is whole, typing goes on, the other screens are as they were."""
    show(booted, 3)
    type_keys(booted, "clear\necho before\n")
    before = wait_for_row(booted, "before")
    for _ in range(5):
        booted.run(f"kill {driver}")
    type_keys(booted, "echo after\n")
    seen = wait_for_row(booted, "after")
    assert seen[:2] == before[:2] and seen[2] == "quoll> echo after"
    show(booted, 1)
    booted.run("echo whole")
    wait_for_row(booted, "whole")


def wait_for_keyboard(one):
    """Until the console has it again: keys that are pressed before are nobody's."""
    for _ in range(100):
        if one.run("console layout")[0].startswith("the keyboard's layout is"):
            return
        time.sleep(0.1)
    raise AssertionError("the keyboard does not come back")


def test_no_keyboard_no_screen(booted):
    """Said in words, and no harm: the serial line's session goes on."""
    for driver, command, said in [
            ("ps2", "console layout", "console: there is no keyboard; lsdev input and devman "
                                      "explain say why"),
            ("vga", "console graphics", "console: there is no screen; lsdev display and devman "
                                        "explain say why")]:
        booted.run(f"stop {driver}")
        time.sleep(0.3)
        assert booted.run(command) == [said]
        booted.run(f"start {driver}")
    wait_for_keyboard(booted)
    booted.run("echo and back")
    wait_for_row(booted, "and back")
    show(booted, 2)
    type_keys(booted, "clear\necho also here\n")
    wait_for_row(booted, "also here")
    show(booted, 1)


def test_a_display_waits_for_its_bus(booted):
    """vga dies while pci, which is to silence the device, is stopped: it is dead once, not again at
    each heartbeat that it misses, and back as soon as its bus is."""
    def deaths():
        return [line for line in booted.run("log") if "vga, instance" in line and "died" in line]

    before = len(deaths())
    restarts = booted.run_json("console")[0]["device_restarts"]
    booted.run("stop /pci")
    booted.send("kill vga\r")  # says how it stands after a while
    booted.wait_prompt()
    time.sleep(2)  # eight heartbeats
    assert len(deaths()) == before + 1
    assert [d["state"] for d in booted.run_json("drivers") if d["driver"] == "vga"] == ["restarting"]
    booted.run("start /pci")
    booted.run("echo back again")
    wait_for_row(booted, "back again")
    assert len(deaths()) == before + 1
    assert booted.run_json("console")[0]["device_restarts"] == restarts + 1


def test_graphics_of_a_display_that_waits_for_its_bus(booted):
    """Who asks is told, and it comes about with the driver; then text again."""
    booted.run("stop /pci")
    booted.send("kill vga\r")
    booted.wait_prompt()
    assert booted.run("console graphics", timeout=20) == [
        "console: the display's driver does not answer; drivers says how it stands"]
    booted.run("start /pci")
    until = time.monotonic() + 20
    while (place := booted.run_json("console")[0])["columns"] != 128:
        assert time.monotonic() < until, place
    assert booted.run("console text")[0].startswith("on the serial line and the screen, 80 columns, 25 rows")


def test_a_keyboard_that_waits_for_its_bus(booted):
    """Its layout is given to it when it comes; until then the terminals go on."""
    booted.run("console layout de")
    for order in ["stop ps2", "stop /platform"]:
        booted.run(order)
    booted.send("start ps2\r")
    booted.wait_prompt()
    time.sleep(2.5)  # the console looks for a keyboard once a second
    assert booted.run("echo still here") == ["still here"]
    booted.run("start /platform")
    until = time.monotonic() + 20
    while booted.run("console layout") != ["the keyboard's layout is de"]:
        assert time.monotonic() < until
    booted.run("console layout us")


def test_a_layout_for_a_keyboard_that_is_away(booted):
    """Killed with its bus stopped: who asks for the layout, or for another, waits for nobody, and the
    successor is told."""
    booted.run("stop /platform")
    booted.send("kill ps2\r")
    booted.wait_prompt()
    assert booted.run("console layout", timeout=5) == ["the keyboard's layout is us"]
    assert booted.run("console layout de", timeout=5) == ["the keyboard's layout is de"]
    assert booted.run("console layout xy", timeout=5)[0].endswith("there are: de us")
    booted.run("start /platform")
    until = time.monotonic() + 20
    while [d["state"] for d in booted.run_json("drivers") if d["driver"] == "ps2"] != ["running"]:
        assert time.monotonic() < until
    time.sleep(0.5)  # keys that are pressed before the controller is set up are nobody's
    show(booted, 4)
    type_keys(booted, "clear\necho yz/\n")
    wait_for_row(booted, "zy-")
    booted.run("console layout us")
    show(booted, 1)


def test_stopped_while_it_waits_for_its_bus(booted):
    booted.run("stop /pci")
    booted.send("kill vga\r")
    booted.wait_prompt()
    booted.run("stop vga")
    booted.run("start /pci")
    time.sleep(0.5)
    assert [d["state"] for d in booted.run_json("drivers") if d["driver"] == "vga"] == ["stopped"]
    booted.run("start vga")
    booted.run("echo shown at last")
    wait_for_row(booted, "shown at last")


def test_all_shells_may_do_the_same():
    """What the system manifest gives to the shell of the serial line, by itself or in the args of a
    server, it gives to those of the screens."""
    tasks = {}
    for section in re.split(r"^\[task ", (ROOT / "boot/system.manifest").read_text(), flags=re.M)[1:]:
        name, _, body = section.partition("]")
        tasks[name] = dict(re.findall(r"^([a-z-]+) *= *([^#\n]*[^# \n])", body, re.M))
    shells = [name for name, task in tasks.items() if task["image"] == "qsh"]
    assert shells == ["qsh", "qsh2", "qsh3", "qsh4"]
    for shell in shells[1:]:
        assert tasks["qsh"] == {k: v for k, v in tasks[shell].items() if k != "args"}
    rights = [word.partition("=")[2].split(",") for task in tasks.values()
              for word in task.get("args", "").split() if "=" in word]
    given = [entry for words in rights for entry in words if re.match(r"qsh\b", entry)]
    assert len(given) >= 4
    for shell in shells[1:]:
        for entry in given:
            assert sum(re.sub(r"^qsh\b", shell, entry) in words for words in rights) == \
                sum(entry in words for words in rights), (shell, entry)
