"""`stop` and `restart` let a driver leave in its own way: its detach handler runs, in bounded time,
and one that hangs or faults there is ended with its name in the log. `kill` asks nobody."""
import re

import pytest

import mkimage
import symbols
from conftest import ROOT
from test_drivers import accounts, driver, log_of_deaths

UD2, HERE = b"\x0f\x0b", b"\xeb\xfe"  # an undefined instruction; a jump to itself
HANG = "in detach: heartbeat: it has not left in the time it had"
FAULT = r"in detach: fault: exception 6 \(.*\), at 0x[0-9a-f]+ \(driver_detach\)"


def with_detach(program, code):
    """@program with other instructions at the beginning of driver_detach."""
    address, = [value for name, _, value in symbols.symbols(program) if name == "driver_detach"]
    at = next(offset + address - start for _, _, _, start, offset, size, *_ in
              symbols.sections(program) if 0 < start <= address < start + size)
    return program[:at] + code + program[at + len(code):]


def machine_with(machine, tmp_path, code):
    files = dict(mkimage.unpack((ROOT / "build" / "quoll.img").read_bytes()))
    whole = (ROOT / "build/debug/strip/null.elf").read_bytes()  # in the released one it is no function
    files["null"] = with_detach(whole, code)
    image = tmp_path / "quoll.img"
    image.write_bytes(mkimage.pack(list(files.items())))
    one = machine(boot="pvh", kernel="build/kernel/quoll.elf", image=str(image))
    one.boot()
    return one


@pytest.mark.parametrize("code,why", [(UD2, FAULT), (HERE, HANG)])
def test_a_detach_that_does_not_return(machine, tmp_path, code, why):
    one = machine_with(machine, tmp_path, code)
    before = accounts(one)
    for _ in range(6):  # more than those that would give it up: orders do not count
        assert re.match(r"null \(/null\) runs, pid \d+$", one.run("restart null", 30)[0])
        assert re.fullmatch(f"restarted by hand: {why}", driver(one, "/null")["last_death"])
        assert log_of_deaths(one)[-1].endswith("; restarts at once")
    assert one.run("kill null")[0].startswith("null (/null) runs, pid ")
    assert driver(one, "/null")["last_death"] == "killed by hand"
    assert one.run("stop null", 30) == [
        "null (/null) does not run (stopped); start /null brings it back"]
    assert re.fullmatch(f"stopped by hand: {why}", driver(one, "/null")["last_death"])
    line = log_of_deaths(one)[-1]
    assert "/null: null, instance 8 (pid " in line and line.endswith("; stays stopped")
    assert one.run("start null")[0].startswith("null (/null) runs, pid ")
    assert accounts(one) == before


def test_one_that_listens_to_nobody(machine):
    """It is deadlocked: the order is never seen."""
    one = machine(boot="pvh")
    one.boot()
    assert one.run("inject deadlock null")[0].startswith("deadlock into null")
    one.run("stop null", 30)
    assert driver(one, "/null")["last_death"] == f"stopped by hand: {HANG}"
