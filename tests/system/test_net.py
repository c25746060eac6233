"""The network: QEMU's e1000 with user networking, and on a wire whose other end is a peer made with
scapy. The images allow DMA without an IOMMU, for speed; DMA behind one is the driver's test."""
import logging
import random
import socket
import threading
import time

import pytest

logging.getLogger("scapy").setLevel(logging.ERROR)
from scapy.layers.dns import DNS, DNSRR  # noqa: E402
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment  # noqa: E402
from scapy.layers.l2 import ARP, Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402

IMAGE = dict(boot="pvh", image="build/unprotected/quoll.img", kernel="build/kernel/quoll.elf")
GUEST, PEER, PEER_MAC = "10.9.0.2", "10.9.0.1", "02:00:00:00:00:01"
WAIT_S = 30


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(what, seconds=WAIT_S):
    """What the function gives once that is something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come")


def addressed(one):
    return until(lambda: [a for a in one.run_json("ifconfig") if a["address"] != "0.0.0.0"])[0]


# ------------------------------------------------------------------------ user networking


@pytest.fixture
def user(machine):
    """A machine with user networking and, forwarded to its port 7000, a port of the host's."""
    port = free_port()
    one = machine(**IMAGE, extra=("-netdev", f"user,id=n,hostfwd=tcp:127.0.0.1:{port}-:7000",
                                  "-device", "e1000,netdev=n"))
    one.boot()
    one.port = port
    return one


def test_dhcp_and_ping(user):
    a = addressed(user)
    assert (a["address"], a["bits"], a["gateway"], a["dns"]) == ("10.0.2.15", 24, "10.0.2.2", "10.0.2.3")
    assert a["up"] and a["dhcp"] and a["mac"] == "52:54:00:12:34:56"
    answers = user.run_json("ping 10.0.2.2 2")
    assert [x.get("seq") for x in answers[:-1]] == [1, 2] and answers[-1]["answered"] == 2
    assert user.run_json("arp") == [{"address": "10.0.2.2", "mac": "52:55:0a:00:02:02"}]


def connect(port):
    """A connection through the forwarded port, once somebody listens behind it."""
    one = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)
    one.settimeout(WAIT_S)
    return one


def test_tcp_in_lives_over_kills(user):
    """A connection from outside; the driver is killed below it, and neither end sees that."""
    addressed(user)
    user.send("nc -l 7000\r")
    time.sleep(1)
    with connect(user.port) as peer:
        peer.sendall(b"first line\n")
        user.expect("first line")
        user.send("an answer\r")
        assert peer.recv(100) == b"an answer\n"
        user.send("\x03")
        user.wait_prompt()
        assert peer.recv(100) == b""
    user.run("kill e1000 20 50")
    user.send("nc -l 7000\r")
    time.sleep(2)
    with connect(user.port) as peer:
        for i in range(20):
            peer.sendall(b"line %d.\n" % i)
            user.expect(f"line {i}.")
            time.sleep(0.1)
        peer.shutdown(socket.SHUT_WR)
        user.wait_prompt()
    restarts = next(d["restarts"] for d in user.run_json("drivers") if d["driver"] == "e1000")
    assert restarts >= 5


