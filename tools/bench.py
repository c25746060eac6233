#!/usr/bin/python3
"""Runs the shell's `bench` where the TSC counts guest instructions, a second time under the plugin
tools/tcg/roundtrip.c, and prints two tables: the figures beside what is required and the
references, and what a round trip does in the kernel. Then how long an interrupt waits at most
(latency.py), what a disk's request costs (disk_bench.py), and what a frame does (net_bench.py). Fails
where bench_gate.py says so.

usage: bench.py [--build=DIR] [--set-baseline] [--lines] [NAME | AREA]...
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import bench_gate
import disk_bench
import emu
import figures
import latency
import net_bench
from emu import Config
from machine import Machine

LIMIT_S = 240
PLUGIN = emu.ROOT / "build" / "tcg" / "roundtrip.so"
LINE_BYTES = 64
# kernel/arch/layout.h
DIRECT_BASE, DIRECT_END, IMAGE_BASE = 0xffff800000000000, 0xffffc00000000000, 0xffffffff80000000
# From each sample the benchmarks subtract the store of the first reading; so does this.
USER_STORE = 1
# A second serial port with nobody at its other end, for drv.serial and drv.restart; drv.irq's edu.
SECOND_LINE = ("-serial", "null", "-device", "edu,addr=4")
# No round trips between two readings: devman's own stamps, and a part of a long one.
UNMARKED = ("drv.restart.", "drv.serial.write_32k_per_byte", "drv.irq.round_trip")


def measure(names=(), log="bench", extra=()):
    """{name: result} of the benchmarks asked for, all without names."""
    with Machine(Config(boot="pvh", icount=True, extra=(*SECOND_LINE, *extra)), log,
                 limit_s=LIMIT_S + 60) as m:
        m.boot()
        rows = m.run_json(" ".join(["bench", *names]), LIMIT_S)
    nameless = [row["error"] for row in rows if "bench" not in row]
    if nameless:
        raise RuntimeError("; ".join(nameless))
    return {row["bench"]: row for row in rows}


# ---- round trips

def weighted_median(pairs):
    """The median of (value, how often) as the benchmarks take it: the upper one of two."""
    pairs = sorted(pairs)
    middle = sum(n for _, n in pairs) // 2
    for value, n in pairs:
        middle -= n
        if middle < 0:
            return value
    raise ValueError("no rounds")


def summarize(series):
    """One line of the plugin's output: medians, and the lines of the most frequent kind of round."""
    kinds = series["kinds"]

    def median(value):
        return weighted_median([(value(kind), kind["rounds"]) for kind in kinds])

    usual = max(kinds, key=lambda kind: kind["rounds"])
    return {
        "rounds": sum(kind["rounds"] for kind in kinds), "overflowed": series["overflowed"],
        "kernel": median(lambda kind: kind["kernel"]),
        "user": max(0, median(lambda kind: kind["user"]) - USER_STORE),
        "code_lines": median(lambda kind: len(kind["code"])),
        "data_lines": median(lambda kind: len(kind["data"])),
        "ops": {op: median(lambda kind, op=op: kind["ops"][op]) for op in usual["ops"]},
        "code": usual["code"], "data": usual["data"],
    }


def pair_up(results, series):
    """The plugin knows no names: its series come in the order of the results that did not fail."""
    names = [name for name, row in results.items() if row["n"] != 0]
    if len(names) != len(series):
        raise RuntimeError(f"{len(names)} benchmarks ran, the plugin saw {len(series)}")
    counts = {}
    for name, one in zip(names, series):
        if name.startswith(UNMARKED):
            continue
        if sum(kind["rounds"] for kind in one["kinds"]) < results[name]["n"]:
            raise RuntimeError(f"{name}: {results[name]['n']:,} rounds ran, the plugin saw fewer")
        counts[name] = summarize(one)
    return counts


