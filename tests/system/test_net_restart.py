"""The network card's driver dies below those who use the network: a download goes on, its sum is right,
and no checksum on the wire is wrong; frames that were accepted leave; a listener hears all again; and a
connection lives through each fault, with wild DMA stopped by VT-d. NET_FAULTS in the environment: each
fault that `inject` knows, as `make soak` has it."""
import array
import os
import re
import socket
import struct
import time
import zlib

import pexpect
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw
from test_deaths import press
from test_e1000 import CAUSES, FAULTS, IOMMU, Q35, driver
from test_net import GUEST, IMAGE, PEER, PEER_MAC, Peer, addressed, until
from test_net_hostile import MAC, capture, what_is_wrong

MIB = 6
LIMIT_S = 300
WORDS = array.array("Q", [n * 0x9e3779b97f4a7c15 % 2**64 for n in range(0x20000)]).tobytes()


def download(one, count):
    """The guest takes @count MiB from a server here, and what it says of them is checked."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        one.send(f"nc -s 10.0.2.2 {server.getsockname()[1]}\r")
        peer, _ = server.accept()
        with peer:
            peer.settimeout(LIMIT_S)
            crc = 0
            for n in range(count):
                mib = struct.pack("<Q", n) + WORDS[8:]
                crc = zlib.crc32(mib, crc)
                peer.sendall(mib)
            peer.shutdown(socket.SHUT_WR)
            said = one.wait_prompt(timeout=LIMIT_S)
    assert f"{count * 2**20} bytes, CRC-32 {crc:08x}" in said, said[-500:]


def user_network(make, model, *more, **config):
    one = make(limit_s=2 * LIMIT_S, **config, extra=(
        *more, "-netdev", "user,id=n", "-device", f"{model},netdev=n,mac={MAC},addr=5"))
    one.boot()
    addressed(one)
    return one


def test_a_download_lives(machine, tmp_path, count):
    """On e1000e: QEMU's 8254x are deaf for a second after each death. tests/system/test_net_download.py
    has larger ones, and judges what they lose."""
    path = tmp_path / "wire.pcap"
    one = user_network(machine, "e1000e", *capture(path), **IMAGE)
    download(one, MIB)
    before = one.run_json("devman memory")
    one.run("kill e1000 1000 250")
    while driver(one)["restarts"] < 4:
        download(one, MIB)
    assert "no more" in one.run("kill e1000 0 250")[-1]
    until(lambda: driver(one)["state"] == "running")
    assert one.run_json("devman memory") == before
    one.close()
    wrong, sent = what_is_wrong(path)
    assert sent > 100 and wrong == []
    count("net-download", 1, 0)


def typed_on_2(one, *keys):
    """On the second console."""
    press(one, "alt", "f2")
    time.sleep(0.5)
    for key in [*keys, "ret"]:
        press(one, key)


def test_who_asks_between_two_lives_waits(machine):
    """For the successor, as for one that was stopped and is started; not for one that stays stopped.
    The multiplexer looks for it twice a second, so without the wait most of these are refused."""
    one = user_network(machine, "e1000e", **IMAGE)
    for order in ["inject null-deref", "kill", "restart", "inject wild-jump"]:
        one.run(f"{order} e1000")
        assert one.run_json("ping 10.0.2.2 2")[-1]["answered"] >= 1, order
    for _ in range(2):
        one.run("stop e1000")
        begun = time.monotonic()
        assert one.run("ping 10.0.2.2")[-1].startswith("ping: there is no network card")
        assert time.monotonic() - begun < 4
        one.run("start e1000")
        assert one.run_json("ping 10.0.2.2 2")[-1]["answered"] >= 1
    one.run("stop e1000")
    one.send("tcpdump 1\r")
    one.expect("tcpdump: waits for a network card with a driver")
    typed_on_2(one, *"start", "spc", *"e1000")
    one.wait_prompt(timeout=60)  # what net asks by DHCP
    one.qmp("set_link", name="n", up=False)
    until(lambda: not one.run_json("ifconfig")[0]["up"])
    one.send("tcpdump\r")
    one.expect("tcpdump: waits for a link")
    one.send("\x03")
    one.wait_prompt()


@pytest.fixture(name="wire")
def fixture_wire(machine):
    peer = Peer()
    one = machine(**IMAGE, extra=(*peer.netdev(), "-device", f"e1000e,netdev=n,mac={MAC}"))
    one.boot()
    until(lambda: one.run_json("ifconfig")[0]["up"])
    one.run(f"ifconfig {GUEST}/24 {PEER} {PEER}")
    one.peer, peer.mac = peer, MAC
    yield one
    assert not peer.bad, peer.bad[0].show(dump=True)


def test_frames_that_were_accepted_leave(wire):
    """Numbered datagrams, which nobody sends again but the driver's successor: none is missing."""
    wire.send("nc -u 10.9.0.1 4000\r")
    wire.send("0\r")
    wire.peer.got(lambda f: UDP in f)  # and the neighbour is known
    wire.send("\x03")
    wire.wait_prompt()
    wire.peer.frames.clear()
    wire.run("kill e1000 30 40")
    wire.send("nc -u 10.9.0.1 4000\r")
    for n in range(1000, 1200):
        wire.send(f"{n}\r")
        time.sleep(0.01)

    def numbers():
        """Lines that come fast are one datagram, a slow one is two, and a frame may be there twice:
        their IDs say which and in which order."""
        datagrams = {f[IP].id: bytes(f[UDP].payload) for f in list(wire.peer.frames)
                     if UDP in f and f[UDP].dport == 4000}
        return [int(line) for line in b"".join(datagrams[n] for n in sorted(datagrams)).split()]

    until(lambda: numbers() == list(range(1000, 1200)))
    wire.send("\x03")
    wire.wait_prompt()
    assert driver(wire)["restarts"] >= 5


