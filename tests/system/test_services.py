"""Small services and what the shell fetches: echo with 64 connections at once, iperf 2 both ways, wget
from a server on the host, tcpdump's file in tshark, and services that have only what the manifest gives
them. The machine has an IOMMU and QEMU's e1000e."""
import functools
import http.server
import json
import random
import re
import select
import socket
import struct
import subprocess
import threading
import time

import mkimage
import pexpect
import pytest
import test_net_deaths

from conftest import ROOT
from scapy.layers.inet import ICMP
from scapy.packet import Raw
from test_fs import make_fat, run, sum_of
from test_nbd import Client
from test_net import addressed, free_port, until
from test_screens import show, type_keys, wait_for_rows

CONNECTIONS, EACH = 64, 4000
fixture_fatal = test_net_deaths.fixture_fatal  # as `fatal`


def boot(machine, ports, *extra, image=None):
    """A machine whose ports are forwarded: (protocol, the host's, its own)."""
    forward = ",".join(f"hostfwd={kind}:127.0.0.1:{host}-:{guest}" for kind, host, guest in ports)
    one = machine(boot="pvh", limit_s=500, image=image, extra=(
        "-device", "intel-iommu", "-netdev", f"user,id=n,{forward}", "-device", "e1000e,netdev=n", *extra))
    one.boot()
    addressed(one)
    return one


def listens(one, port):
    return [s for s in one.run_json("netstat") if s["local"].endswith(f":{port}")]


@pytest.fixture
def echo(machine):
    port = free_port()
    one = boot(machine, [("tcp", port, 7)])
    until(lambda: listens(one, 7))
    one.port = port
    return one


def exchange(sockets, each):
    """Send @each octets on every one, and compare what comes back, all at the same time."""
    sent = {s: random.Random(i).randbytes(each) for i, s in enumerate(sockets)}
    got, given = {s: b"" for s in sockets}, dict.fromkeys(sockets, 0)
    end = time.monotonic() + 200
    while any(len(got[s]) < each for s in sockets):
        assert time.monotonic() < end, sorted(map(len, got.values()))
        writers = [s for s in sockets if given[s] < each]
        readable, writable, _ = select.select(sockets, writers, [], 1)
        for s in writable:
            given[s] += s.send(sent[s][given[s]:])
        for s in readable:
            got[s] += s.recv(65536)
    assert got == sent


