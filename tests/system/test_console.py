"""The console's core and the vga driver's logic on the host: alone, under random input, with real
full-screen programs, and on QEMU's display."""
import curses
import json
import os
import pty
import random
import re
import socket
import subprocess
import sys
import time

import pytest

from conftest import ROOT

HERE = ROOT / "tests" / "console"
VTERM = ROOT / "build" / "deps" / "libvterm" / "source"
FRAMEWORK = ROOT / "drivers" / "framework"
SANITIZE = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow", *SANITIZE,
         "-isystem", VTERM / "include", "-Iservers/include", "-Ikernel/include",
         "-I", FRAMEWORK / "host", "-I", FRAMEWORK]
FUZZ_SEEDS, FUZZ_ROUNDS = [1, 2, 3], 60


def run(*command, **more):
    return subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True,
                          check=False, timeout=300, **more)


def compiled(command):
    done = run(*command)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]


def logic_of(folder):
    """The sources in @folder that know no system: neither the server's loop nor the framework."""
    return [path for path in sorted((ROOT / folder).glob("*.c"))
            if not re.search(r'#include ["<]((server|driver)\.h|idl/)', path.read_text())]


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Generated headers, and libvterm and the console's core with sanitizers."""
    out = tmp_path_factory.mktemp("console")
    compiled(["make", f"{ROOT}/build/deps/libvterm/.done-0.1.4-1".replace(f"{ROOT}/", "")])
    (out / "font").mkdir()
    (out / "regs").mkdir()
    font = next(line.split(":=")[1].strip() for line in (ROOT / "Makefile").read_text().split("\n")
                if line.startswith("FONT :="))
    compiled(["/usr/bin/python3", "tools/font.py", font, out / "font"])
    for name in ["vga", "bochs_vbe"]:
        compiled(["/usr/bin/python3", "tools/rdl/rdlc.py", f"--header={out}/regs/{name}.h",
                  f"drivers/vga/{name}.rdl"])
    objects = []
    for source in sorted((VTERM / "src").glob("*.c")):
        objects.append(out / f"vterm_{source.stem}.o")
        compiled(["gcc", "-w", *SANITIZE, "-I", VTERM / "include", "-c", source, "-o", objects[-1]])
    for source in logic_of("servers/console"):
        objects.append(out / f"console_{source.stem}.o")
        compiled(["gcc", *FLAGS, "-I", out, "-c", source, "-o", objects[-1]])
    return out, objects


def built(parts, name, *sources):
    out, objects = parts
    program = out / name
    if not program.exists():
        compiled(["gcc", *FLAGS, "-I", out, "-o", program, HERE / f"{name}.c", *sources, *objects])
    return program


def counted(done):
    text = done.stdout.decode(errors="replace")
    found = re.search(r"(\d+) passed, (\d+) failed\s*$", text)
    assert found and done.returncode == 0, (text + done.stderr.decode(errors="replace"))[-3000:]
    return int(found[1]), int(found[2])


def test_core(parts, count):
    count("host-console", *counted(run(built(parts, "test_console", HERE / "fake.c"))))


@pytest.mark.parametrize("seed", FUZZ_SEEDS)
def test_random_input(parts, seed):
    done = run(built(parts, "fuzz", HERE / "fake.c"), seed, FUZZ_ROUNDS)
    assert counted(done) == (FUZZ_ROUNDS, 0)


# -- full-screen programs --------------------------------------------------------------------------

def character_of(cell):
    """What inch() tells has the low 8 bits of the character only."""
    low = chr(cell & curses.A_CHARTEXT)
    if cell & curses.A_ALTCHARSET:
        return {"q": "─", "x": "│", "l": "┌"}[low]
    return {"¬": "€"}.get(low, low)


def act(screen, seed):
    """What an editor does: scrolls, inserts and deletes lines and characters, in colours. Returns
    what curses believes is on the screen."""
    dice = random.Random(seed)
    curses.start_color()
    for pair in range(1, 8):
        curses.init_pair(pair, pair, dice.randrange(8))
    rows, columns = screen.getmaxyx()
    screen.scrollok(True)
    screen.idlok(True)
    screen.idcok(True)
    for _ in range(300):
        row, column = dice.randrange(rows), dice.randrange(columns)
        screen.move(row, column)
        what = dice.randrange(10)
        if what == 0:
            screen.insdelln(dice.randrange(-3, 4))
        elif what == 1:
            screen.insch(dice.choice("insert"))
        elif what == 2:
            screen.delch()
        elif what == 3:
            screen.clrtoeol()
        elif what == 4:
            top = dice.randrange(rows - 3)
            screen.setscrreg(top, dice.randrange(top + 2, rows))
            screen.scroll(dice.randrange(-2, 3))
            screen.setscrreg(0, rows - 1)
        elif what == 5:
            screen.addch(row, column if row < rows - 1 else 0, dice.choice([
                curses.ACS_HLINE, curses.ACS_VLINE, curses.ACS_ULCORNER]))
        else:
            text = "".join(dice.choice("abc def ÄÖü€") for _ in range(dice.randrange(1, 60)))
            screen.addnstr(text, max(0, columns - column - 1),
                           dice.choice([curses.A_BOLD, curses.A_REVERSE, curses.A_UNDERLINE,
                                        curses.color_pair(dice.randrange(1, 8))]))
        if dice.randrange(3) == 0:
            screen.refresh()
    screen.move(rows - 2, 7)
    screen.refresh()
    return ["".join(character_of(screen.inch(row, column)) for column in range(columns))
            for row in range(rows)]


