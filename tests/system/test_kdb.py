"""The kernel debugger of debug builds, driven through the serial line: every command against what
is known otherwise, nonsense, leaving it, and panics that end in it. docs/debugging.md describes it."""
import pathlib
import re
import struct
import subprocess
import time

import pytest

import emu
from conftest import ROOT
from emu import Config
from machine import Machine
from test_refusal import screen_text

DOCUMENT = ROOT / "docs" / "debugging.md"
BUILD = ROOT / "build" / "debug"
DEBUG = dict(boot="pvh", kernel=str(BUILD / "kernel/quoll.elf"), image=str(BUILD / "quoll.img"))
MORE = "-- more: any key; q ends --"
EVENTS = 512
MAGIC = 0x71756f6c6c  # DEBUG_MAGIC


class Kdb:
    """A machine in the debugger."""

    def __init__(self, machine):
        self.machine = machine

    def enter(self, how=""):
        """From the shell; returns the lines up to the first prompt."""
        self.machine.send(f"kdb{how}\r")
        return self.machine.expect("kdb> ", 60).split("\r\n")[1:-1]

    def run(self, command, pages=1000):
        """A command's lines; after @pages screenfuls it is told to stop."""
        self.machine.send(command + "\r")
        text = ""
        for page in range(1, 10000):
            which = self.machine.serial.expect_exact(["kdb> ", MORE], timeout=60)
            text += self.machine.serial.before
            if which == 0:
                break
            self.machine.send(" " if page < pages else "q")
        echo, *lines = re.sub("\r +\r", "", text).split("\r\n")
        assert echo == command
        assert lines.pop() == ""
        return lines

    def table(self, command):
        """The rows of a table as {column: text}; only the last column may have spaces in it."""
        heading, *rows = self.run(command)
        names = heading.split()
        return [dict(zip(names, row.split(None, len(names) - 1))) for row in rows]

    def leave(self):
        self.machine.send("continue\r")
        self.machine.wait_prompt()


@pytest.fixture(scope="module")
def booted():
    """Without a screen, or what the console and its driver do to paint would fill the events."""
    with Machine(Config(**DEBUG, extra=("-vga", "none")), "test_kdb-shell", limit_s=400) as one:
        one.boot()
        yield one


@pytest.fixture
def kdb(booted):
    one = Kdb(booted)
    one.enter()
    yield one
    one.leave()
    assert booted.run("echo still here") == ["still here"]


def symbols(elf):
    """[(address, name)] of the functions and labels in a program's code."""
    text = subprocess.run(["nm", "-n", elf], capture_output=True, text=True, check=True).stdout
    return [(int(fields[0], 16), fields[2]) for fields in map(str.split, text.splitlines())
            if fields[1] in "tT"]


def function_at(elf, address):
    return [name for start, name in symbols(elf) if start <= address][-1]


def segment_bytes(elf, address, count):
    """What the file says lies at @address when it is loaded."""
    data = pathlib.Path(elf).read_bytes()
    offset, = struct.unpack_from("<Q", data, 32)
    number, = struct.unpack_from("<H", data, 56)
    for i in range(number):
        kind, _, at, va, _, size, *_ = struct.unpack_from("<IIQQQQQQ", data, offset + 56 * i)
        if kind == 1 and va <= address < va + size:
            return data[at + address - va:][:count]
    raise AssertionError(f"{elf} has nothing at {address:#x}")


def registers_in(lines):
    return {name: int(value, 16) for name, value in
            re.findall(r"\b(r\w\w?) ([0-9a-f]{16})\b", "\n".join(lines))}


# ---- threads

def threads(kdb):
    return kdb.table("threads")


def current(kdb):
    found = re.match(r"current (\w+) ", kdb.run("ready")[0])
    return found.group(1)


def test_help_lists_the_documented_commands(kdb):
    lines = kdb.run("help")
    listed = {line.split()[0] for line in lines[:-1]}
    documented = set(re.findall(r"^\| `(\w+)", DOCUMENT.read_text(), re.M))
    assert listed == documented
    assert "hexadecimal" in lines[-1]


def manifest_priorities():
    """{driver: priority} by the drivers' manifests; docs/driver-manifest.md has the default."""
    found = {}
    for path in (ROOT / "drivers").glob("*/*.manifest"):
        said = re.search(r"^priority *= *(\d+)", path.read_text(), re.M)
        found[path.stem] = int(said[1]) if said else 180
    return found


