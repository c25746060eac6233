"""The image of `make iso ONE_AS=1`: bench, net, mux and e1000 in one address space, so that `bench
net` can say what isolation costs. That they are is seen by what the kernel need not do there."""
import subprocess

import bench_gate
import mkimage
import net_bench
from conftest import ROOT

ROW = "net.udp_send.18.single"  # passes all four
BATCH = "net.raw_tx.60"
PEER_ROW = "net.udp_rtt.18"
HUB = ("-netdev", "hubport,id=n0,hubid=0")
CARD = ("-device", "e1000,netdev=n0,addr=5")
SHARED = ROOT / "build" / net_bench.SHARED_IMAGE
Q35 = dict(boot="pvh", kernel="build/kernel/quoll.elf", machine="q35,kernel-irqchip=split")


def test_who_shares_an_address_space_is_not_switched():
    """From bench to net, mux, e1000 and back: apart, that is a load of CR3 each time, four at least;
    together it is that many less, and the same work."""
    (series, rows), (series_one, rows_one) = (
        net_bench.counted([ROW, BATCH], log, True, HUB, shared)
        for log, shared in (("one_as-apart", False), ("one_as", True)))
    assert set(rows) == set(rows_one) == {ROW, BATCH, BATCH + ".single"}
    assert series[ROW]["least"]["cr3"] >= 4 + series_one[ROW]["least"]["cr3"]
    assert series[BATCH]["all"]["cr3"] >= 2 * rows[BATCH]["n"] > 4 * series_one[BATCH]["all"]["cr3"]
    wanted = bench_gate.load_reference()["net"]["rows"]
    for name, kind in ((ROW, "unbatched"), (BATCH, "batched")):
        price = rows[name]["min"] - rows_one[name]["min"]
        assert abs(price) <= wanted[f"net.isolation.{kind}"]["required"], (name, price)


def test_a_driver_dies_and_a_second_card_has_no_slice(machine):
    """What is another's in the space stays; and no program is in it twice."""
    with net_bench.peer_wire() as wire:
        one = machine(**Q35, image=str(SHARED), extra=(
            *net_bench.IOMMU, *wire, *CARD, "-netdev", "hubport,id=n1,hubid=1",
            "-device", "e1000,netdev=n1,addr=6"))
        one.boot()
        for _ in range(3):
            row, = one.run_json(f"bench {PEER_ROW}", 120)
            assert row["bench"] == PEER_ROW + net_bench.SHARED and row["n"] == 50, row
            assert "runs" in " ".join(one.run("kill /pci/00:05.0"))
        log = " ".join(one.run("log"))
    assert "/pci/00:06.0: e1000 was not started: failed to load its program: the slot or mapping" in log


def test_a_program_for_it_in_another_image(machine, tmp_path):
    """Neither root nor devman has a space to share there, and both say what builds one."""
    files = dict(mkimage.unpack((ROOT / "build" / "quoll.img").read_bytes()))
    for name in ("net", "e1000"):
        files[name] = (ROOT / "build" / "one_as" / "strip" / f"{name}.elf").read_bytes()
    image = tmp_path / "mixed.img"
    image.write_bytes(mkimage.pack(list(files.items())))
    one = machine(**Q35, image=str(image), extra=(
        *net_bench.IOMMU, *HUB, *CARD))
    one.boot()
    log = " ".join(one.run("log"))
    why = "is linked to share an address space, and there is none: make iso ONE_AS=1 builds all that"
    assert f"task net: the file net {why}" in log
    assert f"/pci/00:05.0: e1000 was not started: failed to load its program: {why}" in log


def test_another_value_is_refused():
    made = subprocess.run(["make", "ONE_AS=2", "iso"], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert made.returncode != 0 and "ONE_AS=2 is not known: 1 makes an image" in made.stderr
