#!/usr/bin/python3
"""Runs each row of the disk's and the network's benchmarks on Quoll and on Debian's Linux in turns:
two guests of the same QEMU on the same machine, one stopped while the other works, the order changing
from pair to pair. So what the machine's load does is done to both, and the ratio holds. Prints a
table; --write puts it into docs/paired.md, which says what it means.

usage: linux_pair.py [--build=DIR] [--pairs=N] [--write] [NAME...]
A NAME is a row's or the beginning of several rows'; without any the rows of docs/paired.md are run.
"""
import argparse
import contextlib
import dataclasses
import datetime
import itertools
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import bench
import disk_bench
import emu
import linux_boot
import net_bench
import soak
from machine import Machine

PAIRS, LIMIT_S, BOOT_LIMIT_S, ROW_LIMIT_S = 5, 1200, 120, 120
CLOCK_S, CLOCK_SLACK = 2, 0.03
DOCUMENT = emu.ROOT / "docs" / "paired.md"
BEGIN, END = "<!-- what linux_pair.py --write measured -->\n", "<!-- end of it -->\n"
# How Linux takes mappings back: before a request ends, or as Debian does by default, later.
STRICT, LAZY = "intel_iommu=on iommu.strict=1", "intel_iommu=on iommu.strict=0"
# Where disk_bench.py and q35 have the disks' controllers.
FUNCTIONS = {"ata": "0000:00:04.0", "ahci": "0000:00:1f.2"}
# What a turn has of the network's rows, by the macro of wire.h that says how many.
BATCHES = {"udp_rtt": "NET_BATCH", "udp_send": "NET_BATCH", "raw_tx": "RAW_BATCH"}
WIRE = emu.ROOT / "servers" / "bench" / "wire.h"
PKTGEN = "net_wall.raw_tx.60.pktgen"  # Linux's by its kernel's generator, Quoll's as before

USUAL = ("seq.read.*.512.qd1", "seq.read.*.4k.qd1", "seq.read.*.64k.qd1", "seq.read.*.1m.qd1",
         "rand.read.*.4k.qd1", "seq.write.*.4k.qd1", "seq.write.*.64k.qd1", "rand.write.*.4k.qd1",
         "seq.read.*.4k.qd8", "rand.read.*.4k.qd8", "rand.write.*.4k.qd8")
USUAL_PIO = USUAL[:3] + USUAL[5:6]


# ---- rows and machines

def disk_names(drivers, how):
    return tuple(f"disk_wall.{driver}.{order}.{what}.{how}.{size}.qd{depth}"
                 for driver, order, what, size, depth in itertools.product(
                     drivers, ("seq", "rand"), ("read", "write"), disk_bench.SIZES, (1, 8)))


@dataclasses.dataclass
class Kind:
    """A machine, of which there are two: the rows that it has, and what its two guests need."""

    title: str
    rows: tuple
    usual: tuple  # of them
    iommu: str  # options of Linux's for it; "" is none
    modules: tuple
    way: disk_bench.Way = None  # of disks
    wire: str = None  # of the network: "peer" or "hub"
    mitigation: str = None

    def machine(self):
        """What tells machines apart: what Linux does on one is none of it."""
        return self.way and (self.way.how, self.way.iommu), self.wire, self.mitigation

    @contextlib.contextmanager
    def config(self, extra=()):
        """The machine, with disks or a wire of its own."""
        if self.way:
            with tempfile.TemporaryDirectory() as directory:
                yield self.way.config(directory, False, extra)
        elif self.wire == "peer":
            with net_bench.peer_wire() as wire:
                yield net_bench.machine(False, wire, extra, self.mitigation)
        else:
            yield net_bench.machine(False, net_bench.HUB, extra, self.mitigation)

    def module_options(self):
        return {"libata": "dma=0"} if self.way and self.way.how == "pio" else {}


def iommu_title(iommu):
    return f"IOMMU on, Linux {'lazy' if iommu == LAZY else 'strict'}" if iommu else "IOMMU off"


