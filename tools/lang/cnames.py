"""cnames.py - names that generated C must not have, or not twice."""

C_WORDS = frozenset("""
    auto break case char const continue default do double else enum extern float for goto if
    inline int long register restrict return short signed sizeof static struct switch typedef
    union unsigned void volatile while bool true false asm typeof
""".split())


class Names:
    """Where each name came from."""

    def __init__(self, report):
        self.report = report
        self.seen = {}
        self.told = set()  # one pair often makes several names

    def add(self, name, position, what):
        if name in self.seen and (position, self.seen[name][0]) not in self.told:
            other = self.seen[name]
            self.told.add((position, other[0]))
            self.report.add(position, f"the C name `{name}` is made twice, for {what} and for "
                            f"{other[1]} (line {other[0].line})", "rename one")
        self.seen.setdefault(name, (position, what))
