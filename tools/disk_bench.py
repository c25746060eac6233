#!/usr/bin/python3
"""What a request of a disk costs, by the shell's `bench disk` on q35: by DMA behind an IOMMU and
without one, and by PIO. Instructions are counted in two ways, by a QEMU plugin on plain TCG, as
Linux's were (the mean of a run, the median of 5 runs), and by the TSC under icount (a median);
megabytes a second are what plain TCG moves. Prints them beside Linux and what is required, and
fails if one of either way is more than 5 % above that: disks are not deterministic.

usage: disk_bench.py [--build=DIR] [--json] [NAME...]
"""
import argparse
import dataclasses
import json
import os
import pathlib
import statistics
import sys
import tempfile

import bench_gate
import emu
from emu import Config
from machine import Machine

LIMIT_S = 600
SLACK = 1.05
RUNS = 5
DISK_BYTES, MARK = 64 << 20, b"quoll test disk\n"
PLUGIN = emu.ROOT / "build" / "tcg" / "requests.so"
SIZES = {"512": 512, "4k": 4096, "64k": 65536, "128k": 131072, "1m": 1048576}


@dataclasses.dataclass
class Way:
    """A machine with test disks, and what its rows have in their names."""

    how: str
    image: str
    iommu: bool

    def config(self, directory, icount, extra):
        drives = []
        for name, controller in ("ata", "ide9.0"), ("ahci", "ide.0"):
            disk = pathlib.Path(directory) / name
            with open(disk, "wb") as f:
                f.truncate(DISK_BYTES)
                f.write(MARK)
            drives += ["-drive", f"file={disk},format=raw,if=none,id={name}",
                       "-device", f"ide-hd,bus={controller},drive={name}"]
        # Without a screen: what the shell prints between two rows would be drawn in the next one.
        return Config(boot="pvh", icount=icount, image=str(emu.build_dir() / self.image),
                      iommu="" if self.iommu else None,
                      extra=("-vga", "none", "-device", "piix3-ide,id=ide9,addr=4", *drives, *extra))


WAYS = (Way("dma", "quoll.img", True), Way("dma", "unprotected/quoll.img", False),
        Way("pio", "quoll.img", False))


# ---- measuring

def run_bench(way, names, log, times=1, icount=False, extra=(), power_off=False):
    """The shell's rows of @way, so many @times over: a list of lists."""
    with tempfile.TemporaryDirectory() as directory:
        with Machine(way.config(directory, icount, extra), log, limit_s=LIMIT_S + 60) as m:
            m.boot()
            command = " ".join(["bench", *names])
            found = [[row for row in m.run_json(command, LIMIT_S)
                      if f".{way.how}." in row.get("bench", "")] for _ in range(times)]
            if power_off:
                m.send("poweroff\r")
                m.wait_exit()
    return found


def by_icount(way, names, log):
    """{name: row} where the TSC counts instructions."""
    rows, = run_bench(way, names, f"{log}-icount", icount=True)
    return {row["bench"]: row for row in rows}


# disk_wall.X is disk.X where time is the unit; restarts are only counted.

def is_timed(name):
    return not name.startswith("disk.restart.")


def timed_names(names):
    return [name.replace("disk", "disk_wall", 1) for name in names if is_timed(name + ".")]


def counted_name(name):
    return name.replace("disk_wall.", "disk.", 1)


def by_time(way, names, log, runs):
    """{name: [row of each run]} on plain TCG."""
    found = {}
    for rows in run_bench(way, timed_names(names), f"{log}-time", runs):
        for row in rows:
            found.setdefault(counted_name(row["bench"]), []).append(row)
    return found


def of_a_request(name, series):
    """The plugin's sums of one series, of one of its requests."""
    requests = series["rounds"] * int(name.rpartition("qd")[2])
    return {"instructions": (series["kernel"] + series["user"]) / requests,
            "switches": series["cr3"] / requests, "ports": series["port"] / requests}


def by_plugin(way, names, log, runs):
    """{name: [counts of each run]} on plain TCG: the plugin's series come in the rows' order."""
    if not PLUGIN.exists():
        raise RuntimeError(f"{PLUGIN} is missing: make bench and make test build it")
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "series"
        repeated = run_bench(way, timed_names(names), f"{log}-plugin", runs,
                             extra=("-plugin", f"{PLUGIN},out={path}"))
        series = [json.loads(line) for line in path.read_text().splitlines()]
    rows = [row for rows in repeated for row in rows]
    failed = [f"{row['bench']}: {row['error']}" for row in rows if row["n"] == 0]
    if failed:
        raise RuntimeError(f"under the plugin: {'; '.join(failed)}")
    if len(rows) != len(series):
        raise RuntimeError(f"{len(rows)} benchmarks ran, the plugin saw {len(series)}")
    found = {}
    for row, one in zip(rows, series):
        name = counted_name(row["bench"])
        if one["rounds"] != row["n"]:
            raise RuntimeError(f"{name}: {row['n']} rounds ran, the plugin saw {one['rounds']}")
        found.setdefault(name, []).append(of_a_request(name, one))
    return found


def join(way, name, row, times, counts):
    """One row of the table of the measurements of @name."""
    errors = [one["error"] for one in (row, *times) if one["n"] == 0]
    if errors:
        return {"bench": name, "n": 0, "unit": "failed", "error": errors[0]}
    if row.get("iommu", way.iommu) != way.iommu:
        raise RuntimeError(f"{name}: says that an IOMMU is {'on' if row['iommu'] else 'off'}")
    joined = {"bench": name, "n": row["n"], "unit": row["unit"], "iommu": way.iommu,
              "icount": row["median"]}
    if is_timed(name):
        speed = statistics.median(one["median"] for one in times)
        joined |= {"mb_per_s": speed, "us": SIZES[name.split(".")[-2]] / speed if speed else 0}
        joined |= {key: statistics.median(one[key] for one in counts) for key in counts[0]}
    return joined


