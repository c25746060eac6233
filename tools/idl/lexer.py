"""lexer.py - IDL text to tokens, with #include "FILE" replaced by that file's tokens.

Source: OMG IDL 4.2, clause 7.2 (lexical conventions) and 7.3 (preprocessing). Of the directives
there are #include "FILE" and the three of an include guard: #ifndef, #define, #endif.
A comment /** ... */ describes what follows it, /**< ... */ what stands before it.
"""
import dataclasses
import pathlib
import re

from errors import Mistake, Position, Source

# Table 7-6 and clause 7.4.13: words that cannot name anything, in whatever case.
KEYWORDS = frozenset("""
    abstract any alias attribute bitfield bitmask bitset boolean case char component connector const
    consumes context custom default double emits enum eventtype exception factory FALSE finder fixed
    float getraises getter home import in inout interface local long manages map mirrorport module
    multiple native Object octet oneway out primarykey private port porttype provides public
    publishes raises readonly sequence setraises setter short string struct supports switch TRUE
    truncatable typedef typeid typename typeprefix union unsigned uses ValueBase valuetype void
    wchar wstring int8 uint8 int16 uint16 int32 uint32 int64 uint64
""".split())
KEYWORD_OF = {word.lower(): word for word in KEYWORDS}

TOKEN = re.compile(r"""
    (?P<space>     [ \t\r\n]+ )
  | (?P<comment>   //[^\n]* | /\*.*?\*/ )
  | (?P<directive> \#[ \t]*[a-z]*[^\n]* )
  | (?P<string>    "(?:[^"\\\n]|\\.)*" )
  | (?P<number>    0[xX][0-9a-fA-F]+ | [0-9]+ )
  | (?P<word>      _?[A-Za-z][A-Za-z0-9_]* )
  | (?P<symbol>    :: | << | >> | [-+*/%&|^~<>=:;,@()\[\]{}] )
""", re.X | re.S)

DIRECTIVE = re.compile(r"#[ \t]*([a-z]*)[ \t]*(.*?)[ \t\r]*$")
GUARD = re.compile(r"[A-Za-z_]\w*$")
BITS_MAX = 64


@dataclasses.dataclass
class Token:
    kind: str  # word, keyword, number, string, symbol, end
    text: str
    value: object
    position: Position
    doc: str = ""    # of the comment before it
    after: str = ""  # of the comment behind it

    def shown(self):
        return "the end of the file" if self.kind == "end" else f"`{self.text}`"


def comment_text(text):
    """What a /** or /**< comment says, as one paragraph."""
    inner = re.sub(r"^\s*\* ?", "", text[3:-2].lstrip("<"), flags=re.M)
    return " ".join(inner.split())


def number(text, position):
    if len(text) > 1 and text[0] == "0" and text[1] not in "xX":
        raise Mistake(position, f"`{text}` would be octal", "write it in decimal or as 0x...")
    value = int(text, 0) if len(text) <= 20 else None
    if value is None or value >> BITS_MAX:
        raise Mistake(position, "the number is out of range", "it must lie in 0 .. 2**64 - 1")
    return value


class Lexer:
    """Tokens of a file and of what it includes."""

    def __init__(self, include_path):
        self.include_path = [pathlib.Path(path) for path in include_path]
        self.read = []      # resolved paths, in the order of reading
        self.defined = set()  # by #define
        self.tokens = []
        self.doc = ""

    def run(self, path):
        source = self.load(path, path)
        self.scan(source)
        last = max(len(source.lines), 1)
        end = Position(source, last, len(source.lines[-1]) + 1 if source.lines else 1)
        self.tokens.append(Token("end", "", None, end))
        return self.tokens

    def load(self, path, shown):
        self.read.append(pathlib.Path(path).resolve())
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
        open_guards = []
        while at < len(source.text):
            position = Position(source, line, at - start + 1)
            match = TOKEN.match(source.text, at)
            if match is None or source.text.startswith("/*", at) and match.group() == "/":
                self.refuse_character(source.text, at, position)
            kind, text = match.lastgroup, match.group()
            if kind == "directive":
                if not self.directive(source, text, position, open_guards):
                    return
            elif kind == "comment":
                self.comment(text)
            elif kind != "space":
                self.tokens.append(self.token(kind, text, position))
            newlines = text.count("\n")
            if newlines:
                line += newlines
                start = at + text.rindex("\n") + 1
            at = match.end()
        if open_guards:
            raise Mistake(open_guards[-1], "this #ifndef has no #endif", "close it with #endif")

    @staticmethod
    def refuse_character(text, at, position):
        if text.startswith("/*", at):
            raise Mistake(position, "the comment has no end", "close it with */")
        if text[at] == '"':
            raise Mistake(position, "the string has no end", 'close it with "')
        raise Mistake(position, f"the character {text[at]!r} means nothing here", "remove it")

    def comment(self, text):
        if text.startswith("/**<"):
            if self.tokens:
                self.tokens[-1].after = comment_text(text)
        elif text.startswith("/**") and len(text) > 4:
            self.doc = comment_text(text)

    def token(self, kind, text, position):
        doc, self.doc = self.doc, ""
        if kind == "number":
            return Token(kind, text, number(text, position), position, doc)
        if kind == "string":
            return Token(kind, text, re.sub(r"\\(.)", r"\1", text[1:-1]), position, doc)
        if kind != "word":
            return Token(kind, text, None, position, doc)
        if text in KEYWORDS:
            return Token("keyword", text, None, position, doc)
        if text.lower() in KEYWORD_OF:
            raise Mistake(position, f"`{text}` differs from the word `{KEYWORD_OF[text.lower()]}` "
                          "of the language only in case", "take another name")
        return Token("word", text.lstrip("_"), None, position, doc)

    # -- directives ------------------------------------------------------------------------------

    def directive(self, source, text, position, open_guards):
        """False: the rest of the file is left out by its guard."""
        word, rest = DIRECTIVE.match(text).groups()
        rest = re.sub(r"\s*(//.*|/\*.*\*/)$", "", rest)
        if word == "include":
            self.include(source, rest, position)
        elif word in ("ifndef", "define"):
            if not GUARD.match(rest):
                raise Mistake(position, f"#{word} needs one name",
                              "the subset has include guards only: #ifndef X_IDL, #define X_IDL, "
                              "#endif")
            if word == "define":
                self.defined.add(rest)
            elif rest in self.defined:
                return False
            else:
                open_guards.append(position)
        elif word == "endif":
            if not open_guards:
                raise Mistake(position, "this #endif has no #ifndef", "remove it")
            open_guards.pop()
        else:
            raise Mistake(position, f"the directive #{word} is not in the subset",
                          "it has #include \"FILE\" and include guards")
        return True

    def include(self, source, rest, position):
        if not re.fullmatch(r'"[^"]+"', rest):
            raise Mistake(position, "#include needs a file in quotes", 'write #include "FILE"')
        name = rest[1:-1]
        for folder in [pathlib.Path(source.path).parent, *self.include_path]:
            path = folder / name
            if not path.is_file():
                continue
            if path.resolve() in self.read and not self.is_guarded(path):
                raise Mistake(position, f'"{name}" is included already',
                              "remove this line, or give that file an include guard")
            self.scan(self.load(path, path))
            return
        raise Mistake(position, f'the file "{name}" is not there',
                      "it is looked for beside this file and beside prelude.idl")

    def is_guarded(self, path):
        found = re.search(r"^#ifndef\s+(\w+)", path.read_text(encoding="utf-8"), re.M)
        return found is not None and found[1] in self.defined
