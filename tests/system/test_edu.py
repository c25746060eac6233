"""The edu driver in the system: two of QEMU's edu on one interrupt line."""
import re
import time

import pytest

from conftest import ROOT

DEVICES = ("-device", "edu,addr=4", "-device", "edu,addr=8")
MACHINES = {
    "q35": dict(),
    "debug": dict(kernel="build/debug/kernel/quoll.elf", image="build/debug/quoll.img"),
    "no-fastpath": dict(kernel="build/slow/kernel/quoll.elf", image="build/slow/quoll.img"),
}


@pytest.mark.parametrize("kind", MACHINES)
def test_edu(machine, count, kind):
    """Calls; and one driver's death with the line asserted, which the other does not notice."""
    wanted = re.findall(r'\{"(drivers\.[\w.]+)"', (ROOT / "tests/os/edu.c").read_text())
    one = machine(limit_s=400, boot="pvh", extra=DEVICES, **MACHINES[kind])
    one.boot()
    lines = one.run("test drivers.edu drivers.edu_pair", timeout=200)
    passed = [line.split()[1] for line in lines if line.startswith("pass ")]
    failures = [line for line in lines if line.startswith("FAIL")]
    count(f"edu-{kind}", len(passed), len(failures))
    assert not failures and passed == wanted, "\n".join(lines)


def test_a_line_that_never_falls(machine):
    """The driver stops acknowledging its device: found, killed, and the successor silences it."""
    one = machine(boot="pvh", extra=DEVICES[:2])
    one.boot()
    one.run("inject irq-storm edu")
    deadline, edu = time.monotonic() + 30, {}
    while not edu.get("last_death") and time.monotonic() < deadline:
        time.sleep(0.3)
        edu, = (driver for driver in one.run_json("drivers") if driver["driver"] == "edu")
    assert "irq-storm" in edu["last_death"] and edu["restarts"] == 1, edu
    assert one.run("test drivers.edu")[-1] == "1 passed, 0 failed"
