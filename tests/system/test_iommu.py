"""VT-d: what the in-OS tests see with two of QEMU's edu as attackers, on each kind of unit that QEMU
has; what root says of the machine; machines without."""
import re

import pytest

EDU = ("-device", "edu,addr=4,dma_mask=0xffffffff", "-device", "edu,addr=8,dma_mask=0xffffffff",
       "-serial", "null")
DEBUG = dict(kernel="build/debug/kernel/quoll.elf", image="build/debug/quoll.img")
UNITS = {
    "usual": dict(iommu=""),
    "four-levels": dict(iommu="aw-bits=48"),
    "caching": dict(iommu="caching-mode=on"),
    "four-levels-caching": dict(iommu="aw-bits=48,caching-mode=on"),
    "no-remapping": dict(iommu="intremap=off"),
    "registers": dict(iommu="", extra=("-append", "iommu=registers")),
}
ON = "IOMMU: 1 unit, every device blocked"


def log_line(one, pattern):
    lines = list({line for line in one.run("log") if re.search(pattern, line)})  # a debug build echoes
    assert len(lines) == 1, lines
    return lines[0]


def run_tests(one, count, name, wanted):
    lines = one.run(f"test {wanted}", timeout=300)
    passed, failed = map(int, re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1]).groups())
    count(f"iommu-{name}-{wanted}", passed, failed)
    assert failed == 0, "\n".join(line for line in lines if line.startswith("FAIL"))
    return passed


@pytest.mark.parametrize("kind", UNITS)
def test_devices_reach_what_is_mapped(machine, count, kind):
    """In a debug kernel, which checks its tables against the capabilities after each test."""
    config = dict(UNITS[kind])
    extra = EDU + config.pop("extra", ())
    one = machine(limit_s=500, boot="pvh", icount=True, extra=extra, **DEBUG, **config)
    one.boot()
    line = log_line(one, ON)
    assert ("interrupts remapped" in line) == (kind not in ("no-remapping", "registers"))
    assert ("by queue" in line) == (kind != "registers")
    assert run_tests(one, count, kind, "kernel.iommu") >= 20
    assert run_tests(one, count, kind, "kernel.errors_iommu") == 1
    assert run_tests(one, count, kind, "kernel.errors") > 10
    for area in ("irq", "irq_msi", "irq_level", "irq_share"):
        assert run_tests(one, count, kind, f"kernel.{area}") > 4


@pytest.mark.parametrize("config", [
    dict(firmware="uefi"), dict(boot="cd"), dict(boot="pvh", cpu="qemu64"),
    dict(boot="pvh", extra=("-smp", "2")), dict(boot="pvh", memory=64), dict(boot="pvh", memory=5120)],
    ids=["uefi", "cd", "qemu64", "smp", "64m", "5g"])
def test_it_is_on_however_the_machine_starts(machine, config):
    one = machine(iommu="", **config)
    one.boot()
    assert "interrupts remapped" in log_line(one, ON)


@pytest.mark.parametrize("config,says", [
    (dict(boot="pvh"), "no IOMMU: "),
    (dict(boot="pvh", machine="pc"), "no IOMMU: "),
    (dict(boot="pvh", iommu="", extra=("-append", "iommu=off")), "no IOMMU (iommu=off): ")],
    ids=["q35", "pc", "off"])
def test_without_it_root_says_so(machine, config, says):
    one = machine(**config)
    one.boot()
    assert says + "a device with DMA reaches all memory" in log_line(one, "root: .*IOMMU")


def test_fuzzing_with_it(machine):
    one = machine(limit_s=300, boot="pvh", iommu="", **DEBUG)
    one.boot()
    assert one.run("fuzz 10000 1", timeout=200)[-1].startswith("passed")
