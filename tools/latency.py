#!/usr/bin/python3
"""Runs the shell's `bench latency` on a machine where every scene has the memory it needs, the TSC
counting guest instructions, and prints how long an interrupt waited at most. Fails if that is
longer than bench_reference.json allows, or if a scene failed.

usage: latency.py [--build=DIR] [NAME...]
"""
import argparse
import os
import pathlib
import re
import sys
import tempfile

import bench_gate
import emu
import mkimage
from emu import Config
from machine import Machine

LIMIT_S = 400
MEMORY_MIB = 5120
UNTYPED = "2048M-2048M"  # of the task bench: a frame of 1 GiB beside all else


def large_image(image):
    """The boot image with more memory for the task bench."""
    files = dict(mkimage.unpack(image))
    manifest = files["system.manifest"].decode()
    before, section, rest = manifest.partition("[task bench]")
    rest, changed = re.subn(r"^untyped .*$", f"untyped = {UNTYPED}", rest, count=1, flags=re.M)
    if not changed:
        raise RuntimeError("system.manifest gives the task bench no untyped memory")
    files["system.manifest"] = (before + section + rest).encode()
    return mkimage.pack(list(files.items()))


def measure(names=("latency",), log="latency"):
    """{name: result} of the scenes asked for."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "image"
        path.write_bytes(large_image((emu.build_dir() / "quoll.img").read_bytes()))
        config = Config(boot="pvh", icount=True, memory=MEMORY_MIB, image=str(path))
        with Machine(config, log, limit_s=LIMIT_S + 60) as m:
            m.boot()
            rows = m.run_json(" ".join(["bench", *names]), LIMIT_S)
    nameless = [row["error"] for row in rows if "bench" not in row]
    if nameless:
        raise RuntimeError("; ".join(nameless))
    return {row["bench"]: row for row in rows}


def problems(results, reference):
    """Every reason to fail, as a list of sentences."""
    required = reference["latency"]["required"]
    return list(bench_gate.failures(results)) + [
        f"{name}: an interrupt waited {row['max']:,} instructions, at most {required:,} are allowed"
        for name, row in results.items() if row["max"] > required]


def table(results, reference):
    width = max(len(name) for name in results)
    yield f"{'interrupt waits':{width}} {'least':>7} {'median':>7} {'most':>7} {'required':>9}"
    for name, row in results.items():
        yield (f"{name:{width}} {row['min']:>7,} {row['median']:>7,} {row['max']:>7,}"
               f" {reference['latency']['required']:>9,}")
    yield "From the deadline of a timer to the first instruction of the thread that waits for it."


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build", help="directory of the build to run")
    parser.add_argument("names", nargs="*", default=["latency"], metavar="NAME")
    args = parser.parse_args()
    os.environ["QUOLL_BUILD"] = args.build
    reference = bench_gate.load_reference()
    try:
        results = measure(args.names)
    except RuntimeError as error:
        sys.exit(f"latency: {error}")
    print("\n".join(table(results, reference)))
    failed = problems(results, reference)
    for line in failed:
        print(f"latency: {line}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
