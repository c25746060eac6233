"""disk_bench.py: its table and verdicts on made-up figures, and two rows measured in every way."""
import json

import pytest

import bench_gate
import disk_bench
import request_profile
from machine import Machine

NAME = "disk.ata.rand.read.dma.4k.qd1"
REQUIRED = 5000


@pytest.fixture(name="reference")
def _reference():
    return bench_gate.load_reference()


def made_up(name=NAME, **others):
    return {"bench": name, "n": 200, "unit": "instructions", "iommu": True, "icount": 4000,
            "instructions": 4100.4, "switches": 4.9, "ports": 15.0, "mb_per_s": 40.96, "us": 100.0,
            **others}


def judge(reference, **others):
    return disk_bench.problems([made_up(**others)], reference, everything=False)


def test_both_ways_of_counting_are_judged(reference):
    assert judge(reference) == []
    assert judge(reference, icount=REQUIRED * 105 // 100) == []
    for excess in {"icount": REQUIRED * 105 // 100 + 1}, {"instructions": REQUIRED * 1.06}:
        failed, = judge(reference, **excess)
        assert failed.startswith(f"{NAME} with an IOMMU: ") and "at most 5,000 and 5 %" in failed


def test_what_failed_or_was_not_counted_fails(reference):
    assert judge(reference, n=0, error="no disk") == [f"{NAME}: failed: no disk"]
    failed, = judge(reference, unit="tsc")
    assert failed == f"{NAME} with an IOMMU: in tsc, not in instructions"


def test_required_figures_are_of_both_kinds_of_machines(reference):
    missing = disk_bench.problems([made_up()], reference)
    assert f"{NAME} without an IOMMU: required, but was not measured" in missing
    assert not any(line.startswith(f"{NAME} with ") for line in missing)
    pio = [line for line in missing if ".pio." in line]
    assert pio and all("without an IOMMU" in line for line in pio)


def test_of_ahci_as_much_is_required(reference):
    name = NAME.replace("ata", "ahci")
    failed, = judge(reference, bench=name, icount=REQUIRED * 105 // 100 + 1)
    assert failed.startswith(f"{name} with an IOMMU: ")
    assert judge(reference, bench=name.replace("4k", "2m"), icount=REQUIRED * 2) == []
    missing = disk_bench.problems([made_up()], reference)
    assert f"{name} without an IOMMU: required, but was not measured" in missing
    assert not any("ahci" in line and ".pio." in line for line in missing)
    _, _, line, *_ = disk_bench.table([made_up(name)], reference)
    assert "5,000" in line and "16,511" not in line


def test_the_table_is_aligned(reference):
    rows = [made_up(), made_up("disk.ahci.seq.write.dma.128k.qd8", iommu=False),
            {"bench": "disk.restart.ata.dma.total", "n": 30, "unit": "instructions", "iommu": True,
             "icount": 301234}]
    head, units, *lines, _, _ = disk_bench.table(rows, reference)
    ends = [head.index(word) + len(word) for word in ("IOMMU", "plugin", "icount", "required",
                                                      "aim", "switches", "ports", "speed", "time")]
    for line in lines:
        assert len(line) == len(head) and all(line[end - 1] != " " == (line + " ")[end] for end in ends)
    assert units.split()[:3] == ["instr."] * 3 and "16,511" in lines[0]


def test_rows_for_programs():
    counted, timed = disk_bench.json_rows([made_up()])
    assert (counted["bench"], counted["median"], counted["iommu"]) == (NAME, 4100, True)
    assert (timed["bench"], timed["unit"]) == (NAME.replace("disk", "disk_wall", 1), "mb_per_s")
    json.dumps([counted, timed])


def test_measured(reference):
    """Behind an IOMMU, one request at a time and eight: by the plugin, by icount, by time."""
    rows = disk_bench.measure(("disk.ata.rand.read.dma.4k",), "disk-bench", disk_bench.WAYS[:1], 1)
    one, eight = rows
    assert one["bench"] == NAME and eight["bench"] == NAME.replace("qd1", "qd8")
    assert disk_bench.problems(rows, reference, everything=False) == []
    for row in rows:
        assert row["iommu"] is True and row["mb_per_s"] > 0 and row["us"] > 0
        assert 1000 < row["icount"] < REQUIRED and 1000 < row["instructions"] < REQUIRED
        # Six registers of the command, two looks at the drive, seven accesses to the bus master.
        assert row["ports"] == pytest.approx(15, abs=0.5)
    assert 2 <= one["switches"] <= 8 and eight["switches"] < one["switches"]


def test_profile():
    """Nearly all of what ran is found, in the programs and functions that a request is known to need."""
    requests, found = request_profile.profile(NAME, disk_bench.WAYS[0], "disk-bench-profile")
    by_function = {who: n / requests for who, n in found.items()}
    assert requests == 200
    for who in ("bench", "queue_submit"), ("ata", "dma_prepare"), ("ata", "command_write"):
        assert by_function[who] > 10, who
    assert by_function["ata", "dma_stop"] == pytest.approx(19, abs=15)
    unknown = sum(n for (program, _), n in by_function.items() if program == "unknown")
    assert unknown < 0.02 * sum(by_function.values())
    assert sum(n for (program, _), n in by_function.items() if program == "quoll") > 500


def test_the_shell_prints_it_beside_the_references(tmp_path):
    with Machine(disk_bench.WAYS[0].config(tmp_path, False, ()), "disk-bench-shell") as m:
        m.boot()
        head, *rows = m.run("bench disk.ata.seq.read.dma")
        assert head.split() == ["BENCH", "MEDIAN", "REQUIRED", "AIM", "LINUX", "UNIT"]
        assert len(rows) == 10
        for row in rows:
            name, median, required, aim, linux, unit = row.split()
            assert name.startswith("disk_wall.ata.seq.read.dma.") and unit == "mb_per_s"
            assert float(median) > 0 and (required, aim, linux) == ("-", "-", "-")
            assert len(row) <= 80 and row.index(unit) == head.index("UNIT")
        found, = m.run_json("bench disk_wall.ata.seq.read.dma.1m.qd1")
        assert found["iommu"] is True and found["min"] <= found["median"] <= found["max"]
