"""The register compiler: its messages, what it generates, and that this costs nothing at run time.
After a wanted change: tests/rdl/cases.py --write, and RDL_WRITE=1 with this file."""
import os
import pathlib
import re
import subprocess
import sys
import time

import pytest

from compilers import (FREESTANDING, SANITIZED, STRICT, compiled, messages_without_case,
                       refused_text, run)
from conftest import ROOT

TOOL = ROOT / "tools" / "rdl"
HERE = ROOT / "tests" / "rdl"
FRAMEWORK = ROOT / "drivers" / "framework"
RDLC = ["/usr/bin/python3", "tools/rdl/rdlc.py"]
CASES = ["/usr/bin/python3", "tests/rdl/cases.py"]
REGISTER_FILES = sorted(path.relative_to(ROOT) for path in ROOT.glob("drivers/*/*.rdl"))
MISTAKES = sorted(path.stem for path in HERE.glob("*.expected") if path.stem != "dump")

TARGET = [*STRICT, *FREESTANDING]
HOST = [*STRICT, *SANITIZED]

# Pairs of overhead.c that are not the same instructions: how many more the generated code may
# have, and why.
DIFFERENT = {
    "enum_switch": 0,  # fewer: the compiler knows the field's width
    "condition": 0,    # a comparison's result is shifted, where by hand it is a mask
    "variable": 1,     # C masks what it stores into a bit-field, although a bool has one bit
}


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A folder with regs/NAME.h and regs/NAME_table.h, and mock/regs/NAME.h, of every file."""
    out = tmp_path_factory.mktemp("gen")
    (out / "regs").mkdir()
    (out / "mock" / "regs").mkdir(parents=True)
    for path in [*REGISTER_FILES, pathlib.Path("tests/rdl/sample.rdl")]:
        compiled([*RDLC, f"--header={out}/regs/{path.stem}.h",
                  f"--table={out}/regs/{path.stem}_table.h",
                  f"--mock={out}/mock/regs/{path.stem}.h", f"--page={out}/{path.stem}.md", path])
    return out


# -- mistakes --------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    """Each kind of mistake gives its message, with place and remedy."""
    done = run(*CASES, HERE / f"{name}.rdl")
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == (HERE / f"{name}.expected").read_text()


def test_every_message_has_a_case():
    elsewhere = ("this byte is not UTF-8", "nested too deeply")  # test_text_that_is_no_text
    assert messages_without_case(TOOL, HERE / "cases.py", 120, elsewhere) == []


@pytest.mark.parametrize("raw,message", [
    (b"addrmap a {\n  name = \"\xff\"; };", "2:11: error: this byte is not UTF-8"),
    (b"addrmap a { x = " + b"(" * 5000 + b"1", "nested too deeply"),
    (b"addrmap a { " * 5000, "nested too deeply"),
    (b"\0", "1:1: error: the character '\\x00' means nothing here"),
    (b"", "1:1: error: the file has no address map"),
])
def test_text_that_is_no_text(raw, message, tmp_path):
    """A definite error, and nothing is written."""
    refused_text(RDLC, tmp_path / "bad.rdl", raw, message, tmp_path / "out.h")


def test_there_is_no_such_file():
    done = run(*RDLC, "tests/rdl/none.rdl")
    assert done.returncode == 2 and "there is no file tests/rdl/none.rdl" in done.stderr


def test_half_of_a_file_never_passes():
    """Every prefix of a register file is refused with a message, whatever it ends in."""
    probe = ("import sys; sys.path[:0] = ['tools/rdl']; import rdlc, pathlib, tempfile\n"
             "text = pathlib.Path('tests/rdl/sample.rdl').read_text()\n"
             "end = text.index('addrmap sample_config')\n"
             "first = text.index('addrmap sample {') + 10\n"
             "path = pathlib.Path(tempfile.mkdtemp()) / 'half.rdl'\n"
             "for at in range(first, text[:end].rindex('}'), 17):\n"
             "    path.write_text(text[:at])\n"
             "    devices, report = rdlc.compile_file(path)\n"
             "    assert report and str(report).count(': error: '), at\n"
             "print('refused')\n")
    done = run("/usr/bin/python3", "-c", probe)
    assert done.stdout == "refused\n", done.stderr[-2000:]


# -- what is generated -----------------------------------------------------------------------------

@pytest.mark.parametrize("made,golden", [
    ("regs/sample.h", "sample.h"), ("mock/regs/sample.h", "sample_mock.h"),
    ("regs/sample_table.h", "sample_table.h"), ("sample.md", "sample.md")])
def test_golden(generated, made, golden):
    text, path = (generated / made).read_text(), HERE / "golden" / f"{golden}.golden"
    if os.environ.get("RDL_WRITE"):
        path.write_text(text)
    assert text == path.read_text()
    assert golden.endswith(".md") or max(map(len, text.splitlines())) <= 110


@pytest.mark.parametrize("name", [path.stem for path in REGISTER_FILES] + ["sample"])
def test_compiles(name, generated, tmp_path):
    """Header, table and mock, alone and with every warning on, also when nothing is inlined."""
    for source in (f"regs/{name}.h", f"regs/{name}_table.h"):
        text = (generated / source).read_text()
        tables = re.findall(r"const struct regs_table (\w+) =", text)
        uses = "".join(f"extern const struct regs_table *use_{t};\n"
                       f"const struct regs_table *use_{t} = &{t};\n" for t in tables)
        (tmp_path / "one.c").write_text(f"#include <{source}>\n{uses}")
        for folder, flags in ((generated, TARGET), (generated, [*TARGET, "-O0"]),
                              (generated / "mock", HOST)):
            if folder.name != "mock" or not tables:
                host = ["-I", FRAMEWORK / "host"] if folder.name == "mock" else []
                compiled(["gcc", *flags, "-I", folder, *host, "-I", FRAMEWORK, "-c",
                          tmp_path / "one.c", "-o", tmp_path / "one.o"])


def test_framework_compiles_for_the_target(tmp_path):
    for source in ("regs_bus.c", "regs_dump.c"):
        compiled(["gcc", *TARGET, "-I", FRAMEWORK, "-idirafter", "libc/include", "-c",
                  FRAMEWORK / source, "-o", tmp_path / "one.o"])


def test_reference_pages_are_up_to_date():
    done = run(*RDLC, "--pages", "--check")
    assert done.returncode == 0, done.stderr
    pages = {path.stem for path in (ROOT / "docs/registers").glob("*.md")}
    assert pages == {path.stem for path in REGISTER_FILES}


# -- what it does ----------------------------------------------------------------------------------

def host_program(name, generated, tmp_path, includes, sources):
    program = tmp_path / name
    compiled(["gcc", *HOST, *(f"-I{path}" for path in includes), "-o", program, HERE / f"{name}.c",
              *sources])
    return run(program)


def counted(name, done, count):
    found = re.search(r"(\d+) passed, (\d+) failed\s*$", done.stdout)
    assert found, done.stdout + done.stderr
    count(f"rdl-{name}", *map(int, found.groups()))
    assert done.returncode == 0 and int(found[1]) > 0 and found[2] == "0", done.stdout + done.stderr


def test_bus(generated, tmp_path, count):
    """Each kind of accessor does what it should on the bus, and nothing else."""
    done = host_program("bus", generated, tmp_path, [generated, FRAMEWORK / "host", FRAMEWORK],
                        [FRAMEWORK / "regs_bus.c", FRAMEWORK / "regs_dump.c"])
    counted("bus", done, count)


def test_mock(generated, tmp_path, count):
    done = host_program("mock", generated, tmp_path,
                        [generated / "mock", FRAMEWORK / "host", FRAMEWORK],
                        [FRAMEWORK / "host" / "regs_mock.c"])
    counted("mock", done, count)


def test_dump(generated, tmp_path):
    """The decoded registers; what reading would change is named and not read."""
    done = host_program("dump", generated, tmp_path, [generated, FRAMEWORK],
                        [FRAMEWORK / "regs_dump.c"])
    assert done.returncode == 0, done.stderr
    if os.environ.get("RDL_WRITE"):
        (HERE / "dump.expected").write_text(done.stdout)
    assert done.stdout == (HERE / "dump.expected").read_text()


def test_register_files_describe_what_qemu_models(generated, tmp_path, count):
    """Every register file against QEMU's own device, through qtest. The bus is slow: no sanitizer
    is needed twice, but time is."""
    program, socket = tmp_path / "qtest", tmp_path / "socket"
    compiled(["gcc", *STRICT, "-O1", "-I", generated, "-I", FRAMEWORK / "host", "-I", FRAMEWORK,
              "-o", program, HERE / "qtest.c", FRAMEWORK / "host" / "qtest.c"])
    qemu = subprocess.Popen(
        ["qemu-system-x86_64", "-M", "q35,accel=tcg", "-m", "64", "-S", "-display", "none", "-nic",
         "none", "-serial", "null", "-device", "edu", "-qtest", f"unix:{socket},server=on,wait=off",
         "-qtest-log", "/dev/null"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while not socket.exists() and qemu.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        done = run(program, socket)
    finally:
        qemu.kill()
        qemu.wait()
    counted("qtest", done, count)


# -- what it costs ---------------------------------------------------------------------------------

def instructions(path):
    """{function: its instructions}, jumps as distances from the function's start."""
    text = run("objdump", "-d", "--no-show-raw-insn", "-Mintel", path).stdout
    found, current = {}, None
    for line in text.splitlines():
        head = re.match(r"[0-9a-f]+ <(\w+)>:", line)
        code = re.match(r"\s+[0-9a-f]+:\s+(.*)", line)
        if head:
            current = found.setdefault(head[1], [])
        elif code:
            plain = re.sub(r"\b[0-9a-f]+ <\w+(\+0x[0-9a-f]+)?>", r"\1", code[1])
            current.append(plain.split("#")[0].strip())
    for code in found.values():  # alignment behind the end
        while code and re.match(r"(cs |data16 )*nop|xchg +ax,ax", code[-1]):
            code.pop()
    return found


