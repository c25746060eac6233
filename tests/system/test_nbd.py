"""The NBD server: its protocol on the host under sanitizers (tests/nbd/fuzz.c); in the system, with
libnbd's tools and qemu-img on the host, which read and write the guest's disk through ata and e1000,
behind an IOMMU. What they see is compared with the disk's image."""
import hashlib
import json
import os
import random
import re
import socket
import struct
import subprocess
import threading

import pytest

from conftest import ROOT
from test_net import addressed, free_port, until

MIB = 1 << 20
GREETING = b"NBDMAGICIHAVEOPT\x00\x03"
FLAGS = ["-std=c11", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
         "-D_GNU_SOURCE", "-DHOST_TEST", "-DCONFIG_DEBUG=1", "-Ikernel/include", "-Iservers/include",
         "-idirafter", "libc/include", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror"]


def run(*command, timeout=300):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, timeout=timeout, cwd=ROOT)
    assert done.returncode == 0, f"{command}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
    return done.stdout


def test_protocol(tmp_path, count):
    """An honest client's answers to the byte, and 2,000 clients that are not."""
    run("gcc", *FLAGS, "-o", tmp_path / "fuzz", "tests/nbd/fuzz.c", "servers/nbd/option.c",
        "servers/nbd/transmit.c")
    said = run(tmp_path / "fuzz", timeout=1800)
    passed, failed = re.search(r"(\d+) passed, (\d+) failed\s*$", said).groups()
    count("nbd-protocol", int(passed), int(failed))
    assert failed == "0" and int(passed) > 4000


# ------------------------------------------------------------------------ in the system


@pytest.fixture
def disk(request, tmp_path):
    """A FAT disk with a file, or one with the partitions that are asked for."""
    path = tmp_path / "disk"
    path.write_bytes(bytes(8 * MIB))
    if hasattr(request, "param"):
        subprocess.run(["sfdisk", "-q", path], input=request.param, text=True, check=True)
        return path
    run("mkfs.fat", "-F", "12", path)
    (tmp_path / "file").write_bytes(random.Random(5).randbytes(5 * MIB))
    run("mcopy", "-i", path, tmp_path / "file", "::first")
    return path


