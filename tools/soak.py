#!/usr/bin/python3
"""Runs the long in-OS tests, the system-call fuzzer and the models of session queues, boots Quoll many
times in a row, and writes the results to docs/soak.md, with date and commit.

usage: soak.py [--only=tests,deaths,disks,net,fuzz,spin,boots] [--count=1000] [--kills=1000]
               [--build=DIR] [--no-record]
Each boot must reach the prompt, answer a command, and end by `poweroff`. The machines take turns.
The long tests are those that `test soak` runs: all orders of events that four threads can make.
"""
import argparse
import concurrent.futures
import datetime
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

import emu
from machine import Machine
import spin

MACHINES = [
    emu.Config(machine="q35", cpu="max", memory=256),
    emu.Config(machine="pc", cpu="qemu64", memory=64),
    emu.Config(machine="q35", cpu=emu.HASWELL, memory=4096, boot="disk"),
    emu.Config(machine="q35", cpu="max", memory=128, boot="pvh"),
]
LONG_TESTS_LIMIT_S = 1800

# Session queues: seconds for one model, and how much longer than in `make test` the host tests are.
SPIN_LIMIT_S = 1800
QUEUE_SOAK = {"QUEUE_SCALE": "20", "QUEUE_REQUESTS": "40000000"}

# Drivers' deaths: each driver 20 times so many rounds, and at every instruction of a request.
DEATHS_SOAK = {"DEATHS_ROUNDS": "50", "DEATHS_EACH": "1",
               "DEATHS_LOG": str(emu.ROOT / "build" / "logs" / "soak-deaths.progress")}

# Disks: deaths at every instruction of a read, a write, a flush and of what is ordered by flushes; a
# copy of 256 MiB at a kill a second and under every fault.
DISKS_SOAK = {"DEATHS_EACH": "1", "DISK_MIB": "256"}
DISKS = [f"tests/system/test_{name}.py" for name in ("ata", "disk_order", "disk_copy", "disk_wild")]

# Downloads of so many MiB, until the network card's driver has died so often; every fault below a
# connection; a hostile network; hostile bytes for all parsers on the host, so many times as many.
NET_SOAK = {"NET_MIB": "256", "NET_KILLS": "1000", "NET_FAULTS": "all", "NET_FLOOD": "10000"}
NET_FUZZ_SOAK = {"NET_FUZZ": "20", "HTTP_FUZZ": "20", "NBD_FUZZ": "20"}
NET = [f"tests/system/test_net_{name}.py" for name in ("download", "restart", "hostile")]
NET_FUZZ = [f"tests/system/test_{name}.py" for name in ("net_host", "http", "nbd")]

# The fuzzer runs in the debug build, whose kernel checks itself. Bochs has what QEMU lacks: PCIDs
# and strict faults.
FUZZ_CALLS = {"qemu": 1000000, "bochs": 20000}
FUZZ_SEEDS = range(1, 11)
FUZZ_LIMIT_S = 3600


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
    dirty = git("status", "--porcelain", "--untracked-files=no", "--", ":!docs/soak.md")
    return (git("rev-parse", "--short=12", "HEAD") or "none") + (" + changes" if dirty else "")


def fuzz_once(emulator, seed):
    """The results of a run, None and what went wrong otherwise. A debug build says which world it
    is in, so a panic can be replayed by that world's own seed."""
    calls = FUZZ_CALLS[emulator]
    iso = str(emu.ROOT / "build/debug/quoll.iso")
    machine = Machine(emu.Config(emulator=emulator, cpu="skylake_x" if emulator == "bochs" else "max",
                                 iso=iso), f"soak-fuzz-{emulator}-{seed}", limit_s=FUZZ_LIMIT_S)
    results = []
    try:
        with machine:
            machine.boot()
            for order in (f"{calls} {seed}", f"{calls // 5} {seed} 256 timed"):
                lines = machine.run(f"fuzz {order} --json", timeout=FUZZ_LIMIT_S)
                results += [json.loads(line) for line in lines if line.startswith("{")]
        failed = [result for result in results if not result["passed"]]
        return results, failed and f"seed {seed}: {failed[0]['message']}"
    except Exception as error:
        log = machine.log_path.read_text(errors="replace")
        world = re.findall(r"fuzz: (world \S+)", log)
        broken = [line for line in log.splitlines() if "broken:" in line or "panic:" in line]
        return results, f"seed {seed}: {type(error).__name__}; {world[-1] if world else ''}\n  " + \
            "\n  ".join(broken[:8] + [f"log: {machine.log_path}"])


