"""The README's pictures: what the screen shows of two fixed sessions, in text and in graphics.
What is seen is written to build/pictures; if it differs from docs/pictures in more than the cursor,
which blinks, either something is broken or the committed picture is to be replaced by the new one."""
import struct
import time
import zlib

import pytest

from conftest import ROOT

COMMITTED, SEEN = ROOT / "docs" / "pictures", ROOT / "build" / "pictures"
CURSOR = (9, 16)  # the larger of the two cells
PICTURES = {
    "text": ("console text", (720, 400), ["version", "lsdev"]),
    "graphics": ("console graphics", (1024, 768), ["inject list", "devman explain /platform/com1"]),
}


def png(width, height, pixels):
    """A PNG of 8-bit RGB, no row filtered."""
    rows = b"".join(b"\0" + pixels[y * width * 3:(y + 1) * width * 3] for y in range(height))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))

    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def read_png(data):
    """(width, height, pixels) of what png() made."""
    width, height = struct.unpack(">II", data[16:24])
    packed = data[data.index(b"IDAT") + 4:]
    rows = zlib.decompressobj().decompress(packed)
    stride = width * 3 + 1
    assert len(rows) == stride * height and not any(rows[::stride])
    return width, height, b"".join(rows[y * stride + 1:(y + 1) * stride] for y in range(height))


def dump(one):
    """The screen's pixels."""
    path = f"{one.directory}/screen.ppm"
    one.qmp("screendump", filename=path)
    with open(path, "rb") as file:
        data = file.read()
    kind, size, depth, pixels = data.split(b"\n", 3)
    assert kind == b"P6" and depth == b"255"
    width, height = map(int, size.split())
    assert len(pixels) == width * height * 3
    return width, height, pixels


def steady(one):
    """The screen once it stands still but for the cursor."""
    before = dump(one)
    for _ in range(50):
        time.sleep(0.3)
        now = dump(one)
        if differ_in_cursor_only(before, now):
            return now
        before = now
    raise AssertionError("the screen does not come to rest")


def differ_in_cursor_only(a, b):
    if a[:2] != b[:2]:
        return False
    width = a[0]
    places = [at // 3 for at in range(0, len(a[2]), 3) if a[2][at:at + 3] != b[2][at:at + 3]]
    if not places:
        return True
    columns, rows = [at % width for at in places], [at // width for at in places]
    return max(columns) - min(columns) < CURSOR[0] and max(rows) - min(rows) < CURSOR[1]


def test_only_a_cursor_may_differ():
    """The comparison itself."""
    black = (100, 50, bytes(100 * 50 * 3))

    def with_pixels(*places):
        pixels = bytearray(black[2])
        for x, y in places:
            pixels[(y * 100 + x) * 3 + 1] = 255
        return 100, 50, bytes(pixels)

    assert differ_in_cursor_only(black, black)
    assert differ_in_cursor_only(black, with_pixels((40, 20), (48, 35)))
    assert not differ_in_cursor_only(black, with_pixels((40, 20), (49, 20)))
    assert not differ_in_cursor_only(black, with_pixels((40, 20), (40, 36)))
    assert not differ_in_cursor_only(black, (50, 100, black[2]))
    assert read_png(png(*with_pixels((3, 4)))) == with_pixels((3, 4))


@pytest.mark.parametrize("name", PICTURES)
def test_picture(machine, name):
    command, size, session = PICTURES[name]
    one = machine()
    one.boot()
    while '"state":"starting"' in "".join(one.run("drivers --json")).replace(" ", ""):
        time.sleep(0.1)
    one.run(command)
    one.send("clear\r")
    one.wait_prompt()
    for line in session:
        one.run(line)
    seen = steady(one)
    assert seen[:2] == size
    SEEN.mkdir(parents=True, exist_ok=True)
    (SEEN / f"{name}.png").write_bytes(png(*seen))
    committed = read_png((COMMITTED / f"{name}.png").read_bytes())
    assert differ_in_cursor_only(committed, seen), (
        f"build/pictures/{name}.png is not docs/pictures/{name}.png; look at both: if the new one is "
        "right, copy it there")
