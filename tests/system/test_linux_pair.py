"""linux_pair.py and linux_boot.py, without Linux: modules, the initial file system, lines, pairs of
made-up guests, the table. The rows of Quoll that are only there for pairs run once. Linux itself is
booted by tools/linux_pair.py, which fetches it."""
import re
import subprocess

import pytest

import linux_boot
import linux_pair
import net_bench
from linux_pair import Kind, Pair, Result


def module(depends):
    return b"\x7fELF\0license=GPL\0depends=" + depends.encode() + b"\0name=x\0"


@pytest.fixture(name="package")
def _package(tmp_path):
    """A package with a kernel and six modules."""
    for path, depends in {"drivers/ata/ata_piix": "libata", "drivers/ata/libata": "scsi_mod,scsi_common",
                          "drivers/scsi/scsi_mod": "scsi_common", "drivers/scsi/scsi_common": "",
                          "drivers/scsi/sd_mod": "scsi_mod,t10-pi", "block/t10-pi": ""}.items():
        at = tmp_path / "lib/modules/6.1.0-1-amd64/kernel" / f"{path}.ko"
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(module(depends))
    return tmp_path


# ---- what Linux is made of

def test_modules_come_behind_what_they_need(package):
    modules = linux_boot.modules_of(package)
    assert linux_boot.in_order(["ata_piix", "sd_mod"], modules) == [
        "scsi_common", "scsi_mod", "libata", "ata_piix", "t10_pi", "sd_mod"]
    assert linux_boot.in_order(["t10-pi", "t10_pi"], modules) == ["t10_pi"]


def test_modules_that_cannot_be_loaded(package):
    modules = linux_boot.modules_of(package)
    with pytest.raises(ValueError, match="ahci: there is no such module; is it built in?"):
        linux_boot.in_order(["ahci"], modules)
    modules["scsi_common"].write_bytes(module("libata"))
    with pytest.raises(ValueError, match="depend on each other: libata scsi_mod scsi_common libata"):
        linux_boot.in_order(["libata"], modules)
    modules["t10_pi"].write_bytes(b"\x7fELF")
    with pytest.raises(ValueError, match="no kernel module"):
        linux_boot.in_order(["t10_pi"], modules)


