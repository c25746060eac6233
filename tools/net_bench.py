#!/usr/bin/python3
"""Runs the shell's `bench net` with a network card on q35 behind an IOMMU and tools/net_peer.py at
the wire's other end, and prints what a frame, a packet, 64 KiB cost beside Linux and what is
required; the same again where bench, net, mux and e1000 share one address space (the image of `make
iso ONE_AS=1`), and how much less that is. Fails if a figure is more than 5 % above what is required.

What is only sent is counted by the TSC, which counts guest instructions. What needs the peer runs in
real time, with tools/tcg counting all that is run in a row: waiting is none of it.

usage: net_bench.py [--build=DIR] [NAME...]
"""
import contextlib
import json
import pathlib
import tempfile
import time

import bench
import emu
import figures
from emu import Config
from machine import Machine
from net_peer import Peer

LIMIT_S, LINK_LIMIT_S = 400, 30
RUNS = 3  # of what has to do with the peer
IOMMU = ("-device", "intel-iommu,intremap=on")
HUB = ("-netdev", "hubport,id=n0,hubid=0")
ORDER = "net.order"
# The image where bench, net, mux and e1000 are in one address space, and what its rows' names end with.
SHARED_IMAGE, SHARED = "one_as/quoll.img", ".one_as"
# Rows with the peer: how many of it are a turn, and whether a turn is begun by an order.
UNITS = {"net.udp_recv.18": (64, True), "net.udp_rtt.18": (16, False), "net.udp_rtt.1472": (16, False),
         "net.icmp_echo.56": (16, True), "net.tcp_out_64k": (1, False), "net.tcp_in_64k": (1, False)}
# Rows without, and how many of it are a turn.
SENT = {"net.raw_tx.60": 32, "net.raw_tx.60.single": 1, "net.udp_send.18": 16, "net.udp_send.1472": 16,
        "net.udp_send.18.single": 1}
# Of which rows isolation's price is told.
PRICED = {"batched": ("net.raw_tx.60", "net.udp_send.18", "net.udp_send.1472", "net.udp_recv.18"),
          "unbatched": ("net.raw_tx.60.single", "net.udp_send.18.single", "net.udp_rtt.18",
                        "net.udp_rtt.1472", "net.icmp_echo.56")}


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


def machine(icount, wire, extra=(), mitigation="on", image=None):
    return Config(machine="q35,kernel-irqchip=split", boot="pvh", icount=icount, image=image,
                  extra=(*IOMMU, *wire, "-device", f"e1000,netdev=n0,addr=5,mitigation={mitigation}",
                         *extra))


def wait_for_card(m):
    """Until its link is up: `bench` looks for it once."""
    end = time.monotonic() + LINK_LIMIT_S
    while not m.run_json("ifconfig")[0]["up"]:
        if time.monotonic() > end:
            raise RuntimeError(f"the network card has no link after {LINK_LIMIT_S} s")
        time.sleep(0.1)


def run(names, log, icount, wire, extra=(), shared=False, power_off=False):
    """What the shell says of the rows; @shared: of the image of ONE_AS=1."""
    image = str(emu.build_dir() / SHARED_IMAGE) if shared else None
    with Machine(machine(icount, wire, extra, image=image), log, limit_s=LIMIT_S + 60) as m:
        m.boot()
        wait_for_card(m)
        rows = [row for row in m.run_json(" ".join(["bench", *names]), LIMIT_S) if "bench" in row]
        if power_off:
            m.send("poweroff\r")
            m.wait_exit()
    return rows


def timed(names, log="net_bench-time"):
    """{name: row} in ticks of real time, with the peer."""
    with peer_wire() as wire:
        return {row["bench"]: row for row in run(names, log, False, wire)}


