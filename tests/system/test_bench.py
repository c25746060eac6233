"""Benchmarks: complete, counted in instructions, and the same to the digit from run to run."""
import json

import bench


def test_bench_is_deterministic_and_complete():
    references = json.loads(bench.REFERENCE.read_text())["benchmarks"]
    first = bench.measure(log="bench-first")
    assert list(bench.problems(first, references)) == []
    second = bench.measure(log="bench-second")
    assert {n: r["median"] for n, r in first.items()} == {n: r["median"] for n, r in second.items()}


def test_bench_area_and_json(shell):
    rows = shell.run_json("bench ipc.null_syscall")
    assert [row["bench"] for row in rows] == ["ipc.null_syscall"]
    assert set(rows[0]) == {"bench", "unit", "median", "min", "max", "n"}
    assert rows[0]["min"] <= rows[0]["median"] <= rows[0]["max"]
    assert rows[0]["unit"] in ("instructions", "tsc")
    assert all(row["bench"].startswith("ipc.") for row in shell.run_json("bench ipc", 120))