def test_a_listener_hears_all_again(wire):
    """The filter is the card's: mux sets it again when the driver has been restarted."""
    wire.run("kill e1000 3 1500")
    wire.send("tcpdump\r")
    for n in range(3):
        time.sleep(1.5)
        other = Ether(src=PEER_MAC, dst="02:00:00:00:00:77") / IP(src=PEER, dst="10.9.0.7") / \
            UDP(sport=5, dport=100 + n) / Raw(bytes(40))
        group = Ether(src=PEER_MAC, dst="01:00:5e:00:00:fb") / IP(src=PEER, dst="224.0.0.251") / \
            UDP(sport=5, dport=200 + n) / Raw(bytes(40))
        for frame, port in [(other, 100 + n), (group, 200 + n)]:
            for _ in range(20):  # a frame in flight may be lost
                wire.peer.send(frame)
                if wire.serial.expect_exact([f"UDP 5 > {port} length 40", pexpect.TIMEOUT], timeout=1) == 0:
                    break
            else:
                raise AssertionError((n, port))
    wire.send("\x03")
    wire.wait_prompt()
    until(lambda: driver(wire)["restarts"] == 3)  # the kills come at random moments


def line_of(peer):
    line = b""
    while not line.endswith(b"\n"):
        line += peer.recv(1)
    return line


CHOSEN = FAULTS if "NET_FAULTS" in os.environ else ["wild-dma-write", "wild-dma-read", "forged-irq",
                                                    "null-deref"]


def test_a_connection_lives_through_faults(machine):
    """Behind VT-d. The second shell talks to a server here; each line of its arrives."""
    one = user_network(machine, "e1000e", *IOMMU, machine=Q35, boot="pvh")
    assert driver(one)["dma"] == "iommu"
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        typed_on_2(one, *"nc", "spc", *"10", "dot", "0", "dot", "2", "dot", "2", "spc",
                   *str(server.getsockname()[1]))
        peer, _ = server.accept()
    peer.settimeout(60)
    for fault in CHOSEN:
        before = driver(one)["restarts"]
        said = one.run(f"inject {fault} e1000")[-1]
        if "has no interrupt that it could be made to storm" in said:
            continue
        if fault == "irq-unacked":
            one.qmp("set_link", name="n", up=False)
            one.qmp("set_link", name="n", up=True)
        for key in ["a", "ret"]:
            press(one, key)
        assert line_of(peer) == b"a\n", fault
        if fault != "forged-irq":
            until(lambda: driver(one)["restarts"] > before, seconds=60)
        peer.sendall(b"heard\n")
    for key in ["b", "ret"]:
        press(one, key)
    assert line_of(peer) == b"b\n"
    peer.close()
    log = "\n".join(one.run("log"))
    for fault in set(CAUSES) & set(CHOSEN):
        assert re.search(CAUSES[fault], log), (fault, log[-3000:])