def test_threads_are_those_of_ps_and_of_drivers(booted):
    """One each."""
    priorities = [task["priority"] for task in booted.run_json("ps")]
    manifests = manifest_priorities()
    running = [driver["driver"] for driver in booted.run_json("drivers") if driver["pid"]]
    assert {"null", "pci", "platform", "uart8250"} <= set(running)
    one = Kdb(booted)
    one.enter()
    rows = threads(one)
    assert sorted(int(row["PRIO"]) for row in rows) == sorted(
        priorities + [manifests[driver] for driver in running])
    states = {row["STATE"] for row in rows}
    assert {"running", "receiving"} <= states <= {"running", "receiving", "calling", "queued", "waiting"}
    one.leave()


def test_the_shell_is_current(kdb):
    row, = [row for row in threads(kdb) if row["THREAD"] == current(kdb)]
    assert row["STATE"] == "running" and row["PRIO"] == "100"


def test_who_waits_at_an_endpoint_is_listed_there(kdb):
    waiting = {(row["WAITS"], row["THREAD"]) for row in threads(kdb)
               if row["STATE"].startswith("receiving")}
    assert len(waiting) >= 3
    listed, endpoint = set(), None
    for line in kdb.run("endpoints"):
        words = line.split()
        if words[0] == "endpoint":
            endpoint = words[1]
        else:
            listed.add((endpoint, words[0]))
    assert waiting <= listed


def test_thread_shows_registers_and_slots(kdb):
    lines = kdb.run("thread " + current(kdb))
    registers = registers_in(lines)
    assert set(registers) == set("rax rdx rsi rdi r8 r9 r10 r12 r13 rip rsp".split())  # no others
    assert (registers["rdi"], registers["rdx"]) == (2, MAGIC)  # DEBUG_ENTER
    assert function_at(BUILD / "user/qsh.elf", registers["rip"]) == "cmd_kdb"
    slots = {line.split()[0]: line.split()[3] for line in lines
             if line.split()[0] in ("cnode", "vspace", "fault", "buffer", "budget", "bound")}
    assert slots["cnode"] == "CNODE" and slots["vspace"] == "VSPACE"
    assert slots["budget"] == "BUDGET" and slots["buffer"] == "FRAME"


def test_ready_shows_budgets(kdb):
    lines = kdb.run("ready")
    budgets = [line for line in lines if line.startswith("budget ")]
    assert len(budgets) == len(threads(kdb)) - 1  # root's was made by hand
    assert any("up to priority 180," in line for line in budgets)


# ---- capabilities

def caps(kdb, thread):
    return kdb.table("caps " + thread)


def root(kdb):
    """The first task's thread: the highest priority."""
    return max(threads(kdb), key=lambda row: int(row["PRIO"]))["THREAD"]


def test_caps_show_the_threads_own_capabilities(kdb):
    shell = current(kdb)
    slots = {row["INDEX"]: row for row in caps(kdb, shell)}
    assert slots["1"]["TYPE"] == "CNODE" and slots["2"]["TYPE"] == "VSPACE"
    assert slots["3"]["TYPE"] == "THREAD" and slots["3"]["OBJECT"] == shell
    assert slots["3"]["RIGHTS"] == "srgRWXm"
    assert slots["4"]["TYPE"] == "ENDPOINT" and slots["4"]["RIGHTS"] == "s------"
    assert slots["4"]["BADGE"] != "0"


def test_tree_shows_what_was_derived(kdb):
    shell = current(kdb)
    own = next(row for row in caps(kdb, root(kdb))
               if row["TYPE"] == "THREAD" and row["OBJECT"] == shell)
    assert own["FLAGS"][0] == "O"
    first, *others = kdb.table("tree " + own["SLOT"])
    assert first["SLOT"] == own["SLOT"]
    assert others and all(int(row["DEPTH"]) > int(first["DEPTH"]) for row in others)
    assert next(row for row in caps(kdb, shell) if row["INDEX"] == "3")["SLOT"] in [
        row["SLOT"] for row in others]


def test_tree_is_indented_by_depth(kdb):
    own = next(row for row in caps(kdb, root(kdb)) if row["TYPE"] == "UNTYPED"
               and row["BADGE"] != "0")
    lines = kdb.run("tree " + own["SLOT"])[1:]
    depth = int(lines[0].split()[1])
    assert len(lines) > 10
    for line in lines:
        name = re.match(r" *\w+ +(\d+) (\s*)(\w+)", line)
        assert len(name.group(2)) == int(name.group(1)) - depth, line


