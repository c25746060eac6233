"""The http server (servers/http) from the host, through user networking: what it tells, what it
refuses, who may give orders, files, many and slow and hostile clients, deaths of drivers below it.
The card is e1000e behind an IOMMU, so its driver can be killed at any time."""
import concurrent.futures
import hashlib
import json
import random
import re
import socket
import struct
import subprocess

import pytest

from browser import Browser
from conftest import ROOT
from emu import Config
from machine import Machine
from test_net import addressed, free_port, until

MIB = 1 << 20
BIG = random.Random(6).randbytes(MIB) * 64
CONNECTIONS = 80  # servers/http/server.h
NETWORK_PATH = "/pci/00:02.0"
WAIT_S = 60
SEEN = ROOT / "build" / "pictures"


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-1500:]}{done.stderr[-1500:]}"


def make_disk(directory):
    image = directory / "disk.img"
    with open(image, "wb") as file:
        file.truncate(96 * MIB)
    run("mkfs.fat", "-F", 32, image)
    (directory / "big").write_bytes(BIG)
    (directory / "small").write_text("<b>some text</b>\n")
    run("mmd", "-i", image, "::sub", "::many")
    run("mcopy", "-i", image, directory / "big", "::big.bin")
    run("mcopy", "-i", image, directory / "small", "::sub/a & b.html")
    for i in range(120):
        (directory / f"file with a long name, number {i:03}").write_text("")
    run("mcopy", "-i", image, *sorted(directory.glob("file with*")), "::many")
    return image


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    """A machine whose port 80 is the host's one.port, with a disk."""
    port = free_port()
    image = make_disk(tmp_path_factory.mktemp("http"))
    extra = ("-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:80", "-device", "e1000e,netdev=n",
             "-device", "piix3-ide,id=ide", "-drive", f"file={image},format=raw,if=none,id=d",
             "-device", "ide-hd,drive=d,bus=ide.0")
    with Machine(Config(boot="pvh", iommu="", extra=extra), "test_http", limit_s=1500) as one:
        one.boot()
        addressed(one)
        one.port = port
        until(lambda: get(one, "/")[0] == 200, WAIT_S)
        yield one


# ------------------------------------------------------------------------ on the host


def test_under_sanitizers(tmp_path, count):
    """All of the server but devman, files and sockets (tests/http/fuzz.c)."""
    program = tmp_path / "fuzz"
    own = [f"servers/http/{name}.c" for name in ["parse", "target", "connection", "answer", "route", "order"]]
    run("gcc", "-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all", "-DHOST_TEST", "-DCONFIG_DEBUG=1", "-DSYS_RAW_ELSEWHERE", "-D_GNU_SOURCE",
        "-include", ROOT / "tests/http/shim.h", *(f"-I{ROOT / path}" for path in [
            "build/gen", "servers/include", "kernel/include"]), "-idirafter", ROOT / "libc/include",
        "-o", program, *(ROOT / path for path in ["tests/http/fuzz.c", "tests/http/page.s", *own, "servers/lib/json.c"]))
    done = subprocess.run([program], capture_output=True, text=True, errors="replace", timeout=1800, check=False)
    counted = re.search(r"(\d+) passed, (\d+) failed\s*$", done.stdout)
    assert counted and done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    count("http", int(counted[1]), int(counted[2]))


# ------------------------------------------------------------------------ a client


def connect(one):
    peer = socket.create_connection(("127.0.0.1", one.port), timeout=WAIT_S)
    peer.settimeout(WAIT_S)
    return peer


