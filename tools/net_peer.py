"""net_peer.py - the other end of QEMU's -netdev dgram for `bench net`: a machine of one address that
answers ARP, echoes UDP, sends datagrams and pings when it is asked to, and takes and gives streams
of TCP. It does the least that these need, and the same each time: nothing is lost on this wire, so
nothing is sent again.
"""
import select
import socket
import struct
import threading
import time

MAC, ADDRESS = bytes([2, 0, 0, 0, 0, 1]), bytes([10, 9, 0, 1])
ECHO, ORDER, DISCARD, SOURCE = 7, 8, 9, 19  # ports: UDP, UDP, TCP, TCP
ORDER_DATAGRAMS, ORDER_PINGS = 1, 2
PAIR, PAIR_S = 2, 125e-6  # datagrams: 16,000 a second, of which two come by one interrupt
MSS, PING_BYTES = 1460, 56
ARP_REPLY = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2)
FIN, SYN, PSH, ACK = 1, 2, 8, 16
IDLE_S = 0.001  # then a single segment is acknowledged, too


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def ip_packet(protocol, to, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0x4000, 64, protocol, 0,
                       ADDRESS, to)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def summed(protocol, to, segment, at):
    """@segment with its checksum put in at @at."""
    pseudo = ADDRESS + to + struct.pack("!HH", protocol, len(segment))
    value = checksum(pseudo + segment) or 0xffff
    return segment[:at] + struct.pack("!H", value) + segment[at + 2:]


class Stream:
    """A connection from the guest: everything is taken, and on SOURCE each byte of an order asks
    for 64 KiB."""
    BLOCK = 65536

    def __init__(self, peer, key, guest_seq):
        self.peer, self.key = peer, key
        self.expected, self.seq = (guest_seq + 1) & 0xffffffff, 1000
        self.acked, self.window = self.seq, 0
        self.owed = 0  # segments that are not acknowledged yet
        self.to_send = self.taken = 0

    def send(self, flags, data=b""):
        port, (address, guest_port, mac) = self.key[0], self.key[1:]
        options = b"\x02\x04" + struct.pack("!H", MSS) if flags & SYN else b""
        segment = struct.pack("!HHIIBBHHH", port, guest_port, self.seq, self.expected,
                              (20 + len(options)) << 2, flags, 0xffff, 0, 0) + options + data
        self.peer.send_ip(mac, ip_packet(6, address, summed(6, address, segment, 16)))
        self.seq = (self.seq + len(data) + (1 if flags & (SYN | FIN) else 0)) & 0xffffffff
        self.owed = 0

    def push(self):
        """What the window lets through, in whole segments while there are such."""
        while self.to_send:
            room = self.window - ((self.seq - self.acked) & 0xffffffff)
            size = min(MSS, self.to_send)
            if room < size:
                return
            self.to_send -= size
            self.send(ACK | (0 if self.to_send else PSH), bytes(size))

    def take(self, seq, ack, flags, window, data):
        self.acked, self.window = ack, window
        if data and seq == self.expected:
            self.expected = (seq + len(data)) & 0xffffffff
            self.owed += 1
            if self.key[0] == SOURCE:
                self.to_send += self.BLOCK * len(data)
            elif (self.taken + len(data)) // self.BLOCK != self.taken // self.BLOCK:
                self.to_send += 1  # a block is here
            self.taken += len(data)
        if flags & FIN:
            self.expected = (self.expected + 1) & 0xffffffff
            self.send(ACK | FIN)
        self.push()
        if self.owed >= 2:
            self.send(ACK)


class Peer(threading.Thread):
    """Listens at @here, the guest's card is at @there: paths of sockets."""

    def __init__(self, here, there):
        super().__init__(daemon=True)
        self.there = there
        self.wire = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self.wire.bind(here)
        self.ends, self.end = socket.socketpair()
        self.streams = {}
        self.pings, self.asker = 0, None

    def close(self):
        self.end.close()
        self.join()
        self.wire.close()
        self.ends.close()

    def run(self):
        while True:
            ready = select.select([self.wire, self.ends], [], [], IDLE_S)[0]
            if self.ends in ready:
                return
            if not ready:
                for stream in self.streams.values():
                    if stream.owed:
                        stream.send(ACK)
            elif self.wire in ready:
                self.frame(self.wire.recv(2048))

    # ---- out

    def send_frame(self, mac, kind, payload, times=1):
        """Several at once: they are to come together."""
        frame = mac + MAC + struct.pack("!H", kind) + payload.ljust(46, b"\0")
        for _ in range(times):
            self.wire.sendto(frame, self.there)

    def send_ip(self, mac, packet, times=1):
        self.send_frame(mac, 0x0800, packet, times)

    def send_udp(self, to, port, data, times=1):
        address, guest_port, mac = to
        segment = struct.pack("!HHHH", port, guest_port, 8 + len(data), 0) + data
        self.send_ip(mac, ip_packet(17, address, summed(17, address, segment, 6)), times)

    def send_ping(self):
        address, _, mac = self.asker
        message = struct.pack("!BBHHH", 8, 0, 0, 1, self.pings) + bytes(PING_BYTES)
        message = message[:2] + struct.pack("!H", checksum(message)) + message[4:]
        self.send_ip(mac, ip_packet(1, address, message))

    # ---- in

    def frame(self, frame):
        mac, kind, rest = frame[6:12], struct.unpack("!H", frame[12:14])[0], frame[14:]
        if kind == 0x0806 and rest[6:8] == b"\0\1" and rest[24:28] == ADDRESS:
            self.send_frame(mac, 0x0806, ARP_REPLY + MAC + ADDRESS + rest[8:18])
        elif kind == 0x0800 and rest[16:20] == ADDRESS:
            length = struct.unpack("!H", rest[2:4])[0]
            self.packet(rest[9], rest[12:16], mac, rest[20:length])

    def packet(self, protocol, address, mac, data):
        if protocol == 1 and data[0] == 0 and self.pings:
            self.ponged()
        elif protocol == 17:
            guest_port, port = struct.unpack("!HH", data[:4])
            self.datagram((address, guest_port, mac), port, data[8:])
        elif protocol == 6:
            self.segment(address, mac, data)

    def datagram(self, guest, port, data):
        if port == ECHO:
            self.send_udp(guest, ECHO, data)
        elif port == ORDER:
            what, count, length = struct.unpack("!HHH", data[:6])
            if what == ORDER_DATAGRAMS:
                self.send_steadily(guest, bytes(length), count)
            elif what == ORDER_PINGS and count:
                self.asker, self.pings = guest, count
                self.send_ping()

    def send_steadily(self, guest, data, count):
        """In pairs. The time in between is too short to sleep."""
        start = time.perf_counter()
        for pair in range(count // PAIR):
            while time.perf_counter() < start + pair * PAIR_S:
                pass
            self.send_udp(guest, ORDER, data, PAIR)

    def ponged(self):
        """One after the other; then who asked is told."""
        self.pings -= 1
        if self.pings:
            self.send_ping()
        else:
            self.send_udp(self.asker, ORDER, b"")

    def segment(self, address, mac, data):
        guest_port, port, seq, ack = struct.unpack("!HHII", data[:12])
        flags, window = data[13], struct.unpack("!H", data[14:16])[0]
        key = (port, address, guest_port, mac)
        if flags & SYN and port in (DISCARD, SOURCE):
            self.streams[key] = Stream(self, key, seq)
            self.streams[key].send(SYN | ACK)
        elif key in self.streams:
            self.streams[key].take(seq, ack, flags, window, data[(data[12] >> 4) * 4:])
