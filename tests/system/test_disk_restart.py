"""How long a disk is away when its driver dies with a request at the disk: the work until the
successor has served one, waiting excluded, and the time (servers/bench/disk_restart.c)."""
import pytest

import bench_gate
import disk_bench
from disks import AHCI, machine_of, make_disk

PARTS = ("detect", "quiet", "reclaim", "load", "attach", "serve")


@pytest.mark.parametrize("way", disk_bench.WAYS, ids=("q35-iommu", "q35-dma", "q35-pio"))
def test_a_restart_is_as_short_as_required(way):
    """Of all drivers whose disks the machine has: `make bench` wants each row."""
    results = disk_bench.by_icount(way, ("disk.restart",), "disk-restart")
    required = {name: row["required"] for name, row in
                bench_gate.disk_rows(bench_gate.load_reference()).items()
                if ".restart." in name and f".{way.how}." in name}
    assert list(bench_gate.failures(results)) == []
    assert len(required) == {"dma": 4, "pio": 2}[way.how]
    for name, most in required.items():
        assert 0 < results[name]["median"] <= most, (name, results[name])
    for name in (name for name in required if name.endswith(".total")):
        # Each row is of other deaths, of two kinds where the channel has to be reset or not: of the
        # parts' medians only a sum between the least and the most of the whole can be expected.
        parts = sum(results[name.replace("total", part)]["median"] for part in PARTS)
        whole = results[name]
        assert 0.9 * whole["min"] < parts < 1.1 * whole["max"], (name, parts, whole)
        assert whole["median"] <= 1.3 * results[name.replace("total", "elapsed")]["median"]


@pytest.mark.parametrize("kind", AHCI.kinds)
def test_so_is_that_of_ahci(machine, tmp_path, kind):
    rows = bench_gate.disk_rows(bench_gate.load_reference())
    one = machine(limit_s=300, icount=True, **machine_of(kind, AHCI, make_disk(tmp_path / "disk")))
    one.boot()
    results = {row["bench"]: row for row in one.run_json("bench disk.restart.ahci", 200)}
    assert list(bench_gate.failures(results)) == []
    for figure in ("total", "elapsed"):
        name = f"disk.restart.ahci.dma.{figure}"
        assert 0 < results[name]["median"] <= rows[name]["required"], results
