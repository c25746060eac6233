"""A machine or a boot image that will not do stops with a sentence that says which."""
import subprocess
import time

import pexpect
import pytest

from conftest import ROOT


def stops_saying(one, what, on_screen=True):
    """It says so on the serial line, never gets to a prompt, and does not restart."""
    one.start()
    said = one.expect_re(r"Quoll cannot start: ([^\r\n]+)\r\n", timeout=20).group(1)
    assert what in said
    assert one.serial.expect(["quoll> ", "cannot start", pexpect.TIMEOUT], timeout=1.5) == 2
    assert one.process.poll() is None
    if on_screen:
        assert f"Quoll cannot start: {said}"[:80].rstrip() in screen_text(one)


def screen_text(one):
    """The VGA text screen, read from guest memory: 80 columns, rows joined without a break."""
    path = f"{one.directory}/screen"
    one.qmp("pmemsave", val=0xb8000, size=80 * 25 * 2, filename=path)
    for _ in range(20):
        with open(path, "rb") as file:
            cells = file.read()
        if len(cells) == 80 * 25 * 2:
            break
        time.sleep(0.05)
    return cells[::2].decode("cp437")


@pytest.mark.parametrize("cpu", ["qemu32", "max,-lm"])
@pytest.mark.parametrize("boot", ["cd", "pvh"])
def test_no_long_mode(machine, cpu, boot):
    stops_saying(machine(cpu=cpu, boot=boot), "no 64-bit mode")


def test_no_nx(machine):
    stops_saying(machine(cpu="qemu64,-nx"), "no no-execute bit")


def test_no_boot_image(machine):
    stops_saying(machine(boot="pvh", image=""), "boot image")


@pytest.mark.parametrize("memory", [4, 8])
def test_too_little_memory(machine, memory):
    stops_saying(machine(boot="pvh", memory=memory), "memory")


def damaged(tmp_path, change):
    image = bytearray((ROOT / "build" / "quoll.img").read_bytes())
    image = change(image) or image
    path = tmp_path / "damaged.img"
    path.write_bytes(image)
    return str(path)


def flip(at):
    def change(image):
        image[at] ^= 0x10
    return change


@pytest.mark.parametrize("change", [
    flip(0),  # the magic number
    flip(8),  # the size
    flip(16),  # the number of files
    flip(40),  # the first file's name
    flip(4096 + 100),  # the first file's contents
    flip(-1),  # behind the last file's contents, or in it
    lambda image: image[:len(image) // 2],
    lambda image: image[:4096],
    lambda image: image[:10],
], ids=["magic", "size", "count", "entry", "contents", "last-byte", "half", "header-only", "stub"])
def test_damaged_image(machine, tmp_path, change, request):
    if request.node.callspec.id == "last-byte":
        change = flip(manifest_end() - 1)
    stops_saying(machine(boot="pvh", image=damaged(tmp_path, change)), "boot image")


def manifest_end():
    """Where the last file in the image ends; what pads it is not checked."""
    import struct
    image = (ROOT / "build" / "quoll.img").read_bytes()
    count = struct.unpack_from("<I", image, 16)[0]
    offset, size = struct.unpack_from("<QQ", image, 32 + (count - 1) * 64 + 40)
    return offset + size


def test_image_without_root(machine, tmp_path):
    path = str(tmp_path / "no-root.img")
    subprocess.run(["/usr/bin/python3", "tools/mkimage.py", path, "other=Makefile"],
                   cwd=ROOT, check=True)
    stops_saying(machine(boot="pvh", image=path), "root")
