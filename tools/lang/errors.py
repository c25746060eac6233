"""errors.py - where something stands in a file, and what is wrong there.

Every message has two halves: what is wrong, and what would be right.
"""
import dataclasses
import difflib


class Source:
    """One file's text; `path` is how messages name it."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.splitlines()


@dataclasses.dataclass(frozen=True)
class Position:
    source: Source
    line: int
    column: int

    def __str__(self):
        return f"{self.source.path}:{self.line}:{self.column}"

    def key(self):
        return (self.source.path, self.line, self.column)

    def picture(self):
        """The line, and a caret below the column. Tabs stay, so that both lines align."""
        text = self.source.lines[self.line - 1] if self.line <= len(self.source.lines) else ""
        blank = "".join("\t" if c == "\t" else " " for c in text[:self.column - 1])
        return f"    {text}\n    {blank}^"


class Mistake(Exception):
    """Something wrong at a position. Raised where nothing sensible can follow."""

    def __init__(self, position, wrong, right):
        super().__init__(wrong)
        self.position = position
        self.wrong = wrong
        self.right = right

    def __str__(self):
        return f"{self.position}: error: {self.wrong}; {self.right}\n{self.position.picture()}"


class Report:
    """Collects mistakes, so that one run shows all of them."""

    def __init__(self):
        self.mistakes = []

    def add(self, position, wrong, right):
        self.mistakes.append(Mistake(position, wrong, right))

    def add_mistake(self, mistake):
        self.mistakes.append(mistake)

    def __bool__(self):
        return bool(self.mistakes)

    def __str__(self):
        ordered = sorted(self.mistakes, key=lambda m: m.position.key())
        return "\n".join(dict.fromkeys(str(mistake) for mistake in ordered))


def nearest(word, known):
    """`did you mean X?` if a known word is close, else the list of the known words."""
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return "known are " + ", ".join(f"`{name}`" for name in sorted(known))