def disk_kind(way, iommu):
    drivers = ("ata",) if way.how == "pio" else ("ata", "ahci")
    rows = USUAL_PIO if way.how == "pio" else USUAL
    usual = tuple(f"disk_wall.{driver}.{row.replace('*', way.how)}"
                  for driver in drivers for row in rows)
    return Kind(f"{way.how.upper()}, {iommu_title(iommu)}", disk_names(drivers, way.how), usual, iommu,
                ("ata_piix", "ahci", "sd_mod"), way=way)


def net_kind(wire, mitigation, iommu):
    rows = {"peer": ("udp_rtt.18", "udp_rtt.1472", "tcp_out_64k", "tcp_in_64k"),
            "hub": ("udp_send.18", "udp_send.1472", "raw_tx.60", "raw_tx.60.pktgen")}[wire]
    names = tuple(f"net_wall.{row}" for row in rows)
    return Kind(f"e1000, mitigation={mitigation}, {iommu_title(iommu)}", names, names, iommu,
                ("e1000", "pktgen"), wire=wire, mitigation=mitigation)


KINDS = (*(disk_kind(way, iommu) for way in disk_bench.WAYS
           for iommu in ((STRICT, LAZY) if way.iommu else ("",))),
         *(net_kind(wire, *how) for how in (("on", STRICT), ("on", LAZY), ("off", STRICT))
           for wire in ("peer", "hub")))


def chosen(kind, asked):
    """The rows of @kind that are asked for; whole words of names count."""
    if not asked:
        return kind.usual
    return tuple(row for row in kind.rows if any(f"{row}.".startswith(f"{name}.") for name in asked))


def check_names(asked):
    for name in asked:
        if not any(chosen(kind, [name]) for kind in KINDS):
            raise ValueError(f"there is no row {name}; there are disk_wall.{{ata,ahci}}.{{seq,rand}}."
                             "{read,write}.{dma,pio}.{512,4k,64k,128k,1m}.qd{1,8} and net_wall...")


def turn_units(name):
    """How many requests, packets or blocks a turn of the row has."""
    if name.startswith("disk_wall."):
        return int(name.rpartition("qd")[2])
    macro = BATCHES.get(name.split(".")[1])
    return int(re.search(rf"{macro} +(\d+)u", WIRE.read_text())[1]) if macro else 1


def linux_line(name, rounds):
    """The row as tools/linux is asked for it."""
    disk = re.fullmatch(r"disk_wall\.(\w+)\.(\w+)\.(\w+)\.\w+\.(\w+)\.qd(\d)", name)
    if disk:
        driver, order, what, size, depth = disk.groups()
        return f"disk {FUNCTIONS[driver]} {what} {order} {disk_bench.SIZES[size]} {depth} {rounds}"
    what, size = re.fullmatch(r"net_wall\.([a-z]+_[a-z]+)(?:_64k)?(?:\.(\d+))?(?:\.pktgen)?",
                              name).groups()
    if name == PKTGEN:
        return f"pktgen {rounds * turn_units(name)}"
    return f"raw_tx {rounds}" if what == "raw_tx" else f"{what} {size or 0} {rounds}"


def quoll_us(row):
    """Microseconds of a row of the shell's."""
    if row["unit"] == "ns":
        return row["median"] / 1000
    if row["unit"] != "mb_per_s":
        raise RuntimeError(f"Quoll, {row['bench']}: in {row['unit']}, which is no time")
    return disk_bench.SIZES[row["bench"].split(".")[-2]] / row["median"]


def run_row(m, name):
    """What the shell says of a row, which is Quoll's part of the pair @name."""
    name = name.removesuffix(".pktgen")
    row, = m.run_json(f"bench {name}", ROW_LIMIT_S)
    if row.get("n", 0) == 0:
        raise RuntimeError(f"Quoll, {name}: {row['error']}")
    return row


# ---- two guests

def stamp(clock):
    """A guest's microseconds, between two readings of the host's clock in seconds."""
    before = time.monotonic()
    return before, clock(), time.monotonic()


