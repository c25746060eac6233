"""Deaths above the driver: of net, of mux, and of their clients. What is to die has an invalid
instruction put in place of a function of its program. Nobody hangs, nobody else dies, and what a dead
client had is free again."""
import re
import struct
import subprocess
import time

import mkimage
import pytest
from conftest import ROOT
from scapy.layers.inet import ICMP
from scapy.packet import Raw
from test_net import GUEST, IMAGE, PEER, Peer, until

UD2 = b"\x0f\x0b"


def killed_in(elf, function, directory):
    """That program with an invalid instruction as its function's first: where it is, the program's own
    symbols and segments say."""
    program = directory / "program.elf"
    program.write_bytes(elf)
    listing = subprocess.run(["nm", program], capture_output=True, text=True, check=True).stdout
    found = re.search(rf"^([0-9a-f]+) T {function}$", listing, re.M)  # local ones may be inlined
    assert found, f"no global function {function}: name another that is called from another file"
    address = int(found[1], 16)
    table, = struct.unpack_from("<Q", elf, 32)
    for at in range(table, table + 56 * struct.unpack_from("<H", elf, 56)[0], 56):
        kind, _, offset, va, _, size = struct.unpack_from("<IIQQQQ", elf, at)
        if kind == 1 and va <= address < va + size:
            here = offset + address - va
            return elf[:here] + UD2 + elf[here + 2:]
    raise AssertionError(f"{function} is in no segment")


@pytest.fixture(name="fatal")
def fixture_fatal(machine, tmp_path):
    """fatal(TASK, FUNCTION) is a machine whose task dies in that function, with a peer."""
    peers = []

    def make(task, function):
        files = dict(mkimage.unpack((ROOT / IMAGE["image"]).read_bytes()))
        whole = ROOT / "build/debug/strip" / f"{task}.elf"  # the released one has few functions left
        files[task] = killed_in(whole.read_bytes(), function, tmp_path)
        image = tmp_path / "quoll.img"
        image.write_bytes(mkimage.pack(list(files.items())))
        peer = Peer()
        peers.append(peer)
        one = machine(**{**IMAGE, "image": str(image)},
                      extra=(*peer.netdev(), "-device", "e1000,netdev=n"))
        one.boot()
        until(lambda: one.run_json("ifconfig")[0]["up"])
        one.run(f"ifconfig {GUEST}/24 {PEER} {PEER}")
        peer.mac, one.peer = one.run_json("ifconfig")[0]["mac"], peer
        return one

    return make


def died(one, task):
    return until(lambda: [line for line in one.run("log") if f"root: task {task} died" in line])


def others(one, task):
    """All tasks but that one live."""
    states = {t["name"]: t["state"] for t in one.run_json("ps")}
    assert states.pop(task) == "faulted"
    assert "faulted" not in states.values() and "stopped" not in states.values(), states


def cpu_us(one):
    return {t["name"]: t["cpu_us"] for t in one.run_json("ps")}


def test_net_dies_below_who_waits(fatal):
    one = fatal("net", "icmp_input")
    dead = 'the service "net" has died, and is not restarted: `log` says why'
    one.send("nc -l 7000\r")
    time.sleep(1)
    one.peer.send(one.peer.ip() / ICMP(id=1, seq=1) / Raw(bytes(8)))
    one.wait_prompt(timeout=60)  # it has noticed by itself
    died(one, "net")
    for command in ["ifconfig", "netstat", "arp"]:
        assert one.run(command) == [dead]
    for command in [f"ping {PEER} 1", "nslookup quoll.example", f"nc {PEER} 9"]:
        said = one.run(command)[-1]
        assert said == dead or re.match(r"(ping|nslookup|nc): ", said), said
    others(one, "net")
    # Who served says so once, and does not spin with a socket that is ready for ever.
    until(lambda: len([n for n in one.run("log") if "the net server has died" in n]) == 2)
    before = cpu_us(one)
    time.sleep(2)
    assert all(cpu_us(one)[task] - before[task] < 400000 for task in ["http", "nbd", "small"])
    assert one.run_json("drivers") and one.run("echo here") == ["here"]


def test_mux_dies_below_net(fatal):
    """As if the card had been taken out."""
    one = fatal("mux", "packet_serve_set_filter")
    assert one.run("tcpdump")[-1].startswith("tcpdump: ")
    died(one, "mux")
    until(lambda: one.run("tcpdump")[-1].startswith('the service "mux" has died'))
    until(lambda: not one.run_json("ifconfig")[0]["card"])
    for command in ["ping", "nc"]:
        assert one.run(f"{command} {PEER} 9")[-1].startswith('the service "mux" has died')
    assert {s["task"] for s in one.run_json("netstat")} == {"http", "nbd", "small"}  # who listen
    others(one, "mux")
    driver = next(d for d in one.run_json("drivers") if d["driver"] == "e1000")
    assert driver["state"] == "running" and driver["restarts"] == 0


def test_a_client_s_death_frees_what_it_had(fatal):
    """bench dies with a socket open: net knows nothing of it any more, and its memory is as before."""
    one = fatal("bench", "net_call_counted")
    before, sockets = one.run_json("mem"), one.run_json("netstat")
    one.run("bench net.udp_send.18")
    died(one, "bench")
    until(lambda: one.run_json("netstat") == sockets)
    assert one.run_json("mem") == before
    assert one.run_json(f"ping {PEER} 1")[-1]["sent"] == 1
    others(one, "bench")
