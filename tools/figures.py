"""figures.py - a benchmark whose figures are the medians of the shell's `bench`, each beside what
bench_reference.json requires of it: the table, the verdict, the command line (net_bench.py).
"""
import argparse
import os
import sys

import bench_gate

SLACK = 1.05


def problems(results, reference, part):
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


def verdict(row, wanted):
    return "  MISSED" if row["median"] > wanted.get("required", row["median"]) * SLACK else ""


def table(results, reference, part):
    rows = reference[part]["rows"]
    width = max(len(name) for name in results)
    yield (f"{'request':{width}} {'least':>9} {'median':>9} {'required':>9} {'aim':>7} {'Linux':>7}"
           f" {'switches':>8}")
    for name, row in results.items():
        wanted = rows.get(name, {})
        cells = [f"{wanted[key]:,}" if key in wanted else "-" for key in ("required", "aim", "linux")]
        yield (f"{name:{width}} {row['min']:>9,} {row['median']:>9,} {cells[0]:>9} {cells[1]:>7}"
               f" {cells[2]:>7} {row.get('switches', '-'):>8}{verdict(row, wanted)}")
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
