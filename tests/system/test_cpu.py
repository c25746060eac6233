"""What the kernel makes of each processor. Bochs tells what it really did: which control bits it
set, through which registers it drives the APIC and its timer, and what it invalidates. (Neither
emulator has a tagged TLB: tests/host/test_tlb.c runs the same code against a model of one.)"""
import re

import pytest

import disassemble
import emu
from emu import HASWELL

FEATURES = {
    ("qemu", "max"): "nx pge pages_1g smep smap umip xsave avx",
    ("qemu", "qemu64"): "nx pge",
    ("qemu", HASWELL): "nx pge pages_1g smep smap umip xsave avx",
    ("bochs", "haswell"): "nx pge pages_1g smep pcid x2apic tsc_deadline xsave avx",
    ("bochs", "skylake_x"): "nx pge pages_1g smep smap pcid x2apic tsc_deadline xsave avx",
    ("bochs", "ryzen"): "nx pge pages_1g smep smap xsave avx",
}
CR4_FLAGS = {"pge": "PGE", "smep": "SMEP", "smap": "SMAP", "umip": "UMIP", "pcid": "PCID",
             "xsave": "OSXSAVE"}
MSR_X2APIC_EOI = 0x80b
MSR_TSC_DEADLINE = 0x6e0
INVPCID_ADDRESS, INVPCID_SPACE = 0, 1


KERNEL = emu.ROOT / "build/kernel/quoll.elf"


def sites():
    """Where the kernel has set itself up, and where it sets and acknowledges its timer by MSR."""
    return [disassemble.instructions(KERNEL, "root_create")[0][0],
            *disassemble.msr_writes(KERNEL, MSR_TSC_DEADLINE),
            *disassemble.msr_writes(KERNEL, MSR_X2APIC_EOI)]


def features(one):
    """As the shell and the kernel's log say, which must be the same."""
    said = one.run_json("version")[0]["cpu_features"]
    assert f"CPU features in use: {said}" in one.run("log")
    return said


@pytest.mark.parametrize("emulator,cpu", [key for key in FEATURES if key[0] == "qemu"],
                         ids=lambda value: value.split(",")[0])
def test_features_qemu(machine, emulator, cpu):
    one = machine(boot="pvh", cpu=cpu)
    one.boot()
    assert features(one) == FEATURES[emulator, cpu]


def check_registers(hits, expected):
    """The control bits are those of the features, and the APIC is driven as they say."""
    for feature, flag in CR4_FLAGS.items():
        assert (flag in hits[0]["cr4"]) == (feature in expected.split()), feature
    assert hits[0]["xcr0"] == {"FPU", "SSE", "YMM"}
    written = {hit["rcx"] & 0xffffffff for hit in hits[1:]}
    assert (MSR_X2APIC_EOI in written) == ("x2apic" in expected)
    assert (MSR_TSC_DEADLINE in written) == ("tsc_deadline" in expected)


@pytest.mark.parametrize("cpu", ["haswell", "ryzen"])
def test_features_bochs(machine, cpu):
    """Bochs refuses what a CPU model lacks: unknown CR4 bits and MSRs fault."""
    one = machine(emulator="bochs", cpu=cpu, watch=sites())
    one.boot()
    assert features(one) == FEATURES["bochs", cpu]
    assert one.run("test kernel.notification.deadline")[-1].endswith(", 0 failed")
    check_registers(one.watched(), FEATURES["bochs", cpu])


def invpcid_sites():
    """{address: operands}"""
    return {address: operands for address, mnemonic, operands in disassemble.instructions(KERNEL)
            if mnemonic == "invpcid"}


def invalidations(one, test):
    """[(type, PCID, address)] of each INVPCID that the in-OS test @test causes on the way."""
    invpcid = invpcid_sites()
    assert all(re.fullmatch(r"\(%rsp\),%r\w+", operands) for operands in invpcid.values())
    before = len(one.watched())
    assert one.run(f"test {test}")[-1] == "1 passed, 0 failed"
    return [(hit[invpcid[hit["rip"]].split("%")[-1]], *hit["stack"])
            for hit in one.watched()[before:] if hit["rip"] in invpcid]


def test_features_and_invalidations_bochs(machine):
    """A page taken out of a space that is not loaded is invalidated there. A space's number is
    invalidated as a whole when it dies: two spaces live one after the other under one number,
    and only the second has that page invalidated."""
    one = machine(emulator="bochs", cpu="skylake_x",
                  watch=[*sites(), *invpcid_sites()])
    one.boot()
    assert features(one) == FEATURES["bochs", "skylake_x"]
    assert one.run("test kernel.notification.deadline")[-1].endswith(", 0 failed")
    check_registers(one.watched(), FEATURES["bochs", "skylake_x"])
    found = invalidations(one, "kernel.cpu.page_of_other_space")
    assert (INVPCID_ADDRESS, 0x40005000) in [(kind, va) for kind, _, va in found]
    found = invalidations(one, "kernel.cpu.space_after_another")
    (second, number), = [(i, pcid) for i, (kind, pcid, va) in enumerate(found)
                         if kind == INVPCID_ADDRESS and va == 0x40005000]
    assert number != 0 and (INVPCID_SPACE, number, 0) in found[:second]
