#!/usr/bin/python3
"""Packs files into the boot image, in the format of kernel/include/quoll/image.h.

usage: mkimage.py IMAGE NAME=FILE...
The same files give the same bytes: names are kept in the order given, nothing is dated.
"""
import struct
import sys
import zlib

MAGIC = 0x31676D696C6F7571  # "quolimg1"
HEADER = struct.Struct("<QQIIQ")  # magic, bytes, count, crc32, reserved
ENTRY = struct.Struct("<40sQQII")  # name, offset, bytes, crc32, reserved
ALIGN = 4096


def align(n):
    return -(-n // ALIGN) * ALIGN


def pack(files):
    """The image's bytes for a list of (name, bytes)."""
    offset = align(HEADER.size + len(files) * ENTRY.size)
    entries, body = b"", b""
    for name, data in files:
        encoded = name.encode("ascii")
        if not 0 < len(encoded) < 40:
            raise ValueError(f"name '{name}': must have 1 to 39 characters")
        entries += ENTRY.pack(encoded, offset + len(body), len(data), zlib.crc32(data), 0)
        body += data + bytes(align(len(data)) - len(data))
    total = offset + len(body)
    bare = HEADER.pack(MAGIC, total, len(files), 0, 0)
    header = HEADER.pack(MAGIC, total, len(files), zlib.crc32(bare + entries), 0)
    head = header + entries
    return head + bytes(offset - len(head)) + body


def unpack(image):
    """The list of (name, bytes) that an image was packed from."""
    count = HEADER.unpack_from(image)[2]
    entries = [ENTRY.unpack_from(image, HEADER.size + i * ENTRY.size) for i in range(count)]
    return [(name.rstrip(b"\0").decode("ascii"), image[at:at + size])
            for name, at, size, _, _ in entries]


def main(args):
    if len(args) < 2:
        sys.exit(__doc__.strip())
    files = []
    for pair in args[1:]:
        name, equals, path = pair.partition("=")
        if not equals:
            sys.exit(f"mkimage: '{pair}' is not NAME=FILE")
        with open(path, "rb") as f:
            files.append((name, f.read()))
    names = [name for name, _ in files]
    if len(set(names)) != len(names):
        sys.exit("mkimage: the same name twice")
    try:
        image = pack(files)
    except ValueError as error:
        sys.exit(f"mkimage: {error}")
    with open(args[0], "wb") as f:
        f.write(image)


if __name__ == "__main__":
    main(sys.argv[1:])
