"""Benchmarks: complete, the same to the digit from run to run, as fast as is required, no slower
than the baseline; and what the counting plugin says agrees with the time-stamp counter."""
import bench
import bench_gate
import mkimage
from conftest import ROOT

# Between two readings of the interrupt benchmarks stand up to this many instructions of the
# interrupted thread, more or less.
IRQ_SLACK = 5


def test_figures():
    """One test, because the two runs that it looks at take several seconds each."""
    results = bench.measure(log="bench")
    again, counts = bench.count(log="bench-count")
    reference, baseline = bench_gate.load_reference(), bench_gate.load_baseline()
    assert bench_gate.problems(results, counts, reference, baseline) == []
    assert bench.differences(results, again) == [] and len(results) == len(again)
    assert set(counts) == {name for name in results if not name.startswith(bench.UNMARKED)}
    check_restarts(results)
    for name, row in counts.items():
        assert row["overflowed"] == 0 and row["rounds"] >= results[name]["n"], name
        check_sum(name, row, results[name]["median"])
        check_ways_in_and_out(name, row)
    check_known_counts(counts)


def check_sum(name, row, median):
    """The plugin's instructions are those of the counter."""
    extra = row["kernel"] + row["user"] - median
    # The counter does not see a faulting instruction, the plugin does.
    expected = [1] if name.startswith("fault.") else [0]
    if name.startswith("irq."):
        expected = range(-IRQ_SLACK, IRQ_SLACK + 1)
    assert extra in expected, (name, row["kernel"], row["user"], median)


def check_restarts(results):
    """The parts of a restart are nearly all of it: the rest is the order to die and the first
    request of the successor."""
    name = "drv.restart.uart8250."
    total = results[name + "total"]["median"]
    parts = sum(results[name + part]["median"]
                for part in ("detect", "quiet", "reclaim", "load", "attach"))
    assert 0.95 * total < parts < total, (parts, total)


def check_ways_in_and_out(name, row):
    ops = row["ops"]
    assert ops["sysret"] + ops["iretq"] >= 1, name
    assert 0 < row["code_lines"] <= row["kernel"] and row["data_lines"] > 0, name
    assert ops["swapgs"] == 0, f"{name}: the kernel has no GS base"
    if name.startswith(("ipc.call_reply", "fault.")):
        assert ops["cr3"] == (2 if "diff_as" in name else 0), name
        assert ops["sysret"] + ops["iretq"] == 2, name


def check_known_counts(counts):
    """What the kernel cannot do without."""
    assert counts["vm.unmap_frame_4k"]["ops"]["invlpg"] == 1
    assert counts["irq.to_driver"]["ops"]["mmio"] >= 1, "the local APIC's end of interrupt"
    # Words beyond the registers are read from one buffer and written to the other.
    words = {count: counts[f"ipc.call_reply.diff_as.{count}w"]["data_lines"] for count in (0, 64)}
    assert words[64] - words[0] >= 2 * (64 - 6) * 8 // 64


def test_bench_area_and_json(shell):
    rows = shell.run_json("bench ipc.null_syscall")
    assert [row["bench"] for row in rows] == ["ipc.null_syscall"]
    assert set(rows[0]) == {"bench", "unit", "median", "min", "max", "n"}
    assert rows[0]["min"] <= rows[0]["median"] <= rows[0]["max"]
    assert rows[0]["unit"] in ("instructions", "tsc")
    assert all(row["bench"].startswith("ipc.") for row in shell.run_json("bench ipc", 120))


def test_table_is_aligned_and_fits_80_columns(shell):
    head, *rows = shell.run("bench ipc.null_syscall vm", 120)
    ends = [head.index(word) + len(word) for word in ("MEDIAN", "MIN", "MAX", " N ")]
    for row in rows:
        assert len(row) <= 80 and row.split()[-1] in ("instructions", "tsc")
        assert row.index(row.split()[-1]) == head.index("UNIT")
        assert all(row[end - 1].isdigit() and row[end] == " " for end in ends[:3])


def without(key, task="bench"):
    """The boot image's files, with a line of the manifest's @task left out."""
    files = mkimage.unpack((ROOT / "build" / "quoll.img").read_bytes())
    manifest = dict(files)["system.manifest"].decode()
    before, section, rest = manifest.partition(f"[task {task}]")
    lines = rest.split("\n")
    lines.remove(next(line for line in lines if line.startswith(key)))
    manifest = before + section + "\n".join(lines)
    return [(n, manifest.encode() if n == "system.manifest" else data) for n, data in files]


def test_why_a_benchmark_failed_reaches_the_user(machine, tmp_path):
    path = tmp_path / "image"
    path.write_bytes(mkimage.pack(without("irq-control")))
    one = machine(boot="pvh", image=str(path))
    one.boot()
    failed, = one.run_json("bench irq.to_driver")
    assert failed["bench"] == "irq.to_driver" and failed["unit"] == "failed" and failed["n"] == 0
    assert failed["error"].startswith("the PIT's interrupt: ")
    head, row = one.run("bench irq.to_driver")
    assert head.startswith("BENCH") and row.split(None, 1)[0] == "irq.to_driver"
    assert f"failed: {failed['error']}" in row
    assert one.run_json("bench ipc.null_syscall")[0]["n"] == 10000


def test_interrupts_by_a_real_clock(machine):
    """What is no instruction count is an interrupt's time all the same: the median is none of a
    round whose interrupt came before there was anybody to interrupt."""
    one = machine(boot="pvh")
    one.boot()
    for name in ["irq.to_driver", "irq.ack_wait"]:
        row, = one.run_json(f"bench {name}", timeout=90)
        assert row["unit"] == "tsc" and row["n"] == 10000, row
        assert 0 < row["median"] < 2_000_000, row  # about a millisecond
