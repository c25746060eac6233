#!/usr/bin/python3
"""Runs the shell's `bench` where the TSC counts guest instructions, and prints a table next to
the references of tools/bench_reference.json. Fails if a benchmark of that file is missing.

usage: bench.py [--build=DIR] [NAME...]
"""
import argparse
import json
import os
import pathlib
import sys

from emu import Config
from machine import Machine

REFERENCE = pathlib.Path(__file__).with_name("bench_reference.json")
LIMIT_S = 240


def measure(names=(), log="bench"):
    """{name: result} of the benchmarks asked for, all without names."""
    with Machine(Config(boot="pvh", icount=True), log, limit_s=LIMIT_S + 60) as m:
        m.boot()
        rows = m.run_json(" ".join(["bench", *names]), LIMIT_S)
    errors = [row["error"] for row in rows if "error" in row]
    if errors:
        raise RuntimeError("; ".join(errors))
    return {row["bench"]: row for row in rows}


def cell(value):
    return "-" if value is None else f"{value:,}"


def print_table(results, references):
    width = max(len(name) for name in [*results, *references])
    print(f"{'benchmark':{width}}  {'median':>9} {'min':>9} {'max':>9}"
          f"  {'required':>9} {'aim':>9} {'seL4':>9} {'Pistachio':>9}  unit")
    for name in [*references, *(n for n in results if n not in references)]:
        row, ref = results.get(name), references.get(name, {})
        if row is None:
            continue
        required = ref.get("required")
        over = required is not None and row["median"] > required
        print(f"{name:{width}}  {row['median']:>9,} {row['min']:>9,} {row['max']:>9,}"
              f"  {cell(required):>9} {cell(ref.get('aim')):>9} {cell(ref.get('sel4')):>9}"
              f" {cell(ref.get('pistachio')):>9}  {row['unit']}{'  OVER' if over else ''}")


def problems(results, references):
    """What is missing, failed, or not counted in instructions."""
    for name in references:
        row = results.get(name)
        if row is None:
            yield f"{name}: missing"
        elif row["n"] == 0:
            yield f"{name}: failed ({row['unit']})"
        elif row["unit"] != "instructions":
            yield f"{name}: in {row['unit']}, not in instructions"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    os.environ["QUOLL_BUILD"] = args.build
    references = json.loads(REFERENCE.read_text())["benchmarks"]
    results = measure(args.names)
    print_table(results, references)
    wanted = references if not args.names else {}
    wrong = list(problems(results, wanted))
    for line in wrong:
        print(f"bench: {line}", file=sys.stderr)
    sys.exit(1 if wrong or not results else 0)


if __name__ == "__main__":
    main()