def test_irqs_show_the_serial_drivers(kdb):
    irq, = [row for row in kdb.table("irqs") if row["SOURCE"] == "4"]
    driver, = [row for row in threads(kdb) if row["WAITS"] == irq["ENDPOINT"]]
    assert driver["PRIO"] == "180" and driver["STATE"] == "receiving"
    assert irq["FLAG"] == "----" and irq["MASK"] == "--"
    assert int(irq["DELIVERED"]) > 0 and irq["PENDING"] == "0" and irq["STORMS"] == "0"


# ---- memory

def test_pt_shows_the_task_as_its_file_says(kdb):
    shell = current(kdb)
    ranges = kdb.table("pt " + shell)
    spans = sorted((int(row["VA"], 16), int(row["VA"], 16) + int(row["BYTES"], 16))
                   for row in ranges)
    assert all(a[1] <= b[0] for a, b in zip(spans, spans[1:]))
    assert all(not ("w" in row["FLAGS"] and "x" in row["FLAGS"]) for row in ranges)
    assert all(row["FLAGS"][1] == "u" for row in ranges)
    elf = BUILD / "strip/qsh.elf"
    for name in ["main", "cmd_help", "commands"]:
        text = subprocess.run(["nm", elf], capture_output=True, text=True, check=True).stdout
        va = int(re.search(rf"(\w+) . {name}\n", text).group(1), 16) & ~7
        way = kdb.run(f"pt {shell} {va:x}")
        assert [line.split(":")[0] for line in way[:4]] == [f"level {i}" for i in (4, 3, 2, 1)]
        pa = way[4].removeprefix("it is at ")
        row, = [row for row in ranges if 0 <= va - int(row["VA"], 16) < int(row["BYTES"], 16)]
        assert int(pa, 16) - int(row["PHYSICAL"], 16) == va - int(row["VA"], 16)
        word, = kdb.run(f"mem {pa} 1")
        assert int(word.split()[1], 16).to_bytes(8, "little") == segment_bytes(elf, va, 8)


def test_pt_of_an_address_that_is_not_mapped(kdb):
    shell = current(kdb)
    for va in ["0", "7fffffffe000", "3ffff000", "ffff900000000000"]:
        assert kdb.run(f"pt {shell} {va}")[-1] == "nothing is mapped there"


def test_mem_shows_words(kdb):
    lines = kdb.run("mem 100000")  # the image's first page
    image = (BUILD / "strip/quoll.elf").read_bytes()
    words = [int(word, 16).to_bytes(8, "little") for line in lines for word in line.split()[1:]]
    assert len(words) == 16 and b"".join(words) in image
    assert kdb.run("mem 100000 5")[4].startswith("    100080: ")
    assert [line.split()[1:] for line in kdb.run("mem ffff800000100000")] == [
        line.split()[1:] for line in lines]


# ---- what is wrong

@pytest.mark.parametrize("command,says", [
    ("hlep", "there is no command hlep; help lists them"),
    ("threadsx", "there is no command threadsx; help lists them"),
    ("thr", "there is no command thr; help lists them"),
    ("threads 1", "usage: threads"),
    ("thread", "usage: thread THREAD"),
    ("thread 1 2", "usage: thread THREAD"),
    ("thread shell", "usage: thread THREAD"),
    ("thread 0y", "usage: thread THREAD"),
    ("thread 11112222333344445", "usage: thread THREAD"),
    ("thread 123", "there is no thread at 123"),
    ("caps 123", "there is no thread at 123"),
    ("pt 0", "there is no thread at 0"),
    ("tree 40", "there is no capability at 40"),
    ("tree 1000", "there is no capability at 1000"),
    ("tree 41", "there is no capability at 41"),
    ("tree ffff923456789000", "exception 14 (error 0) in the kernel"),
    ("mem", "usage: mem ADDRESS [LINES]"),
    ("mem 1", "the address must be a multiple of 8"),
    ("mem -8", "usage: mem ADDRESS [LINES]"),
    ("mem ffff7ffffffffff8", "exception 13 (error 0) in the kernel"),
    ("mem ffffffff7ffffff8", "exception 14 (error 0) in the kernel"),
    ("mem fffffffffffffff8 5", "exception 14 (error 0) in the kernel"),
    ("mem 3fffffffff00", "exception 14 (error 0) in the kernel"),
    ("mem ffffffffffffffff", "the address must be a multiple of 8"),
])
def test_nonsense_gets_one_line(kdb, command, says):
    lines = kdb.run(command)
    assert len(lines) == 1 and lines[0].startswith("kdb: " + says), lines


