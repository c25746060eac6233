#!/usr/bin/python3
"""Turns the Terminus font (PSF1, with its Unicode table) into C tables.

usage: font.py FONT.psf.gz FOLDER

  FOLDER/terminus.h   all glyphs, 16 bytes each, and which code point each is for (the console)
  FOLDER/codepage.h   which code point is at which place of VGA's font: code page 437 (the console)
  FOLDER/vga.h        the 256 glyphs in that order, for VGA's character generator (the vga driver)
"""
import gzip
import pathlib
import sys

ROWS = 16
LAST, SEQUENCE = 0xffff, 0xfffe  # in PSF1's table: end of a glyph; code points that combine
# Code page 437's pictures for the places that are control codes elsewhere (IBM PS/2 Hardware
# Interface Technical Reference, characters and keystrokes).
LOW = "\0☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
HOUSE = 0x7f
# Block elements that the font lacks: geometry, drawn here.
BLOCKS = {
    0x2580: [0xff] * 8 + [0] * 8, 0x2584: [0] * 8 + [0xff] * 8, 0x258c: [0xf0] * 16,
    0x2590: [0x0f] * 16, 0x2593: [0xdd, 0x77] * 8,
}


def fail(text):
    sys.exit(f"font.py: {text}")


def read_psf1(path):
    """The glyphs, and a map of code point to glyph."""
    data = gzip.decompress(pathlib.Path(path).read_bytes())
    if data[:2] != b"\x36\x04" or data[3] != ROWS or not data[2] & 2:
        fail(f"{path} is no PSF1 font of 8x{ROWS} with a Unicode table")
    count = 512 if data[2] & 1 else 256
    glyphs = [data[4 + i * ROWS:4 + (i + 1) * ROWS] for i in range(count)]
    words = data[4 + count * ROWS:]
    codes, glyph, in_sequence = {}, 0, False
    for at in range(0, len(words) - 1, 2):
        word = words[at] | words[at + 1] << 8
        if word == LAST:
            glyph, in_sequence = glyph + 1, False
        elif word == SEQUENCE:
            in_sequence = True
        elif not in_sequence:
            codes.setdefault(word, glyph)
    if glyph != count:
        fail(f"{path}: the Unicode table has {glyph} entries for {count} glyphs")
    for code, picture in BLOCKS.items():
        if code not in codes:
            codes[code] = len(glyphs)
            glyphs.append(bytes(picture))
    return glyphs, codes


def code_page():
    text = bytes(range(256)).decode("cp437")
    return [ord(c) for c in LOW + text[len(LOW):HOUSE] + "⌂" + text[HOUSE + 1:]]


def rows(values, per_line=12):
    for at in range(0, len(values), per_line):
        yield "    " + " ".join(f"{value}," for value in values[at:at + per_line])


def table(kind, name, size, values):
    return [f"static const {kind} {name}{size} = {{", *rows(values), "};", ""]


def header(guard, what, lines):
    return "\n".join([f"/* {what} Made by tools/font.py. */", f"#ifndef {guard}",
                      f"#define {guard}", "#include <stdint.h>", "", *lines, "#endif", ""])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    glyphs, codes = read_psf1(sys.argv[1])
    points = sorted(codes)
    page = code_page()
    places = {}
    for place, code in enumerate(page):
        places.setdefault(code, place)
    missing = glyphs[codes[0xfffd]] if 0xfffd in codes else glyphs[codes[ord("?")]]
    vga = [glyphs[codes[code]] if code in codes else missing for code in page]
    vga[0] = vga[0xff] = bytes(ROWS)
    (folder / "terminus.h").write_text(header("FONT_TERMINUS_H", "Terminus, 8x16.", [
        f"enum {{ TERMINUS_ROWS = {ROWS}, TERMINUS_CODES = {len(points)} }};", "",
        *table("uint8_t", "terminus_glyphs", f"[{len(glyphs)}][TERMINUS_ROWS]",
               ["{" + ", ".join(map(str, glyph)) + "}" for glyph in glyphs]),
        "/* Code points in ascending order, and the glyph of each. */",
        *table("uint16_t", "terminus_codes", "[TERMINUS_CODES]", points),
        *table("uint16_t", "terminus_places", "[TERMINUS_CODES]", [codes[c] for c in points])]))
    (folder / "codepage.h").write_text(header("FONT_CODEPAGE_H", "Code page 437.", [
        f"enum {{ CODEPAGE_CODES = {len(places)} }};", "",
        "/* Code points in ascending order, and the place of each. */",
        *table("uint16_t", "codepage_codes", "[CODEPAGE_CODES]", sorted(places)),
        *table("uint8_t", "codepage_places", "[CODEPAGE_CODES]",
               [places[c] for c in sorted(places)])]))
    (folder / "vga.h").write_text(header("FONT_VGA_H", "Terminus in the order of code page 437.", [
        f"enum {{ VGA_FONT_ROWS = {ROWS} }};", "",
        *table("uint8_t", "vga_font", "[256][VGA_FONT_ROWS]",
               ["{" + ", ".join(map(str, glyph)) + "}" for glyph in vga])]))


if __name__ == "__main__":
    main()
