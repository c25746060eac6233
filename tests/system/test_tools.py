"""The tools: the boot image's format, the generated ABI reference."""
import struct
import subprocess
import sys
import zlib

import pytest

import emu
import mkimage


def test_image_layout():
    files = [("root", b"r" * 5000), ("empty", b""), ("system.manifest", b"text")]
    image = mkimage.pack(files)
    magic, size, count, crc, _ = struct.unpack_from("<QQIIQ", image)
    assert magic == int.from_bytes(b"quolimg1", "little")
    assert size == len(image) and size % 4096 == 0 and count == len(files)
    head = bytearray(image[:32 + 64 * count])
    head[20:24] = bytes(4)
    assert crc == zlib.crc32(head)
    for i, (name, data) in enumerate(files):
        raw, offset, length, file_crc, _ = struct.unpack_from("<40sQQII", image, 32 + 64 * i)
        assert raw.rstrip(b"\0").decode() == name
        assert offset % 4096 == 0 and image[offset:offset + length] == data
        assert file_crc == zlib.crc32(data)


def test_image_is_reproducible():
    files = [("a", b"1"), ("b", b"2" * 9000)]
    assert mkimage.pack(files) == mkimage.pack(list(files))


@pytest.mark.parametrize("name", ["", "x" * 40])
def test_image_refuses_bad_names(name):
    with pytest.raises(ValueError):
        mkimage.pack([(name, b"")])


def test_abi_reference_is_up_to_date():
    """docs/abi.md is what tools/gen_abi.py makes of the tables, and these are whole."""
    result = subprocess.run([sys.executable, "tools/gen_abi.py", "--check"], cwd=emu.ROOT,
                            capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
