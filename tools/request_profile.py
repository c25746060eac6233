#!/usr/bin/python3
"""Which functions a disk's requests, or packets, spend their instructions in: runs rows of `bench
disk`, or one of `bench net` with a peer, on plain TCG under tools/tcg/requests.c and finds each
instruction that ran in the program whose file has these bytes at this address. Prints instructions a
request, by program and by function. Of a row of the network that begins with an order the order's
are among them.

usage: request_profile.py [--build=DIR] [--way=dma|dma-off|pio] [--top=N] NAME
"""
import argparse
import bisect
import collections
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

import disk_bench
import emu
import net_bench

WAYS = dict(zip(("dma", "dma-off", "pio"), disk_bench.WAYS))
PT_LOAD = 1


class Program:
    """An ELF64 file: what its loaded segments hold, and the functions that have names."""

    def __init__(self, path):
        self.name = path.stem
        self.data = path.read_bytes()
        offset, = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        headers = [struct.unpack_from("<IIQQQQ", self.data, offset + i * size) for i in range(count)]
        self.segments = [(va, at, n) for kind, _, at, va, _, n in headers if kind == PT_LOAD]
        lines = subprocess.run(["nm", "-n", "--defined-only", path], capture_output=True, text=True,
                               check=True).stdout.splitlines()
        rows = [line.split() for line in lines]
        self.symbols = [(int(row[0], 16), row[2]) for row in rows if row[1] in "tTwW"]

    def has(self, va, code):
        return any(start <= va < start + n and self.data[at + va - start:][:len(code)] == code
                   for start, at, n in self.segments)

    def function_at(self, va):
        i = bisect.bisect_right(self.symbols, (va, "\x7f")) - 1
        return self.symbols[i][1] if i >= 0 else hex(va)


def programs():
    """The kernel and who has to do with requests first: libraries lie in several at one address."""
    build = emu.build_dir()
    first = ["bench", "ata", "ahci", "e1000", "mux", "net", "devman"]
    paths = sorted((build / "user").glob("*.elf"),
                   key=lambda p: (first.index(p.stem) if p.stem in first else len(first), p.stem))
    return [Program(path) for path in (build / "kernel" / "quoll.elf", *paths)]


def attribute(lines, candidates):
    """{(program, function): instructions} of the plugin's lines."""
    found = collections.Counter()
    for line in lines:
        address, times, code = line.split()
        va, code = int(address, 16), bytes.fromhex(code)
        program = next((p for p in candidates if p.has(va, code)), None)
        who = (program.name, program.function_at(va)) if program else ("unknown", address)
        found[who] += int(times)
    return found


def run_disk(name, way, plugin, log):
    """How many requests they were."""
    rows, = disk_bench.run_bench(way, disk_bench.timed_names([name]), log, extra=plugin,
                                 power_off=True)
    return sum(row["n"] * int(row["bench"].rpartition("qd")[2]) for row in rows)


def run_net(name, plugin, log):
    """How many packets they were."""
    with net_bench.peer_wire() as wire:
        rows = net_bench.run([name], log, False, wire, (plugin[0], plugin[1] + ",whole=on"),
                             power_off=True)
    return sum(row["n"] * net_bench.UNITS[row["bench"]][0] for row in rows)


def profile(name, way, log="request_profile"):
    """(requests, {(program, function): instructions}) of the rows that @name chooses."""
    with tempfile.TemporaryDirectory() as directory:
        series, places = (pathlib.Path(directory) / file for file in ("series", "places"))
        plugin = ("-plugin", f"{disk_bench.PLUGIN},out={series},profile={places}")
        requests = (run_net(name, plugin, log) if name in net_bench.UNITS
                    else run_disk(name, way, plugin, log))
        lines = places.read_text().splitlines()
    return requests, attribute(lines, programs())


def table(requests, found, top):
    by_program = collections.Counter()
    for (program, _), n in found.items():
        by_program[program] += n
    yield f"{'instructions':>12}  a request, of {requests:,}"
    yield f"{sum(found.values()) / requests:12,.0f}  in all"
    for program, n in by_program.most_common():
        if n / requests >= 0.5:
            yield f"{n / requests:12,.0f}  {program}"
    yield ""
    for (program, function), n in found.most_common(top):
        yield f"{n / requests:12,.1f}  {program:10} {function}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build", help="directory of the build to run")
    parser.add_argument("--way", default="dma", choices=WAYS, help="dma is behind an IOMMU")
    parser.add_argument("--top", default=40, type=int, metavar="N", help="functions to list")
    parser.add_argument("name", metavar="NAME", help="as for bench: disk.ata.rand.read.dma.4k.qd1")
    args = parser.parse_args()
    os.environ["QUOLL_BUILD"] = args.build
    requests, found = profile(args.name, WAYS[args.way])
    if not requests:
        sys.exit(f"request_profile: there is no row {args.name}")
    print("\n".join(table(requests, found, args.top)))


if __name__ == "__main__":
    main()
