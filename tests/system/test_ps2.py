"""The PS/2 driver's logic on the host: alone, and against QEMU's keyboard, mouse and controller."""
import json
import pathlib
import re
import socket
import subprocess
import time

import pytest

from compilers import compiled, run
from conftest import ROOT

HERE = ROOT / "tests" / "console"
PS2 = ROOT / "drivers" / "ps2"
KEYS = ROOT / "servers" / "include" / "quoll" / "keys.def"
KEYMAP = ["/usr/bin/python3", ROOT / "tools" / "keymap.py", f"--keys={KEYS}"]
FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow", "-g", "-O1",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
         "-I", ROOT / "drivers" / "framework" / "host", "-I", ROOT / "drivers" / "framework",
         "-I", ROOT / "servers" / "include"]


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    out = tmp_path_factory.mktemp("gen")
    (out / "regs").mkdir()
    (out / "keys").mkdir()
    compiled(["/usr/bin/python3", "tools/rdl/rdlc.py", f"--header={out}/regs/i8042.h",
              "drivers/ps2/i8042.rdl"])
    compiled([*KEYMAP, f"--compose={PS2}/layouts/compose.txt", f"--output={out}/keys/layouts.h",
              *sorted((PS2 / "layouts").glob("*.keys"))])
    return out


def built(generated, program, *sources):
    logic = [path for path in sorted(PS2.glob("*.c"))  # what does not know the framework
             if not re.search(r'#include ["<]driver\.h[">]', path.read_text())]
    compiled(["gcc", *FLAGS, "-I", generated, "-o", program, *sources, *logic])


def test_logic(generated, tmp_path, count):
    """Scan codes, layouts, dead keys, packets, lost bytes, and a controller made of a script."""
    built(generated, tmp_path / "test", HERE / "test_ps2.c")
    done = run(tmp_path / "test")
    counted = re.search(r"(\d+) passed, (\d+) failed\s*$", done.stdout)
    assert counted and done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    count("host-test_ps2", *map(int, counted.groups()))


# -- QEMU's devices --------------------------------------------------------------------------------

class Machine:
    """QEMU whose guest sleeps, with a driver on its devices through qtest."""

    def __init__(self, folder, program, layout):
        bios = bytearray(0x10000)
        bios[0xfff0:0xfff2] = b"\xfa\xf4"  # cli; hlt
        (folder / "halt.bin").write_bytes(bios)
        self.qemu = subprocess.Popen(
            ["qemu-system-x86_64", "-M", "q35,accel=tcg", "-m", "64", "-display", "none", "-nic",
             "none", "-serial", "null", "-bios", folder / "halt.bin",
             "-qtest", f"unix:{folder}/qtest,server=on,wait=off", "-qtest-log", "/dev/null",
             "-qmp", f"unix:{folder}/qmp,server=on,wait=off"],
            stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while not (folder / "qmp").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.2)
        self.driver = subprocess.Popen([program, folder / "qtest", layout], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(folder / "qmp"))
        self.qmp = connection.makefile("rw")
        self.qmp.readline()
        self.ask("qmp_capabilities")
        self.started = self.lines_until("ready")

    def ask(self, command, **arguments):
        self.qmp.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.qmp.flush()
        while True:
            answer = json.loads(self.qmp.readline())
            if "event" not in answer:
                assert "return" in answer, answer
                return

    def lines_until(self, last):
        lines = []
        while True:
            line = self.driver.stdout.readline().strip()
            assert line, lines
            if line.startswith(last):
                self.last = line
                return lines
            lines.append(line)

    def events(self):
        self.driver.stdin.write("poll\n")
        self.driver.stdin.flush()
        return self.lines_until("end")

    def press(self, *keys):
        self.ask("send-key", keys=[{"type": "qcode", "data": key} for key in keys],
                 **{"hold-time": 20})
        return self.events()

    def mouse(self, *events):
        self.ask("input-send-event", events=list(events))
        return self.events()

    def end(self):
        self.driver.kill()
        self.driver.wait()
        self.qemu.kill()
        self.qemu.wait()


def move(axis, value):
    return {"type": "rel", "data": {"axis": axis, "value": value}}


def button(name, down):
    return {"type": "btn", "data": {"button": name, "down": down}}


@pytest.fixture
def machine(request, generated, tmp_path):
    built(generated, tmp_path / "driver", HERE / "qtest_ps2.c", ROOT / "drivers/framework/host/qtest.c")
    machine = Machine(tmp_path, tmp_path / "driver", request.param)
    yield machine
    machine.end()


def typed(events):
    """What the keys that went down type, and the codes of those that type nothing."""
    found = []
    for code, unicode in re.findall(r"key (\w+) (?:down|again) modifiers \w+ unicode (\w+)",
                                    "\n".join(events)):
        found.append(chr(int(unicode, 16)) if unicode != "0" else int(code, 16))
    return found


