#!/usr/bin/python3
"""Runs the long in-OS tests, boots Quoll many times in a row, and writes the results to
docs/soak.md, with date and commit.

usage: soak.py [--count=1000] [--build=DIR] [--no-record]
Each boot must reach the prompt, answer a command, and end by `poweroff`. The machines take turns.
The long tests are those that `test soak` runs: all orders of events that four threads can make.
"""
import argparse
import concurrent.futures
import datetime
import os
import statistics
import subprocess
import sys

import emu
from machine import Machine

MACHINES = [
    emu.Config(machine="q35", cpu="max", memory=256),
    emu.Config(machine="pc", cpu="qemu64", memory=64),
    emu.Config(machine="q35", cpu=emu.HASWELL, memory=4096, boot="disk"),
    emu.Config(machine="q35", cpu="max", memory=128, boot="pvh"),
]
LONG_TESTS_LIMIT_S = 1800


def boot_once(number):
    """Seconds to the prompt, or what went wrong."""
    config = MACHINES[number % len(MACHINES)]
    machine = Machine(config, f"soak-{number % 8}", limit_s=120)
    try:
        with machine:
            seconds = machine.boot()
            if machine.run("echo alive") != ["alive"]:
                return "echo did not answer"
            machine.send("poweroff\r")
            machine.wait_exit()
            return seconds
    except Exception as error:  # a boot that fails must not end the soak
        return f"{config.machine} {config.cpu} {config.memory} MiB: {type(error).__name__}: " \
               f"{str(error)[:200]}"


def long_tests():
    """The last line of `test soak`, and the lines of what failed (its last, if none ran)."""
    with Machine(MACHINES[0], "soak-tests", limit_s=LONG_TESTS_LIMIT_S) as machine:
        machine.boot()
        lines = machine.run("test soak", timeout=LONG_TESTS_LIMIT_S)
    failures = [line for line in lines if line.startswith("FAIL")]
    return lines[-1], failures if lines[-1].endswith(" 0 failed") else failures or lines


def record(line, path=emu.ROOT / "docs" / "soak.md"):
    head = "# Results of the long tests (`make soak`)\n\n" \
           "| date | commit | test | count | result |\n| --- | --- | --- | --- | --- |\n"
    path.parent.mkdir(exist_ok=True)
    text = path.read_text() if path.exists() else head
    path.write_text(text + line + "\n")


def git(*args):
    return subprocess.run(["git", *args], cwd=emu.ROOT, capture_output=True, text=True,
                          check=False).stdout.strip()


def commit():
    dirty = git("status", "--porcelain", "--untracked-files=no")
    return (git("rev-parse", "--short=12", "HEAD") or "none") + (" + changes" if dirty else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--build", default="build")
    parser.add_argument("--no-record", action="store_true")
    args = parser.parse_args()
    os.environ["QUOLL_BUILD"] = args.build
    day = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    result, long_failures = long_tests()
    print("\n".join(["test soak: " + result] + long_failures), flush=True)
    if not args.no_record:
        record(f"| {day} | {commit()} | `test soak` | 1 | {result} |")
    times, failures = [], []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for number, result in enumerate(pool.map(boot_once, range(args.count))):
            if isinstance(result, float):
                times.append(result)
            else:
                failures.append(result)
                print(f"boot {number}: {result}", flush=True)
            if (number + 1) % 50 == 0:
                print(f"{number + 1} boots, {len(failures)} failed", flush=True)
    result = f"{len(times)} passed, {len(failures)} failed"
    if times:
        result += f"; {statistics.median(times):.2f} s to the prompt in the median, " \
                  f"{max(times):.2f} s at most"
    if not args.no_record:
        record(f"| {day} | {commit()} | boot, `echo`, `poweroff`; two at a time | {args.count} "
               f"| {result} |")
    print(result)
    sys.exit(1 if failures or long_failures or not times else 0)


if __name__ == "__main__":
    main()