def counted(names, log, icount, wire, shared=False):
    """{name: what the plugin counted of it}, and {name: row}; without SHARED, which they have in the
    guest."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "series"
        rows = run(names, log, icount, wire,
                   ("-plugin", f"{bench.PLUGIN},out={path},whole=on"), shared)
        series = [json.loads(line) for line in path.read_text().splitlines()]
    if shared and not all(row["bench"].endswith(SHARED) for row in rows):
        raise RuntimeError(f"{SHARED_IMAGE} is no image of ONE_AS=1: make ONE_AS=1 iso makes it")
    rows = {row["bench"].removesuffix(SHARED): row for row in rows}
    good = [name for name, row in rows.items() if row["n"] != 0]
    if len(good) != len(series):
        raise RuntimeError(f"{len(good)} rows ran, the plugin saw {len(series)}")
    return dict(zip(good, series)), rows


def whole(names, log="net_bench-peer", shared=False):
    """The same, with the peer."""
    with peer_wire() as wire:
        return counted(names, log, False, wire, shared)


def per_unit(name, series, rows):
    """Instructions and switches of one unit of @name, and the instructions of the turn of it that
    took the least."""
    units, ordered = UNITS[name]

    def of(one):
        every, least = series[one]["all"], series[one]["least"]
        return [every["instructions"] / rows[one]["n"], every["cr3"] / rows[one]["n"],
                least["instructions"]]
    order = of(ORDER) if ordered else [0, 0, 0]
    return [(value - cost) / units for value, cost in zip(of(name), order)]


def with_peer(names, log="net_bench-peer", shared=False):
    wanted = [name for name in UNITS if any(name.startswith(asked) for asked in names)]
    if not wanted:
        return {}
    series, rows = whole([ORDER, *wanted], log, shared)
    found = {}
    for name in wanted:
        row = rows.get(name, {"bench": name, "n": 0, "error": "the peer was not found", "unit": "failed",
                              "median": 0})
        if row["n"] != 0:
            mean, switches, least = per_unit(name, series, rows)
            row.update(unit="instructions", median=round(mean), min=round(least), max=round(mean),
                       switches=round(switches, 1))
        found[name] = row
    return found


def middle(runs):
    """Of each row of several runs that with the median of their figures, and the least of all."""
    found = {}
    for name in runs[0]:
        rows = sorted((run[name] for run in runs), key=lambda row: (row["n"] != 0, row["median"]))
        found[name] = rows[0] if rows[0]["n"] == 0 else {
            **rows[len(rows) // 2], "min": min(row["min"] for row in rows)}
    return found


def sent(names, log, shared=False):
    """Rows that need nobody: the TSC counts them, the plugin their switches."""
    series, rows = counted(names, log, True, HUB, shared)
    for name, row in rows.items():
        if name in series:
            row["switches"] = round(series[name]["all"]["cr3"] / row["n"] / SENT[name], 1)
    return rows


def prices(found):
    """What isolation costs, of each kind of row the dearest: the difference between their least, as
    more than the difference would vary from run to run."""
    for kind, names in PRICED.items():
        both = [(found[name], found[name + SHARED]) for name in names
                if found.get(name, {}).get("n") and found.get(name + SHARED, {}).get("n")]
        if both:
            dear = [apart["min"] - shared["min"] for apart, shared in both]
            switches = max(apart["switches"] - shared["switches"] for apart, shared in both)
            yield f"net.isolation.{kind}", {
                "bench": f"net.isolation.{kind}", "unit": "instructions", "n": len(both),
                "min": min(dear), "median": max(dear), "max": max(dear),
                "switches": round(switches, 1)}


def measure(names=("net",), log="net_bench"):
    """{name: result} of the rows asked for, each also as in one address space, and the price."""
    names = [name.removesuffix(SHARED) for name in names]
    found = {}
    for shared, suffix in ((False, ""), (True, SHARED)):
        rows = {**sent(names, log + suffix, shared),
                **middle([with_peer(names, log + "-peer" + suffix, shared) for _ in range(RUNS)])}
        found.update({name + suffix: row for name, row in rows.items()})
    return {**found, **dict(prices(found))}


if __name__ == "__main__":
    figures.run("net", measure, __doc__)
