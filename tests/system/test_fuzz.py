"""The system-call fuzzer, and the invariant checker that it relies on: it must pass, replay, give
the same results in every build and emulator, and notice a damaged kernel."""
import json
import subprocess

import pytest

DEBUG = dict(boot="pvh", kernel="build/debug/kernel/quoll.elf", image="build/debug/quoll.img")
BUILDS = {
    "release": dict(boot="pvh"),
    "no-fastpath": dict(boot="pvh", kernel="build/slow/kernel/quoll.elf",
                        image="build/slow/quoll.img"),
    "counted": dict(boot="pvh", icount=True),
    "pc-128": dict(boot="pvh", machine="pc", memory=128),
}


def fuzz(one, arguments, timeout=300):
    """The result of a run; a debug build also says where it is."""
    lines = one.run(f"fuzz {arguments} --json", timeout)
    result, = [json.loads(line) for line in lines if line.startswith("{")]
    assert result["passed"], result["message"]
    return result


@pytest.fixture(scope="module")
def expected(machine_of_module):
    """Seed 1's results in a debug build, kernel checked."""
    return fuzz(machine_of_module, "10000 1")


@pytest.fixture(scope="module")
def machine_of_module():
    from emu import Config
    from machine import Machine
    with Machine(Config(**DEBUG), "test_fuzz-debug", limit_s=400) as one:
        one.boot()
        yield one


def test_debug_build_holds_its_invariants(expected):
    assert expected["calls"] == 10000 and expected["checks"] > 10000 // 256
    # that the calls are not all refused, and that threads wait in between
    assert expected["done"] > 2000 and expected["blocked"] > 500 and expected["worlds"] > 5
    assert sum(expected[key] for key in ("done", "refused", "blocked", "lost")) == 10000


def test_seed_replays(machine_of_module, expected):
    assert fuzz(machine_of_module, "10000 1 10001")["hash"] == expected["hash"]
    assert fuzz(machine_of_module, "10000 2")["hash"] != expected["hash"]


def test_with_time(machine_of_module):
    assert fuzz(machine_of_module, "10000 3 timed")["timed"]


@pytest.mark.parametrize("kind", BUILDS)
def test_same_results_in_every_build(machine, expected, kind):
    one = machine(limit_s=300, **BUILDS[kind])
    one.boot()
    result = fuzz(one, "10000 1")
    assert result["checks"] == 0
    differ = {key for key in result if result[key] != expected[key]}
    assert differ == {"checks"}


def test_same_results_on_bochs(machine, machine_of_module):
    one = machine(emulator="bochs", cpu="skylake_x", limit_s=300)
    one.boot()
    assert fuzz(one, "2000 5")["hash"] == fuzz(machine_of_module, "2000 5")["hash"]


def test_regressions_with_counted_instructions(machine):
    """Some faults only show where time does not pass by itself."""
    one = machine(limit_s=100, **BUILDS["counted"])
    one.boot()
    assert one.run("test kernel.regress")[-1].endswith(" 0 failed")


def test_interrupted(machine):
    one = machine(boot="pvh", limit_s=100)
    one.boot()
    one.send("fuzz 100000000 1\r")
    one.expect("fuzz 100000000 1\r\n")
    one.send("\x03")
    assert "passed" in one.wait_prompt(60)


def test_arguments(shell):
    for line, part in [("fuzz", "usage: fuzz"), ("fuzz many", "N is a number"),
                       ("fuzz 1 x", "SEED is a number"), ("fuzz 1 1 1 late", "usage: fuzz")]:
        lines = shell.run(line)
        assert len(lines) == 1 and part in lines[0]


# What gdb changes in a running kernel, and what the checker must say of it. The thread is that of
# the task `test`, which waits for requests; its CNode holds its address space in slot 2. Threads are
# listed newest first, and those of drivers change; only `bench`, `test` and `fuzz`, started in this
# order, have the priority 120.
FIND_THREAD = """
set $fuzz = all_threads
while $fuzz->n.prio != 120
  set $fuzz = $fuzz->all_next
end
"""
THREAD = "$fuzz->all_next"
ENTRY = "$t = (struct table *)(0xffff800000000000 + ($t->entry[{}] & 0xffffffffff000))"
DAMAGE = {
    "thread: previous of all": f"{THREAD}->all_prev = 0",
    "thread: state word": f"{THREAD}->n.word = {THREAD}->n.word + 0x01000000",
    "thread: CNode's size": f"{THREAD}->cnode_slots = 3",
    "thread: armed reply": f"{THREAD}->reply->owner = 0",
    "queue: previous": f"{THREAD}->n.next->prev = 0",
    "tree: depth": f"{THREAD}->slots[0].depth = 9",
    "tree: object": f"{THREAD}->cnode[15].obj = {THREAD}->cnode[15].obj + 128",
    "tree: end of the memory": f"{THREAD}->cnode[11].obj = {THREAD}->cnode[11].obj - 0x1000000",
    "space: write or execute": f"$t = (struct table *){THREAD}->cnode[2].obj, {ENTRY.format(0)}, "
                               f"{ENTRY.format(0)}, {ENTRY.format(2)}, "
                               "$t->entry[0] = $t->entry[0] | 2",
    "ports open": "taken[20] = 1",
    "source: unacknowledged": "sources[0].owed = 1",
    "ready: bit": "((struct cpu *)0xfffffe7ffffff000)->ready_bits[0] = 2",
}


@pytest.mark.parametrize("finding", DAMAGE)
def test_checker_finds_damage(machine, tmp_path, finding):
    socket = tmp_path / "gdb"
    one = machine(limit_s=60, extra=("-gdb", f"unix:{socket},server=on,wait=off"), **DEBUG)
    one.boot()
    orders = tmp_path / "orders"
    orders.write_text(f"target remote {socket}\n{FIND_THREAD}set var {DAMAGE[finding]}\ndetach\n")
    done = subprocess.run(
        ["gdb", "-q", "-nx", "-batch", DEBUG["kernel"], "-x", orders],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    one.send("fuzz 1\r")
    said = one.expect("panic: check 0: the kernel's invariants are broken")
    assert f"broken: {finding} of " in said
