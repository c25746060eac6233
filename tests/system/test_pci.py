"""The pci driver's core on the host, against QEMU's machines through qtest: with SeaBIOS run and
without, by ECAM (q35) and by ports (pc). QEMU's own view is QMP's query-pci."""
import json
import os
import re
import socket
import subprocess
import time

import pytest

from conftest import ROOT

GEN = ROOT / "build" / "gen"
HERE = ROOT / "tests" / "pci"
CORE = [f"drivers/pci/{name}.c" for name in
        ("acpi_route", "assign", "bar", "capability", "config", "control", "enumerate", "filter",
         "msi")]
ACPI = [f"drivers/pci/{name}.c" for name in ("acpi_os", "acpi_pool", "acpi_prt")]
QTEST = ROOT / "drivers/framework/host/qtest.c"
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow", "-Wundef", "-Wvla",
          "-Wstrict-prototypes", "-Wmissing-prototypes"]
HOST = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
        "-Idrivers/framework/host", "-Idrivers/framework", f"-I{GEN}", "-isystem",
        "drivers/pci/acpica", "-isystem", "build/deps/acpica/source/include"]

EVERY_SLOT = {
    "q35": [f"edu,addr={slot:#x}" for slot in range(1, 31)],
    "pc": [f"edu,addr={slot:#x}" for slot in range(2, 32)],
}
TREE = {
    "q35": ["VGA", "pcie-root-port,id=rp0,addr=3,chassis=1,slot=1", "e1000e,bus=rp0",
            "pcie-root-port,id=rp1,addr=4.0,multifunction=on,chassis=2,slot=2",
            "pcie-root-port,id=rp2,addr=4.1,chassis=3,slot=3", "edu,bus=rp1",
            "pcie-pci-bridge,id=pb,bus=rp2", "edu,bus=pb,addr=5", "edu,bus=pb,addr=6",
            "pci-bridge,id=pc,bus=pb,addr=7,chassis_nr=9", "edu,bus=pc,addr=2",
            "edu,bus=pc,addr=9", "ich9-usb-ehci1,addr=1d.7,multifunction=on",
            "ich9-usb-uhci1,addr=1d.0,multifunction=on", "ich9-usb-uhci2,addr=1d.1,multifunction=on",
            "edu,addr=6", "pci-testdev,addr=7", "qemu-xhci,addr=8"],
    "pc": ["VGA", "pci-bridge,id=b0,addr=3,chassis_nr=1", "edu,bus=b0,addr=1",
           "pci-bridge,id=b1,bus=b0,addr=4,chassis_nr=2", "edu,bus=b1,addr=3", "edu,bus=b1,addr=8",
           "pci-bridge,id=b2,addr=5,chassis_nr=3", "edu,bus=b2,addr=2", "e1000e,addr=6",
           "e1000,bus=b2,addr=3", "edu,addr=9", "pci-testdev,addr=7", "qemu-xhci,addr=8"],
}


