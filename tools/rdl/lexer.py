"""lexer.py - SystemRDL text to tokens, with `include "FILE" replaced by that file's tokens.

Source: SystemRDL 2.0, clause 4 (lexical conventions) and 16 (preprocessor directives). Of the
directives only `include is there, and nothing of the embedded Perl.
"""
import dataclasses
import pathlib
import re

from errors import Mistake, Position, Source

# Clause 4.4 and annex D: words that cannot name anything.
KEYWORDS = frozenset("""
    abstract accesstype addressingtype addrmap alias all bit boolean bothedge compact component
    componentwidth constraint default encode enum external false field fullalign hw inside internal
    level longint mem na negedge nonsticky number onreadtype onwritetype posedge property r rclr ref
    reg regalign regfile rset ruser rw rw1 signal string struct sw this true type unsigned w w1 wclr
    woclr woset wot wr wset wuser wzc wzs wzt
    alternate byte int precedencetype real shortint shortreal signed with within
""".split())

TOKEN = re.compile(r"""
    (?P<space>   [ \t\r\n]+ )
  | (?P<comment> //[^\n]* | /\*.*?\*/ )
  | (?P<string>  "(?:[^"\\]|\\.)*" )
  | (?P<sized>   [0-9]+'[bBdDhH][0-9a-fA-F_]+ )
  | (?P<hex>     0[xX][0-9a-fA-F][0-9a-fA-F_]* )
  | (?P<decimal> [0-9][0-9_]* )
  | (?P<word>    \\?[A-Za-z_][A-Za-z0-9_]* )
  | (?P<directive> `[A-Za-z]+ )
  | (?P<symbol>  -> | :: | <= | >= | == | != | << | >> | && | \|\| | \*\* | \+= | %=
               | [-+*/%&|^~!<>=?:;,.@\#()\[\]{}'] )
""", re.X | re.S)

BASES = {"b": 2, "d": 10, "h": 16}
BITS_MAX = 64


@dataclasses.dataclass(frozen=True)
class Token:
    kind: str  # word, keyword, number, string, symbol, end
    text: str
    value: object
    position: Position

    def shown(self):
        return "the end of the file" if self.kind == "end" else f"`{self.text}`"


def sized_number(text, position):
    width, rest = text.split("'")
    digits = rest[1:].replace("_", "")
    if len(width) > 2 or not 1 <= int(width) <= BITS_MAX:
        raise Mistake(position, f"a number of {width} bits is not in the subset",
                      f"use 1 to {BITS_MAX} bits")
    base = BASES[rest[0].lower()]
    try:
        value = int(digits, base)
    except ValueError:
        raise Mistake(position, f"`{text}` has a digit that base {base} does not know",
                      "use b for binary, d for decimal, h for hexadecimal") from None
    if value >= 1 << int(width):
        raise Mistake(position, f"{value} does not fit in {width} bits",
                      f"{width} bits hold at most {(1 << int(width)) - 1}")
    return value


def plain_number(text, position):
    digits = text.replace("_", "")
    value = int(digits, 0 if digits[:2] in ("0x", "0X") else 10) if len(digits) <= 20 else None
    if value is None or value >> BITS_MAX:
        raise Mistake(position, "the number is out of range", "it must lie in 0 .. 2**64 - 1")
    return value


def unescape(text):
    """A string's value: escapes resolved, line breaks and what surrounds them one space."""
    return " ".join(re.sub(r"\\(.)", r"\1", text[1:-1]).split())


class Lexer:
    """Tokens of a file and of what it includes."""

    def __init__(self, include_path):
        self.include_path = [pathlib.Path(path) for path in include_path]
        self.read = {}  # resolved path -> how it was named
        self.tokens = []

    def run(self, path):
        source = self.load(path, path)
        self.scan(source)
        last = max(len(source.lines), 1)
        end = Position(source, last, len(source.lines[-1]) + 1 if source.lines else 1)
        self.tokens.append(Token("end", "", None, end))
        return self.tokens

    def load(self, path, shown):
        self.read[pathlib.Path(path).resolve()] = str(shown)
        raw = pathlib.Path(path).read_bytes()
        source = Source(str(shown), raw.decode("utf-8", errors="replace"))
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            column = error.start - raw.rfind(b"\n", 0, error.start)
            raise Mistake(Position(source, line, column), "this byte is not UTF-8",
                          "save the file as UTF-8") from None
        return source

    def scan(self, source):
        at, line, start = 0, 1, 0
        pending = None  # an `include that waits for its string
        while at < len(source.text):
            position = Position(source, line, at - start + 1)
            match = TOKEN.match(source.text, at)
            if match is None or source.text.startswith("/*", at) and match.group() == "/":
                self.refuse_character(source.text, at, position)
            kind, text = match.lastgroup, match.group()
            if kind == "directive":
                if text != "`include":
                    raise Mistake(position, f"the directive {text} is not in the subset",
                                  "only `include \"FILE\" is")
                pending = position
            elif kind not in ("space", "comment"):
                if pending is None:
                    self.tokens.append(make_token(kind, text, position))
                elif kind == "string":
                    self.include(source, unescape(text), position)
                    pending = None
                else:
                    break
            newlines = text.count("\n")
            if newlines:
                line += newlines
                start = at + text.rindex("\n") + 1
            at = match.end()
        if pending is not None:
            raise Mistake(pending, "`include has no file", "write `include \"FILE\"")

    @staticmethod
    def refuse_character(text, at, position):
        if text.startswith("/*", at):
            raise Mistake(position, "the comment has no end", "close it with */")
        if text[at] == '"':
            raise Mistake(position, "the string has no end", 'close it with "')
        raise Mistake(position, f"the character {text[at]!r} means nothing here", "remove it")

    def include(self, source, name, position):
        folders = [pathlib.Path(source.path).parent, *self.include_path]
        for folder in folders:
            path = folder / name
            if not path.is_file():
                continue
            if path.resolve() in self.read:
                raise Mistake(position, f'"{name}" is included already', "remove this line")
            self.scan(self.load(path, path))
            return
        raise Mistake(position, f'the file "{name}" is not there',
                      "it is looked for beside this file and beside prelude.rdl")


def make_token(kind, text, position):
    if kind == "word":
        if text in KEYWORDS:
            return Token("keyword", text, None, position)
        return Token("word", text.lstrip("\\"), None, position)
    if kind == "string":
        return Token("string", text, unescape(text), position)
    if kind == "sized":
        return Token("number", text, sized_number(text, position), position)
    if kind in ("hex", "decimal"):
        return Token("number", text, plain_number(text, position), position)
    return Token("symbol", text, None, position)