@pytest.mark.parametrize("machine", ["us"], indirect=True)
def test_us_keyboard(machine):
    assert machine.started == ["attached: keyboard 1 mouse 1 kind 4"] * 2
    assert machine.press("a") == ["key 04 down modifiers 40 unicode 61",
                                  "key 04 up modifiers 40 unicode 0"]
    assert typed(machine.press("shift", "1")) == [0xe1, "!"]
    assert typed(machine.press("alt", "f2")) == [0xe2, 0x3b]
    assert typed(machine.press("shift", "pgup")) == [0xe1, 0x4b]
    assert typed(machine.press("kp_7")) == ["7"]
    assert typed(machine.press("print")) == [0x46]
    assert typed(machine.press("pause")) == [0x48]
    assert typed(machine.press("ret")) == [0x28]
    assert machine.press("caps_lock")[0].startswith("key 39 down modifiers 60")
    assert machine.last.startswith("end lights 6 ")  # num and caps
    assert typed(machine.press("q")) == ["Q"]
    assert typed(machine.press("num_lock")) == [0x53]
    assert machine.last.startswith("end lights 4 ")
    assert typed(machine.press("kp_7")) == [0x4a]  # Home
    assert machine.last.endswith("skipped 0 unknown 0")


@pytest.mark.parametrize("machine", ["de"], indirect=True)
def test_de_keyboard(machine):
    assert typed(machine.press("y")) == ["z"]
    assert typed(machine.press("semicolon")) == ["ö"]
    assert typed(machine.press("alt_r", "q")) == [0xe6, "@"]
    assert typed(machine.press("equal")) == [0x2e]  # a dead key
    assert typed(machine.press("e")) == ["é"]
    assert typed(machine.press("less")) == ["<"]
    assert machine.last.endswith("skipped 0 unknown 0")


@pytest.mark.parametrize("machine", ["us"], indirect=True)
def test_mouse(machine):
    assert machine.mouse(move("x", 5), move("y", -3)) == ["mouse 5 -3 wheel 0 buttons 00"]
    assert machine.mouse(button("left", True)) == ["mouse 0 0 wheel 0 buttons 01"]
    assert machine.mouse(button("left", False), button("middle", True)) == [
        "mouse 0 0 wheel 0 buttons 04"]
    assert machine.mouse(button("middle", False)) == ["mouse 0 0 wheel 0 buttons 00"]
    assert machine.mouse(button("wheel-down", True)) == ["mouse 0 0 wheel 1 buttons 00"]
    assert machine.mouse(button("wheel-up", True)) == ["mouse 0 0 wheel -1 buttons 00"]
    far = machine.mouse(move("x", -600))  # its queue takes four packets, the rest comes later
    far += machine.mouse(move("y", 1))
    assert sum(int(line.split()[1]) for line in far) == -600 and len(far) > 1
    assert machine.last.endswith("skipped 0 unknown 0")


# -- mistakes in a layout --------------------------------------------------------------------------

@pytest.mark.parametrize("text,message", [
    ("letters\nYY y Y\n", "2:1: error: there is no key YY; keys.def has their names"),
    ("Y y Y\nY z Z\n", "2:1: error: the key Y is there twice, first in line 1"),
    ("Y y\n", "1:3: error: the key Y wants 2 to 4 symbols: plain, shift, altgr, altgr+shift"),
    ("Y y yy\n", "1:5: error: yy is no character; write one, U+hex, dead:NAME or none"),
    ("Y U+d800 y\n", "1:3: error: U+d800 is no character"),
    ("Y dead:hook y\n", "1:3: error: there is no dead key hook; known are acute, circumflex, "
                        "grave"),
    ("caps Q QQ\n", "1:8: error: there is no key QQ; keys.def has their names"),
    ("# nothing\n", "1:1: error: the layout has no keys"),
])
def test_mistakes_in_a_layout(text, message, tmp_path):
    path = tmp_path / "bad.keys"
    path.write_text(text)
    done = run(*KEYMAP, f"--compose={PS2}/layouts/compose.txt", f"--output={tmp_path}/out.h", path)
    assert done.returncode == 1 and done.stderr.strip() == f"{path}:{message}"
    assert not (tmp_path / "out.h").exists()


@pytest.mark.parametrize("text,message", [
    ("acute ´ aá aa\n", "1:12: error: a is composed twice with acute"),
    ("acute ´ aáb\n", "1:9: error: aáb is no pair of a base and its result"),
    ("acute\n", "1:1: error: after the name comes the accent, a character"),
    ("acute ´\nacute ´\n", "2:1: error: the dead key acute is there twice; join the lines"),
    (b"acute \xff\n", "1:1: error: the file is not UTF-8; save it as UTF-8"),
])
def test_mistakes_in_the_composition(text, message, tmp_path):
    path = tmp_path / "bad.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = run(*KEYMAP, f"--compose={path}", f"--output={tmp_path}/out.h",
               pathlib.Path(PS2) / "layouts" / "us.keys")
    assert done.returncode == 1 and done.stderr.strip() == f"{path}:{message}"