class Qmp:
    """QEMU's monitor."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.ask("qmp_capabilities")

    def ask(self, command):
        self.file.write(json.dumps({"execute": command}) + "\n")
        self.file.flush()
        for line in self.file:
            answer = json.loads(line)
            if "event" not in answer:
                return answer["return"]
        raise EOFError("QEMU has ended")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The test program: our sources with all warnings, ACPICA's without."""
    done = subprocess.run(["make", "--no-print-directory", "build/acpica.a", "build/pci.a"],
                          cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    out = tmp_path_factory.mktemp("pci")
    names = subprocess.run(["ar", "t", "build/acpica.a"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.split()
    acpica = [ROOT / "build/deps/acpica/source/drivers/acpi/acpica" / name.replace(".o", ".c")
              for name in names]
    flags = [*HOST, "-w", "-DACPICA_ITSELF", "-include", "acpica.h",
             "-fno-sanitize=alignment"]  # tables and AML have none, and x86 needs none
    jobs = [acpica[0::2], acpica[1::2]]
    running = []
    for number, part in enumerate(jobs):
        (out / str(number)).mkdir()
        running.append(subprocess.Popen(["gcc", "-std=gnu11", *compile_here(flags), "-c", *part],
                                        cwd=out / str(number)))
    assert [one.wait() for one in running] == [0, 0]
    objects = [path for number in range(2) for path in (out / str(number)).glob("*.o")]
    build(out / "program", [*CORE, *ACPI, HERE / "qtest.c", HERE / "watch.c", QTEST], objects)
    return out / "program"


def compile_here(flags):
    """Relative include folders, from anywhere."""
    def absolute(flag):
        if flag.startswith("-I"):
            return f"-I{ROOT / flag[2:]}"
        return str(ROOT / flag) if flag.startswith(("drivers/", "build/")) else flag
    return [absolute(flag) for flag in flags]


def build(program, sources, objects=()):
    done = subprocess.run(["gcc", *STRICT, *HOST, "-o", program, *sources, *objects], cwd=ROOT,
                          capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]


def run(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace",
                          check=False, timeout=300,
                          env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"})
    return done, done.stdout + done.stderr


def checked(name, done, count):
    found = re.search(r"(\d+) passed, (\d+) failed\s*$", done.stdout)
    assert found, done.stdout[-3000:] + done.stderr[-3000:]
    count(name, int(found[1]), int(found[2]))
    assert done.returncode == 0 and int(found[1]) > 0, done.stdout[-3000:] + done.stderr[-3000:]


class Qemu:
    """A machine at rest: SeaBIOS has found nothing to boot (firmware), or nothing ran (bare)."""

    def __init__(self, out, machine, boot, devices, more=()):
        self.log = out / "seabios"
        command = ["qemu-system-x86_64", "-M", f"{machine},accel=tcg", "-m", "64", "-nodefaults",
                   "-vga", "none", "-display", "none", "-nic", "none",
                   "-qtest", f"unix:{out}/qtest,server=on,wait=off", "-qtest-log", "/dev/null",
                   "-qmp", f"unix:{out}/qmp,server=on,wait=off"]
        if boot == "bare":
            command += ["-S"]
        else:
            command += ["-chardev", f"file,id=log,path={self.log}",
                        "-device", "isa-debugcon,iobase=0x402,chardev=log"]
        for device in devices:
            command += ["-device", device]
        command += more
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            self.wait(lambda: (out / "qmp").exists() and (out / "qtest").exists())
            self.qmp = Qmp(out / "qmp")
            if boot == "firmware":
                self.wait(lambda: self.log.exists() and
                          b"No bootable device" in self.log.read_bytes())
                self.qmp.ask("stop")
        except BaseException:
            self.close()
            raise

    def wait(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            assert self.process.poll() is None, self.process.stdout.read().decode()
            assert time.monotonic() < deadline, "QEMU or SeaBIOS does not come up"
            time.sleep(0.05)

    def close(self):
        self.process.kill()
        self.process.wait()


def flat(buses):
    """QEMU's functions by our names."""
    found = {}
    for bus in buses:
        for one in bus["devices"]:
            found[f"{one['bus']:02x}:{one['slot']:02x}.{one['function']:x}"] = one
            inner = one.get("pci_bridge", {}).get("devices", [])
            found |= flat([{"devices": inner}])
    return found


def same_function(ours, theirs):
    identity = theirs["id"]
    assert (ours["vendor"], ours["device"]) == (identity["vendor"], identity["device"])
    assert ours["class"] >> 8 == theirs["class_info"]["class"]
    assert ours["pin"] == theirs["irq_pin"]
    regions = {one["bar"]: one for one in theirs["regions"] if one["bar"] != 6}  # 6: the ROM
    assert {one["bar"] for one in ours["resources"]} == set(regions), ours
    for resource in ours["resources"]:
        region = regions[resource["bar"]]
        assert resource["size"] == region["size"], ours
        assert resource["io"] == (region["type"] == "io")
        assert resource["assigned"] and resource["address"] == region["address"], (ours, region)
        if not resource["io"]:
            assert resource["prefetch"] == region["prefetch"]
            assert resource["wide"] == region["mem_type_64"]
    if "pci_bridge" in theirs:
        bus = theirs["pci_bridge"]["bus"]
        assert (ours["secondary"], ours["subordinate"]) == (bus["secondary"], bus["subordinate"])


def places(functions, parent, io):
    """What has addresses on a bus: (first, last, name)."""
    found = []
    for one in functions:
        if one["parent"] != parent:
            continue
        found += [(r["address"], r["address"] + r["size"] - 1, f"{one['name']} {r['bar']}")
                  for r in one["resources"] if r["io"] == io]
        first, last = one["io" if io else "window"]
        if one["secondary"] and 0 < first <= last:
            found.append((first, last, one["name"]))
    return sorted(found)


def check_addresses(functions):
    """No two overlap, each is aligned, and each lies in the window of the bridge before it."""
    for parent in range(-1, len(functions)):
        for io in (0, 1):
            found = places(functions, parent, io)
            for before, after in zip(found, found[1:]):
                assert before[1] < after[0], (before, after)
            if parent >= 0 and found:
                first, last = functions[parent]["io" if io else "window"]
                assert all(first <= one[0] and one[1] <= last for one in found), (first, last, found)
    for one in functions:
        assert all(r["address"] % r["size"] == 0 for r in one["resources"]), one


def test_links_for_the_guest(program, tmp_path):
    """The libraries need nothing but each other and libc."""
    done = subprocess.run(["make", "--no-print-directory", "build/libc.a", "build/platform.a"],
                          cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    done, output = run("ld", "-nostdlib", "-static", "--gc-sections", "-e", "acpi_start", "-u",
                       "pci_route", "-u", "pci_child_write", "-u", "platform_probe", "-o",
                       tmp_path / "out", "--start-group", "build/pci.a", "build/platform.a",
                       "build/acpica.a", "build/libc.a", "--end-group")
    assert done.returncode == 0, output
    size = run("size", tmp_path / "out")[0].stdout.split()
    text = int(size[size.index("filename") + 1])
    assert 100000 < text < 220000, size


@pytest.mark.parametrize("machine", ["q35", "pc"])
@pytest.mark.parametrize("boot,devices", [("firmware", EVERY_SLOT), ("firmware", TREE),
                                          ("bare", TREE)],
                         ids=["every-slot", "firmware", "bare"])
def test_machine(program, tmp_path, machine, boot, devices, count, request):
    qemu = Qemu(tmp_path, machine, boot, devices[machine])
    try:
        done, _ = run(program, tmp_path / "qtest", machine, boot)
        theirs = flat(qemu.qmp.ask("query-pci"))
    finally:
        qemu.close()
    checked(f"pci-{request.node.callspec.id}", done, count)
    ours = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [one["name"] for one in ours] and {one["name"] for one in ours} == set(theirs)
    for one in ours:
        same_function(one, theirs[one["name"]])
    if boot == "bare":
        check_addresses(ours)
    else:
        assert all(one["gsi"] >= 0 for one in ours if one["pin"]), ours


def test_lying_devices(program, tmp_path, count):
    """Configuration space that lies: 5,000 mutations for each of two seeds."""
    build(tmp_path / "fuzz", [*CORE, HERE / "fuzz.c"])
    for seed in ("1", "2"):
        done, _ = run(tmp_path / "fuzz", seed, "5000")
        checked(f"pci-fuzz-{seed}", done, count)


# Bits of platform_probe: com1..com4, i8042, vga, hpet, pit, cmos.
@pytest.mark.parametrize("machine,more,found", [
    ("q35", ["-serial", "null"], 0x1d1),
    ("pc", ["-serial", "null", "-serial", "null", "-device", "VGA"], 0x1f3),
    ("q35,i8042=off,hpet=off", ["-device", "VGA"], 0x1a0),
    ("pc", ["-device", "isa-serial,iobase=0x2e8,irq=3,chardev=c", "-chardev", "null,id=c"], 0x1d8),
], ids=["q35", "pc", "bare-q35", "com4"])
def test_platform(tmp_path, machine, more, found, count, request):
    build(tmp_path / "program", ["drivers/platform/probe.c", "drivers/platform/devices.c",
                                 "drivers/platform/commands.c", HERE / "platform.c",
                                 QTEST])
    qemu = Qemu(tmp_path, machine, "bare", [], more)
    try:
        done, _ = run(tmp_path / "program", tmp_path / "qtest", f"{found:x}")
    finally:
        qemu.close()
    checked(f"platform-{request.node.callspec.id}", done, count)