def fuzz(emulator, seeds):
    """Run all seeds, two at a time. Returns the line for the table and what went wrong."""
    problems, calls, checks, passed = [], 0, 0, 0
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for seed, (results, problem) in zip(seeds, pool.map(lambda s: fuzz_once(emulator, s), seeds)):
            calls += sum(result["calls"] for result in results)
            checks += sum(result["checks"] for result in results)
            passed += not problem
            problems += [problem] if problem else []
            said = problem or f"passed, hash {results[0]['hash']:016x}"
            print(f"fuzz {emulator} seed {seed}: {said}", flush=True)
    minutes = (time.monotonic() - started) / 60
    result = f"{passed} passed, {len(problems)} failed; {calls} calls, the kernel's invariants " \
             f"checked {checks} times, {minutes:.0f} minutes"
    print(f"fuzz {emulator}: {result}", flush=True)
    return result, problems


def soak_tests(add):
    result, failures = long_tests()
    print("\n".join(["test soak: " + result] + failures), flush=True)
    add("`test soak`", 1, result)
    return failures


def soak_fuzz(add):
    failures = []
    for emulator, calls in FUZZ_CALLS.items():
        result, problems = fuzz(emulator, FUZZ_SEEDS)
        add(f"{emulator}: `fuzz {calls} SEED` and `fuzz {calls // 5} SEED 256 timed`, debug build, "
            f"seeds {FUZZ_SEEDS[0]} to {FUZZ_SEEDS[-1]}", len(FUZZ_SEEDS), result)
        failures += problems
    return failures


def soak_spin(add):
    """The models of tests/spin with larger bounds, and the queue's host tests for longer."""
    failures = []
    for model in spin.LARGER:
        try:
            states, wrong = spin.check(model, limit_s=SPIN_LIMIT_S)
            result = f"{states} states, {wrong or 'nothing is wrong'}"
        except (spin.SpinError, subprocess.TimeoutExpired) as error:
            wrong = result = f"not finished: {str(error)[-300:]}"
        print(f"spin {model}: {result}", flush=True)
        add(f"model `{model}`", 1, result)
        failures += [f"spin {model}: {wrong}"] if wrong else []
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k",
                           "queue", "tests/system/test_host.py"], capture_output=True, text=True,
                          env={**os.environ, **QUEUE_SOAK}, cwd=emu.ROOT, check=False)
    result = done.stdout.strip().splitlines()[-1]
    print(f"queue's host tests: {result}", flush=True)
    add("queue's host tests, " + ", ".join(f"{k}={v}" for k, v in QUEUE_SOAK.items()), 1, result)
    return failures + ([done.stdout[-2000:]] if done.returncode else [])


