"""run_devices.py - what `make run` puts into QEMU's q35 beside the boot CD, so that there is something
to drive: an IOMMU, a disk with a file system that stays from run to run, and a network card whose
services are reached on this machine's loopback address.
"""
import socket
import subprocess

import emu

DISK_MIB = 64
SERVICES = {"HTTP": (80, 8080), "NBD": (10809, 10809), "iperf": (5001, 5001), "echo": (7, 7007)}
HELLO = "This is disk0 of `make run`: a file in build/run, made once and kept.\n"
# Away from the low slots, which are for QEMU_EXTRA.
IDE, CARD = "0x18", "0x19"


def disk():
    """Path of the disk image; made if there is none."""
    path = emu.build_dir() / "run" / "disk0.img"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        with open(new, "wb") as f:
            f.truncate(DISK_MIB << 20)
        subprocess.run(["/usr/sbin/mkfs.fat", "-F", "32", "-n", "QUOLL", str(new)], check=True,
                       stdout=subprocess.DEVNULL)
        subprocess.run(["mcopy", "-i", str(new), "-", "::hello.txt"], input=HELLO.encode(), check=True)
        new.rename(path)
    return path


def free_port(wanted):
    """@wanted or the next port on which nobody listens."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise SystemExit(f"run: no free port in {wanted} to {wanted + 99}")


def options():
    """QEMU's options, and the sentence that says what there is."""
    ports = {name: (guest, free_port(host)) for name, (guest, host) in SERVICES.items()}
    forwards = "".join(f",hostfwd=tcp:127.0.0.1:{host}-:{guest}" for guest, host in ports.values())
    said = ", ".join(f"{name} {host}" for name, (_, host) in ports.items())
    image = disk()
    return ("-boot", "d", "-device", "intel-iommu",
            "-device", f"piix3-ide,id=run-ide,addr={IDE}",
            "-drive", f"file={image},format=raw,if=none,id=run-disk",
            "-device", "ide-hd,bus=run-ide.0,drive=run-disk",
            "-netdev", f"user,id=run-net{forwards}",
            "-device", f"e1000e,netdev=run-net,addr={CARD}"), (
                f"/disk0 is {image}; on 127.0.0.1: {said}")
