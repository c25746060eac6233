#!/usr/bin/python3
"""Runs the shell's `bench net` with a network card on q35 behind an IOMMU, the TSC counting guest
instructions, and prints what a frame costs beside Linux and what is required. Fails if a figure is
more than 5 % above that.

usage: net_bench.py [--build=DIR] [NAME...]
"""
import argparse
import os
import sys

import bench_gate
import disk_bench
from emu import Config
from machine import Machine

LIMIT_S = 300
CARD = ("-device", "intel-iommu,intremap=on", "-netdev", "hubport,id=n0,hubid=0",
        "-device", "e1000,netdev=n0,addr=5,mitigation=on")


def measure(names=("net",)):
    """{name: result} of the rows asked for."""
    config = Config(machine="q35,kernel-irqchip=split", boot="pvh", icount=True, extra=CARD)
    with Machine(config, "net_bench", limit_s=LIMIT_S + 60) as m:
        m.boot()
        rows = m.run_json(" ".join(["bench", *names]), LIMIT_S)
    return {row["bench"]: row for row in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build", help="directory of the build to run")
    parser.add_argument("names", nargs="*", default=["net"], metavar="NAME")
    args = parser.parse_args()
    os.environ["QUOLL_BUILD"] = args.build
    reference = bench_gate.load_reference()
    results = measure(args.names)
    print("\n".join(disk_bench.table(results, reference, "net")))
    failed = [line for line in disk_bench.problems(results, reference, "net")
              if args.names == ["net"] or "was not measured" not in line]
    for line in failed:
        print(f"net_bench: {line}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
