"""The edu driver in the system: two of QEMU's edu on one interrupt line."""
import re

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
    wanted = re.findall(r'\{"(drivers\.edu\.\w+)"', (ROOT / "tests/os/edu.c").read_text())
    one = machine(limit_s=400, boot="pvh", extra=DEVICES, **MACHINES[kind])
    one.boot()
    lines = one.run("test drivers.edu", timeout=200)
    passed = [line.split()[1] for line in lines if line.startswith("pass ")]
    failures = [line for line in lines if line.startswith("FAIL")]
    count(f"edu-{kind}", len(passed), len(failures))
    assert not failures and passed == wanted, "\n".join(lines)