class Answers:
    """The answers on a connection, one after the other."""

    def __init__(self, peer):
        self.peer, self.have = peer, b""

    def until(self, end):
        while end not in self.have:
            piece = self.peer.recv(65536)
            if not piece:
                raise EOFError(self.have[:200])
            self.have += piece
        part, self.have = self.have.split(end, 1)
        return part

    def count(self, n):
        while len(self.have) < n:
            piece = self.peer.recv(65536)
            if not piece:
                raise EOFError(f"{len(self.have)} of {n} bytes")
            self.have += piece
        part, self.have = self.have[:n], self.have[n:]
        return part

    def next(self, has_body=True):
        """(status, fields, body)"""
        first, *lines = self.until(b"\r\n\r\n").decode().split("\r\n")
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        status = int(re.fullmatch(r"HTTP/1\.1 (\d{3}) .+", first)[1])
        body = b""
        if has_body and fields.get("transfer-encoding") == "chunked":
            while (n := int(self.until(b"\r\n"), 16)) != 0:
                body += self.count(n)
                assert self.count(2) == b"\r\n"
            assert self.count(2) == b"\r\n"
        elif has_body and "content-length" in fields:
            body = self.count(int(fields["content-length"]))
        elif has_body:
            while piece := self.peer.recv(65536):
                self.have += piece
            body, self.have = self.have, b""
        return status, fields, body


def ask(one, request, has_body=True):
    """The answer to the bytes of a request, on a connection of its own."""
    with connect(one) as peer:
        peer.sendall(request)
        return Answers(peer).next(has_body)


def connect_many(one, count):
    """So many connections, each of which has been served once. (QEMU's forwarding lets one wait at a
    time; more at once would wait for a second or more.)"""
    peers = []
    for _ in range(count):
        peers.append(connect(one))
        peers[-1].sendall(b"HEAD / HTTP/1.1\r\nHost: q\r\n\r\n")
        assert Answers(peers[-1]).next(has_body=False)[0] == 200
    return peers


def get(one, path):
    status, _, body = ask(one, f"GET {path} HTTP/1.1\r\nHost: q\r\nConnection: close\r\n\r\n".encode())
    return status, body


def told(one, name):
    status, body = get(one, "/api/" + name)
    assert status == 200, body
    return [json.loads(line) for line in body.decode().splitlines()]


