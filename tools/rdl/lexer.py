"""lexer.py - SystemRDL text to tokens, with `include "FILE" replaced by that file's tokens.

Source: SystemRDL 2.0, clause 4 (lexical conventions) and 16 (preprocessor directives). Of the
directives only `include is there, and nothing of the embedded Perl.
"""
import re

from errors import Mistake
import textlexer
from textlexer import BITS_MAX, Token

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
    return textlexer.bounded(digits, 0 if digits[:2] in ("0x", "0X") else 10, position)


def unescape(text):
    """A string's value: escapes resolved, line breaks and what surrounds them one space."""
    return " ".join(re.sub(r"\\(.)", r"\1", text[1:-1]).split())


class Lexer(textlexer.Lexer):
    pattern = TOKEN
    prelude = "prelude.rdl"
    pending = None  # the place of an `include that waits for its string

    def piece(self, source, kind, text, position):
        if kind == "directive":
            if text != "`include":
                raise Mistake(position, f"the directive {text} is not in the subset",
                              "only `include \"FILE\" is")
            self.pending = position
        elif kind in ("space", "comment"):
            pass
        elif self.pending is None:
            self.tokens.append(make_token(kind, text, position))
        elif kind == "string":
            self.pending = None
            self.include(source, unescape(text), position)
        else:
            return False
        return True

    def ended(self):
        if self.pending is not None:
            raise Mistake(self.pending, "`include has no file", "write `include \"FILE\"")


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
