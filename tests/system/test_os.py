"""The tests that run inside the system, on the machines that differ most. The TSC counts
instructions on all of them, so shares of time are exact however busy the host is."""
import re

import pytest

from conftest import ROOT

OS = ROOT / "tests" / "os"
MACHINES = {
    "pc-qemu64-64": dict(boot="pvh", machine="pc", cpu="qemu64", memory=64),
    "debug": dict(boot="pvh", kernel="build/debug/kernel/quoll.elf", image="build/debug/quoll.img"),
    "spec": dict(boot="pvh", kernel="build/spec/strip/quoll.elf"),
    "bochs": dict(emulator="bochs", cpu="skylake_x"),
}
FASTPATH = {
    "max": dict(boot="pvh"),
    "no-fastpath": dict(boot="pvh", kernel="build/slow/kernel/quoll.elf", image="build/slow/quoll.img"),
}


@pytest.mark.parametrize("kind", MACHINES)
def test_in_os_tests_pass(machine, count, kind):
    one = machine(limit_s=500, icount=True, **MACHINES[kind])
    one.boot()
    lines = one.run("test", timeout=400)
    match = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1])
    assert match, lines[-1]
    passed, failed = map(int, match.groups())
    failures = [line for line in lines if line.startswith("FAIL")]
    count(f"os-{kind}", passed, failed)
    assert passed > 0 and failed == 0, "\n".join(failures)


def test_the_fastpath_changes_no_result(machine, count):
    """Each test passes with and without it, and has seen the same: every register after every
    order of its threads, every status, every fault."""
    seen = {}
    for kind, config in FASTPATH.items():
        one = machine(limit_s=500, icount=True, **config)
        one.boot()
        results = one.run_json("test", timeout=400)
        one.close()
        failures = [f"{r['test']}: {r['message']}" for r in results if not r["passed"]]
        count(f"os-{kind}", len(results) - len(failures), len(failures))
        assert results and not failures, "\n".join(failures)
        seen[kind] = {r["test"]: r["message"] for r in results}
    assert len(seen["max"]) > 300
    different = [name for name, result in seen["max"].items() if result != seen["no-fastpath"].get(name)]
    assert not different and len(seen["max"]) == len(seen["no-fastpath"])


def names_in_sources():
    """Every test that the sources name; those of rows (spaces.h) without .same_as and .diff_as."""
    names = set()
    for path in OS.glob("*.c"):
        text = path.read_text()
        names |= set(re.findall(r'\{"((?:kernel|soak|lib)\.[\w.]+)"', text))
        area = re.search(r'BOTH_ENTRIES\("(\w+)", row\)', text)
        if area:
            names |= {f"kernel.{area[1]}.{row}" for row in re.findall(r"\bX\((\w+)\)", text)
                      if re.search(rf"static void {row}\(bool other\)", text)}
    return names | {name.removesuffix(".same_as") for name in names if name.endswith(".same_as")}


def event_table():
    """The rows of docs/ipc.md: (event, state) and the number of parts of the state."""
    text = (ROOT / "docs" / "ipc.md").read_text().split("| event | state | result |")[1]
    for line in text.splitlines()[2:]:
        if not line.startswith("|"):
            return
        event, state, result = (cell.strip() for cell in line.strip("|").split(" | "))
        parts = state.count(" / ") + 1
        assert result.count(" / ") + 1 == parts, f"{event} | {state}: as many results as states"
        yield f"{event} | {state}", parts


def event_rows():
    """event_rows.txt: the tests of each row, a list for each part."""
    rows, last = {}, None
    for line in (OS / "event_rows.txt").read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith(" "):
            rows[last].append(line.split())
        else:
            last = line.strip()
            assert last not in rows, f"twice: {last}"
            rows[last] = []
    return rows


def test_every_row_of_the_event_table_has_its_tests():
    rows, table, names = event_rows(), dict(event_table()), names_in_sources()
    assert len(table) > 30 and len(names) > 200
    assert list(rows) == list(table), "the rows of docs/ipc.md, in its order"
    for row, parts in table.items():
        assert len(rows[row]) == parts, f"{row}: a line of tests for each part"
        for tests in rows[row]:
            assert tests and not [t for t in tests if t not in names], f"{row}: {tests}"


def test_in_os_tests_leave_memory_as_it_was(machine):
    one = machine(boot="pvh", icount=True, limit_s=500)
    one.boot()
    one.run("test", timeout=400)
    before, = one.run_json("mem")
    one.run("test", timeout=400)
    after, = one.run_json("mem")
    assert after == before
