#!/usr/bin/python3
"""The names of the kernel's functions, as assembly for the kernel itself (debug builds).

usage: symbols.py KERNEL.elf > symbols.asm

The table stands in .rodata, behind the code: linking it in moves no function, so the addresses
that a first link without it found hold. Layout: kernel/debug/symbols.c.
"""
import struct
import sys

STT_NOTYPE, STT_FUNC = 0, 2
SHT_SYMTAB = 2


def sections(elf):
    offset, = struct.unpack_from("<Q", elf, 0x28)
    size, count = struct.unpack_from("<HH", elf, 0x3a)
    for i in range(count):
        # name, type, flags, address, offset, size, link, info, align, entry size
        yield struct.unpack_from("<IIQQQQIIQQ", elf, offset + i * size)


def symbols(elf):
    """(name, type, value) of each symbol."""
    headers = list(sections(elf))
    table = next(header for header in headers if header[1] == SHT_SYMTAB)
    names = headers[table[6]][4]
    for at in range(table[4], table[4] + table[5], 24):
        name, info, _, _, value, _ = struct.unpack_from("<IBBHQQ", elf, at)
        start = names + name
        yield elf[start:elf.index(b"\0", start)].decode(), info & 15, value


def functions(elf):
    """{offset in the code: name}. NASM's labels have no type; its local ones have a dot."""
    everything = list(symbols(elf))
    place = {name: value for name, _, value in everything}
    start, end = place["__text_start"], place["__text_end"]
    found = {}
    for name, kind, value in everything:
        label = kind == STT_NOTYPE and "." not in name and not name.startswith("__")
        if start <= value < end and (kind == STT_FUNC or label):
            found.setdefault(value - start, name)
    return dict(sorted(found.items()))


def main():
    with open(sys.argv[1], "rb") as file:
        found = functions(file.read())
    print("; Made by tools/symbols.py.")
    print("section .rodata\nalign 8\nglobal symbol_table, symbol_table_end\nsymbol_table:")
    name_at = 8 * len(found)
    for offset, name in found.items():
        print(f"    dd {offset:#x}, {name_at}")
        name_at += len(name) + 1
    print("symbol_table_end:")
    for name in found.values():
        print(f'    db "{name}", 0')


if __name__ == "__main__":
    main()