def test_memory_that_ends_is_shown_to_its_end(kdb):
    shown = kdb.run(f"mem {(256 << 20) - 0x40:x} 3")  # the machine has 256 MiB
    assert len(shown) == 3 and shown[0].startswith("   fffffc0: "), shown
    assert shown[2].startswith("kdb: exception 14 (error 0) in the kernel")


def test_a_thread_that_is_no_thread_any_more(booted):
    """The slots and objects of a destroyed task are not believed."""
    one = Kdb(booted)
    one.enter()
    before = {row["THREAD"] for row in threads(one)}
    one.leave()
    assert booted.run("test kernel.thread", timeout=120)[-1].endswith(" 0 failed")
    one.enter()
    assert {row["THREAD"] for row in threads(one)} == before
    one.leave()


def test_backspace_and_ctrl_c(kdb):
    kdb.machine.send("theads\b\b\b\b\x7fhreads\r")
    assert kdb.machine.expect(MORE).split("\r\n")[1].split() == [
        "THREAD", "STATE", "PRIO", "FLAGS", "RIP", "WAITS", "FOR"]
    kdb.machine.send("q")
    kdb.machine.expect("kdb> ")
    kdb.machine.send("reboot\x03")
    kdb.machine.expect("^C\r\nkdb> ")
    assert kdb.run("") == []
    kdb.machine.send("x" * 300 + "\r")
    assert "there is no command xxx" in kdb.machine.expect("kdb> ")


def test_long_output_waits_for_a_key(kdb):
    command = "caps " + root(kdb)
    assert len(kdb.run(command)) > 100
    assert len(kdb.run(command, pages=2)) == 2 * 23
    kdb.machine.send(command + "\r")
    kdb.machine.expect(MORE)
    kdb.machine.send("\x03")
    kdb.machine.expect("kdb> ")


# ---- events

def events(lines):
    assert lines[0].split() == ["US", "AGO", "THREAD", "EVENT"]
    found = [re.fullmatch(r" *(\d+) +([0-9a-f]+)  (syscall|interrupt|exception|switch|destroy) +"
                          r"(\S.*)", line) for line in lines[1:]]
    assert all(found), lines
    times = [int(match.group(1)) for match in found]
    assert times == sorted(times, reverse=True)
    return [match.group(2, 3, 4) for match in found]


def test_events_end_with_how_the_debugger_was_entered(kdb):
    found = events(kdb.run("events"))
    assert len(found) == EVENTS
    thread, kind, what = found[-1]
    assert (thread, kind) == (current(kdb), "syscall")
    assert re.match(r"DEBUG +\(not over\) +rdi 2 ", what)


def test_events_show_calls_with_their_status(booted):
    one = Kdb(booted)
    assert booted.run("test kernel.port")[-1].endswith(" 0 failed")
    one.enter()
    found = events(one.run("events"))
    one.leave()
    calls = [what.split()[:2] for _, kind, what in found if kind == "syscall"]
    assert ["REPLY_RECV", "(waits)"] in calls and ["CALL", "OK"] in calls
    assert any(kind == "switch" for _, kind, _ in found)
    assert any(kind == "interrupt" and what.startswith("vector") for _, kind, what in found)


def test_events_show_faults_destruction_and_long_calls(booted):
    """A test that makes a page fault and then takes its objects back is the last thing before."""
    one = Kdb(booted)
    seen = set()
    for name in ["kernel.fault", "kernel.cnode", "kernel.untyped"]:
        booted.run(f"test {name}", timeout=120)
        one.enter()
        for _, kind, what in events(one.run("events")):
            seen.add(kind)
            seen |= set(re.findall(r"\((?:goes on|waits|not over)\)|\b(?:OK|BAD_\w+)\b", what))
        one.leave()
    assert {"syscall", "destroy", "switch", "OK"} <= seen, seen


# ---- leaving

def test_the_session_goes_on(booted):
    one = Kdb(booted)
    for _ in range(5):
        one.enter()
        one.run("threads")
        one.leave()
        assert booted.run("echo a b") == ["a b"]
    before, = booted.run_json("mem")
    one.enter()
    one.run("caps " + root(one))
    one.leave()
    after, = booted.run_json("mem")
    assert after == before
    assert booted.run("test kernel.irq", timeout=120)[-1].endswith(" 0 failed")


