"""The interface compiler: its messages, what it generates, that stubs and dispatch let nothing bad
through, and what they cost. After a wanted change: tests/idl/cases.py --write, and IDL_WRITE=1 with
this file."""
import collections
import os
import re

import pytest

from compilers import (FREESTANDING, SANITIZED, STRICT, compiled, messages_without_case,
                       refused_text, run)
from conftest import ROOT

TOOL = ROOT / "tools" / "idl"
HERE = ROOT / "tests" / "idl"
IDLC = ["/usr/bin/python3", "tools/idl/idlc.py"]
CASES = ["/usr/bin/python3", "tests/idl/cases.py"]
INTERFACES = sorted(path.relative_to(ROOT) for path in ROOT.glob("drivers/interfaces/*.idl")
                    if path.stem != "prelude")
MISTAKES = sorted(path.stem for path in HERE.glob("*.expected") if path.stem != "text")

OURS = [*STRICT, "-Wimplicit-fallthrough", "-DCONFIG_DEBUG=1", "-Iservers/include",
        "-Ikernel/include"]
TARGET = [*OURS, "-Ilibc/include", *FREESTANDING, "-Wframe-larger-than=4096"]
HOST = [*OURS, "-idirafter", "libc/include", *SANITIZED, "-DSYS_RAW_ELSEWHERE", "-DHOST_TEST",
        "-D_GNU_SOURCE"]


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """A folder with all headers of every interface, those of the sample and the table of all."""
    out = tmp_path_factory.mktemp("gen")
    (out / "idl").mkdir()
    for path in [*INTERFACES, "tests/idl/sample.idl", "tests/idl/shared.idl"]:
        name = str(path).rsplit("/", 1)[-1].removesuffix(".idl")
        options = ["header", "desc"] if name == "shared" else ["header", "server", "queue", "desc"]
        files = {"header": f"{name}.h"}
        compiled([*IDLC, *(f"--{o}={out}/idl/{files.get(o, f'{name}_{o}.h')}" for o in options),
                  f"--client={out}/idl/{name}_client.c", f"--page={out}/{name}.md", path])
    compiled([*IDLC, f"--list={out}/idl/interfaces.h", *INTERFACES])
    return out


# -- mistakes --------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    """Each kind of mistake gives its message, with place and remedy."""
    done = run(*CASES, HERE / f"{name}.idl")
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == (HERE / f"{name}.expected").read_text()


def test_every_message_has_a_case():
    # test_text_that_is_no_text, test_two_interfaces_of_one_number
    elsewhere = ("this byte is not UTF-8", "nested too deeply", "has the number")
    assert messages_without_case(TOOL, HERE / "cases.py", 80, elsewhere) == []


@pytest.mark.parametrize("raw,message", [
    (b"module a {\n  const \xff\xfe", "2:9: error: this byte is not UTF-8"),
    (b"module a { const octet b = " + b"(" * 5000 + b"1", "nested too deeply"),
    (b"module a { typedef " + b"sequence<" * 5000, "nested too deeply"),
    (b"\0", "1:1: error: the character '\\x00' means nothing here"),
    (b"", "1:1: error: the file defines nothing"),
])
def test_text_that_is_no_text(raw, message, tmp_path):
    """A definite error, and nothing is written."""
    refused_text(IDLC, tmp_path / "bad.idl", raw, message, tmp_path / "out.h")


def test_two_interfaces_of_one_number(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.idl").write_text(
            '#include "prelude.idl"\nmodule quoll { /** d */ @number(9) interface '
            f"{name} {{ /** d */ void m(); }}; }};\n")
    done = run(*IDLC, f"--list={tmp_path}/out.h", tmp_path / "one.idl", tmp_path / "two.idl")
    assert done.returncode == 1 and "two.idl:2:46: error: `one` has the number 9 too" in done.stderr
    assert not (tmp_path / "out.h").exists()


def test_there_is_no_such_file():
    done = run(*IDLC, "tests/idl/none.idl")
    assert done.returncode == 2 and "there is no file tests/idl/none.idl" in done.stderr