def curses_session(seed, path):
    """Runs in a process of its own, on a terminal; leaves the screen as it is."""
    import locale
    locale.setlocale(locale.LC_ALL, "C.UTF-8")
    screen = curses.initscr()
    curses.noecho()
    lines = act(screen, seed)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(lines, file)
    sys.stdout.flush()
    os._exit(0)


def bytes_of_session(seed, path, rows, columns):
    pid, master = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", LINES=str(rows), COLUMNS=str(columns),
                          LC_ALL="C.UTF-8", PYTHONPATH=str(ROOT / "tests" / "system"))
        os.execv("/usr/bin/python3", ["/usr/bin/python3", "-c",
                                      f"import test_console; test_console.curses_session({seed}, "
                                      f"{str(path)!r})"])
    output = b""
    while True:
        try:
            got = os.read(master, 65536)
        except OSError:
            break
        if not got:
            break
        output += got
    os.close(master)
    _, status = os.waitpid(pid, 0)
    assert status == 0, output[-2000:]
    return output


@pytest.mark.parametrize("rows,columns", [(25, 80), (48, 128)])
@pytest.mark.parametrize("seed", range(5))
def test_full_screen_program(parts, seed, rows, columns, tmp_path):
    """A curses program's output, as the terminal description of xterm makes it, gives the screen
    that curses has in its own memory; however the bytes are cut."""
    output = bytes_of_session(seed, tmp_path / "lines", rows, columns)
    wanted = json.loads((tmp_path / "lines").read_text())
    dump = built(parts, "dump")
    seen = run(dump, rows, columns, 65536, input=output).stdout
    assert seen == run(dump, rows, columns, 1, input=output).stdout
    lines = seen.decode().split("\n")
    assert lines[rows] == f"cursor {rows - 2} 7" and len(output) > 5000
    assert lines[:rows] == wanted


# -- QEMU's display --------------------------------------------------------------------------------

def ask(qmp, command, **arguments):
    qmp.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
    qmp.flush()
    while True:
        answer = json.loads(qmp.readline())
        if "event" not in answer:
            assert "return" in answer, answer
            return


def read_ppm(path):
    data = path.read_bytes()
    found = re.match(rb"P6\n(\d+) (\d+)\n255\n", data)
    return int(found[1]), int(found[2]), data[found.end():]


def differences(wanted, shown):
    """How many pixels differ by more than a DAC of 6 bits makes of 8."""
    assert wanted[:2] == shown[:2]
    pairs = zip(wanted[2], shown[2])
    return sum(1 for a, b in pairs if abs(a - b) > 3)


@pytest.mark.parametrize("machine", ["q35", "pc"])
def test_qemus_display(parts, machine, tmp_path):
    """Text, graphics, and text again: what QEMU shows is what was drawn on the host."""
    program = built(parts, "qtest_vga", ROOT / "drivers/framework/host/qtest.c",
                    *logic_of("drivers/vga"))
    qemu = subprocess.Popen(
        ["qemu-system-x86_64", "-M", f"{machine},accel=tcg", "-m", "64", "-S", "-display", "none",
         "-vga", "std", "-nic", "none", "-serial", "null",
         "-qtest", f"unix:{tmp_path}/qtest,server=on,wait=off", "-qtest-log", "/dev/null",
         "-qmp", f"unix:{tmp_path}/qmp,server=on,wait=off"],
        stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    driver = None
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "qmp").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.2)
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(tmp_path / "qmp"))
        qmp = connection.makefile("rw")
        qmp.readline()
        ask(qmp, "qmp_capabilities")
        driver = subprocess.Popen([program, tmp_path / "qtest", tmp_path], text=True,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        seen = []
        for line in driver.stdout:
            if line.startswith("picture "):
                name = line.split()[1]
                ask(qmp, "screendump", filename=f"{tmp_path}/{name}-seen.ppm")
                seen.append(name)
                assert differences(read_ppm(tmp_path / f"{name}.ppm"),
                                   read_ppm(tmp_path / f"{name}-seen.ppm")) == 0, name
                driver.stdin.write("\n")
                driver.stdin.flush()
            else:
                last = line.strip()
                print(last)
        assert seen == ["text", "graphics", "text_again"] and re.match(r"\d+ passed, 0 failed", last)
    finally:
        for process in [driver, qemu]:
            if process is not None:
                process.kill()
                process.wait()


# -- what is built for Quoll -----------------------------------------------------------------------

def test_the_programs_have_no_heap():
    """The console and its drivers are whole, with libvterm in the console, and ask for no heap."""
    programs = {name: f"build/user/{name}.elf" for name in ["console", "ps2", "vga"]}
    compiled(["make", *programs.values()])
    for name, path in programs.items():
        text = run("nm", path).stdout.decode()
        symbols = {line.split()[-1]: line.split()[-2] for line in text.splitlines()}
        assert "main" in symbols and "U" not in symbols.values(), name
        assert not symbols.keys() & {"malloc", "free", "fprintf", "exit"}, name
        assert any(symbol.startswith("vterm_") for symbol in symbols) == (name == "console")