def soak_deaths(add, each):
    """tests/system/test_deaths.py for longer; its faults are as often in `make test`. How far it
    is stands in DEATHS_LOG."""
    chosen = {**DEATHS_SOAK, **({"DEATHS_ROUNDS": str(each // 20)} if each else {}), **os.environ}
    log = pathlib.Path(chosen["DEATHS_LOG"])
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("")
    print(f"deaths: how far it is stands in {log}", flush=True)
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                           "--durations=0", "-k", "not every_fault", "tests/system/test_deaths.py"],
                          capture_output=True, text=True, env=chosen, cwd=emu.ROOT, check=False)
    minutes = (time.monotonic() - started) / 60
    result = f"{done.stdout.strip().splitlines()[-1]}; {minutes:.0f} minutes"
    log.write_text(log.read_text() + done.stdout)
    print(f"deaths: {result}", flush=True)
    add(f"deaths of drivers: {20 * int(chosen['DEATHS_ROUNDS'])} of each under load, and at every "
        "instruction of a request", 1, result)
    return [done.stdout[-2000:]] if done.returncode else []


def soak_disks(add):
    log = emu.ROOT / "build" / "logs" / "soak-disks.log"
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                           "--durations=0", *DISKS], capture_output=True, text=True,
                          env={**os.environ, **DISKS_SOAK}, cwd=emu.ROOT, check=False)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(done.stdout)
    minutes = (time.monotonic() - started) / 60
    result = f"{done.stdout.strip().splitlines()[-1]}; {minutes:.0f} minutes"
    print(f"disks: {result}", flush=True)
    add("disks: deaths at every instruction, 256 MiB copied at a kill a second and under every "
        "fault, order around flushes", 1, result)
    return [done.stdout[-2000:]] if done.returncode else []


def net_part(name, environment, *args):
    """pytest's last line, the figures of downloads, and what it said if it failed."""
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *args],
                          capture_output=True, text=True, env={**environment, **os.environ},
                          cwd=emu.ROOT, check=False)
    log = emu.ROOT / "build" / "logs" / f"soak-{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(done.stdout)
    figures = re.findall(r"^\.?((?:\d+ times \d+ MiB|wget:|http server:) .*)$", done.stdout, re.M)
    result = "; ".join([*figures, done.stdout.strip().splitlines()[-1],
                        f"{(time.monotonic() - started) / 60:.0f} minutes"])
    print(f"{name}: {result}", flush=True)
    return result, [done.stdout[-2000:]] if done.returncode else []


def soak_net(add, kills):
    chosen = {**NET_SOAK, **({"NET_KILLS": str(kills)} if kills else {})}
    result, failures = net_part("net", chosen, *NET)
    add(f"downloads of {chosen['NET_MIB']} MiB while e1000 dies once a second, {chosen['NET_KILLS']} "
        "times; each fault below a connection; floods, a link that flaps", 1, result)
    result, more = net_part("net-fuzz", NET_FUZZ_SOAK, "-k", "sanitizers or test_core or test_protocol", *NET_FUZZ)
    add("hostile bytes for net, http and nbd on the host, " +
        ", ".join(f"{k}={v}" for k, v in NET_FUZZ_SOAK.items()), 1, result)
    return failures + more


def soak_boots(add, count):
    times, failures = [], []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for number, result in enumerate(pool.map(boot_once, range(count))):
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
    add("boot, `echo`, `poweroff`; two at a time", count, result)
    print(result)
    return failures if times else ["no boot succeeded"]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--kills", type=int, help="of each driver, instead of 1000")
    parser.add_argument("--build", default="build")
    parser.add_argument("--only", default="tests,deaths,disks,net,fuzz,spin,boots")
    parser.add_argument("--no-record", action="store_true")
    args = parser.parse_args()
    os.environ["QUOLL_BUILD"] = args.build
    day = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")

    def add(test, count, result):
        if not args.no_record:
            record(f"| {day} | {commit()} | {test} | {count} | {result} |")

    parts = {"tests": lambda: soak_tests(add), "fuzz": lambda: soak_fuzz(add),
             "spin": lambda: soak_spin(add),
             "deaths": lambda: soak_deaths(add, args.kills),
             "disks": lambda: soak_disks(add),
             "net": lambda: soak_net(add, args.kills),
             "boots": lambda: soak_boots(add, args.count)}
    failures = [failure for part in args.only.split(",") for failure in parts[part]()]
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