def called_by(user):
    """The host's end of a connection by `nc`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(WAIT_S)
        user.send(f"nc 10.0.2.2 {server.getsockname()[1]}\r")
        peer, _ = server.accept()
    peer.settimeout(WAIT_S)
    return peer


def test_tcp_out(user):
    addressed(user)
    with called_by(user) as peer:
        user.send("hello\r")
        assert peer.recv(100) == b"hello\n"
        text = "".join(f"{i:05}\n" for i in range(8000)).encode()
        threading.Thread(target=peer.sendall, args=(text,), daemon=True).start()
        user.expect("07999", timeout=60)
        user.send("\x04")
        assert peer.recv(100) == b""
    user.wait_prompt()


def test_nc_hears_its_user(user):
    """What is typed, and ^C, while the other side says something every few milliseconds."""
    addressed(user)
    with called_by(user) as peer:
        threading.Thread(target=drip, args=(peer,), daemon=True).start()
        user.expect("...")
        user.send("hello\r")
        assert peer.recv(100) == b"hello\n"
        user.send("\x03")
        user.wait_prompt()


def drip(peer):
    """Something every five milliseconds until the other side has ended."""
    try:
        while True:
            peer.sendall(b".")
            time.sleep(0.005)
    except OSError:
        pass


def test_errors(user):
    addressed(user)
    assert user.run("nc -l 80") == ["nc: port 80 is taken (netstat shows by whom); another may be free"]
    assert user.run("nc 10.0.2.2 0")[-1].startswith("nc: 0 is no port")
    assert "usage" in user.run("nc 10.0.2.2")[-1]
    assert user.run("ifconfig 10.0.2.300/24")[-1].startswith("ifconfig: an address is")
    assert "no host can have" in user.run("ifconfig 10.0.2.255/24")[-1]
    assert "no host can have" in user.run("ifconfig 10.0.2.9/24 10.0.3.1")[-1]
    assert "COUNT" in user.run("ping")[-1] and "number" in user.run("ping 10.0.2.2 x")[-1]
    assert user.run_json("ifconfig")[0]["address"] == "10.0.2.15"
    assert not [row for row in user.run_json("netstat") if row["task"].startswith("qsh")]


def test_no_way(user):
    """The cable is out, then there is no name server: what is missing is said."""
    addressed(user)
    user.qmp("set_link", name="n", up=False)
    until(lambda: not user.run_json("ifconfig")[0]["up"])
    no_way = "there is no way there now: ifconfig shows address and link"
    for command in ["nc", "iperf -c"]:
        port = " 80" if command == "nc" else ""
        assert user.run(f"{command} 10.0.2.2{port}")[-1].endswith(": " + no_way), command
    assert user.run("ping quoll.example")[-1] == f"ping: quoll.example: {no_way}"
    assert user.run("ping 10.0.2.2 1") == ["1 sent, 0 answered", f"ping: 10.0.2.2: {no_way}"]
    user.qmp("set_link", name="n", up=True)
    until(lambda: user.run_json("ifconfig")[0]["up"])
    user.run("ifconfig 10.0.2.15/24 10.0.2.2")
    assert user.run("nslookup quoll.example") == [
        "nslookup: quoll.example: no name server is set; ifconfig shows it, and sets one"]


def test_without_a_card(machine):
    one = machine(boot="pvh")
    one.boot()
    assert not one.run_json("ifconfig")[0]["card"]
    assert "no network card" in one.run("ping 10.0.2.2 1")[-1]


# ------------------------------------------------------------------------ a peer made with scapy


class Peer(threading.Thread):
    """The other end of -netdev dgram: answers ARP and DNS by itself, and keeps all else."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port, self.guest_port = self.socket.getsockname()[1], free_port(socket.SOCK_DGRAM)
        self.frames, self.mac, self.bad = [], None, []
        self.start()

    def netdev(self):
        return ("-netdev", f"dgram,id=n,local.type=inet,local.host=127.0.0.1,local.port={self.guest_port},"
                f"remote.type=inet,remote.host=127.0.0.1,remote.port={self.port}")

    def run(self):
        while True:
            frame = Ether(self.socket.recv(65536))
            self.check(frame)
            if ARP in frame and frame[ARP].op == 1 and frame[ARP].pdst != GUEST:
                self.mac = frame.src
                self.send(Ether(src=PEER_MAC, dst=frame.src) /
                          ARP(op=2, hwsrc=PEER_MAC, psrc=frame[ARP].pdst, hwdst=frame.src, pdst=GUEST))
            elif DNS in frame and frame[DNS].qr == 0:
                self.answer_name(frame)
            else:
                self.frames.append(frame)

    def check(self, frame):
        """Every checksum that the guest writes is what scapy would write, but that QEMU's cards send a
        sum of 0 as 0xffff also for TCP."""
        again = frame.copy()
        for layer in (IP, TCP, UDP, ICMP):
            if layer in again:
                del again[layer].chksum
        if TCP in frame and frame[TCP].chksum == 0xffff and Ether(bytes(again))[TCP].chksum == 0:
            again[TCP].chksum = 0xffff
        if bytes(again) != bytes(frame):
            self.bad.append(frame)

    def answer_name(self, frame):
        q = frame[DNS]
        good = q.qd.qname == b"quoll.example."
        answer = DNS(id=q.id, qr=1, rd=1, ra=1, qd=q.qd, rcode=0 if good else 3,
                     an=DNSRR(rrname=q.qd.qname, rdata="192.0.2.7", ttl=60) if good else None)
        self.send(Ether(src=PEER_MAC, dst=frame.src) / IP(src=PEER, dst=GUEST) /
                  UDP(sport=53, dport=frame[UDP].sport) / answer)

    def send(self, frame):
        self.socket.sendto(bytes(frame), ("127.0.0.1", self.guest_port))

    def ip(self, **fields):
        return Ether(src=PEER_MAC, dst=self.mac or "ff:ff:ff:ff:ff:ff") / IP(src=PEER, dst=GUEST, **fields)

    def got(self, wanted, seconds=10):
        """The first frame kept that is wanted."""
        return until(lambda: next((f for f in list(self.frames) if wanted(f)), None), seconds)


