"""SPEC=1 builds: the defences that docs/spectre.md names are in the built kernel."""
import subprocess

import pytest

import disassemble
import emu

MSR_PRED_CMD = 0x49
SPEC = emu.ROOT / "build/spec/strip/quoll.elf"
DEFAULT = emu.ROOT / "build/strip/quoll.elf"
# Where user level's numbers become indices in C: each file of the kernel has this many masks at
# least (inline functions make more).
MASKED = {"object/invoke.c": 2, "object/cnode.c": 4, "object/table.c": 3, "object/portmap.c": 2,
          "object/thread_op.c": 1, "ipc/message.c": 2, "syscall.c": 2}


def code(elf):
    """All the kernel's instructions but those that only run once, before there is a user."""
    return disassemble.instructions(elf, section=".text")


def indirect(instructions):
    return [i for i in instructions if i[1] in ("jmp", "call") and i[2].startswith("*")]


def test_no_indirect_branch_is_left():
    assert indirect(code(DEFAULT)), "this test can't see them"
    assert indirect(code(SPEC)) == []
    assert any(name == "lfence" for _, name, _ in code(SPEC))


def slot_look_ups(elf):
    """The instructions before each "shl 5; add CNode" of the fastpath: a handle becomes a slot."""
    path = code(elf)
    return [[name for _, name, _ in path[i - 4:i]] for i in range(4, len(path) - 1)
            if path[i][1] == "shl" and path[i][2].startswith("$0x5,")
            and path[i + 1][1] == "add" and "(%r11)" in path[i + 1][2]]


def test_fastpath_masks_every_handle():
    """By the comparison itself: sbb makes all ones or 0 of its carry."""
    plain, masked = slot_look_ups(DEFAULT), slot_look_ups(SPEC)
    assert len(plain) == len(masked) == 6
    assert all(names[2:] == ["cmp", "jae"] for names in plain)
    assert all(names == ["cmp", "jae", "sbb", "and"] for names in masked)


@pytest.mark.parametrize("source", MASKED)
def test_c_masks_indices(source):
    def masks(build):
        found = disassemble.instructions(emu.ROOT / build / "obj/kernel" / f"{source}.o")
        return sum(name == "sbb" and len(set(operands.split(","))) == 1
                   for _, name, operands in found)

    assert masks("build/spec") >= masks("build") + MASKED[source]


def test_branch_predictor_is_emptied_between_spaces(machine, tmp_path):
    """Bochs's icelake_u has IBPB: a call and its answer on the fastpath use it, and the scheduler."""
    iso = tmp_path / "spec.iso"
    subprocess.run(["tools/mkiso.sh", iso, SPEC, "build/quoll.img"], cwd=emu.ROOT, check=True,
                   capture_output=True)
    elf = emu.ROOT / "build/spec/kernel/quoll.elf"
    sites = disassemble.msr_writes(elf, MSR_PRED_CMD)
    one = machine(emulator="bochs", cpu="icelake_u", iso=str(iso), watch=list(sites))
    one.boot()
    assert "ibpb" in one.run_json("version")[0]["cpu_features"].split()

    def emptied(test):
        before = len(one.watched())
        assert one.run(f"test {test}")[-1] == "1 passed, 0 failed"
        hits = one.watched()[before:]
        assert all(hit["rax"] == 1 and hit["rdx"] == 0 for hit in hits)
        return {sites[hit["rip"]] for hit in hits}

    fastpath = {"syscall_entry", "not_call"}
    assert emptied("kernel.regs.call_reply.diff_as") > fastpath