def test_half_of_a_file_never_passes():
    """Every prefix of an interface file is refused with a message, whatever it ends in."""
    probe = ("import sys; sys.path[:0] = ['tools/idl']; import idlc, pathlib, tempfile\n"
             "text = pathlib.Path('drivers/interfaces/devman.idl').read_text()\n"
             "path = pathlib.Path(tempfile.mkdtemp()) / 'half.idl'\n"
             "for at in range(text.index('module'), text.rindex('}'), 17):\n"
             "    path.write_text(text[:at])\n"
             "    unit, report = idlc.compile_file(path)\n"
             "    assert report and str(report).count(': error: '), at\n"
             "print('refused')\n")
    done = run("/usr/bin/python3", "-c", probe)
    assert done.stdout == "refused\n", done.stderr[-2000:]


# -- what is generated -----------------------------------------------------------------------------

@pytest.mark.parametrize("made", ["idl/sample.h", "idl/sample_client.c", "idl/sample_server.h",
                                  "idl/sample_queue.h", "idl/sample_desc.h", "idl/shared.h",
                                  "sample.md"])
def test_golden(generated, made):
    text, path = (generated / made).read_text(), HERE / "golden" / f"{made.split('/')[-1]}.golden"
    if os.environ.get("IDL_WRITE"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("name", [path.stem for path in INTERFACES] + ["sample"])
def test_compiles(name, generated, tmp_path):
    """Every header, alone and with every warning on, also when nothing is inlined."""
    server = (f"#include <idl/{name}_server.h>\nbool use(struct call *c);\n"
              f"bool use(struct call *c)\n{{\n    return {name}_dispatch(c);\n}}\n")
    desc = (f"#include <idl/{name}_desc.h>\nextern const struct idl_interface *use;\n"
            f"const struct idl_interface *use = &{name}_desc;\n")
    sources = {"server.c": server, "desc.c": desc,
               "both.c": f"#include <idl/{name}_queue.h>\n{server}",
               "client.c": f"#include <idl/{name}.h>\n"}
    for file, text in sources.items():
        (tmp_path / file).write_text(text)
        for more in ([], ["-O0"]):
            compiled(["gcc", *TARGET, *more, "-I", generated, "-c", tmp_path / file, "-o",
                      tmp_path / "one.o"])
    compiled(["gcc", *TARGET, "-I", generated, "-c", generated / "idl" / f"{name}_client.c", "-o",
              tmp_path / "one.o"])


def test_reference_pages_are_up_to_date():
    done = run(*IDLC, "--pages", "--check")
    assert done.returncode == 0, done.stderr
    pages = {path.stem for path in (ROOT / "docs/interfaces").glob("*.md")}
    assert pages == {path.stem for path in INTERFACES}


def test_numbers_are_in_the_manual():
    """docs/idl.md lists the interfaces and their numbers, which never change."""
    text = (ROOT / "docs/idl.md").read_text()
    listed = {name: int(number) for number, name in
              re.findall(r"^\| (\d+) \| \[(\w+)\]", text, re.M)}
    found = {path.stem: int(re.search(r"@number\((\d+)\)", (ROOT / path).read_text())[1])
             for path in INTERFACES}
    assert listed == found


# -- what it does ----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def program(generated, tmp_path_factory):
    out = tmp_path_factory.mktemp("host") / "idl"
    parts = ["world", "calls", "requests", "text", "queue"]
    library = ["idl", "idl_text", "message", "queue_client", "queue_driver", "queue_manager"]
    compiled(["gcc", *HOST, "-I", HERE, "-I", generated, "-o", out,
              *(HERE / f"{part}.c" for part in parts), generated / "idl" / "sample_client.c",
              *(ROOT / f"servers/lib/{part}.c" for part in library), "libc/strerror.c"])
    return out


def test_stubs_and_dispatch(program, count):
    """Round trips, every check by hand, 400,000 mutated messages."""
    done = run(program)
    found = re.search(r"(\d+) passed, (\d+) failed\s*$", done.stdout)
    assert found, done.stdout[-3000:] + done.stderr[-3000:]
    count("idl", *map(int, found.groups()))
    assert done.returncode == 0 and int(found[1]) > 1000 and found[2] == "0", done.stdout[-3000:]


def test_messages_as_text(program):
    done = run(program, "text")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    if os.environ.get("IDL_WRITE"):
        (HERE / "text.expected").write_text(done.stdout)
    assert done.stdout == (HERE / "text.expected").read_text()


# -- what it costs ---------------------------------------------------------------------------------

def functions(path):
    """{function: [(address, instruction, where a jump goes, called symbol)]}"""
    text = run("objdump", "-dr", "--no-show-raw-insn", path).stdout
    found, current = {}, None
    for line in text.splitlines():
        head = re.match(r"[0-9a-f]+ <([\w.]+)>:", line)
        code = re.match(r"\s+([0-9a-f]+):\s+(\S+)\s*(.*)", line)
        if head:
            current = found.setdefault(head[1], [])
        elif code and code[2].startswith("R_X86_64"):
            current[-1] = (*current[-1][:2], None, code[3].split("-")[0].split("+")[0])
        elif code:
            target = re.match(r"([0-9a-f]+) <", code[3])
            current.append((int(code[1], 16), f"{code[2]} {code[3]}".strip(),
                            int(target[1], 16) if target and code[2] != "call" else None, None))
    return found


def shortest(code, landmarks):
    """The fewest instructions from the first to a `ret`, on a way that passes instructions that
    match @landmarks, in order. A jump out of the function (to its cold part) is no way."""
    index = {address: i for i, (address, *_) in enumerate(code)}
    queue, seen = collections.deque([(0, 0, 1)]), set()
    while queue:
        at, done, length = queue.popleft()
        if (at, done) in seen:
            continue
        seen.add((at, done))
        _, text, target, symbol = code[at]
        if done < len(landmarks) and re.search(landmarks[done], f"{text} {symbol or ''}"):
            done += 1
        name = text.split()[0]
        if name == "ret":
            if done == len(landmarks):
                return length
            continue
        following = [] if name == "jmp" else [at + 1]
        if name.startswith("j") and target in index:
            following.append(index[target])
        queue.extend((to, done, length + 1) for to in following if to < len(code))
    return None


@pytest.fixture(scope="module")
def machine_code(generated, tmp_path_factory):
    out = tmp_path_factory.mktemp("overhead") / "overhead.o"
    compiled(["gcc", *TARGET, "-I",
              generated, "-c", HERE / "overhead.c", "-o", out])
    return functions(out)


SUCCESS = ["^syscall", r"^mov +%r\w+,(0x0)?\(%r\w+\)"]


@pytest.mark.parametrize("name,landmarks,more", [
    ("open", SUCCESS, 4),  # room on the stack for the refusal's call
    ("read", SUCCESS, 8),  # @idempotent: and for what a second call needs
    ("close", ["^syscall"], 4),  # the answer must be empty; by hand its label is enough
])
def test_a_stub_costs_what_sys_call_costs(name, landmarks, more, machine_code):
    made = shortest(machine_code[f"stub_{name}"], landmarks)
    by_hand = shortest(machine_code[f"hand_{name}"], landmarks)
    assert made and by_hand and made <= by_hand + more, (made, by_hand)
    text = "\n".join(f"{code} {symbol}" for _, code, _, symbol in machine_code[f"stub_{name}"])
    assert "call " not in text.replace("syscall", "") and "rep " not in text and "memcpy" not in text


@pytest.mark.parametrize("name", ["open", "read", "write", "close"])
def test_dispatch_is_short(name, machine_code):
    """From the receive to the server's function and from there to the reply."""
    code = machine_code["serve_dispatch"]
    length = shortest(code, [f"call.*null_serve_{name}", r"movq +\$0x0,0x8\(%r\w+\)"])
    assert length and length <= 40, length
    called = {symbol for _, text, _, symbol in code if text.startswith("call")}
    assert called <= {f"null_serve_{m}" for m in ("open", "read", "write", "close")}, called


# -- the manual ------------------------------------------------------------------------------------

def test_the_manual_compiles(tmp_path):
    """The example of docs/idl.md: its interface, its server, and the mistake that it shows."""
    text = (ROOT / "docs/idl.md").read_text()
    blocks = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", text, re.S))
    for name, content in blocks.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "idl").mkdir()
    compiled([*IDLC, f"--header={tmp_path}/idl/lamp.h", f"--server={tmp_path}/idl/lamp_server.h",
              tmp_path / "lamp.idl"])
    compiled(["gcc", *TARGET, "-I", tmp_path, "-c", tmp_path / "lamp.c", "-o", tmp_path / "lamp.o"])
    (tmp_path / "lamp.idl").write_text(blocks["lamp.idl"].replace("max = 100", "max = 300"))
    done = run(*IDLC, tmp_path / "lamp.idl")
    shown = done.stderr.replace(f"{tmp_path}/", "").strip()
    assert shown in text and shown, shown
