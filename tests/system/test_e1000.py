"""Network cards in the system: the driver `e1000` on QEMU's cards, behind an IOMMU, with this program
at the other end of the cable. What comes back is compared octet by octet. The tests in the system are
tests/os/packet.c; here they have the card to themselves, so the multiplexer may not open it."""
import random
import re
import select
import socket
import struct
import threading
import time

import mkimage
import pytest
from conftest import ROOT

IOMMU = ("-device", "intel-iommu,intremap=on")
Q35 = "q35,kernel-irqchip=split"
CARDS = ["e1000", "e1000-82545em", "e1000-82544gc", "e1000e"]
CARD_MAC, PEER_MAC = bytes.fromhex("525400123456"), bytes.fromhex("525400123477")
ALONE = ["packet.info", "packet.wrong", "packet.closed"]
ECHO, LAST = 0x88b5, 0x88b6
WINDOW = 12  # frames on their way: fewer than the card has buffers, and than the socket takes


class Peer:
    """The other end: numbered frames that are sent again until they have come back."""

    def __init__(self, directory):
        self.here, self.there = directory / "peer", directory / "card"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.here))
        self.socket.setblocking(False)
        self.wrong, self.repeated, self.stop = [], 0, False

    def devices(self, model):
        return (*IOMMU, "-netdev", f"dgram,id=n0,local.type=unix,local.path={self.there},"
                           f"remote.type=unix,remote.path={self.here}",
                "-device", f"{model},netdev=n0,id=nic,addr=5,mac=52:54:00:12:34:56")

    def send(self, frame):
        try:
            self.socket.sendto(frame, str(self.there))
            return True
        except (BlockingIOError, FileNotFoundError, ConnectionRefusedError):
            return False

    def take(self, seconds):
        if not select.select([self.socket], [], [], seconds)[0]:
            return None
        return self.socket.recv(4096)

    @staticmethod
    def frame(number, size):
        noise = random.Random(number).randbytes(size - 18)
        return CARD_MAC + PEER_MAC + struct.pack(">HI", ECHO, number) + noise

    @staticmethod
    def returned(frame):
        return frame[6:12] + frame[:6] + frame[12:]

    def exchange(self, count, seconds):
        """Have @count frames come back; which did not."""
        sizes = random.Random(count)
        frames = {n: self.frame(n, sizes.choice([60, 61, 100, 590, 1513, 1514, sizes.randint(60, 1514)]))
                  for n in range(count)}
        left, sent, end = dict(frames), {}, time.monotonic() + seconds
        while left and time.monotonic() < end and not self.stop:
            for number in list(left)[:WINDOW]:
                if time.monotonic() - sent.get(number, 0) > 0.3 and self.send(left[number]):
                    self.repeated += number in sent
                    sent[number] = time.monotonic()
            got = self.take(0.05)
            if got is None or got[12:14] != struct.pack(">H", ECHO):
                continue
            number = struct.unpack(">I", got[14:18])[0]
            if number not in frames or got != self.returned(frames[number]):
                self.wrong.append(got[:24].hex())
            left.pop(number, None)
        return sorted(left)

    def end(self):
        """The last frame, until the test has seen it."""
        while not self.stop:
            self.send(CARD_MAC + PEER_MAC + struct.pack(">H", LAST) + bytes(46))
            self.take(0.1)


@pytest.fixture(name="peer")
def fixture_peer(tmp_path):
    return Peer(tmp_path)


@pytest.fixture(name="boot")
def fixture_boot(machine, peer, tmp_path):
    """boot(MODEL, limit_s) makes a machine with that card and nobody who uses it."""

    def run(model, limit_s=400):
        files = dict(mkimage.unpack((ROOT / "build" / "quoll.img").read_bytes()))
        before, mux = files["system.manifest"].split(b"[task mux]")
        files["system.manifest"] = before + b"[task mux]" + re.sub(
            rb"^opens *= packet\n", b"", mux, count=1, flags=re.M)
        image = tmp_path / "quoll.img"
        image.write_bytes(mkimage.pack(list(files.items())))
        one = machine(machine=Q35, limit_s=limit_s, boot="pvh", image=str(image),
                      extra=peer.devices(model))
        one.boot()
        return one

    return run


