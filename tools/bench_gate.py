"""bench_gate.py - what a figure must be: required figures, misses that are known, and a baseline.

A figure is a median by name. Names are those of the benchmarks, and NAME.kernel_code_lines for the
lines of 64 bytes of kernel code that a round trip runs, where bench_reference.json has such a row.
"""
import json
import pathlib

REFERENCE = pathlib.Path(__file__).with_name("bench_reference.json")
BASELINE = pathlib.Path(__file__).with_name("bench_baseline.json")
LINES = ".kernel_code_lines"
GROWTH_MAX = 0.02
GUARDED = ("ipc.", "drv.call.", "drv.serial.")  # what the baseline holds


def load_reference():
    return json.loads(REFERENCE.read_text())


def disk_rows(reference):
    """Of both disk drivers. What is required of `ata` by DMA is required of `ahci`, too; Linux's
    figures are of the controllers of `ata` only."""
    rows = reference["disk"]["rows"]
    return rows | {name.replace(".ata.", ".ahci."): {key: row[key] for key in ("required", "aim")}
                   for name, row in rows.items() if ".dma." in name and "required" in row}


def load_baseline():
    return json.loads(BASELINE.read_text())["figures"] if BASELINE.exists() else {}


def figures(results, counts, reference):
    """{name: median}: the benchmarks that ran, and lines of kernel code where the table has them."""
    found = {name: row["median"] for name, row in results.items() if row["n"] != 0}
    found.update({name + LINES: row["code_lines"] for name, row in counts.items()
                  if name + LINES in reference["benchmarks"]})
    return found


def failures(results):
    """What did not run, or was not counted in instructions."""
    for name, row in results.items():
        if row["n"] == 0:
            yield f"{name}: failed: {row.get('error', 'without a reason')}"
        elif row["unit"] != "instructions":
            yield f"{name}: in {row['unit']}, not in instructions"


def missing(found, reference, baseline):
    """What ought to be there; only to be asked when everything was run."""
    for name in reference["benchmarks"]:
        if name not in found:
            yield f"{name}: has a reference, but was not measured"
    for name in reference["known_misses"]:
        if reference["benchmarks"].get(name, {}).get("required") is None:
            yield f"{name}: listed as a known miss, but nothing is required of it"
    for name in baseline:
        if name not in found:
            yield f"{name}: in the baseline, but was not measured"


def is_missed(name, value, reference):
    required = reference["benchmarks"].get(name, {}).get("required")
    return required is not None and value > required


def grew(value, before):
    return value > before * (1 + GROWTH_MAX)


def misses(found, reference):
    """Required figures that are missed and not listed, or listed and not missed."""
    known = reference["known_misses"]
    for name, value in found.items():
        if is_missed(name, value, reference):
            required = reference["benchmarks"][name]["required"]
            if name not in known:
                yield f"{name}: {value:,}, required at most {required:,}"
            elif grew(value, known[name]):
                yield f"{name}: {value:,}, a known miss that was {known[name]:,}"
        elif name in known:
            yield f"{name}: {value:,} is met now: remove it from known_misses in {REFERENCE.name}"


def growth(found, baseline):
    """Guarded figures that grew by more than 2 %, or that the baseline does not know."""
    unknown = [name for name in guarded(found) if name not in baseline]
    if unknown:
        yield f"not in the baseline (make bench BENCH=--set-baseline): {' '.join(unknown)}"
    for name in guarded(found):
        before = baseline.get(name, found[name])
        if grew(found[name], before):
            percent = 100 * (found[name] - before) / before
            yield f"{name}: {found[name]:,}, {percent:.1f} % more than the baseline's {before:,}"


def guarded(found):
    """The names that the baseline keeps."""
    return [name for name in found if name.startswith(GUARDED)]


def changes(found, baseline):
    """What a new baseline would change, a line each."""
    names = guarded(found)
    for name in names:
        before = baseline.get(name)
        if before is None:
            yield f"{name}: {found[name]:,} (new)"
        elif before != found[name]:
            percent = 100 * (found[name] - before) / before
            yield f"{name}: {before:,} -> {found[name]:,} ({percent:+.1f} %)"
    for name in baseline:
        if name not in names:
            yield f"{name}: {baseline[name]:,} -> gone"


def save_baseline(found):
    text = json.dumps({"unit": "guest instructions, and lines of 64 bytes where the name says so",
                       "figures": {name: found[name] for name in guarded(found)}}, indent=1)
    BASELINE.write_text(text + "\n")


def problems(results, counts, reference, baseline, everything=True):
    """Every reason to fail, as a list of sentences."""
    failed = list(failures(results))
    found = figures(results, counts, reference)
    if everything:
        failed += missing(found, reference, baseline)
    return failed + list(misses(found, reference)) + list(growth(found, baseline))