def unpack(archive):
    """{path: (mode, bytes)} of an archive, whose every field is looked at."""
    files, at = {}, 0
    while True:
        assert archive[at:at + 6] == b"070701" and at % 4 == 0
        fields = [int(archive[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = archive[at + 110:at + 110 + name_size]
        assert name.endswith(b"\0") and b"\0" not in name[:-1]
        data = (at + 110 + name_size + 3) // 4 * 4
        if name == b"TRAILER!!!\0":
            return files
        files[name[:-1].decode()] = (mode, archive[data:data + size])
        at = (data + size + 3) // 4 * 4


def test_initial_file_system(package, tmp_path):
    init = tmp_path / "init"
    init.write_bytes(b"program")
    files = unpack(linux_boot.initramfs(["ata_piix"], {"libata": "dma=0"}, package, init))
    assert files["init"] == (0o100755, b"program") and files["modules"] == (0o40755, b"")
    assert files["modules/order"][1].decode() == "scsi_common.ko\nscsi_mod.ko\nlibata.ko dma=0\nata_piix.ko\n"
    assert files["modules/scsi_mod.ko"] == (0o100644, module("scsi_common"))
    assert len(files) == 7
    with pytest.raises(ValueError, match="options of modules that are not loaded: e1000"):
        linux_boot.initramfs(["ata_piix"], {"e1000": "x=1"}, package, init)


def test_program_is_built_for_no_system_but_the_kernel(tmp_path):
    linux_boot.build(tmp_path / "init")
    segments = subprocess.run(["readelf", "-lW", tmp_path / "init"], capture_output=True, text=True,
                              check=True).stdout
    assert "LOAD" in segments and "INTERP" not in segments


# ---- rows

def test_every_row_has_a_line():
    for kind in linux_pair.KINDS:
        assert set(kind.usual) <= set(kind.rows)
        lines = [linux_pair.linux_line(name, 40) for name in kind.rows]
        assert len(set(lines)) == len(lines)
    assert linux_pair.linux_line("disk_wall.ahci.rand.write.dma.64k.qd8", 10) == \
        "disk 0000:00:1f.2 write rand 65536 8 10"
    assert linux_pair.linux_line("net_wall.udp_rtt.1472", 50) == "udp_rtt 1472 50"
    assert linux_pair.linux_line("net_wall.tcp_out_64k", 50) == "tcp_out 0 50"
    assert linux_pair.linux_line("net_wall.raw_tx.60", 200) == "raw_tx 200"
    assert linux_pair.linux_line(linux_pair.PKTGEN, 200) == "pktgen 6400"


def test_rows_by_name():
    dma = linux_pair.KINDS[0]
    assert linux_pair.chosen(dma, ()) == dma.usual
    assert linux_pair.chosen(dma, ["disk_wall.ata.seq.read.dma.4k"]) == (
        "disk_wall.ata.seq.read.dma.4k.qd1", "disk_wall.ata.seq.read.dma.4k.qd8")
    assert len(linux_pair.chosen(dma, ["disk_wall"])) == 80
    linux_pair.check_names(["net_wall.raw_tx", "disk_wall.ata"])
    with pytest.raises(ValueError, match="there is no row disk_wall.ata.seq.read.dma.4; "):
        linux_pair.check_names(["disk_wall.ata.seq.read.dma.4"])


def test_time_of_a_row():
    row = {"bench": "disk_wall.ata.seq.read.dma.4k.qd1", "n": 200, "unit": "mb_per_s", "median": 40.96}
    assert linux_pair.quoll_us(row) == pytest.approx(100)
    assert linux_pair.quoll_us({"bench": "net_wall.udp_rtt.18", "unit": "ns", "median": 1500}) == 1.5
    with pytest.raises(RuntimeError, match="in tsc, which is no time"):
        linux_pair.quoll_us({"bench": "net.udp_rtt.18", "unit": "tsc", "median": 1500})


# ---- pairs

class Guest:
    """Answers rows with times that grow, and writes down what it is told."""

    def __init__(self, name, log, first):
        self.name, self.log, self.us, self.runs = name, log, first, False

    def qmp(self, command):
        assert self.runs == (command == "stop")
        self.runs = command == "cont"

    def _run(self, what):
        assert self.runs
        self.log.append(f"{self.name} {what}")
        self.us += 1
        return self.us

    def ask(self, line, _timeout):
        return {"us": self._run(line)}

    def run_json(self, command, _timeout):
        return [{"bench": command.split()[1], "n": 50, "unit": "ns", "median": 1000 * self._run(command)}]


def test_guests_take_turns():
    log = []
    pair = Pair(linux_pair.KINDS[-2], Guest("quoll", log, 0), Guest("linux", log, 10))
    assert pair.measure("net_wall.udp_rtt.18", 3) == [(2, 12), (3, 13), (4, 14)]
    assert log == [f"{who} {what}" for who, what in (
        ("quoll", "bench net_wall.udp_rtt.18"), ("linux", "udp_rtt 18 50"),
        ("linux", "udp_rtt 18 50"), ("quoll", "bench net_wall.udp_rtt.18")) * 2]
    log.clear()
    pair.measure(linux_pair.PKTGEN, 1)
    assert log[:2] == ["quoll bench net_wall.raw_tx.60", "linux pktgen 1600"]


def test_what_failed_is_no_pair():
    class Failing(Guest):
        def run_json(self, command, _timeout):
            return [{"bench": "net_wall.udp_rtt.18", "n": 0, "unit": "failed", "error": "round 3"}]

    pair = Pair(linux_pair.KINDS[-2], Failing("quoll", [], 0), Guest("linux", [], 0))
    with pytest.raises(RuntimeError, match="Quoll, net_wall.udp_rtt.18: round 3"):
        pair.measure("net_wall.udp_rtt.18", 1)


def test_a_clock_that_runs_wrong():
    """Only what cannot be explained by how long the questions took."""
    begin = (100.0, 5_000_000, 100.1)
    assert linux_pair.clock_error(begin, (102.1, 7_000_000, 102.2)) is None
    assert linux_pair.clock_error(begin, (102.1, 7_150_000, 102.2)) is None
    assert "says 2.500 s where 2.000 to 2.200 s passed" in linux_pair.clock_error(
        begin, (102.1, 7_500_000, 102.2))
    assert linux_pair.clock_error(begin, (102.1, 6_900_000, 102.2))


# ---- the table

def test_ratios_are_of_pairs():
    slow_host = Result("a", "On", [(100, 200), (1000, 2000), (90, 100)], 2.44)
    faster = Result("b", "Off", [(300, 100)], None)
    lines = list(linux_pair.table([slow_host, faster]))
    assert lines[1] == "### On" and "### Off" in lines
    assert lines[5] == "| `a` | 100.0 | 200.0 | **0.50** | 0.50 to 0.90 | 2.4 |"
    assert lines[-1] == "| `b` | 300.0 | 100.0 | **3.00** | 3.00 to 3.00 | - |"
    assert linux_pair.summary([slow_host, faster]).startswith("1 of 2 rows take Quoll no longer")


def test_table_replaces_the_last_one():
    text = "before\n" + linux_pair.BEGIN + "old\n" + linux_pair.END + "after\n"
    new = linux_pair.put_into(text, ["one", "two"])
    assert new == "before\n" + linux_pair.BEGIN + "one\ntwo\n" + linux_pair.END + "after\n"
    assert linux_pair.put_into(new, ["one", "two"]) == new
    with pytest.raises(ValueError, match="not there once"):
        linux_pair.put_into("nothing", ["one"])


def test_document_has_every_row():
    """In the order of the kinds of machines: it was written by the tool as it is now."""
    _, _, table = linux_pair.DOCUMENT.read_text().partition(linux_pair.BEGIN)
    assert re.findall(r"^\| `([\w.]+)` \|", table, re.M) == [
        row for kind in linux_pair.KINDS for row in kind.usual]
    assert linux_pair.put_into(linux_pair.DOCUMENT.read_text(), [])


# ---- Quoll's rows

def test_rows_of_time_run():
    """Those that are for pairs only, with somebody at the wire's other end."""
    rows = net_bench.timed(["net_wall"], "linux-pair-rows")
    names = [row for kind in linux_pair.KINDS[-2:] for row in kind.rows if row != linux_pair.PKTGEN]
    assert sorted(rows) == sorted(names)
    for name, row in rows.items():
        assert row["n"] > 0 and row["unit"] == "ns", row
        assert 0 < row["min"] <= row["median"] <= row["max"], name


def test_machines_differ_in_what_they_say():
    """A kind's title and rows say all that differs between two machines."""
    said = [(kind.title, kind.wire) for kind in linux_pair.KINDS]
    assert len(set(said)) == len(said)
    assert all(isinstance(kind, Kind) and kind.usual for kind in linux_pair.KINDS)