def test_what_is_typed_ahead_reaches_the_shell(booted):
    """The driver finds it in the FIFO when it has the line again."""
    one = Kdb(booted)
    one.enter()
    booted.send("continue\recho ahead\r")
    booted.expect("ahead\r\nquoll> ")
    assert booted.run("echo behind") == ["behind"]


def test_time_in_the_debugger_is_nobodys(booted):
    def cpu_us():
        return sum(task["cpu_us"] for task in booted.run_json("ps"))
    one = Kdb(booted)
    first = cpu_us()
    one.enter()
    time.sleep(4)
    one.leave()
    assert cpu_us() - first < 2500000


# ---- panics

def check_calls(lines, expected):
    """The backtrace's names are those of the kernel's own symbols, and @expected are among them in
    that order."""
    start = lines.index("backtrace:")
    found = []
    for line in lines[start + 1:]:
        match = re.fullmatch(r"  ([0-9a-f]{16})  (\w[\w.]*)\+0x([0-9a-f]+)", line)
        if not match:
            break
        address, name, offset = int(match.group(1), 16), match.group(2), int(match.group(3), 16)
        assert (address - offset, name) in symbols(BUILD / "kernel/quoll.elf"), line
        found.append(name)
    assert found and [name for name in found if name in expected] == expected, found


def check_panic(lines, sentence):
    at, = [i for i, line in enumerate(lines) if line.startswith("Quoll kernel panic: ")]
    assert sentence in lines[at]
    start = next(i for i, line in enumerate(lines) if line.split()[:1] == ["US"])
    assert len(events(lines[start:at - 1])) == EVENTS


def check_after_panic(one):
    assert one.run("continue") == ["kdb: the kernel has panicked and can't go on: reboot"]
    assert len(one.run("threads")) > 3
    assert one.run("mem 8 1")[0].startswith("         8: ")
    assert "kdb: exception 14" in one.run("mem ffffffff7ffffff8")[0]
    one.machine.send("reboot\r")
    assert one.machine.wait_exit() == 0  # -no-reboot: the emulator ends


def test_panic(machine):
    one = Kdb(machine(**DEBUG))
    one.machine.boot()
    lines = one.enter(" panic")
    check_panic(lines, "asked for by a task")
    check_calls(lines, ["debug_call", "kernel_syscall", "syscall_slow"])
    assert one.run("bt")[0] == "backtrace:"
    screen = screen_text(one.machine)
    assert "Quoll kernel panic: asked for by a task" in screen and "debug_call+0x" in screen
    assert "kdb> " in screen
    check_after_panic(one)


def test_exception_in_the_kernel(machine):
    one = Kdb(machine(**DEBUG))
    one.machine.boot()
    lines = one.enter(" fault")
    check_panic(lines, "exception 14 (error 2) in the kernel at ffffffff8")
    where = re.search(r"kernel at (\w+), address ffffffff7ffffff8$", "\n".join(lines), re.M)
    registers = registers_in(lines)
    assert len(registers) == 17 and registers["rip"] == int(where.group(1), 16)
    assert MAGIC in registers.values()  # an argument of debug_call
    assert re.search(r"flags [0-9a-f]+  vector 14  error 2$", "\n".join(lines), re.M)
    check_calls(lines, ["debug_call", "kernel_syscall", "syscall_slow"])
    assert function_at(BUILD / "kernel/quoll.elf", registers["rip"]) == "debug_call"
    assert one.run("bt") == lines[lines.index("backtrace:") - 5:-1]
    check_after_panic(one)


def machine_check(one):
    """The CPU is told of a hardware error while it idles, so inside the kernel."""
    for _ in range(100):
        if "HLT=1" in one.hmp("info registers"):
            break
        time.sleep(0.1)
    one.hmp("mce 0 0 0xb200000000000000 0x0 0x0 0x0")


def test_machine_check_while_idle(machine):
    one = Kdb(machine(**DEBUG))
    one.machine.boot()
    machine_check(one.machine)
    lines = one.machine.expect("kdb> ").split("\r\n")
    check_panic([""] + lines, "exception 18 (error 0) in the kernel")
    check_calls(lines, [])  # idle_loop, unless an interrupt has just come
    check_after_panic(one)


def wait_for_screen(one, text):
    for _ in range(300):
        screen = screen_text(one)
        if text in screen:
            return screen
        time.sleep(0.1)
    raise AssertionError(f"{text!r} is not on the screen: {screen}")