def order(one, token=None, field=False, **form):
    body = "&".join(f"{name}={value}" for name, value in form.items())
    if token and field:
        body += f"&token={token}"
    head = f"X-Quoll-Token: {token}\r\n" if token and not field else ""
    status, _, said = ask(one, (
        f"POST /api/order HTTP/1.1\r\nHost: q\r\n{head}Content-Type: application/x-www-form-urlencoded\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())
    return status, json.loads(said)


def driver(one, name):
    return next(d for d in told(one, "drivers") if d["driver"] == name)


# ------------------------------------------------------------------------ what it tells


def test_the_same_as_the_shell(web):
    """/api/... has the objects that --json prints."""
    for name, command, same in [("drivers", "drivers", ("driver", "device", "pid", "state", "dma", "restarts")),
                                ("devices", "lsdev", ("path", "id", "state", "driver", "serves", "dma")),
                                ("events", "events", ("number", "time_us", "event", "device", "text")),
                                ("tasks", "ps", ("id", "name", "priority", "restarts"))]:
        ours, theirs = told(web, name), web.run_json(command)
        assert [list(line) for line in ours] == [list(line) for line in theirs]
        assert [[line[key] for key in same] for line in ours] == [[line[key] for key in same] for line in theirs]
    last = told(web, "events")[-1]["number"]
    assert [e["number"] for e in told(web, f"events?after={last - 3}")] == [last - 2, last - 1, last]
    assert {f["fault"] for f in told(web, "faults")} == {f["fault"] for f in web.run_json("inject list")}


def test_page(web):
    status, fields, body = ask(web, b"GET / HTTP/1.1\r\nHost: q\r\n\r\n")
    assert status == 200 and body == (ROOT / "servers/http/page.html").read_bytes()
    assert fields["content-type"].startswith("text/html") and fields["connection"] == "keep-alive"
    assert not re.search(rb"(src|href)=.?(https?:)?//", body), "nothing from elsewhere"
    assert "default-src 'none'" in fields["content-security-policy"]


def test_versions_and_connections(web):
    """Requests one after the other and all at once on a connection; HEAD; HTTP/1.0."""
    with connect(web) as peer:
        answers = Answers(peer)
        for path in ["/", "/api/system", "/nothing", "/api/drivers", "/files/"] * 2:
            peer.sendall(f"GET {path} HTTP/1.1\r\nHost: q\r\n\r\n".encode())
            assert answers.next()[0] == (404 if path == "/nothing" else 200)
        peer.sendall(b"GET /api/system HTTP/1.1\r\nHost: q\r\n\r\n" * 20)
        assert [answers.next()[0] for _ in range(20)] == [200] * 20
        peer.sendall(b"\r\nHEAD / HTTP/1.1\r\nHost: q\r\n\r\nHEAD /api/drivers HTTP/1.1\r\nHost: q\r\n\r\n")
        page = (ROOT / "servers/http/page.html").stat().st_size
        assert answers.next(has_body=False)[1]["content-length"] == str(page)
        assert answers.next(has_body=False)[1]["transfer-encoding"] == "chunked"
        peer.sendall(b"GET http://anybody:80/api/system HTTP/1.1\r\nhost:q\r\nConnection: x, Close\r\n\r\n")
        assert answers.next()[1]["connection"] == "close" and peer.recv(1) == b""
    status, fields, body = ask(web, b"GET /api/drivers HTTP/1.0\r\n\r\n")
    assert status == 200 and "transfer-encoding" not in fields and json.loads(body.splitlines()[0])
    with connect(web) as peer:
        peer.sendall(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n")
        answers = Answers(peer)
        assert [answers.next()[1]["connection"] for _ in range(2)] == ["keep-alive", "close"]


# ------------------------------------------------------------------------ what it refuses

GET = b"GET / HTTP/1.1\r\nHost: q\r\n"
POST = b"POST /api/order HTTP/1.1\r\nHost: q\r\n"
REFUSED = {
    "no method": (b" / HTTP/1.1\r\n\r\n", 400), "no words": (b"hello\r\n\r\n", 400),
    "binary": (bytes(range(128, 256)) + b"\r\n\r\n", 400), "nothing": (b"\r\n\r\n", 400),
    "no version": (b"GET /\r\n\r\n", 400), "a spoilt version": (b"GET / HTTP/x.1\r\n\r\n", 400),
    "words too many": (b"GET / / HTTP/1.1\r\nHost: q\r\n\r\n", 400),
    "HTTP/2": (b"GET / HTTP/2.0\r\n\r\n", 505), "an unknown method": (b"BREW / HTTP/1.1\r\nHost: q\r\n\r\n", 501),
    "a method in small letters": (b"get / HTTP/1.1\r\nHost: q\r\n\r\n", 501),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400), "two hosts": (GET + b"Host: r\r\n\r\n", 400),
    "another's name": (b"GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n", 421),
    "another's name with a port": (b"GET / HTTP/1.0\r\nHost: rebound.example:8080\r\n\r\n", 421),
    "a name like an address": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1.example\r\n\r\n", 421),
    "another's name in the target": (b"GET http://rebound.example/ HTTP/1.1\r\nHost: q\r\n\r\n", 421),
    "bare LF": (b"GET / HTTP/1.1\nHost: q\n\r\n\r\n", 400), "bare CR": (GET + b"A: b\rc\r\n\r\n", 400),
    "a folded field": (GET + b"A: b\r\n c\r\n\r\n", 400), "a blank before the colon": (GET + b"A : b\r\n\r\n", 400),
    "no colon": (GET + b"A\r\n\r\n", 400), "no name": (GET + b": b\r\n\r\n", 400),
    "a NUL": (GET + b"A: \0\r\n\r\n", 400), "many fields": (GET + b"A: b\r\n" * 64 + b"\r\n", 431),
    "long fields": (GET + b"A: " + b"b" * 5000 + b"\r\n\r\n", 431),
    "a long target": (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: q\r\n\r\n", 414),
    "a very long target": (b"GET /" + b"a" * 9000, 414), "a long query": (b"GET /?" + b"a" * 128 + b" HTTP/1.1\r\nHost: q\r\n\r\n", 414),
    "two lengths": (POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
    "a negative length": (POST + b"Content-Length: -1\r\n\r\n", 400), "an empty length": (POST + b"Content-Length:\r\n\r\n", 400),
    "a length as 0x1": (POST + b"Content-Length: 0x1\r\n\r\nx", 400),
    "a long body": (POST + b"Content-Length: 513\r\n\r\n", 413),
    "an endless length": (POST + b"Content-Length: 18446744073709551617\r\n\r\n", 413),
    "no length": (POST + b"\r\n", 411), "chunks": (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    "chunks and a length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "Expect": (POST + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\n", 417),
    "POST to the page": (b"POST / HTTP/1.1\r\nHost: q\r\nContent-Length: 0\r\n\r\n", 405),
    "POST to a file": (b"POST /files/disk0/x HTTP/1.1\r\nHost: q\r\nContent-Length: 0\r\n\r\n", 405),
    "GET an order": (b"GET /api/order?action=restart HTTP/1.1\r\nHost: q\r\n\r\n", 405),
    "no such page": (b"GET /filesystem HTTP/1.1\r\nHost: q\r\n\r\n", 404), "no such figure": (b"GET /api/ HTTP/1.1\r\nHost: q\r\n\r\n", 404),
    "half a %": (b"GET /%4 HTTP/1.1\r\nHost: q\r\n\r\n", 400), "a spoilt %": (b"GET /%zz HTTP/1.1\r\nHost: q\r\n\r\n", 400),
    "no path": (b"GET * HTTP/1.1\r\nHost: q\r\n\r\n", 400), "an address without path": (b"GET http://q HTTP/1.1\r\nHost: q\r\n\r\n", 400),
    "an order that is no form": (POST + b"Content-Length: 2\r\n\r\n{}", 400),
}


def test_refusals(web):
    """Each with its status, a sentence, and nothing changed."""
    for name, (request, wanted) in REFUSED.items():
        status, fields, body = ask(web, request)
        assert status == wanted, (name, status, body)
        sentence = json.loads(body)["error"]
        assert len(sentence.split()) >= 4, (name, sentence)
        assert (status == 405) == ("allow" in fields)
    assert get(web, "/")[0] == 200


def test_names_of_ours(web):
    """Addresses, and names without dots: nobody else's name server can lead a browser here by those."""
    for host in ["127.0.0.1", "127.0.0.1:8080", "10.0.2.15", "localhost", "localhost:80", "[::1]:8080", "quoll", ""]:
        status, _, _ = ask(web, f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert status == 200, host


OUTSIDE = ["/files/../dev/disk0", "/files/disk0/../dev/disk0", "/files/disk0/%2e%2e/dev/disk0", "/files/%2e%2e/%2e%2e/",
           "/files/disk0/.%2e/dev", "/files/disk0/..%2fdev%2fdisk0", "/files/disk0%2f..%2fdev", "/files//dev/disk0",
           "/files/disk0//sub", "/files/./disk0", "/files/disk0/./sub", "/files/disk0/%00", "/files/disk0/sub%00/../..",
           "/files/disk0/%5c..%5c", "/files/disk0\\..\\dev", "/files/%252e%252e/dev", "/files/disk0/%252e%252e/dev/disk0",
           "/files/%c0%ae%c0%ae/dev/disk0", "/files/disk0/%ff", "/files/dev/disk0", "/files/dev", "/files/cd0",
           "/files/disk0x", "/files/DISK0/../dev", "/files/disk0/" + "a/" * 400, "/files/disk0/" + "%2e%2e/" * 200 + "dev/disk0",
           "/files/disk0/" + "x" * 1100, "/files.html", "/files%2fdisk0", "//files/disk0", "/api/../files/", "/%2e%2e/x", "/./files/"]


def test_nothing_outside_is_read(web):
    for path in OUTSIDE:
        status, fields, body = ask(web, f"GET {path} HTTP/1.1\r\nHost: q\r\n\r\n".encode("latin-1"))
        assert status in (400, 403, 404, 414), (path, status, body[:200])
        assert fields["content-type"] == "application/json"
    listed = re.findall(r'<td><a href="([^"]*)"', get(web, "/files/")[1].decode())
    assert listed == ["/files/disk0/"]


# ------------------------------------------------------------------------ orders


def test_no_order_without_the_token(web):
    before = {d["device"]: d["pid"] for d in told(web, "drivers")}
    plain = dict(action="restart", device=NETWORK_PATH)
    web.run("web deny")
    assert not told(web, "system")[0]["orders_allowed"]
    for token in [None, "", "0" * 32, "\x7f"]:
        status, said = order(web, token, **plain)
        assert status in (400, 403) and said["error"]
    assert "web allow" in order(web, "0" * 32, **plain)[1]["error"]
    token = web.run_json("web allow")[0]["token"]
    assert re.fullmatch("[0-9a-f]{32}", token) and told(web, "system")[0]["orders_allowed"]
    for wrong in [None, "0" * 32, token[:-1], token + "0", token.upper() + "x", token[::-1], token[:31] + "g", "a" * 300]:
        status, said = order(web, wrong, **plain)
        assert status == 403 and "token" in said["error"], wrong
    assert order(web, token, action="stop", device=NETWORK_PATH)[0] == 400
    assert order(web, token, action="restart", device="/no/such")[0] == 404
    assert order(web, token, action="inject", fault="none", device="/null")[0] == 400
    assert {d["device"]: d["pid"] for d in told(web, "drivers")} == before, "nothing was restarted"
    other = web.run_json("web allow")[0]["token"]
    assert other != token and order(web, token, **plain)[0] == 403, "the former one is worth nothing"
    web.run("web deny")
    assert order(web, other, **plain)[0] == 403
    assert {d["device"]: d["pid"] for d in told(web, "drivers")} == before


def test_orders(web):
    """With the token, in a field and in the form; also of the driver that carries the answer."""
    token = web.run_json("web allow")[0]["token"]
    before = driver(web, "e1000")
    assert order(web, token, action="restart", device=NETWORK_PATH) == (200, {"done": True})
    after = until(lambda: (d := driver(web, "e1000"))["pid"] not in (0, before["pid"]) and d, WAIT_S)
    assert after["restarts"] == before["restarts"] + 1 and after["state"] == "running"
    null = driver(web, "null")
    assert order(web, token, field=True, action="inject", fault="null-deref", device="%2Fnull")[0] == 200
    after = until(lambda: (d := driver(web, "null"))["pid"] not in (0, null["pid"]) and d, WAIT_S)
    assert after["last_death"].startswith("fault: page fault")
    assert order(web, token, action="kill", device="/platform/cmos")[0] == 200
    until(lambda: driver(web, "rtc")["last_death"], WAIT_S)
    until(lambda: all(d["state"] == "running" for d in told(web, "drivers")), WAIT_S)
    assert web.run_json("web")[0]["orders"] == 3
    web.run("web deny")


# ------------------------------------------------------------------------ files


def test_files(web):
    page = get(web, "/files/disk0/sub/")[1].decode()
    href, text = re.search(r'<td><a href="([^"]*)">([^<]*)</a>', page).groups()
    assert text == "a &amp; b.html" and href == "/files/disk0/sub/a%20%26%20b.html"
    status, fields, body = ask(web, f"GET {href} HTTP/1.1\r\nHost: q\r\n\r\n".encode())
    assert (status, body) == (200, b"<b>some text</b>\n")
    assert fields["content-type"].startswith("text/plain") and "sandbox" in fields["content-security-policy"]
    listed = re.findall(r'<td><a href="([^"]*)"', get(web, "/files/disk0/many")[1].decode())
    assert len(listed) == len(set(listed)) == 120 and get(web, listed[77]) == (200, b"")
    status, fields, body = ask(web, b"HEAD /files/disk0/big.bin HTTP/1.1\r\nHost: q\r\n\r\n", has_body=False)
    assert status == 200 and fields["content-length"] == str(len(BIG)) and body == b""
    assert get(web, "/files/disk0/big.bin/")[0] == get(web, "/files/disk0/none")[0] == 404


def test_unmounted_and_removed(web):
    """The server keeps no file from those at the console for longer than a second."""
    web.run("cp '/disk0/sub/a & b.html' /disk0/gone.txt".replace("'", '"'))
    assert get(web, "/files/disk0/gone.txt")[0] == 200
    until(lambda: web.run("rm /disk0/gone.txt") == [], WAIT_S)
    assert get(web, "/files/disk0/gone.txt")[0] == 404
    until(lambda: web.run("umount disk0") == [], WAIT_S)
    status, body = get(web, "/files/disk0/big.bin")
    assert status == 503 and b"mount" in body
    web.run("mount disk0")


def memory_of(one, task):
    return next(t["memory_bytes"] for t in one.run_json("ps") if t["name"] == task)


def test_big_file_over_deaths(web):
    """64 MiB with the right sum, while the card's and the disk's drivers are killed below it."""
    before = {task: memory_of(web, task) for task in ["http", "fs", "net"]}
    web.run("kill ata 4 700")
    web.run("kill e1000 4 700")
    sum_, count = hashlib.sha256(), 0
    with connect(web) as peer:
        peer.settimeout(120)
        peer.sendall(b"GET /files/disk0/big.bin HTTP/1.1\r\nHost: q\r\nConnection: close\r\n\r\n")
        answers = Answers(peer)
        head = answers.until(b"\r\n\r\n")
        assert f"Content-Length: {len(BIG)}".encode() in head
        piece = answers.have or peer.recv(1 << 18)
        while piece:
            sum_.update(piece)
            count += len(piece)
            piece = peer.recv(1 << 18)
    assert count == len(BIG) and sum_.digest() == hashlib.sha256(BIG).digest()
    assert driver(web, "ata")["restarts"] >= 1 and driver(web, "e1000")["restarts"] >= 1
    assert {task: memory_of(web, task) for task in before} == before


# ------------------------------------------------------------------------ many, slow, hostile


def test_64_connections(web):
    """All open at the same time, all served, several times."""
    peers = connect_many(web, 64)
    try:
        answers = [Answers(peer) for peer in peers]
        for path in ["/api/system", "/", "/api/drivers"]:
            for peer in peers:
                peer.sendall(f"GET {path} HTTP/1.1\r\nHost: q\r\n\r\n".encode())
            assert [a.next()[0] for a in answers] == [200] * 64
        assert told(web, "system")[0]["connections"] >= 65
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            for peer in peers:
                peer.sendall(b"GET /files/disk0/sub/a%20%26%20b.html HTTP/1.1\r\nHost: q\r\n\r\n")
            assert set(pool.map(lambda a: a.next()[2], answers)) == {b"<b>some text</b>\n"}
    finally:
        for peer in peers:
            peer.close()
    until(lambda: told(web, "system")[0]["connections"] <= 2, WAIT_S)


def test_slow_clients_hold_up_nobody(web):
    """Half requests in all places: who comes then is told so; their time ends with 408. Those who do
    not read what they asked for are no burden either."""
    peers = connect_many(web, CONNECTIONS)
    try:
        for peer in peers[:8]:
            peer.sendall(b"GET /files/disk0/big.bin HTTP/1.1\r\nHost: q\r\n\r\n")
        for peer in peers[8:]:
            peer.sendall(b"GET / HTTP/1.1\r\nHo")
        status, body = until(lambda: (a := get(web, "/api/system"))[0] == 503 and a, WAIT_S)
        assert "busy" in json.loads(body)["error"]
        assert {Answers(peer).next()[0] for peer in peers[8:]} == {408}
        assert get(web, "/")[0] == 200, "while eight do not read"
    finally:
        for peer in peers:
            peer.close()
    idle = connect_many(web, CONNECTIONS)
    assert get(web, "/")[0] == 200, "one that asks for nothing makes room"
    for peer in idle:
        peer.close()


def mutate(rng, request):
    bytes_ = bytearray(request)
    for _ in range(rng.randrange(1, 6)):
        kind, at = rng.randrange(4), rng.randrange(len(bytes_) + 1)
        if kind == 0:
            bytes_[at:at] = rng.randbytes(rng.randrange(1, 40))
        elif kind == 1:
            del bytes_[at:at + rng.randrange(1, 20)]
        elif kind == 2 and at < len(bytes_):
            bytes_[at] = rng.randrange(256)
        else:
            bytes_[at:at] = bytes_[:rng.randrange(len(bytes_) + 1)]
    return bytes(bytes_)


def hostile(one, seed):
    """One client that sends what is no request, in pieces, and leaves when it likes."""
    rng = random.Random(seed)
    request = rng.choice([r for r, _ in REFUSED.values()] + [GET + b"\r\n", POST + b"Content-Length: 9\r\n\r\naction=kill"])
    request = rng.randbytes(rng.randrange(9000)) if seed % 4 == 0 else mutate(rng, request)
    with connect(one) as peer:
        peer.settimeout(2)
        try:
            while request:
                n = rng.randrange(1, len(request) + 1)
                peer.sendall(request[:n])
                request = request[n:]
            if rng.randrange(2):
                answer = peer.recv(65536)
                assert answer == b"" or answer.startswith(b"HTTP/1.1 "), answer[:80]
        except (TimeoutError, ConnectionError):
            pass


def test_hostile_clients(web):
    before = {d["device"]: d["pid"] for d in told(web, "drivers")}
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda seed: hostile(web, seed), range(200)))
    until(lambda: told(web, "system")[0]["connections"] <= 1, WAIT_S)
    task = next(t for t in web.run_json("ps") if t["name"] == "http")
    assert task["state"] == "receiving" and {d["device"]: d["pid"] for d in told(web, "drivers")} == before
    assert get(web, "/")[0] == 200


# ------------------------------------------------------------------------ a browser


def row(name, what):
    return f"document.querySelector('#drivers tr[data-driver=\"{name}\"]')?.{what}"


def test_browser(web):
    """The page in a real browser: without the token its buttons are off; with it the one of the
    network driver restarts the driver below the page, and the page shows the successor. The picture
    is the README's."""
    web.run("web deny")
    with Browser(limit_s=240) as browser:
        browser.dark(False)
        browser.open(f"http://127.0.0.1:{web.port}/")
        browser.wait("document.body?.dataset.rounds >= 2")
        assert browser.evaluate("document.body.dataset.allowed") == "false"
        assert browser.evaluate("[...document.querySelectorAll('#drivers button')].every(b => b.disabled)")
        shown = browser.evaluate("[...document.querySelectorAll('#drivers tr')].map(r => r.dataset.driver)")
        assert shown == [d["driver"] for d in told(web, "drivers")]
        before = driver(web, "e1000")
        assert browser.evaluate(row("e1000", "dataset.pid")) == str(before["pid"])

        token = web.run_json("web allow")[0]["token"]
        browser.wait("document.body.dataset.allowed == 'true'")
        button = row("e1000", "querySelector('button')")
        browser.evaluate(f"document.getElementById('token').value = '{'0' * 32}'; {button.replace('?.', '.')}.click()")
        browser.wait("document.getElementById('said').textContent.includes('token is missing or wrong')")
        assert driver(web, "e1000")["pid"] == before["pid"]
        browser.evaluate(f"document.getElementById('token').value = '{token}'; {button.replace('?.', '.')}.click()")
        browser.wait("document.getElementById('said').textContent == 'restart e1000: done'")
        browser.wait(row("e1000", f"dataset.pid > {before['pid']}"))
        browser.wait(row("e1000", "dataset.state == 'running'"))
        assert driver(web, "e1000")["pid"] == int(browser.evaluate(row("e1000", "dataset.pid")))
        assert browser.evaluate("[...document.querySelectorAll('#events li.died')].some(e => e.textContent.includes('e1000'))")

        rounds = int(browser.evaluate("document.body.dataset.rounds"))
        browser.wait(f"document.body.dataset.rounds > {rounds + 3}")
        browser.evaluate("document.getElementById('token').value = ''")
        picture = browser.picture()
    web.run("web deny")
    SEEN.mkdir(parents=True, exist_ok=True)
    (SEEN / "web.png").write_bytes(picture)
    assert picture.startswith(b"\x89PNG") and len(picture) > 20000
    assert struct.unpack(">II", picture[16:24]) == struct.unpack(
        ">II", (ROOT / "docs/pictures/web.png").read_bytes()[16:24])