def measure(names=("disk",), log="disk_bench", ways=WAYS, runs=RUNS):
    """The rows asked for, of all machines that have them; a machine without any is left out."""
    found = []
    for way in ways:
        log_of = f"{log}-{way.how}{'-iommu' if way.iommu else ''}"
        rows = by_icount(way, names, log_of)
        if not rows:
            continue
        timed = set(filter(is_timed, rows))
        times = by_time(way, names, log_of, runs) if timed else {}
        counts = by_plugin(way, names, log_of, runs) if timed else {}
        if not timed == set(times) == set(counts):
            raise RuntimeError(f"{log_of}: {sorted(timed ^ set(times) | timed ^ set(counts))} are not"
                               " there in each way of counting")
        found += [join(way, name, row, times.get(name, ()), counts.get(name, ()))
                  for name, row in rows.items()]
    return found


# ---- the verdict

def cell(value, form=","):
    return "-" if value is None else f"{value:{form}}"


def title(row):
    return f"{row['bench']} {'with' if row['iommu'] else 'without'} an IOMMU"


def unmeasured(rows, reference):
    """Required figures that are not there; those of DMA are of both kinds of machines."""
    there = {(row["bench"], row.get("iommu")) for row in rows}
    for name, row in bench_gate.disk_rows(reference).items():
        for iommu in (True, False) if ".dma." in name else (False,):
            if "required" in row and (name, iommu) not in there:
                yield f"{title({'bench': name, 'iommu': iommu})}: required, but was not measured"


def excesses(rows, reference):
    for row in rows:
        required = bench_gate.disk_rows(reference).get(row["bench"], {}).get("required")
        if row["n"] == 0:
            yield f"{row['bench']}: failed: {row['error']}"
        elif row["unit"] != "instructions":
            yield f"{title(row)}: in {row['unit']}, not in instructions"
        elif required and max(row.get("instructions", 0), row["icount"]) > required * SLACK:
            yield (f"{title(row)}: {cell(row.get('instructions'), ',.0f')} by the plugin, "
                   f"{row['icount']:,} by icount, required at most {required:,} and 5 %")


def problems(rows, reference, everything=True):
    """Every reason to fail, as a list of sentences."""
    return list(excesses(rows, reference)) + (list(unmeasured(rows, reference)) if everything else [])


# ---- the table

HEAD = (("IOMMU", "", 5), ("plugin", "instr.", 8), ("icount", "instr.", 10),
        ("required", "instr.", 10), ("aim", "instr.", 9), ("Linux", "instr.", 7), ("switches", "CR3", 8), ("ports", "accesses", 9),
        ("speed", "MB/s", 9), ("time", "us", 8))


def cells(row, wanted):
    linux = wanted.get("linux")
    measured = [cell(row.get(key), form) for key, form in
                (("switches", ".1f"), ("ports", ",.1f"), ("mb_per_s", ",.1f"), ("us", ",.1f"))]
    return ("on" if row["iommu"] else "off", cell(row.get("instructions"), ",.0f"),
            cell(row["icount"]), cell(wanted.get("required")), cell(wanted.get("aim")),
            cell(linux and linux[0 if row["iommu"] else 1]), *measured)


def table(rows, reference):
    width = max(len(row["bench"]) for row in rows)
    required = bench_gate.disk_rows(reference)
    for i, first in enumerate(("request", "")):
        yield (f"{first:{width}}" + "".join(f" {column[i]:>{column[2]}}" for column in HEAD)).rstrip()
    for row in rows:
        if row["n"] == 0:
            yield f"{row['bench']:{width}} failed: {row['error']}"
            continue
        wanted = required.get(row["bench"], {})
        yield f"{row['bench']:{width}}" + "".join(
            f" {text:>{column[2]}}" for text, column in zip(cells(row, wanted), HEAD))
    yield "A request's share each. plugin: plain TCG, mean of a run, median of the runs; icount: median."
    yield f"Linux: {reference['disk']['source']}."


def json_rows(rows):
    """As the shell has them: the counted figure, and the speed as a row of its own."""
    for row in rows:
        if row["n"] == 0:
            yield row
            continue
        if not is_timed(row["bench"]):
            yield {"bench": row["bench"], "iommu": row["iommu"], "unit": row["unit"],
                   "median": row["icount"]}
            continue
        yield {"bench": row["bench"], "iommu": row["iommu"], "unit": "instructions",
               "median": round(row["instructions"]), "icount": row["icount"],
               "switches": round(row["switches"], 2), "ports": round(row["ports"], 2)}
        yield {"bench": row["bench"].replace("disk.", "disk_wall.", 1), "iommu": row["iommu"],
               "unit": "mb_per_s", "median": round(row["mb_per_s"], 3), "us": round(row["us"], 2)}


# ---- the command

def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build", help="directory of the build to run")
    parser.add_argument("--json", action="store_true", help="a row a line, for programs")
    parser.add_argument("names", nargs="*", default=["disk"], metavar="NAME")
    args = parser.parse_args()
    os.environ["QUOLL_BUILD"] = args.build
    reference = bench_gate.load_reference()
    try:
        rows = measure(args.names)
    except RuntimeError as error:
        sys.exit(f"disk_bench: {error}")
    if not rows:
        sys.exit(f"disk_bench: there is no row {' '.join(args.names)}")
    print("\n".join(map(json.dumps, json_rows(rows)) if args.json else table(rows, reference)))
    failed = problems(rows, reference, args.names == ["disk"])
    for line in failed:
        print(f"disk_bench: {line}", file=sys.stderr)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