def test_panic_without_a_serial_port(machine, monkeypatch):
    """The screen gets it all; there is nobody to talk to, so the machine halts."""
    command = emu.qemu_command

    def without_com1(config, serial, qmp=None):
        made = command(config, serial, qmp)
        at = made.index("-serial")
        return made[:at] + ["-serial", "none"] + made[at:]  # the second one is COM2

    monkeypatch.setattr(emu, "qemu_command", without_com1)
    one = machine(**DEBUG)
    one.start()
    wait_for_screen(one, "tasks in the manifest")
    machine_check(one)
    screen = wait_for_screen(one, "backtrace:")
    assert "Quoll kernel panic: exception 18 (error 0) in the kernel" in screen
    assert "kdb>" not in screen
    registers = one.hmp("info registers")
    assert "HLT=1" in registers and not int(re.search(r"RFL=(\w+)", registers).group(1), 16) & 0x200


def test_panic_of_a_release_build(machine):
    """No debugger: the sentence on both, what may be return addresses, and a full stop."""
    one = machine()
    one.boot()
    machine_check(one)
    said = one.expect_re(r"Quoll kernel panic: ([^\r\n]+)\r\non the stack:[0-9a-f ]*\r\n").group(1)
    assert said.startswith("exception 18 (error 0) in the kernel")
    assert f"Quoll kernel panic: {said}"[:80].rstrip() in screen_text(one)
    one.send("help\r")
    time.sleep(1)
    assert one.process.poll() is None and "kdb>" not in one.serial.buffer


def test_a_release_build_refuses(shell):
    for line in ["kdb", "kdb panic", "kdb fault"]:
        assert shell.run(line) == [
            "kdb: this kernel is a release build; for the debugger: make DEBUG=1 run"]
    assert shell.run("kdb x") == [
        "kdb: x is neither panic nor fault; usage: kdb [panic | fault]"]
    assert shell.run("help kdb")[0].startswith("kdb: ")


def test_a_release_kernel_has_none_of_it():
    names = {name for _, name in symbols(ROOT / "build/kernel/quoll.elf")}
    assert not [name for name in names if name.startswith(("kdb", "trace", "symbol"))]


# ---- the document

def session():
    """[(command, [lines])] of the document's transcript."""
    text = DOCUMENT.read_text().split("<!-- session")[1].split("```")[1]
    found = []
    for line in text.strip("\n").split("\n"):
        if line.startswith(("kdb> ", "quoll> ")):
            found.append((line.split("> ")[1], []))
        else:
            found[-1][1].append(line)
    return found


def shape(line):
    """Numbers and what threads happen to do differ; what stands where does not."""
    line = re.sub(r"\b(running|receiving|calling|queued)\b", "STATE", line)
    line = re.sub(r"\b(OK|[A-Z]+_[A-Z]+)\b|\(waits\)", "NAME", line)
    line = re.sub(r"\b0x[0-9a-f]+\b|\b[0-9a-f]*\d[0-9a-f]*\b|\b[a-f]{4,}\b", "N", line)
    return re.sub(r"\s+", " ", line).strip()


def who_is_who(threads, irqs):
    """[the shell's address, the serial driver's, devman's] from what the commands print."""
    rows = [line.split() for line in threads[1:] if line != "..."]
    com1, = [line.split() for line in irqs[1:] if line.split()[0] == "4"]
    return [row[0] for test in (lambda row: row[1] == "running", lambda row: row[5] == com1[7],
                                lambda row: row[2] == "190") for row in rows if test(row)]


def test_the_documented_session(booted):
    one = Kdb(booted)
    steps = session()
    assert steps[0][0] == "kdb" and steps[-1][0] == "continue"
    assert [shape(line) for line in one.enter()] == [shape(line) for line in steps[0][1]]
    then = who_is_who(dict(steps)["threads"], dict(steps)["irqs"])
    now = who_is_who(one.run("threads"), one.run("irqs"))
    assert len(then) == len(now) == 3
    today = dict(zip(then, now))
    for command, expected in steps[1:-1]:
        lines = one.run(" ".join(today.get(word, word) for word in command.split()))
        shapes = [shape(line) for line in lines]
        if "..." in expected:  # lines were left out
            assert not [x for x in expected if x != "..." and shape(x) not in shapes], lines
        else:
            assert [shape(line) for line in expected] == shapes
    one.leave()