def clock_error(begin, end):
    """What is wrong with a guest's clock from one stamp to another; None: nothing."""
    least, most = end[0] - begin[2], end[2] - begin[0]
    passed = (end[1] - begin[1]) / 1e6
    if least * (1 - CLOCK_SLACK) <= passed <= most * (1 + CLOCK_SLACK):
        return None
    return f"says {passed:.3f} s where {least:.3f} to {most:.3f} s passed"


class Pair:
    """Both are started; from then on one of them at most runs."""

    def __init__(self, kind, quoll, linux):
        self.kind, self.quoll, self.linux = kind, quoll, linux
        self.rounds = {}

    def boot(self):
        self.quoll.start()
        self.linux.boot()
        if self.kind.wire:
            self.linux.ask(f"card {self.kind.wire}")
        self.quoll.wait_prompt(BOOT_LIMIT_S)
        if self.kind.wire:
            net_bench.wait_for_card(self.quoll)
        self.info = self.linux.ask("info")
        self.check_clocks()
        for guest in self.quoll, self.linux:
            guest.qmp("stop")

    def check_clocks(self):
        """Each guest measures its clock's rate when it starts, which a busy host may disturb."""
        clocks = {"Quoll": lambda: self.quoll.run_json("uptime")[0]["uptime_us"],
                  "Linux": lambda: self.linux.ask("time")["uptime_us"]}
        begin = {name: stamp(clock) for name, clock in clocks.items()}
        time.sleep(CLOCK_S)
        for name, clock in clocks.items():
            wrong = clock_error(begin[name], stamp(clock))
            if wrong:
                raise RuntimeError(f"{name}'s clock {wrong}")

    def run_quoll(self, name):
        self.quoll.qmp("cont")
        row = run_row(self.quoll, name)
        self.quoll.qmp("stop")
        self.rounds[name] = row["n"]
        return quoll_us(row)

    def run_linux(self, name):
        self.linux.qmp("cont")
        answer = self.linux.ask(linux_line(name, self.rounds[name]), ROW_LIMIT_S)
        self.linux.qmp("stop")
        return answer["us"]

    def measure(self, name, pairs):
        """[(Quoll's, Linux's)] in microseconds, after a run of both that does not count."""
        found = []
        for i in range(pairs + 1):
            if i % 2 == 0:
                ours, theirs = self.run_quoll(name), self.run_linux(name)
            else:
                theirs, ours = self.run_linux(name), self.run_quoll(name)
            found.append((ours, theirs))
        return found[1:]


def run_pairs(kind, names, pairs):
    """({row: its pairs}, what Linux says of itself)."""
    log = "pair-" + re.sub(r"\W+", "-", f"{kind.title} {kind.wire or ''}")
    archive = linux_boot.initramfs(kind.modules, kind.module_options())
    with kind.config() as ours, kind.config() as theirs, \
            Machine(ours, f"{log}-quoll", LIMIT_S) as quoll, \
            linux_boot.Linux(theirs, f"{log}-linux", archive, kind.iommu, LIMIT_S) as linux:
        pair = Pair(kind, quoll, linux)
        pair.boot()
        return {name: pair.measure(name, pairs) for name in names}, pair.info


def count_switches(kind, names):
    """{row: loads of CR3 a unit}, of Quoll, by the plugin."""
    names = [name for name in names if name != PKTGEN]
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "series"
        option = (f"{bench.PLUGIN},out={path},whole=on" if kind.wire else
                  f"{disk_bench.PLUGIN},out={path}")
        with kind.config(("-plugin", option)) as config, \
                Machine(config, f"pair-switches-{kind.wire or kind.way.how}", LIMIT_S) as m:
            m.boot(BOOT_LIMIT_S)
            if kind.wire:
                net_bench.wait_for_card(m)
            rows = [run_row(m, name) for name in names]
        series = [json.loads(line) for line in path.read_text().splitlines()]
    if len(series) != len(names):
        raise RuntimeError(f"{len(names)} rows ran, the plugin saw {len(series)}")
    return {name: one.get("all", one)["cr3"] / row["n"] / turn_units(name)
            for name, row, one in zip(names, rows, series)}


# ---- the table