@pytest.fixture(scope="module")
def machine_code(generated, tmp_path_factory):
    out = tmp_path_factory.mktemp("overhead") / "overhead.o"
    compiled(["gcc", *TARGET, "-I", generated, "-I", FRAMEWORK, "-c", HERE / "overhead.c",
              "-o", out])
    return instructions(out)


PAIRS = re.findall(r"^PAIR\([^,]*, (\w+),", (HERE / "overhead.c").read_text(), re.M)


@pytest.mark.parametrize("name", PAIRS)
def test_costs_what_handwritten_code_costs(name, machine_code):
    made, by_hand = machine_code[f"gen_{name}"], machine_code[f"hand_{name}"]
    assert len(by_hand) > 2
    if name in DIFFERENT:
        assert made != by_hand, f"{name} is the same by now: take it out of DIFFERENT"
        assert len(made) <= len(by_hand) + DIFFERENT[name], (made, by_hand)
    else:
        assert made == by_hand


# -- what a driver cannot do -----------------------------------------------------------------------

REFUSED = [
    ("sample_events_set_threshold(sample, 1);", "reading the register changes `count`"),
    ("sample_lock_set_shown(sample, true);", "`locked` can be written only once"),
    ("sample_control_set_speed(sample, (enum sample_speed)4);", "does not fit"),
    ("sample_pool_write(sample, 0x1000);", "does not fit"),
    ("(void)sample_credit_read(sample, 4);", "outside of the array"),
    ("sample_control_write(sample, (struct sample_control){.speed = 4});", "overflow"),
    ("sample_status_write(sample, sample_status_read(sample));", "incompatible type"),
    ("uart8250_thr_read(uart);", "implicit declaration"),
    ("uart8250_lsr_write(uart, (struct uart8250_lsr){0});", "implicit declaration"),
    ("uart8250_divisor_low_write(uart, 1);", "incompatible type"),
    ("uart8250_rbr_read(sample);", "incompatible type"),
]


