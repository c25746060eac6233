"""Interrupts, on machines with devices that the in-OS tests command: two of QEMU's edu on one
IO-APIC pin and a second serial port. Which tests exist depends on the machine; so every test that
the sources name must have run where it can."""
import re

import pytest

from conftest import ROOT

DEVICES = ("-device", "edu,addr=4", "-device", "edu,addr=8", "-serial", "null")
EXACT = r"kernel\.irq_edge\.exact_"  # where the TSC counts instructions
EDU = r"kernel\.irq_(msi|level|share)\."

# machine, and the tests that it can't have
MACHINES = {
    "q35": (dict(extra=DEVICES), EXACT),
    "debug": (dict(extra=DEVICES, kernel="build/debug/kernel/quoll.elf",
                   image="build/debug/quoll.img"), EXACT),
    "no-fastpath": (dict(extra=DEVICES, kernel="build/slow/kernel/quoll.elf",
                         image="build/slow/quoll.img"), EXACT),
    "icount": (dict(extra=DEVICES, icount=True), None),
    "bochs": (dict(emulator="bochs", cpu="skylake_x"), EDU),
}


def names_in_sources():
    for path in sorted((ROOT / "tests" / "os").glob("irq*.c")):
        yield from re.findall(r'\{"(kernel\.irq[\w.]*)"', path.read_text())


@pytest.mark.parametrize("kind", MACHINES)
def test_interrupts(machine, count, kind):
    config, impossible = MACHINES[kind]
    wanted = [name for name in names_in_sources() if not impossible or not re.match(impossible, name)]
    one = machine(limit_s=400, boot="pvh", **config)
    one.boot()
    areas = sorted({name.rsplit(".", 1)[0] for name in wanted})
    lines = one.run("test " + " ".join(areas), timeout=300)
    passed = [line.split()[1] for line in lines if line.startswith("pass ")]
    failures = [line for line in lines if line.startswith("FAIL")]
    count(f"irq-{kind}", len(passed), len(failures))
    assert not failures, "\n".join(failures)
    assert sorted(passed) == sorted(wanted)