@pytest.fixture
def served(machine, disk):
    port = free_port()
    one = machine(boot="pvh", limit_s=600, extra=(
        "-device", "intel-iommu", "-device", "piix3-ide,id=ide9,addr=4", "-drive",
        f"file={disk},format=raw,if=none,id=d0", "-device", "ide-hd,bus=ide9.0,drive=d0", "-netdev",
        f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:10809", "-device", "e1000e,netdev=n"))
    one.boot()
    one.port, one.uri = port, f"nbd://127.0.0.1:{port}/disk0"
    addressed(one)
    until(lambda: [s for s in one.run_json("netstat") if s["local"].endswith(":10809")])
    yield one
    assert not [line for line in one.run("log") if "died" in line and not re.search("kill|by hand", line)]


def info(one):
    export, = json.loads(run("nbdinfo", "--json", one.uri))["exports"]
    return export


def settled(one):
    """The server knows that the last client has gone: what comes next may write."""
    until(lambda: not [s for s in one.run_json("netstat")
                       if s["local"].endswith(":10809") and s["state"] != "LISTEN"])


def same(disk, copy):
    return disk.read_bytes() == copy.read_bytes()


def test_disk_is_served(served, disk, tmp_path):
    """Read while it is mounted, written when it is not, and fs finds what was written."""
    copy, second = tmp_path / "copy", tmp_path / "second"
    second.write_bytes(bytes(8 * MIB))
    assert info(served)["is_read_only"]  # nothing of it is mounted, and nobody has let go of it
    run("mkfs.fat", "-F", "12", second)
    contents = random.Random(6).randbytes(3 * MIB + 77)
    (tmp_path / "new").write_bytes(contents)
    run("mcopy", "-i", second, tmp_path / "new", "::other")
    assert any("first" in line for line in served.run("ls /disk0"))
    export = info(served)
    assert export["export-size"] == 8 * MIB and export["is_read_only"] and export["can_multi_conn"]
    assert "disk0" in run("nbdinfo", "--list", f"nbd://127.0.0.1:{served.port}")
    run("nbdcopy", served.uri, copy)
    assert same(disk, copy)
    assert subprocess.run(["nbdcopy", second, served.uri], capture_output=True, check=False).returncode != 0
    assert same(disk, copy)
    served.run("umount disk0")
    export = info(served)
    assert not export["is_read_only"] and export["can_flush"] and export["can_fua"]
    settled(served)
    run("nbdcopy", "--flush", second, served.uri)
    assert same(disk, second)
    run("qemu-img", "compare", "-f", "raw", "-F", "raw", served.uri, second)
    settled(served)
    assert served.run("mount disk0") == []
    got, = served.run_json("sha256sum /disk0/other")
    assert got["sha256"] == hashlib.sha256(contents).hexdigest()


def copy_under_kills(one, drivers, *command):
    """The command, while the drivers are killed by turns; how often they came back."""
    before = {d["driver"]: d["restarts"] for d in one.run_json("drivers")}
    copying = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    try:
        while copying.poll() is None:
            for driver in drivers:
                one.run(f"kill {driver}")
                threading.Event().wait(0.3)
        text = copying.communicate(timeout=30)[0]
    finally:
        copying.kill()
    assert copying.returncode == 0, text
    return {d["driver"]: d["restarts"] - before[d["driver"]] for d in one.run_json("drivers")
            if d["driver"] in drivers}


def test_copies_outlive_drivers(served, disk, tmp_path):
    """ata and e1000 die below a copy out and a copy in."""
    copy, second = tmp_path / "copy", tmp_path / "second"
    second.write_bytes(random.Random(7).randbytes(8 * MIB))
    served.run("umount disk0")
    deaths = copy_under_kills(served, ["ata", "e1000"], "nbdcopy", served.uri, copy)
    assert same(disk, copy) and min(deaths.values()) > 0, deaths
    settled(served)
    deaths = copy_under_kills(served, ["ata", "e1000"], "nbdcopy", "--flush", second, served.uri)
    assert same(disk, second) and min(deaths.values()) > 0, deaths


class Client:
    """A client of its own: what it sends, it says."""

    def __init__(self, port, name=b"disk0"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        assert self.take(18) == GREETING
        self.socket.sendall(struct.pack(">I", 3))
        if name is not None:
            self.option(1, name)
            self.bytes, self.flags = struct.unpack(">QH", self.take(10))

    def option(self, what, data=b""):
        self.socket.sendall(b"IHAVEOPT" + struct.pack(">II", what, len(data)) + data)

    def take(self, count):
        got = b""
        while len(got) < count:
            more = self.socket.recv(count - len(got))
            assert more, "it has hung up"
            got += more
        return got

    def refusal(self):
        """The error that an option was answered with; its text is for people."""
        magic, _, error, length = struct.unpack(">QIII", self.take(20))
        assert magic == 0x3e889045565a9
        self.take(length)
        return error

    def is_over(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def ask(self, command, offset, length, data=b"", flags=0, cookie=0):
        self.socket.sendall(struct.pack(">IHHQQI", 0x25609513, flags, command, cookie, offset, length) + data)

    def error(self, cookie=0):
        magic, error, back = struct.unpack(">IIQ", self.take(16))
        assert (magic, back) == (0x67446698, cookie)
        return error


def test_clients(served, disk):
    """The first writes, others read; what is wrong is said, and what is hostile is hung up on."""
    served.run("umount disk0")
    writer, reader = Client(served.port), Client(served.port)
    assert (writer.flags & 2, reader.flags & 2) == (0, 2) and writer.bytes == 8 * MIB
    assert "it is in use" in served.run("mount disk0")[-1]
    mark = os.urandom(1024)
    writer.ask(1, 4096, 1024, mark, flags=1, cookie=7)
    assert writer.error(7) == 0 and disk.read_bytes()[4096:5120] == mark
    for number in range(16):  # all at once
        reader.ask(0, 4096, 512 * (number + 1), cookie=number)
    image = disk.read_bytes()
    for number in range(16):
        assert reader.error(number) == 0
        assert reader.take(512 * (number + 1)) == image[4096:4096 + 512 * (number + 1)]
    reader.ask(1, 0, 512, bytes(512))
    assert reader.error() == 1  # EPERM
    for offset, length in [(8 * MIB, 512), (1 << 63, 512), (100, 512), (0, 0), (0, 100 * MIB)]:
        reader.ask(0, offset, length)
        assert reader.error() == 22, (offset, length)  # EINVAL
    writer.ask(1, 8 * MIB, 512, bytes(512))
    assert writer.error() == 28  # ENOSPC
    writer.ask(3, 0, 0, cookie=9)
    assert writer.error(9) == 0
    writer.ask(1, 0, 1 << 31)
    assert writer.is_over()
    reader.socket.sendall(b"GET / HTTP/1.0\r\n\r\n" + bytes(100))
    assert reader.is_over()
    stranger = Client(served.port, None)
    stranger.option(5)  # TLS
    assert stranger.refusal() == 0x80000001
    stranger.option(7, b"\xff" * 40)
    assert stranger.refusal() == 0x80000003
    stranger.socket.sendall(b"NONSENSE" + bytes(8))
    assert stranger.is_over()
    until(lambda: not info(served)["is_read_only"])


def test_a_stopped_driver(served, disk):
    """Who waits has an error, who does not is hung up on, and the driver's successor serves the next."""
    served.run("umount disk0")
    idle, other = Client(served.port), Client(served.port)
    other.ask(0, 0, 512)
    assert other.error() == 0 and other.take(512) == disk.read_bytes()[:512]
    served.run("stop ata")
    assert idle.is_over() and other.is_over()
    served.run("start ata")
    writer = until(lambda: client_that_writes(served.port))
    writer.ask(1, 4096, 512, bytes(512), flags=1)
    assert writer.error() == 0 and disk.read_bytes()[4096:4608] == bytes(512)


def client_that_writes(port):
    """Or none, while the driver comes back."""
    try:
        one = Client(port)
    except (AssertionError, ConnectionResetError):
        return None
    return one if not one.flags & 2 else one.socket.close()


def test_the_right_to_write_is_taken_back(served, tmp_path):
    """By mount, also where nothing can be mounted any more."""
    (tmp_path / "noise").write_bytes(random.Random(8).randbytes(8 * MIB))
    served.run("umount disk0")
    run("nbdcopy", "--flush", tmp_path / "noise", served.uri)
    settled(served)
    assert not info(served)["is_read_only"]
    settled(served)
    assert "no file or file system that is known" in served.run("mount disk0")[-1]
    assert info(served)["is_read_only"]


@pytest.mark.parametrize("disk", ["label: gpt\nstart=2048,size=4096\nstart=8192,size=4096\n"], indirect=True)
def test_one_partition_is_not_the_disk(served):
    """Nobody has let go of the first, nor said disk0."""
    served.run("umount disk0p2")
    assert info(served)["is_read_only"]
    settled(served)
    served.run("umount disk0")
    assert not info(served)["is_read_only"]