@pytest.mark.parametrize("statement,why", REFUSED)
def test_does_not_compile(statement, why, generated, tmp_path):
    def source(text):
        return ("#include <regs/sample.h>\n#include <regs/uart8250.h>\n"
                "void driver(struct sample_regs sample, struct uart8250_regs uart);\n"
                "void driver(struct sample_regs sample, struct uart8250_regs uart)\n{\n"
                f"    (void)sample;\n    (void)uart;\n    {text}\n}}\n")

    path = tmp_path / "driver.c"
    command = ["gcc", *TARGET, "-I", generated, "-I", FRAMEWORK, "-c", path, "-o", tmp_path / "o"]
    path.write_text(source(""))
    compiled(command)
    path.write_text(source(statement))
    done = run(*command)
    assert done.returncode != 0 and why in done.stderr, done.stderr


# -- the manual ------------------------------------------------------------------------------------

def test_the_manual_compiles(tmp_path):
    """The example of docs/registers.md: its register file, its driver, its unit test."""
    text = (ROOT / "docs/registers.md").read_text()
    blocks = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", text, re.S))
    assert {"blinker.rdl", "blinker.c", "test_blinker.c"} <= set(blocks)
    for name, content in blocks.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "regs").mkdir()
    (tmp_path / "mock" / "regs").mkdir(parents=True)
    compiled([*RDLC, f"--header={tmp_path}/regs/blinker.h",
              f"--mock={tmp_path}/mock/regs/blinker.h", tmp_path / "blinker.rdl"])
    compiled(["gcc", *TARGET, "-I", tmp_path, "-I", FRAMEWORK, "-c", tmp_path / "blinker.c", "-o",
              tmp_path / "blinker.o"])
    program = tmp_path / "test"
    compiled(["gcc", *HOST, "-I", tmp_path / "mock", "-I", FRAMEWORK / "host", "-I", FRAMEWORK,
              "-o", program, tmp_path / "test_blinker.c", tmp_path / "blinker.c",
              FRAMEWORK / "host" / "regs_mock.c"])
    done = run(program)
    assert done.returncode == 0, done.stdout + done.stderr
    bad = blocks["blinker_bad.rdl"]
    (tmp_path / "blinker_bad.rdl").write_text(bad)
    done = run(sys.executable, TOOL / "rdlc.py", tmp_path / "blinker_bad.rdl")
    shown = done.stderr.replace(f"{tmp_path}/", "drivers/blinker/").strip()
    assert shown in text and shown, shown
