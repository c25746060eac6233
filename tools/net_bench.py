#!/usr/bin/python3
"""Runs the shell's `bench net` with a network card on q35 behind an IOMMU, the TSC counting guest
instructions, and prints what a frame costs beside Linux and what is required. Fails if a figure is
more than 5 % above that.

usage: net_bench.py [--build=DIR] [NAME...]
"""
import figures
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


if __name__ == "__main__":
    figures.run("net", measure, __doc__)
