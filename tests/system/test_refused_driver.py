"""Drivers that devman refuses to start, because of what their manifest asks for: the reason is a
sentence, and nothing else is the worse for it."""
import pytest

import mkimage
from conftest import ROOT

EDU = ("-device", "edu,addr=6")


@pytest.mark.parametrize("change,why", [
    (("dma           = optional", "dma           = required"),
     "edu needs DMA: there is no IOMMU, and the system manifest does not say dma = unprotected"),
    (("need          = bar0 as regs mmio", "need          = bar3 as regs mmio"),
     "edu needs mmio bar3, which the device does not own"),
    (("need          = bar0 as regs mmio", "need          = bar0 as regs ports"),
     "edu needs ports bar0, which the device does not own"),
])
def test_a_manifest_that_asks_for_too_much(machine, tmp_path, change, why):
    files = mkimage.unpack((ROOT / "build" / "quoll.img").read_bytes())
    text = dict(files)["edu.manifest"].decode()
    assert change[0] in text
    image = tmp_path / "quoll.img"
    image.write_bytes(mkimage.pack([
        (name, text.replace(*change).encode() if name == "edu.manifest" else data)
        for name, data in files]))
    one = machine(boot="pvh", kernel="build/kernel/quoll.elf", image=str(image), extra=EDU)
    one.boot()
    device = next(d for d in one.run_json("lsdev") if d["path"] == "/pci/00:06.0")
    assert device["state"] == "refused"
    assert any(why in line for line in one.run("devman explain /pci/00:06.0"))
    assert any(line.endswith(f"/pci/00:06.0: edu was not started: {why}") for line in one.run("log"))
    assert [d["driver"] for d in one.run_json("drivers") if d["state"] != "running"] == []