@pytest.fixture
def wire(machine):
    peer = Peer()
    one = machine(**IMAGE, extra=(*peer.netdev(), "-device", "e1000,netdev=n"))
    one.boot()
    until(lambda: one.run_json("ifconfig")[0]["up"])
    one.run(f"ifconfig {GUEST}/24 {PEER} {PEER}")
    one.peer = peer
    peer.got(lambda f: ARP in f and f[ARP].psrc == GUEST)  # it tells its address
    peer.mac = one.run_json("ifconfig")[0]["mac"]
    yield one
    assert not peer.bad, peer.bad[0].show(dump=True)
    assert not [line for line in one.run("log") if "died" in line]


def ping(peer, length, number):
    peer.send(peer.ip() / ICMP(id=9, seq=number) / Raw(bytes(i & 255 for i in range(length))))
    return peer.got(lambda f: ICMP in f and f[ICMP].type == 0 and f[ICMP].seq == number)


def is_answered(peer):
    """One ping: after a flood the cable's buffer may still be full, which loses it."""
    peer.send(peer.ip() / ICMP(id=9, seq=1) / Raw(bytes(56)))
    time.sleep(0.5)
    return any(ICMP in f and f[ICMP].type == 0 and f[ICMP].seq == 1 for f in list(peer.frames))


def test_peer_pings(wire):
    for number, length in enumerate([0, 1, 56, 1000, 1472]):
        assert len(ping(wire.peer, length, number)[ICMP].payload) == length
    whole = wire.peer.ip(id=7) / ICMP(id=9, seq=77) / Raw(bytes(4000))
    for part in fragment(whole, 1000):
        wire.peer.send(part)
    first = wire.peer.got(lambda f: IP in f and f[IP].proto == 1 and f[IP].flags.MF)
    assert len(first) == 1514


def test_a_sum_of_zero(wire):
    """The peer chooses its number so that the segment that refuses it sums up to 0: QEMU's card sends
    that as 0xffff."""
    sequence = 1000
    refused = []
    for port in (4001, 4002):
        wire.peer.send(wire.peer.ip() / TCP(sport=port, dport=9, flags="S", seq=sequence))
        refused.append(wire.peer.got(lambda f, p=port: TCP in f and f[TCP].dport == p)[TCP])
        assert refused[-1].flags == "RA" and refused[-1].ack == sequence + 1
        sequence += refused[-1].chksum - 1  # the next port is one more
    assert refused[1].chksum == 0xffff


def test_names_and_udp(wire):
    assert wire.run("nslookup quoll.example") == ["192.0.2.7"]
    assert wire.run("nslookup other.example") == [
        "nslookup: other.example: the name server 10.9.0.1 does not know this name, or does not answer"]
    wire.send("nc -u 10.9.0.1 4000\r")
    time.sleep(0.5)
    wire.send("to you\r")
    frame = wire.peer.got(lambda f: UDP in f and f[UDP].dport == 4000)
    assert bytes(frame[UDP].payload) == b"to you\n"
    wire.peer.send(wire.peer.ip() / UDP(sport=4000, dport=frame[UDP].sport) / Raw(b"and back\n"))
    wire.expect("and back")
    long = b"".join(b"line %04d\n" % i for i in range(900))  # 9,000 bytes
    for part in fragment(wire.peer.ip(id=8) / UDP(sport=4000, dport=frame[UDP].sport) / Raw(long), 1400):
        wire.peer.send(part)
    wire.expect("line 0899")
    wire.send("\x03")
    wire.wait_prompt()


