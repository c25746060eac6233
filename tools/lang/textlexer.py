"""textlexer.py - what the interface and the register compiler share of reading text: tokens with their
places, and files that include files.

A language's lexer derives from Lexer and brings its expression for tokens and what becomes of each.
"""
import dataclasses
import pathlib

from errors import Mistake, Position, Source

BITS_MAX = 64


@dataclasses.dataclass
class Token:
    kind: str  # word, keyword, number, string, symbol, end
    text: str
    value: object
    position: Position
    doc: str = ""    # of the comment before it, in languages that have such
    after: str = ""  # of the comment behind it

    def shown(self):
        return "the end of the file" if self.kind == "end" else f"`{self.text}`"


def bounded(digits, base, position):
    """The value of @digits, which may be of any length."""
    value = int(digits, base) if len(digits) <= 20 else None
    if value is None or value >> BITS_MAX:
        raise Mistake(position, "the number is out of range", "it must lie in 0 .. 2**64 - 1")
    return value


class Lexer:
    """Tokens of a file and of what it includes."""

    pattern = None        # its groups are the kinds of a piece of text
    prelude = "prelude"   # what is looked for in the include path
    again = "remove this line"

    def __init__(self, include_path):
        self.include_path = [pathlib.Path(path) for path in include_path]
        self.read = []  # resolved paths, in the order of reading
        self.tokens = []

    # -- the language's own

    def piece(self, source, kind, text, position):
        """One match of the pattern. False: the rest of the file is left out."""
        raise NotImplementedError

    def ended(self):
        """A file has been read to its end."""

    def began(self):
        """A file is about to be read."""

    def is_guarded(self, path):
        """Is @path, which is included for the second time, left out by itself?"""
        return False

    # -- files

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

    def include(self, source, name, position):
        for folder in [pathlib.Path(source.path).parent, *self.include_path]:
            path = folder / name
            if not path.is_file():
                continue
            if path.resolve() in self.read and not self.is_guarded(path):
                raise Mistake(position, f'"{name}" is included already', self.again)
            self.scan(self.load(path, path))
            return
        raise Mistake(position, f'the file "{name}" is not there',
                      f"it is looked for beside this file and beside {self.prelude}")

    def scan(self, source):
        at, line, start = 0, 1, 0
        self.began()
        while at < len(source.text):
            position = Position(source, line, at - start + 1)
            match = self.pattern.match(source.text, at)
            if match is None or source.text.startswith("/*", at) and match.group() == "/":
                refuse_character(source.text, at, position)
            text = match.group()
            if not self.piece(source, match.lastgroup, text, position):
                break
            newlines = text.count("\n")
            if newlines:
                line += newlines
                start = at + text.rindex("\n") + 1
            at = match.end()
        self.ended()


def refuse_character(text, at, position):
    if text.startswith("/*", at):
        raise Mistake(position, "the comment has no end", "close it with */")
    if text[at] == '"':
        raise Mistake(position, "the string has no end", 'close it with "')
    raise Mistake(position, f"the character {text[at]!r} means nothing here", "remove it")
