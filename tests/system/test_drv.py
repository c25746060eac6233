"""What drivers cost beyond what test_bench.py measures: messages from a key to its reader, restarts
that leave nothing behind, output that waits for no key, and the null driver's handles."""
import time

import pexpect
import pytest

import bench
from test_kdb import DEBUG, Kdb

FIRST_LINE = 48  # vector of COM1's interrupt: the first that is bound to a driver


@pytest.fixture
def two_lines(machine):
    """A machine with a second serial line that nobody uses."""
    one = machine(boot="pvh", extra=bench.SECOND_LINE)
    one.boot()
    return one


def test_a_thousand_restarts_leave_nothing_behind(two_lines):
    """The benchmark fails if devman's memory, slots or pieces are others afterwards than before."""
    rows = two_lines.run_json("bench drv.restart", 120)
    assert not [row for row in rows if row["unit"] == "failed"]
    deaths = sum(row["n"] + 64 for row in rows)  # 64 rounds warm up
    assert deaths >= 1000
    last = [line for line in two_lines.run("log", 60) if "died" in line][-1]
    assert f"uart8250, instance {deaths} (pid " in last and last.endswith("; restarts at once")
    assert "died: fault: page fault, cannot read address 0x0, " in last
    assert "(framework_inject+" in last


def test_long_output_waits_for_no_key(two_lines):
    """A read that waits for a key is outstanding all the time; more is written than the queue has
    slots and than its data region has bytes."""
    two_lines.run("bench drv.restart.uart8250.total", 60)
    for _ in range(3):
        assert sum(len(line) for line in two_lines.run("log", 30)) > 16384


def test_a_line_that_nobody_reads_is_not_given_up(machine):
    """Time flies here while the host reads nothing: writes become too old, and their drivers die one
    after the other, each with a line that takes nothing when the next one attaches. Output is lost
    then, the session is not."""
    one = machine(boot="pvh", icount=True, extra=bench.SECOND_LINE)
    one.boot()
    one.run("bench drv.restart.uart8250.total", 60)
    one.send("log\r")
    time.sleep(10)
    one.serial.expect([pexpect.TIMEOUT], timeout=5)
    one.send("\recho read again\r")  # how many prompts came before is not known
    one.expect("\r\nread again\r\n", 60)
    one.wait_prompt(60)
    line, = [row for row in one.run_json("drivers", 60) if row["device"] == "/platform/com1"]
    assert line["state"] == "running" and line["restarts"] >= 1
    assert line["last_death"].startswith("request age")


def test_a_benchmark_without_its_line_says_so(shell):
    """Most machines here have one serial line: the second one's driver found no device."""
    row, = shell.run_json("bench drv.serial.write_1")
    assert row["unit"] == "failed" and row["n"] == 0
    assert row["error"].startswith("/platform/com2: ")


def events_after_last_key(lines):
    """The kernel's events from the last interrupt of the line on, as lists of words behind the
    time and the thread."""
    rows = [line.split() for line in lines[1:]]
    keys = [i for i, row in enumerate(rows) if row[2:5] == ["interrupt", "vector", str(FIRST_LINE)]]
    return rows[keys[-1]:]


def those_between(kdb):
    """The threads of COM1's driver, the console and the shell: others have heartbeats to answer."""
    com1, = [row["ENDPOINT"] for row in kdb.table("irqs") if row["SOURCE"] == "4"]
    return {row["THREAD"] for row in kdb.table("threads")
            if row["WAITS"] == com1 or row["PRIO"] == "170" or row["STATE"] == "running"}


def test_a_key_reaches_its_reader_in_three_messages(machine):
    """The interrupt's message, the driver's signal to the console, the console's answer to the
    shell. Messages that the fastpath carries are no events: a call or a reply_recv would be one only
    if it were slow."""
    one = machine(**DEBUG)
    one.boot()
    one.send("kdb")
    one.expect("kdb")
    time.sleep(1)  # the shell waits for the next key
    one.send("\r")
    one.expect("kdb> ")
    kdb = Kdb(one)
    events = events_after_last_key(kdb.run("events"))
    chain = those_between(kdb)
    calls = [row[3] for row in events if row[2] == "syscall" and row[1] in chain]
    until = calls.index("REPLY")
    assert calls[:until + 1] == ["SIGNAL", "REPLY"]