@dataclasses.dataclass
class Result:
    name: str
    title: str
    pairs: list  # of (Quoll's, Linux's) microseconds
    switches: float

    def ratios(self):
        return sorted(ours / theirs for ours, theirs in self.pairs)


def table(results):
    """Lines of Markdown, a table for each kind of machine."""
    for title, group in itertools.groupby(results, key=lambda result: result.title):
        yield from ("", f"### {title}", "",
                    "| row | Quoll, us | Linux, us | Quoll / Linux | of the pairs | switches |",
                    "| --- | ---: | ---: | ---: | ---: | ---: |")
        for result in group:
            ours, theirs = (statistics.median(side) for side in zip(*result.pairs))
            ratios = result.ratios()
            switches = "-" if result.switches is None else f"{result.switches:.1f}"
            yield (f"| `{result.name}` | {ours:,.1f} | {theirs:,.1f} | "
                   f"**{statistics.median(ratios):.2f}** | {ratios[0]:.2f} to {ratios[-1]:.2f} | "
                   f"{switches} |")


def summary(results):
    medians = [statistics.median(result.ratios()) for result in results]
    return (f"{sum(ratio <= 1 for ratio in medians)} of {len(medians)} rows take Quoll no longer than "
            f"Linux; the median of all ratios is {statistics.median(medians):.2f}.")


def heading(package, info, pairs):
    version = subprocess.run(["qemu-system-x86_64", "--version"], capture_output=True, text=True,
                             check=True).stdout.splitlines()[0]
    day = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    yield (f"{day}, commit {soak.commit()}, {version}, plain TCG, {os.cpu_count()} CPUs of the host with a "
           f"load of {os.getloadavg()[1]:.1f}; {pairs} pairs of each row.")
    yield (f"Linux: package {package}, clock {info['clock']}, options `{linux_boot.OPTIONS}`; strict: "
           f"`{STRICT}`, lazy: `{LAZY}`.")


def put_into(text, lines):
    """@text with @lines where those of the last time were."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{DOCUMENT.name}: the lines between which the table stands are not there once")
    before, rest = text.split(BEGIN)
    return before + BEGIN + "\n".join(lines) + "\n" + END + rest.split(END)[1]


# ---- the command

def check_build():
    files = {bench.PLUGIN, disk_bench.PLUGIN, *(emu.build_dir() / way.image for way in disk_bench.WAYS)}
    missing = [str(path.relative_to(emu.ROOT)) for path in sorted(files) if not path.exists()]
    if missing:
        raise ValueError(f"{', '.join(missing)}: missing; make iso, make DMA=unprotected iso and "
                         "make build/tcg/roundtrip.so build/tcg/requests.so build them")


def measure(args):
    """(results, what Linux says of itself)."""
    results, switches, info = [], {}, None
    for kind in KINDS:
        names = chosen(kind, args.names)
        if not names:
            continue
        pairs, info = run_pairs(kind, names, args.pairs)
        if kind.machine() not in switches:
            switches[kind.machine()] = count_switches(kind, names)
        counted = switches[kind.machine()]
        results += [Result(name, kind.title, pairs[name], counted.get(name)) for name in names]
        print(f"{kind.title}: {len(names)} rows", file=sys.stderr, flush=True)
    return results, info


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build", help="directory of the build to run")
    parser.add_argument("--pairs", type=int, default=PAIRS, help="how many of each row")
    parser.add_argument("--write", action="store_true", help="write the table into docs/paired.md")
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    if args.pairs < 1:
        parser.error("--pairs: at least one")
    if args.write and args.names:
        parser.error("--write is for all rows: give no names")
    os.environ["QUOLL_BUILD"] = args.build
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("linux_pair: ended"))  # and no guest is left
    try:
        check_names(args.names)
        check_build()
        package = linux_boot.fetch()
        linux_boot.build()
        results, info = measure(args)
        lines = [*heading(package, info, args.pairs), "", summary(results), *table(results)]
        if args.write:
            DOCUMENT.write_text(put_into(DOCUMENT.read_text(), lines))
    except (RuntimeError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f"linux_pair: {error}")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