def count(names=(), log="bench-count"):
    """({name: result}, {name: what a round trip does}) under the plugin."""
    if not PLUGIN.exists():
        raise RuntimeError(f"{PLUGIN} is missing: make bench and make test build it")
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "series"
        results = measure(names, log, ("-plugin", f"{PLUGIN},out={path}"))
        series = [json.loads(line) for line in path.read_text().splitlines()]
    return results, pair_up(results, series)


# ---- tables

def cell(value):
    return "-" if value is None else f"{value:,}"


def verdict(name, value, reference):
    entry = reference["benchmarks"].get(name, {})
    if bench_gate.is_missed(name, value, reference):
        return "MISSED, known" if name in reference["known_misses"] else "MISSED"
    if entry.get("aim") is not None and value <= entry["aim"]:
        return "aim met"
    return "met" if entry.get("required") is not None else ""


def in_order(found, reference):
    """Names in the order of the references, then the others."""
    names = [name for name in reference["benchmarks"] if name in found]
    return names + [name for name in found if name not in names]


def figure_table(found, reference):
    names = in_order(found, reference)
    width = max(len(name) for name in names)
    yield (f"{'figure':{width}} {'median':>8} {'required':>9} {'aim':>6} {'seL4':>7}"
           f" {'Pistachio':>10}  unit")
    for name in names:
        entry = reference["benchmarks"].get(name, {})
        unit = "lines" if name.endswith(bench_gate.LINES) else "instructions"
        yield (f"{name:{width}} {found[name]:>8,} {cell(entry.get('required')):>9}"
               f" {cell(entry.get('aim')):>6} {cell(entry.get('sel4')):>7}"
               f" {cell(entry.get('pistachio')):>10}  {unit:12}"
               f"  {verdict(name, found[name], reference)}").rstrip()


def count_table(counts, reference):
    names = in_order(counts, reference)
    width = max(len(name) for name in names)
    yield (f"{'per round trip':{width}} {'kernel':>8} {'user':>6} {'code':>6} {'data':>6}"
           "  expensive instructions")
    yield f"{'':{width}} {'instr.':>8} {'instr.':>6} {'lines':>6} {'lines':>6}  in the kernel"
    for name in names:
        row = counts[name]
        ops = ", ".join(f"{n} {op}" for op, n in row["ops"].items() if n)
        yield (f"{name:{width}} {row['kernel']:>8,} {row['user']:>6,} {row['code_lines']:>6}"
               f" {row['data_lines']:>6}  {ops or 'none'}")
    kinds = next(iter(counts.values()))["ops"]
    yield f"Looked for {', '.join(kinds)}; what is not listed ran 0 times. Lines have 64 bytes."
    yield from line_verdicts(counts, reference)


def line_verdicts(counts, reference):
    """The lines of kernel code beside what is required of them."""
    for name, row in counts.items():
        entry = reference["benchmarks"].get(name + bench_gate.LINES)
        if entry:
            result = verdict(name + bench_gate.LINES, row["code_lines"], reference)
            yield (f"{name}: {row['code_lines']} lines of kernel code; required at most"
                   f" {entry['required']}, aim {entry['aim']}, seL4 {entry['sel4']},"
                   f" Pistachio {entry['pistachio']}: {result}")


def kernel_symbols(kernel):
    """[(address, name)] in order."""
    text = subprocess.run(["nm", "-n", "--defined-only", kernel], capture_output=True, text=True,
                          check=True).stdout
    rows = [line.split() for line in text.splitlines()]
    return [(int(row[0], 16), row[2]) for row in rows if len(row) == 3 and int(row[0], 16) >> 63]


def symbols_in_line(address, symbols):
    """What the 64 bytes at @address belong to: symbols of the kernel's image, or where else."""
    if address < IMAGE_BASE:
        return f"physical {address - DIRECT_BASE:#x}" if address < DIRECT_END else "per-CPU pages"
    inside = [name for at, name in symbols if address < at < address + LINE_BYTES]
    return " ".join([name for at, name in symbols if at <= address][-1:] + inside)


