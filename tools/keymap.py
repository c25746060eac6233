#!/usr/bin/python3
"""Turns keyboard layouts into C tables.

usage: keymap.py --keys=keys.def --compose=compose.txt --output=layouts.h LAYOUT.keys...

A layout's name is its file's. The format is explained at the top of drivers/ps2/layouts/us.keys.
"""
import argparse
import pathlib
import re
import string
import sys

LEVELS = ("plain", "shift", "altgr", "altgr+shift")
DEAD = 0x80000000  # with the dead key's number: enum key_dead
LETTERS = string.ascii_uppercase


class Mistake(Exception):
    def __init__(self, path, line, column, text):
        super().__init__(f"{path}:{line}:{column}: error: {text}")


def words_of(path):
    """The file's lines with something on them: (line number, [(column, word)])."""
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[:error.start].count(b"\n") + 1
        raise Mistake(path, line, 1, "the file is not UTF-8; save it as UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):
        line = re.sub(r"(^|\s)#\s.*$|^#.*$", "", line)
        words = [(match.start() + 1, match.group()) for match in re.finditer(r"\S+", line)]
        if words:
            yield number, words


def read_keys(path):
    found = re.findall(r"^KEY\((\w+), (0x\w+), 0x\w+\)", pathlib.Path(path).read_text(), re.M)
    return {name: int(code, 16) for name, code in found}


def read_compose(path):
    """Name to (accent, {base: result})."""
    dead = {}
    for line, words in words_of(path):
        name = words[0][1]
        if name in dead:
            raise Mistake(path, line, 1, f"the dead key {name} is there twice; join the lines")
        if len(words) < 2 or len(words[1][1]) != 1:
            raise Mistake(path, line, words[-1][0], "after the name comes the accent, a character")
        pairs = {}
        for column, word in words[2:]:
            if len(word) != 2:
                raise Mistake(path, line, column, f"{word} is no pair of a base and its result")
            if word[0] in pairs:
                raise Mistake(path, line, column, f"{word[0]} is composed twice with {name}")
            pairs[word[0]] = word[1]
        dead[name] = (words[1][1], pairs)
    return dead


def symbol(place, word, dead):
    """The number for what a key types."""
    path, line, column = place
    if word == "none":
        return 0
    if word.startswith("dead:"):
        name = word[len("dead:"):]
        if name not in dead:
            raise Mistake(path, line, column, f"there is no dead key {name}; known are "
                          f"{', '.join(sorted(dead))}")
        return DEAD | list(dead).index(name)
    if re.fullmatch(r"U\+[0-9a-fA-F]{2,6}", word):
        code = int(word[2:], 16)
        if code < 0x20 or code > 0x10ffff or 0xd800 <= code < 0xe000:
            raise Mistake(path, line, column, f"{word} is no character")
        return code
    if len(word) != 1:
        raise Mistake(path, line, column,
                      f"{word} is no character; write one, U+hex, dead:NAME or none")
    return ord(word)


def key_code(place, name, keys):
    if name not in keys:
        raise Mistake(*place, f"there is no key {name}; keys.def has their names")
    return keys[name]


class Layout:
    def __init__(self, path, keys, dead):
        self.name = pathlib.Path(path).stem
        self.levels = {}  # code: up to four symbols
        self.caps = set()
        self.lines = {}
        for line, words in words_of(path):
            self.read_line(path, line, words, keys, dead)
        if not self.levels:
            raise Mistake(path, 1, 1, "the layout has no keys")

    def read_line(self, path, line, words, keys, dead):
        first = words[0][1]
        if first == "letters" and len(words) == 1:
            for letter in LETTERS:
                self.levels.setdefault(keys[letter], [ord(letter.lower()), ord(letter)])
        elif first == "caps":
            for column, name in words[1:]:
                names = LETTERS if name == "letters" else [name]
                self.caps |= {key_code((path, line, column), each, keys) for each in names}
        else:
            code = key_code((path, line, words[0][0]), first, keys)
            if code in self.lines:
                raise Mistake(path, line, words[0][0],
                              f"the key {first} is there twice, first in line {self.lines[code]}")
            if not 3 <= len(words) <= 1 + len(LEVELS):
                raise Mistake(path, line, words[-1][0],
                              f"the key {first} wants 2 to 4 symbols: {', '.join(LEVELS)}")
            self.lines[code] = line
            self.levels[code] = [symbol((path, line, column), word, dead)
                                 for column, word in words[1:]]


def emit_compose(dead):
    yield "static const struct key_dead key_deads[] = {"
    for name, (accent, _) in dead.items():
        yield f"    {{0x{ord(accent):x}}}, /* {name} */"
    yield "};"
    yield ""
    yield "static const struct key_compose key_composed[] = {"
    for number, (_, pairs) in enumerate(dead.values()):
        for base, result in pairs.items():
            yield f"    {{{number}, 0x{ord(base):x}, 0x{ord(result):x}}},"
    yield "};"
    yield ""


def emit_layouts(layouts):
    yield "static const struct key_layout key_layouts[] = {"
    for layout in layouts:
        yield f'    {{"{layout.name}", {{'
        for code, symbols in sorted(layout.levels.items()):
            cells = ", ".join(f"0x{value:x}" for value in symbols)
            yield f"        [0x{code:02x}] = {{{{{cells}}}, {int(code in layout.caps)}}},"
        yield "    }},"
    yield "};"
    yield ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keys", required=True)
    parser.add_argument("--compose", required=True)
    parser.add_argument("--output", required=True)
    parser.add_argument("layouts", nargs="+")
    args = parser.parse_args()
    try:
        keys = read_keys(args.keys)
        dead = read_compose(args.compose)
        layouts = [Layout(path, keys, dead) for path in args.layouts]
    except Mistake as mistake:
        sys.exit(str(mistake))
    lines = ["/* Keyboard layouts. Made by tools/keymap.py from drivers/ps2/layouts. */",
             "#ifndef KEYS_LAYOUTS_H", "#define KEYS_LAYOUTS_H", "", *emit_compose(dead),
             *emit_layouts(layouts), "#endif", ""]
    pathlib.Path(args.output).write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