def test_echo(echo):
    """64 connections, all open at once, give back what each of them gets; a 65th, too, after them. They
    come eight at a time: a listening socket has 16 at most that nobody has accepted."""
    sockets = []
    for _ in range(CONNECTIONS // 8):
        some = [socket.create_connection(("127.0.0.1", echo.port), timeout=60) for _ in range(8)]
        for s in some:
            s.setblocking(False)
        exchange(some, 10)
        sockets += some
    exchange(sockets, EACH)
    open_now = [s for s in listens(echo, 7) if s["state"] == "ESTABLISHED"]
    assert len(open_now) == CONNECTIONS and {s["task"] for s in open_now} == {"small"}
    exchange(sockets[:1], 200000)
    for s in sockets:
        s.close()
    until(lambda: not [s for s in listens(echo, 7) if s["state"] == "ESTABLISHED"], 60)
    with socket.create_connection(("127.0.0.1", echo.port), timeout=60) as last:
        exchange([last], EACH)
    for screen in [2, 3, 4]:  # small has given back the sessions that it had for so many
        show(echo, screen)
        type_keys(echo, "ping 10.0.2.2 1\n")
        wait_for_rows(echo, lambda seen: any(row.startswith("1 sent, 1 answered") for row in seen), "an answer")


def test_rights(machine, tmp_path):
    """A service has the ports and the disk that the manifest gives it, and no others."""
    files = dict(mkimage.unpack((ROOT / "build" / "quoll.img").read_bytes()))
    text = files["system.manifest"].decode()
    assert "small:7+5001" in text
    text = text.replace("small:7+5001", "small:7")
    before, nbd = text.split("[task nbd]")
    files["system.manifest"] = (before + "[task nbd]" + re.sub(
        "^opens *= block\n(files.*\n)sessions.*\n", r"\1", nbd, count=1, flags=re.M)).encode()
    assert files["system.manifest"].decode() != text
    image, disk, port = tmp_path / "quoll.img", tmp_path / "disk", free_port()
    image.write_bytes(mkimage.pack(list(files.items())))
    disk.write_bytes(bytes(1 << 20))
    one = boot(machine, [("tcp", port, 10809)], "-device", "piix3-ide,id=ide9,addr=4", "-drive",
               f"file={disk},format=raw,if=none,id=d0", "-device", "ide-hd,bus=ide9.0,drive=d0",
               image=str(image))
    until(lambda: listens(one, 7) and listens(one, 10809))
    until(lambda: [line for line in one.run("log") if "small: cannot listen on port 5001" in line])
    assert not listens(one, 5001)
    client = Client(port, None)
    client.option(7, struct.pack(">I5sH", 5, b"disk0", 0))
    assert client.refusal() == 0x80000002  # forbidden


def measures_host(one):
    """The shell's client and an iperf on the host, which ends after one connection, agree."""
    port = free_port()
    server = subprocess.Popen(["iperf", "-s", "-P", "1", "-f", "b", "-p", str(port)], text=True,
                              stdout=subprocess.PIPE)
    try:
        time.sleep(1)
        *_, total = one.run_json(f"iperf -c 10.0.2.2 -p {port} -t 2", timeout=120)
        text = server.communicate(timeout=60)[0]
    finally:
        server.kill()
    counted = int(re.search(r"(\d+) Bytes ", text.split("Bandwidth")[1]).group(1))
    assert total["total"] and 100000 < total["bytes"] <= counted + 64, text  # it leaves its header out


def test_iperf(machine):
    """Its clients measure the service by TCP and UDP; the shell's measures the host and is measured."""
    tcp, udp, own = free_port(), free_port(socket.SOCK_DGRAM), free_port()
    one = boot(machine, [("tcp", tcp, 5001), ("udp", udp, 5001), ("tcp", own, 5002)])
    until(lambda: listens(one, 5001))
    assert "Mbits/sec" in run("iperf", "-f", "m", "-c", "127.0.0.1", "-p", tcp, "-n", "1M")
    log = until(lambda: [line for line in one.run("log") if "iperf: 10.0.2.2 by TCP: " in line])
    assert 1 << 20 <= int(re.search(r"(\d+) bytes", log[-1]).group(1)) < (1 << 20) + (1 << 17)
    report = run("iperf", "-u", "-c", "127.0.0.1", "-p", udp, "-t", "1", "-b", "200K")
    lost, sent = map(int, re.search(r"Server Report:\n.*\n.* (\d+)/(\d+) \(", report).groups())
    assert sent > 10 and lost < sent, report
    assert "port 5001 is taken" in one.run("iperf -s")[-1]
    refused = free_port()
    assert one.run(f"iperf -c 10.0.2.2 -p {refused}") == [
        f"iperf: 10.0.2.2 port {refused}: nobody listens there"]
    measures_host(one)
    one.send("iperf -s -p 5002 --json\r")
    until(lambda: is_counted(one, own), 120)
    one.send("\x03")
    one.wait_prompt()


def is_counted(one, port):
    """Does the shell's server tell of what is sent? It may not listen yet."""
    subprocess.run(["iperf", "-c", "127.0.0.1", "-p", str(port), "-n", "256K"], check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    try:
        one.expect('"total": true', timeout=10)
        return True
    except pexpect.TIMEOUT:
        return False


class Files(http.server.SimpleHTTPRequestHandler):
    """A directory; /chunked/NAME has it in chunks, /broken/NAME half of it, with a break, and /drip/NAME
    a byte now and then."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        how, _, name = self.path[1:].partition("/")
        if how not in ("chunked", "broken", "drip"):
            super().do_GET()
            return
        with open(f"{self.directory}/{name}", "rb") as f:
            data = f.read()
        self.send_response(200)
        if how != "chunked":
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            (self.drip if how == "drip" else self.send_half)(data)
            self.close_connection = True
            return
        self.send_header("Transfer-Encoding", "Chunked")
        self.end_headers()
        for at in range(0, len(data), 7001):
            piece = data[at:at + 7001]
            self.wfile.write(b"%x;of=it\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\nEnd: here\r\n\r\n")

    def send_half(self, data):
        self.wfile.write(data[:len(data) // 4])
        time.sleep(1)  # so that progress is shown
        self.wfile.write(data[len(data) // 4:len(data) // 2])

    def drip(self, data):
        try:
            for byte in data:
                self.wfile.write(bytes([byte]))
                time.sleep(0.005)
        except OSError:
            pass  # nobody wants more


@pytest.fixture
def web(tmp_path):
    """The address of a server of files on the host, and its directory."""
    directory = tmp_path / "www"
    directory.mkdir()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(directory)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://10.0.2.2:{server.server_address[1]}", directory
    server.shutdown()
    server.server_close()


def with_disk(machine, tmp_path, ports):
    disk = make_fat(tmp_path / "disk", 12, 8)
    return disk, boot(machine, ports, "-device", "piix3-ide,id=ide9,addr=4", "-drive",
                      f"file={disk},format=raw,if=none,id=d0", "-device", "ide-hd,bus=ide9.0,drive=d0")


def test_wget(machine, tmp_path, web):
    """By length and by chunks; what is missing, broken or nobody's is said, and leaves no file."""
    url, directory = web
    data = random.Random(3).randbytes(1500123)
    (directory / "some.bin").write_bytes(data)
    _, one = with_disk(machine, tmp_path, [("tcp", free_port(), 9)])
    got, = one.run_json(f"wget {url}/some.bin /disk0/")
    assert (got["path"], got["bytes"]) == ("/disk0/some.bin", len(data)) and got["bytes_per_second"] > 0
    assert "1500123 bytes in" in one.run(f"wget {url}/chunked/some.bin /disk0/chunks", timeout=120)[-1]
    sums = one.run_json("sha256sum /disk0/some.bin /disk0/chunks")
    assert {line["sha256"] for line in sums} == {sum_of(data)}
    *_, why, removed = one.run(f"wget {url}/broken/some.bin /disk0/half", timeout=120)
    assert why == "wget: the server has hung up after 750061 bytes, before the end"  # on a row of its own
    assert removed == "wget: /disk0/half is not whole; it was removed"
    one.send(f"wget {url}/drip/some.bin /disk0/drop\r")
    one.expect(" KiB/s")
    one.send("\x03")
    one.expect("\r\nwget: /disk0/drop is not whole; it was removed")
    one.wait_prompt()
    (directory / "get").write_bytes(b"by its name")
    assert one.run_json(f'wget "{url}/get?f=/a/some.bin" /disk0')[0]["path"] == "/disk0/get"
    assert "404" in one.run(f"wget {url}/none /disk0/none")[-1]
    assert "nobody listens" in one.run(f"wget http://10.0.2.2:{free_port()}/ /disk0/none")[-1]
    assert "begins with http://" in one.run("wget ftp://10.0.2.2/ /disk0/none")[-1]
    assert "usage" in one.run("wget http://10.0.2.2/")[-1]
    assert {line["name"] for line in one.run_json("ls /disk0")} == {"some.bin", "chunks", "get"}


def test_capture(machine, tmp_path):
    """tshark finds every frame of tcpdump -w whole, and every checksum right: also those of the card."""
    port = free_port()
    disk, one = with_disk(machine, tmp_path, [("tcp", port, 7)])
    until(lambda: listens(one, 7))
    one.send("tcpdump -w /disk0/frames --json\r")
    time.sleep(2)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as peer:
        peer.setblocking(False)
        for _ in range(20):  # no more at a time than tcpdump has buffers
            exchange([peer], 1500)
            time.sleep(0.1)
    one.send("\x03")
    one.wait_prompt()
    one.run("umount disk0")
    run("mcopy", "-i", disk, "::frames", tmp_path / "frames")
    text = run("tshark", "-r", tmp_path / "frames", "-T", "json", "-e", "tcp.srcport", "-e",
               "tcp.len", "-e", "tcp.checksum.status", "-e", "tcp.checksum.ffff", "-e", "ip.checksum.status",
               "-e", "_ws.malformed", "-e", "frame.time_epoch", "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
    frames = [frame["_source"]["layers"] for frame in json.loads(text)]
    ours = [f for f in frames if f.get("tcp.srcport") == ["7"]]
    assert sum(int(f["tcp.len"][0]) for f in ours) >= 30000, len(frames)
    sums = {f["tcp.checksum.status"][0] for f in frames if "tcp.len" in f and "tcp.checksum.ffff" not in f}
    assert sums == {"1"}
    assert {f["ip.checksum.status"][0] for f in frames if "tcp.len" in f} == {"1"}
    assert not [f for f in frames if "_ws.malformed" in f]
    assert abs(float(ours[0]["frame.time_epoch"][0]) - time.time()) < 600


def test_capture_without_room(machine, tmp_path):
    """A disk that gets full: that is said, and no number of frames as if they were there."""
    port = free_port()
    disk = make_fat(tmp_path / "disk", 12, 1)
    (tmp_path / "most").write_bytes(bytes(990 << 10))
    run("mcopy", "-i", disk, tmp_path / "most", "::most")
    one = boot(machine, [("tcp", port, 7)], "-device", "piix3-ide,id=ide9,addr=4", "-drive",
               f"file={disk},format=raw,if=none,id=d0", "-device", "ide-hd,bus=ide9.0,drive=d0")
    until(lambda: listens(one, 7))
    for option in ["", " --json"]:
        one.send(f"tcpdump -w /disk0/frames{option}\r")
        time.sleep(1)
        with socket.create_connection(("127.0.0.1", port), timeout=60) as peer:
            peer.setblocking(False)
            full = threading.Event()
            feeder = threading.Thread(target=lambda: [exchange([peer], 20000) for _ in iter(full.is_set, True)])
            feeder.start()
            said = one.wait_prompt()  # it ends by itself
            full.set()
            feeder.join()
        assert "/disk0/frames: no room is left on the disk" in said and "frames in" not in said
        assert '"frames"' not in said and ('"error"' in said) == (option != "")


def test_net_has_died(fatal):
    """Who waits, and who comes later, is told that, and not that somebody else broke anything off."""
    one = fatal("net", "icmp_input")
    dead = 'the service "net" has died, and is not restarted: `log` says why'
    one.send("nc -l 7000\r")
    until(lambda: one.serial.expect_exact(["nc -l 7000\r\n", pexpect.TIMEOUT], timeout=1) == 0)
    one.peer.send(one.peer.ip() / ICMP(id=1, seq=1) / Raw(bytes(8)))
    one.expect(f"nc: {dead}", timeout=60)
    one.wait_prompt()
    for command in ["nc 10.9.0.1 9", "nc -l 7000", "iperf -s", "iperf -c 10.9.0.1", "ping 10.9.0.1 1"]:
        assert one.run(command) == [dead], command
