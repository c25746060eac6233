#!/usr/bin/python3
"""Runs the shell's `bench disk` with a test disk on q35, by DMA and by PIO, the TSC counting guest
instructions, and prints what a request costs beside Linux and what is required. Fails if a figure
is more than 5 % above that: disks are not deterministic.

usage: disk_bench.py [--build=DIR] [NAME...]
"""
import argparse
import os
import pathlib
import sys
import tempfile

import bench_gate
import emu
from emu import Config
from machine import Machine

LIMIT_S = 600
SLACK = 1.05
DISK_BYTES, MARK = 64 << 20, b"quoll test disk\n"
IMAGES = {"dma": "unprotected/quoll.img", "pio": "quoll.img"}


def measure(names=("disk",), log="disk_bench"):
    """{name: result} of the rows asked for, of both machines."""
    found = {}
    with tempfile.TemporaryDirectory() as directory:
        disk = pathlib.Path(directory) / "disk"
        for how, image in IMAGES.items():
            with open(disk, "wb") as f:
                f.truncate(DISK_BYTES)
                f.write(MARK)
            config = Config(boot="pvh", icount=True, image=str(emu.build_dir() / image), extra=(
                "-drive", f"file={disk},format=raw,if=none,id=d0",
                "-device", "piix3-ide,id=ide9,addr=4", "-device", "ide-hd,bus=ide9.0,drive=d0"))
            with Machine(config, f"{log}-{how}", limit_s=LIMIT_S + 60) as m:
                m.boot()
                rows = m.run_json(" ".join(["bench", *names]), LIMIT_S)
            found.update({row["bench"]: row for row in rows if f".{how}." in row.get("bench", "")})
    return found


def problems(results, reference, part="disk"):
    """Every reason to fail, as a list of sentences."""
    rows = reference[part]["rows"]
    failed = list(bench_gate.failures(results))
    for name, row in rows.items():
        if name not in results:
            failed.append(f"{name}: is required, but was not measured")
        elif results[name]["median"] > row["required"] * SLACK:
            failed.append(f"{name}: {results[name]['median']:,}, required at most "
                          f"{row['required']:,} and 5 %")
    return failed


def table(results, reference, part="disk"):
    rows = reference[part]["rows"]
    width = max(len(name) for name in results)
    yield f"{'request':{width}} {'least':>9} {'median':>9} {'required':>9} {'aim':>7} {'Linux':>7}"
    for name, row in results.items():
        wanted = rows.get(name, {})
        cells = [f"{wanted[key]:,}" if key in wanted else "-" for key in ("required", "aim", "linux")]
        yield (f"{name:{width}} {row['min']:>9,} {row['median']:>9,} {cells[0]:>9} {cells[1]:>7}"
               f" {cells[2]:>7}")
    yield f"{reference[part]['unit']}. {reference[part]['source']}"


def run(part, measured, doc):
    """The command line of @part: measure, print, complain."""
    parser = argparse.ArgumentParser(description=doc.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build", help="directory of the build to run")
    parser.add_argument("names", nargs="*", default=[part], metavar="NAME")
    args = parser.parse_args()
    os.environ["QUOLL_BUILD"] = args.build
    reference = bench_gate.load_reference()
    results = measured(args.names)
    if not results:
        sys.exit(f"{part}_bench: there is no row {' '.join(args.names)}")
    print("\n".join(table(results, reference, part)))
    failed = [line for line in problems(results, reference, part)
              if args.names == [part] or "was not measured" not in line]
    for line in failed:
        print(f"{part}_bench: {line}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    run("disk", measure, __doc__)
