"""docs/write-a-driver.md: each block of code is taken from it, each step is built and run on the
host, and what comes out at the end is the driver in the tree, which is then booted."""
import re
import shlex
import shutil
import subprocess

import pytest

from conftest import ROOT

PAGE = ROOT / "docs" / "write-a-driver.md"
EDU = ROOT / "drivers" / "edu"
BLOCK = re.compile(r"^<!-- (\S[^\n]*?) -->\n```\w*\n(.*?)^```$", re.S | re.M)


def blocks():
    return BLOCK.findall(PAGE.read_text())


def item(source, name):
    """The span of function @name with the comment before it, or of a macro's line."""
    function = rf"(?:/\*(?:(?!\*/).)*?\*/\n)?^[^\n;{{}}/ ][^\n;{{}}]*\b{name}\([^;{{]*\)\n\{{.*?^\}}\n"
    found = re.search(function, source, re.S | re.M)
    assert found, f"the driver has no function {name}"
    return found.span()


def changed(source, how, text):
    """What the page says is to be done with edu.c."""
    if how == "all":
        return text
    if how == "head":
        first = min(source.index(name) for name in ("const char *driver_probe", "/* Once for each"
                                                    ) if name in source)
        return text + "\n" + source[first:]
    where, name = how.split()
    start, end = item(source, name)
    if where == "replace":
        return source[:start] + text + source[end:]
    if where == "after":
        return source[:end] + "\n" + text + source[end:]
    assert where == "before", how
    return source[:start] + text + "\n" + source[start:]


def place(folder, word):
    """Where what a command names is here."""
    if word == "drivers/edu":
        return folder
    if word.endswith(".c"):
        return folder / "tests" / word
    return folder / word if word.startswith("edu.") else word


def run(folder, text):
    """The command that the page shows, on that folder; what it prints is what the page says."""
    command, _, wanted = text.partition("\n")
    words = shlex.split(command.removeprefix("$ "))
    done = subprocess.run([place(folder, word) for word in words], cwd=ROOT, capture_output=True, text=True, errors="replace",
                          check=False, timeout=300)
    assert done.stdout == wanted and done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The reader's drivers/edu, and the page's test programs in a folder of their own."""
    made = tmp_path_factory.mktemp("tutorial")
    (made / "tests").mkdir()
    shutil.copy(ROOT / "drivers/template/template.manifest", made / "edu.manifest")
    return made


def test_each_step_runs_and_the_last_is_the_driver(folder, count):
    runs = 0
    for mark, text in blocks():
        kind, _, what = mark.partition(": ")
        if kind == "file":
            place(folder, what).write_text(text)
        elif kind == "edu.c":
            path = folder / "edu.c"
            path.write_text(changed(path.read_text() if path.exists() else "", what, text))
        elif kind == "run":
            run(folder, text)
            runs += 1
        elif kind == "part of":
            assert text in (ROOT / what).read_text()
        else:
            assert kind == "boot", mark
    count("tutorial", runs, 0)
    assert runs >= 6
    for name in ("edu.c", "edu.manifest"):
        assert (folder / name).read_text() == (EDU / name).read_text(), name
    assert (folder / "edu.idl").read_text() == (ROOT / "drivers/interfaces/edu.idl").read_text()


def test_the_template_is_where_the_page_starts():
    first = next(text for mark, text in blocks() if mark == "edu.c: all")
    assert first == (ROOT / "drivers/template/template.c").read_text()


def test_the_template_builds_for_the_system_and_is_not_in_the_image():
    done = subprocess.run(["make", "--no-print-directory", "build/user/template.elf"], cwd=ROOT,
                          capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert b"template" not in (ROOT / "build" / "quoll.img").read_bytes()[:8192]


def test_it_boots(machine):
    """The last step, as the page shows it."""
    (mark, text), = [one for one in blocks() if one[0].startswith("boot: ")]
    one = machine(boot="pvh", extra=tuple(mark.removeprefix("boot: ").split()))
    one.boot()
    _, *commands = text.split("quoll> ")
    assert commands
    for command in commands:
        typed, *wanted = command.splitlines()
        assert one.run(typed, timeout=60) == wanted
