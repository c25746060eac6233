"""The net server's core (servers/net without main.c and what speaks to the system) with lwIP, on
the host under sanitizers: two of them with a bad wire between, and hostile frames and clients.
tests/net has the programs."""
import os
import re
import subprocess

import pytest

from conftest import ROOT

LWIP = ROOT / "build" / "deps" / "lwip" / "source" / "src"
CORE = "core address socket stream datagram echo random checksum".split()
NAMES = [f"core/{n}" for n in ("def dns inet_chksum init ip mem memp netif pbuf raw stats tcp tcp_in tcp_out "
                               "timeouts udp").split()]
NAMES += [f"core/ipv4/{n}" for n in "dhcp etharp icmp ip4 ip4_addr ip4_frag".split()]
NAMES += ["netif/ethernet"]
FLAGS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DHOST_TEST",
         "-DCONFIG_DEBUG=1", "-isystem", "servers/net/lwip", "-isystem", str(LWIP / "include"),
         "-Iservers/include", "-Ikernel/include", "-idirafter", "libc/include"]
OWN = ["-std=gnu11", "-Wall", "-Wextra"]
MEMORY_MAX = 1_300_000  # of lwIP, static: what docs/net.md says


def run(command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stderr + done.stdout)[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def lwip(tmp_path_factory):
    """lwIP's objects, built once."""
    where = tmp_path_factory.mktemp("lwip")
    objects = []
    for name in NAMES:
        objects.append(where / (name.replace("/", "_") + ".o"))
        run(["gcc", *FLAGS, "-std=gnu11", "-w", "-c", LWIP / f"{name}.c", "-o", objects[-1]])
    return objects


@pytest.mark.parametrize("name", ["pair", "hostile", "reuse", "calls", "peer"])
def test_core(name, lwip, count, tmp_path):
    program = tmp_path / name
    run(["gcc", *FLAGS, *OWN, "-o", program, f"tests/net/{name}.c",
         *(f"servers/net/{c}.c" for c in CORE), *lwip])
    done = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, errors="replace",
                          timeout=1800, check=False,
                          env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"})
    counted = re.search(r"(\d+) passed, (\d+) failed\s*$", done.stdout)
    assert counted, (done.stdout + done.stderr)[-3000:]
    count(f"net-{name}", int(counted.group(1)), int(counted.group(2)))
    assert done.returncode == 0 and counted.group(2) == "0", (done.stdout + done.stderr)[-3000:]


def test_memory_is_bounded():
    """All of lwIP's memory is static, and it has no more than the documentation says."""
    lines = run(["size", "-t", ROOT / "build" / "lwip.a"]).splitlines()
    assert 0 < int(lines[-1].split()[2]) < MEMORY_MAX
    assert not re.search(r"\bU (malloc|calloc|free)\b", run(["nm", ROOT / "build" / "lwip.a"]))