def test_tcpdump(wire):
    """It shows both directions, and also what is for others; ^C ends it also while frames come faster than
    it shows them."""
    other = Ether(src=PEER_MAC, dst="02:00:00:00:00:77") / IP(src=PEER, dst="10.9.0.7") / \
        UDP(sport=5, dport=6) / Raw(bytes(40))
    wire.send("tcpdump\r")
    time.sleep(1)
    wire.peer.send(other)
    ping(wire.peer, 56, 5)
    wire.expect("10.9.0.1 > 10.9.0.7: UDP 5 > 6 length 40")
    wire.expect("10.9.0.1 > 10.9.0.2: ICMP echo request, id 9 seq 5 length 56")
    wire.expect("10.9.0.2 > 10.9.0.1: ICMP echo answer, id 9 seq 5 length 56")
    ended = threading.Event()
    flood = threading.Thread(target=send_until, args=(wire.peer, bytes(other), ended), daemon=True)
    flood.start()
    try:
        for _ in range(100):
            wire.expect("UDP 5 > 6 length 40")
        wire.send("\x03")
        wire.wait_prompt()
    finally:
        ended.set()
        flood.join()


def send_until(peer, frame, ended):
    while not ended.is_set():
        peer.socket.sendto(frame, ("127.0.0.1", peer.guest_port))


def hostile(peer, n, rng):
    """A frame that is wrong somewhere."""
    kinds = [lambda: ARP(op=rng.randrange(65536), psrc=GUEST, pdst=GUEST),
             lambda: IP(src=PEER, dst=GUEST) / TCP(sport=rng.randrange(65536), dport=7000, flags="S"),
             lambda: IP(src=PEER, dst=GUEST, id=n, frag=rng.randrange(8191), flags="MF") / Raw(bytes(200)),
             lambda: IP(src=PEER, dst=GUEST, ihl=rng.randrange(16), len=rng.randrange(65536)) / Raw(bytes(60)),
             lambda: IP(src=PEER, dst=GUEST) / UDP(len=rng.randrange(65536)) / Raw(bytes(20)),
             lambda: IP(src=GUEST, dst=GUEST) / TCP(sport=7000, dport=7000, flags="S"),
             lambda: IP(src=PEER, dst="255.255.255.255") / UDP(dport=68) / Raw(rng.randbytes(300)),
             lambda: IP(src=PEER, dst=GUEST) / UDP(sport=53, dport=rng.randrange(65536)) / Raw(rng.randbytes(40)),
             lambda: Raw(rng.randbytes(rng.randrange(1500)))]
    frame = bytearray(bytes(Ether(src=PEER_MAC, dst=rng.choice([peer.mac, "ff:ff:ff:ff:ff:ff"])) /
                            rng.choice(kinds)()))
    if rng.randrange(3) == 0:
        frame[rng.randrange(12, len(frame))] = rng.randrange(256)
    return bytes(frame[:rng.randrange(15, len(frame) + 1)] if rng.randrange(4) == 0 else frame)


def test_hostile_frames(wire):
    """Until 1,000 got through to net: the prompt answers meanwhile, and pings after."""
    rng = random.Random(6)
    some = [hostile(wire.peer, n, rng) for n in range(2000)]
    before = wire.run_json("mem")
    end = time.monotonic() + 120
    for n in range(1000000):
        wire.peer.socket.sendto(some[n % len(some)], ("127.0.0.1", wire.peer.guest_port))
        if n % 30 == 0:
            begun = time.monotonic()
            wire.run("echo here")
            assert time.monotonic() - begun < 5
        if n % 600 == 0:
            assert time.monotonic() < end, "1,000 of them did not get through"
            if wire.run_json("ifconfig")[0]["frames_in"] > 1000:
                break
    wire.peer.frames.clear()
    wire.peer.bad.clear()  # answers to frames with a wrong header may repeat it
    until(lambda: is_answered(wire.peer))
    assert wire.run_json("mem") == before
    counted = wire.run_json("ifconfig")[0]
    assert counted["bad_frames"] > 100


