"""HTTP downloads both ways while the network card's driver is killed: `wget` to the guest's disk, and the
file back from the guest's server, with the sum of what came. `make soak` takes NET_MIB MiB at a kill a
second until there were NET_KILLS, each between two downloads without, and judges the throughput lost."""
import hashlib
import http.server
import os
import random
import socket
import statistics
import subprocess
import threading
import time

import pytest
from test_e1000 import IOMMU, Q35, driver
from test_net import addressed, free_port, until

MIB = int(os.environ.get("NET_MIB", "6"))
KILLS = int(os.environ.get("NET_KILLS", "4"))
LOST_MAX = 0.25
JUDGED_MIB = 64  # what takes less is not judged
EVERY_MS = 1000 if MIB >= JUDGED_MIB else 250
PAIRS = 3 if MIB >= JUDGED_MIB else 1
LIMIT_S = 120 + 10 * MIB
NOISE = random.Random(6).randbytes(1 << 20)


def pieces():
    """The file, a MiB at a time, of which no two are alike."""
    for n in range(MIB):
        yield n.to_bytes(8, "little") + NOISE[8:]


class Server(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(MIB << 20))
        self.end_headers()
        for piece in pieces():
            self.wfile.write(piece)


@pytest.fixture(name="url")
def fixture_url():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://10.0.2.2:{server.server_address[1]}/file"
    server.shutdown()
    server.server_close()


@pytest.fixture(name="one")
def fixture_one(machine, tmp_path):
    """Behind an IOMMU, with an empty disk; its port 80 is the host's one.port."""
    disk, port = tmp_path / "disk", free_port()
    with open(disk, "wb") as file:
        file.truncate((MIB + 48) << 20)
    subprocess.run(["mkfs.fat", "-F", "32", disk], check=True, capture_output=True)
    one = machine(machine=Q35, boot="pvh", limit_s=LIMIT_S * 4 + 10 * KILLS, extra=(
        *IOMMU, "-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:80", "-device", "e1000e,netdev=n,addr=5",
        "-device", "piix3-ide,id=ide9,addr=4", "-drive", f"file={disk},format=raw,if=none,id=d0",
        "-device", "ide-hd,bus=ide9.0,drive=d0"))
    one.boot()
    addressed(one)
    one.port = port
    return one


def fetched(one, url):
    """Seconds of the guest's wget to its disk."""
    begun = time.monotonic()
    got, = one.run_json(f"wget {url} /disk0/file", timeout=LIMIT_S)
    assert got.get("bytes") == MIB << 20, got
    return time.monotonic() - begun


def served(one):
    """Seconds of a download from the guest's server; the sum is right."""
    sum_, wanted, left = hashlib.sha256(), hashlib.sha256(), MIB << 20
    for piece in pieces():
        wanted.update(piece)
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", one.port), timeout=60) as peer:
        peer.settimeout(60)
        peer.sendall(b"GET /files/disk0/file HTTP/1.1\r\nHost: q\r\nConnection: close\r\n\r\n")
        answer = peer.makefile("rb")
        head = b"".join(iter(answer.readline, b"\r\n"))
        assert f"Content-Length: {left}".encode() in head, head
        while left and (piece := answer.read(min(left, 1 << 18))):
            left -= len(piece)
            sum_.update(piece)
    taken = time.monotonic() - begun
    assert not left and sum_.digest() == wanted.digest(), (left, one.run("log")[-10:])
    return taken


def both(one, url):
    taken = [fetched(one, url), served(one)]
    until(lambda: one.run("rm /disk0/file") == [])  # once the server has closed it
    return taken


def both_killed(one, url):
    one.run(f"kill e1000 100000 {EVERY_MS}")
    taken = both(one, url)
    assert "no more" in one.run("kill e1000 0 1000")[-1]
    until(lambda: driver(one)["state"] == "running")
    return taken


def lost(quiet, killed):
    """The share of the throughput that kills take, of one way: of downloads between two without."""
    return statistics.median(1 - (a + b) / 2 / k for a, k, b in zip(quiet, killed, quiet[1:]))


def test_downloads_live(one, url, count):
    quiet, killed = [both(one, url)], []
    before = one.run_json("devman memory")  # with all sessions that these need
    while len(killed) < PAIRS or driver(one)["restarts"] < KILLS:
        killed.append(both_killed(one, url))
        if len(quiet) <= PAIRS:
            quiet.append(both(one, url))
    assert one.run_json("devman memory") == before
    print(f"{len(killed)} times {MIB} MiB each way, {driver(one)['restarts']} deaths")
    for way, q, k in zip(["wget", "http server"], zip(*quiet), zip(*killed)):
        print(f"{way}: {MIB / statistics.median(q):.1f} MiB/s without, {MIB / statistics.median(k):.1f} "
              f"MiB/s with, {lost(q, k):.0%} lost")
        assert MIB < JUDGED_MIB or lost(q, k) <= LOST_MAX
    count("net-http-download", 1, 0)