def with_peer(one, peer, test, count, timeout=200, after=0.0):
    """Run @test in the system while the peer exchanges @count frames, and @after seconds go on."""
    left = []

    def work():
        left.extend(peer.exchange(count, timeout))
        time.sleep(after)
        peer.end()

    peer.stop = False
    thread = threading.Thread(target=work)
    thread.start()
    lines = one.run(f"test {test}", timeout=timeout)
    peer.stop = True
    thread.join()
    assert lines[-1] == "1 passed, 0 failed", "\n".join(lines)
    assert not left and not peer.wrong, (left, peer.wrong)


def driver(one):
    return next(d for d in one.run_json("drivers") if d["driver"] == "e1000")


@pytest.mark.parametrize("model", CARDS)
def test_card(boot, peer, count, model):
    """Frames both ways; sessions that end; requests that are wrong."""
    one = boot(model)
    assert driver(one)["dma"] == "iommu"
    lines = one.run("test " + " ".join(ALONE), timeout=100)
    assert lines[-1] == f"{len(ALONE)} passed, 0 failed", "\n".join(lines)
    with_peer(one, peer, "packet.echoes", 1000)
    assert peer.repeated <= 100, peer.repeated  # QEMU's 8254x are deaf for a second at first
    count(f"packet-{model}", len(ALONE) + 1, 0)


def test_link(boot, peer):
    one = boot("e1000")

    def cable():
        time.sleep(2)
        one.qmp("set_link", name="n0", up=False)
        time.sleep(1)
        one.qmp("set_link", name="n0", up=True)

    thread = threading.Thread(target=cable)
    thread.start()
    with_peer(one, peer, "packet.link", 50)
    thread.join()
    log = "\n".join(one.run("log"))
    assert re.search(r"e1000: link down.*e1000: link up, 1000 Mb/s, full duplex", log, re.S), log


@pytest.mark.parametrize("model", ["e1000", "e1000e"])
def test_killed_under_traffic(boot, peer, count, model):
    """40 deaths at random moments: each frame comes back in the end, unharmed."""
    one = boot(model, limit_s=500)
    with_peer(one, peer, "packet.killed", 3000, timeout=300, after=3)
    count(f"packet-killed-{model}", 1, 0)


FAULTS = [name.replace("_", "-") for name in re.findall(
    r"fault_(\w+)", (ROOT / "drivers/interfaces/devman.idl").read_text().split("enum fault")[1]
    .split("}")[0])]
CAUSES = {"wild-dma-write": r"died: dma: DMA write to 0x[0-9a-f]+ refused, requester 00:05\.0",
          "wild-dma-read": r"died: dma: DMA read of 0x[0-9a-f]+ refused, requester 00:05\.0"}


def provoke(one, fault):
    """What some faults need to show: a request that is lost, an interrupt that is kept."""
    if fault == "lost-request":
        one.run("test packet.wrong", timeout=60)
    if fault == "irq-unacked":
        one.qmp("set_link", name="n0", up=False)
        one.qmp("set_link", name="n0", up=True)


@pytest.mark.parametrize("model", ["e1000", "e1000e"])
def test_every_fault(boot, peer, model):
    """After each fault that can be injected the card goes on; those of its DMA are named."""
    one = boot(model, limit_s=900)
    unable = ["irq-storm"] * (model == "e1000e")  # it interrupts by messages
    for fault in FAULTS:
        before, deadline = driver(one)["restarts"], time.monotonic() + 90
        if fault == "wild-dma-write":
            time.sleep(1.5)  # QEMU's 8254x receive nothing for a second after a write of RCTL
        said = one.run(f"inject {fault} e1000")[-1]
        assert ("has no interrupt that it could be made to storm with" in said) == (fault in unable)
        provoke(one, fault)
        while fault not in ["forged-irq", *unable] and driver(one)["restarts"] == before:
            assert time.monotonic() < deadline, (fault, driver(one))
            time.sleep(0.3)
        with_peer(one, peer, "packet.echoes", 20)
    log = "\n".join(one.run("log"))
    for fault, cause in CAUSES.items():
        assert re.search(cause, log), (fault, log[-3000:])


def test_refused_without_dma(machine, peer):
    """No IOMMU: the driver says why it does not start."""
    one = machine(boot="pvh", extra=peer.devices("e1000")[len(IOMMU):])
    one.boot()
    assert any("e1000 needs DMA: there is no IOMMU" in line for line in one.run("log"))
    assert not [d for d in one.run_json("drivers")
                if d["driver"] == "e1000" and d["state"] == "running"]