def line_list(name, row, symbols):
    yield f"{name}: lines of kernel code in the order of first use"
    for address, _ in row["code"]:
        yield f"  {address:#x}  {symbols_in_line(address, symbols)}"
    yield f"{name}: lines of kernel data (r read, w written)"
    for address, how in row["data"]:
        mode = {1: "r ", 2: " w", 3: "rw"}[how]
        yield f"  {address:#x}  {mode}  {symbols_in_line(address, symbols)}"


# ---- the command

def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build", help="directory of the build to run")
    parser.add_argument("--set-baseline", action="store_true",
                        help="take the IPC figures as the new baseline, and say what changes")
    parser.add_argument("--lines", action="store_true",
                        help="list the lines of kernel code and data of each round trip")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a benchmark or an area of them")
    args = parser.parse_args()
    if args.set_baseline and args.names:
        parser.error("--set-baseline measures everything: give no names")
    return args


def set_baseline(found):
    lines = list(bench_gate.changes(found, bench_gate.load_baseline()))
    bench_gate.save_baseline(found)
    print(f"\nbaseline: {bench_gate.BASELINE.name} " + ("rewritten" if lines else "unchanged"))
    for line in lines:
        print(f"  {line}")


def may_differ(name, median):
    """By how much a figure may differ from run to run: of interrupts by the two instructions of the
    loop that is interrupted; of restarts by the digits of times and numbers in the log's line."""
    if name.startswith("irq."):
        return 1
    return median // 100 if name.startswith("drv.restart.") else 0


def differences(first, second):
    """Figures of two runs that are not the same to the digit, or as near as they can be."""
    return [f"{name}: {row['median']:,}, in another run {second[name]['median']:,}"
            for name, row in first.items()
            if abs(second[name]["median"] - row["median"]) > may_differ(name, row["median"])]


def summary(found, reference):
    rows = {name: row for name, row in reference["benchmarks"].items() if name in found}
    required = [name for name, row in rows.items() if row["required"] is not None]
    met = [name for name in required if found[name] <= rows[name]["required"]]
    aims = [name for name in required if found[name] <= rows[name]["aim"]]
    return f"{len(met)} of {len(required)} required figures met, {len(aims)} of their aims."


def print_all(found, counts, reference, lines):
    print("\n".join(figure_table(found, reference)))
    print(f"Medians; stubs of both sides included. {summary(found, reference)}")
    print(f"References: tools/{bench_gate.REFERENCE.name}; {reference['measured']}.\n")
    print("\n".join(count_table(counts, reference)))
    if lines:
        symbols = kernel_symbols(emu.build_dir() / "kernel" / "quoll.elf")
        for name, row in counts.items():
            print("\n" + "\n".join(line_list(name, row, symbols)))


def disks(reference):
    """Print what disks cost; every reason to fail."""
    try:
        rows = disk_bench.measure()
    except RuntimeError as error:
        return [str(error)]
    print("\n" + "\n".join(disk_bench.table(rows, reference)))
    return disk_bench.problems(rows, reference)


def main():
    args = arguments()
    os.environ["QUOLL_BUILD"] = args.build
    reference = bench_gate.load_reference()
    try:
        results = measure(args.names)
        again, counts = count(args.names)
    except RuntimeError as error:
        sys.exit(f"bench: {error}")
    found = bench_gate.figures(results, counts, reference)
    if counts:
        print_all(found, counts, reference, args.lines)
    different = differences(results, again)
    if args.set_baseline and not different and not list(bench_gate.failures(results)):
        set_baseline(found)
    failed = different + bench_gate.problems(results, counts, reference,
                                             bench_gate.load_baseline(), not args.names)
    if not args.names:
        waits = latency.measure()
        print("\n" + "\n".join(latency.table(waits, reference)))
        failed += latency.problems(waits, reference)
        failed += disks(reference)
        frames = net_bench.measure()
        print("\n" + "\n".join(figures.table(frames, reference, "net")))
        failed += figures.problems(frames, reference, "net")
    sys.stdout.flush()
    for line in failed:
        print(f"bench: {line}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
