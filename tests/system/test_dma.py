"""DMA: what a device may reach of memory, with edu as a device that reads and writes wherever its
driver says. Without an IOMMU there is none, unless the system manifest allows it; then nothing is
safe from it, and the same tests that hold behind an IOMMU must fail."""
import re
import time

import mkimage
from conftest import ROOT

EDU = ("-device", "edu,addr=4,dma_mask=0xffffffff")
UNPROTECTED = dict(boot="pvh", image="build/unprotected/quoll.img", kernel="build/kernel/quoll.elf")
TESTS = re.findall(r'\{"(drivers\.edu_dma\.\w+)"', (ROOT / "tests/os/edu_dma.c").read_text())
WILD = ["drivers.edu_dma.wild_write", "drivers.edu_dma.wild_read"]


def results(one):
    lines = one.run("test drivers.edu_dma", timeout=200)
    return ([line.split()[1] for line in lines if line.startswith("pass ")],
            [line for line in lines if not line.startswith("pass ")])


def edu(one):
    return next(d for d in one.run_json("drivers") if d["driver"] == "edu")


def test_none_without_an_iommu(machine):
    """The driver runs without: a wild access can't even be injected."""
    one = machine(boot="pvh", extra=EDU)
    one.boot()
    passed, rest = results(one)
    assert passed == TESTS, rest
    assert edu(one)["dma"] == "none"
    assert any("devman: no DMA: there is no IOMMU" in line for line in one.run("log"))
    assert "UNPROTECTED" not in "".join(one.run("lsdev") + one.run("drivers"))
    assert one.run("inject wild-dma-write edu")[-1] == "inject: edu (/pci/00:04.0) has no DMA"


def is_told(one):
    """Log, lsdev and drivers say that DMA is unprotected."""
    assert any("devman: DMA IS UNPROTECTED" in line for line in one.run("log"))
    tree = one.run("lsdev")
    at = next(i for i, line in enumerate(tree) if "00:04.0" in line)
    assert tree[at + 1].strip() == "DMA IS UNPROTECTED: it can reach all memory"
    assert "          DMA IS UNPROTECTED: its device can reach all memory" in one.run("drivers")
    assert edu(one)["dma"] == "unprotected"


def test_unprotected(machine):
    """It works, everybody is told so, and nothing stops a device: these tests can fail."""
    one = machine(extra=EDU, limit_s=300, **UNPROTECTED)
    one.boot()
    is_told(one)
    passed, rest = results(one)
    assert passed == [name for name in TESTS if name not in WILD], rest
    failed = "\n".join(rest)
    assert re.search(r"FAIL drivers\.edu_dma\.wild_write.*target\.wrong", failed), failed
    assert re.search(r"FAIL drivers\.edu_dma\.wild_read.*target\.content", failed), failed


def test_unprotected_on_pc(machine):
    one = machine(machine="pc", extra=EDU, **UNPROTECTED)
    one.boot()
    is_told(one)
    assert one.run("inject wild-dma-write edu")[-1].startswith("wild-dma-write into edu")
    time.sleep(0.5)
    assert edu(one)["state"] == "running" and edu(one)["restarts"] == 0


IOMMU = dict(machine="q35,kernel-irqchip=split", boot="pvh",
             extra=("-device", "intel-iommu,intremap=on") + EDU)


def test_confined(machine):
    """Behind an IOMMU the same tests hold, however the system manifest is."""
    one = machine(limit_s=300, **{**IOMMU, **UNPROTECTED})
    one.boot()
    assert any("devman: DMA is confined by the IOMMU, 1 unit" in line for line in one.run("log"))
    assert "UNPROTECTED" not in "".join(one.run("log") + one.run("lsdev") + one.run("drivers"))
    passed, rest = results(one)
    assert passed == TESTS, rest
    assert edu(one)["dma"] == "iommu"
    target = r"0x[0-9a-f]+ refused, requester 00:04\.0, reason"
    log = "\n".join(one.run("log"))
    assert re.search(rf"edu, .* died: dma: DMA write to {target} 5 \(it may not write there\)", log)
    assert re.search(rf"edu, .* died: dma: DMA read of {target} 6 \(it may not read there\)", log)
    deaths = [event for event in one.run_json("events") if event["cause"] == "dma"]
    assert [event["driver"] for event in deaths] == ["edu", "edu"], deaths


def test_stop_gives_all_back(machine):
    """What a device had for its DMA is devman's again when its driver was stopped."""
    one = machine(**IOMMU)
    one.boot()
    memory = {d["driver"]: d["memory_bytes"] for d in one.run_json("drivers")}
    one.run("stop edu")
    stopped = edu(one)
    assert stopped["state"] == "stopped" and stopped["memory_bytes"] < memory["edu"]
    one.run("start edu")
    assert edu(one)["memory_bytes"] == memory["edu"]
    assert results(one)[0] == TESTS


def test_required_behind_an_iommu(machine, tmp_path):
    """A driver that needs DMA has it there, and only there."""
    image = tmp_path / "quoll.img"
    files = mkimage.unpack((ROOT / "build" / "quoll.img").read_bytes())
    image.write_bytes(mkimage.pack([(name, data.replace(b"= optional", b"= required"))
                                    if name == "edu.manifest" else (name, data)
                                    for name, data in files]))
    for config, state in ((IOMMU, "running"), (dict(boot="pvh", extra=EDU), "refused")):
        one = machine(image=str(image), kernel="build/kernel/quoll.elf", **config)
        one.boot()
        node = next(d for d in one.run_json("lsdev") if d["path"] == "/pci/00:04.0")
        assert node["state"] == state and (state == "refused") == (node["dma"] == "none"), node
