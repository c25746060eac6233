#!/usr/bin/python3
"""Runs the shell's `bench net` with a network card on q35 behind an IOMMU and tools/net_peer.py at
the wire's other end, and prints what a frame, a packet, 64 KiB cost beside Linux and what is
required. Fails if a figure is more than 5 % above that.

What is only sent is counted by the TSC, which counts guest instructions. What needs the peer runs in
real time, with tools/tcg counting all that is run in a row: waiting is none of it.

usage: net_bench.py [--build=DIR] [NAME...]
"""
import contextlib
import json
import pathlib
import tempfile

import bench
import figures
from emu import Config
from machine import Machine
from net_peer import Peer

LIMIT_S = 400
IOMMU = ("-device", "intel-iommu,intremap=on")
CARD = ("-device", "e1000,netdev=n0,addr=5,mitigation=on")
ORDER = "net.order"
# Rows with the peer: how many of it are a turn, and whether a turn is begun by an order.
UNITS = {"net.udp_recv.18": (2, True), "net.udp_rtt.18": (16, False), "net.udp_rtt.1472": (16, False),
         "net.icmp_echo.56": (16, True), "net.tcp_out_64k": (1, False), "net.tcp_in_64k": (1, False)}


@contextlib.contextmanager
def peer_wire():
    """QEMU's options for a wire with the peer at its other end."""
    with tempfile.TemporaryDirectory(prefix="quoll-net-") as directory:
        here, there = (str(pathlib.Path(directory) / name) for name in ("peer", "guest"))
        peer = Peer(here, there)
        peer.start()
        try:
            yield ("-netdev", f"dgram,id=n0,local.type=unix,local.path={there},"
                              f"remote.type=unix,remote.path={here}")
        finally:
            peer.close()


def run(names, log, icount, wire, extra=(), power_off=False):
    """What the shell says of the rows."""
    config = Config(machine="q35,kernel-irqchip=split", boot="pvh", icount=icount,
                    extra=(*IOMMU, *wire, *CARD, *extra))
    with Machine(config, log, limit_s=LIMIT_S + 60) as m:
        m.boot()
        rows = [row for row in m.run_json(" ".join(["bench", *names]), LIMIT_S) if "bench" in row]
        if power_off:
            m.send("poweroff\r")
            m.wait_exit()
    return rows


def timed(names, log="net_bench-time"):
    """{name: row} in ticks of real time, with the peer."""
    with peer_wire() as wire:
        return {row["bench"]: row for row in run(names, log, False, wire)}


def whole(names, log="net_bench-peer"):
    """{name: what the plugin counted of it}, and {name: row}."""
    with tempfile.TemporaryDirectory() as directory, peer_wire() as wire:
        path = pathlib.Path(directory) / "series"
        rows = run(names, log, False, wire, ("-plugin", f"{bench.PLUGIN},out={path},whole=on"))
        series = [json.loads(line) for line in path.read_text().splitlines()]
    good = [row["bench"] for row in rows if row["n"] != 0]
    if len(good) != len(series):
        raise RuntimeError(f"{len(good)} rows ran, the plugin saw {len(series)}")
    return dict(zip(good, series)), {row["bench"]: row for row in rows}


def per_unit(name, series, rows):
    """Instructions and switches of one unit of @name."""
    units, ordered = UNITS[name]
    found = {}
    for key in ("instructions", "cr3"):
        def turn(one, key=key):
            count = series[one]["cr3"] if key == "cr3" else series[one]["kernel"] + series[one]["user"]
            return count / rows[one]["n"]
        found[key] = (turn(name) - (turn(ORDER) if ordered else 0)) / units
    return found


def with_peer(names, log="net_bench-peer"):
    wanted = [name for name in UNITS if any(name.startswith(asked) for asked in names)]
    if not wanted:
        return {}
    series, rows = whole([ORDER, *wanted], log)
    found = {}
    for name in wanted:
        row = rows.get(name, {"bench": name, "n": 0, "error": "the peer was not found", "unit": "failed"})
        if row["n"] != 0:
            one = per_unit(name, series, rows)
            figure = round(one["instructions"])
            row.update(unit="instructions", median=figure, min=figure, max=figure,
                       switches=round(one["cr3"], 1))
        found[name] = row
    return found


def measure(names=("net",), log="net_bench"):
    """{name: result} of the rows asked for."""
    sent = run(names, log, True, ("-netdev", "hubport,id=n0,hubid=0"))
    return {**{row["bench"]: row for row in sent}, **with_peer(names)}


if __name__ == "__main__":
    figures.run("net", measure, __doc__)
