"""The tests that run inside the system, on the machines that differ most. The TSC counts
instructions on all of them, so shares of time are exact however busy the host is."""
import re

import pytest

MACHINES = {
    "max": dict(boot="pvh"),
    "pc-qemu64-64": dict(boot="pvh", machine="pc", cpu="qemu64", memory=64),
    "debug": dict(boot="pvh", kernel="build/debug/kernel/quoll.elf", image="build/debug/quoll.img"),
    "no-fastpath": dict(boot="pvh", kernel="build/slow/kernel/quoll.elf", image="build/slow/quoll.img"),
    "spec": dict(boot="pvh", kernel="build/spec/strip/quoll.elf"),
    "bochs": dict(emulator="bochs", cpu="skylake_x"),
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


def test_in_os_tests_leave_memory_as_it_was(machine):
    one = machine(boot="pvh", icount=True, limit_s=500)
    one.boot()
    one.run("test", timeout=400)
    before, = one.run_json("mem")
    one.run("test", timeout=400)
    after, = one.run_json("mem")
    assert after == before
