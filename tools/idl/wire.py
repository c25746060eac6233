"""wire.py - where everything lies in a message.

A word a scalar, in the order of declaration, struct members and array elements one after the
other; an array of octets takes eight a word at its place. A string or sequence has a word for its
count at its place, and its contents behind all such words, in order, octets eight a word and
anything else as words. Capabilities lie beside the words, in order. docs/idl.md says it again.
"""
import dataclasses

import model


@dataclasses.dataclass
class Word:
    """A word at a fixed place: kind is scalar, octets (its `count` in words from here), count."""
    index: int
    kind: str
    path: str
    type: object
    count: int = 1


@dataclasses.dataclass
class Tail:
    """What lies behind the fixed words; `number` names its count in the generated code."""
    number: int
    word: int  # of the count
    path: str
    count_path: str
    type: object


@dataclasses.dataclass
class Layout:
    words: list
    tails: list
    caps: list  # of (field, most)
    fixed: int = 0

    @property
    def most_words(self):
        return self.fixed + sum(tail_words(tail.type) for tail in self.tails)

    @property
    def is_in_registers(self):
        return not self.tails and not self.caps and self.fixed <= model.REGISTER_WORDS

    @property
    def cap_sequence(self):
        """The sequence of capabilities, if there is one."""
        return next((field for field, _ in self.caps if isinstance(field.type, model.Sequence)),
                    None)

    @property
    def single_caps(self):
        return [field for field, _ in self.caps if isinstance(field.type, model.Object)]

    @property
    def most_caps(self):
        return sum(most for _, most in self.caps)


def octet_words(count):
    return (count + 7) // 8


def tail_words(type_):
    """The most words that the contents of a string or sequence take."""
    if isinstance(type_, model.String) or type_.is_octets:
        return octet_words(type_.bound)
    return type_.bound * fixed_words(type_.element)


def fixed_words(type_):
    if isinstance(type_, model.Array):
        return octet_words(type_.count) if type_.is_octets else \
            type_.count * fixed_words(type_.element)
    if isinstance(type_, model.Struct):
        return sum(fixed_words(field.type) for field in type_.fields)
    return 0 if isinstance(type_, model.Object) else 1


class Builder:
    """Lays out fields. Paths are C expressions: with @pointers, parameters of the generated
    function (structs and outputs are pointers), else local variables of these names."""

    def __init__(self, pointers, first_tail=0):
        self.pointers = pointers
        self.first_tail = first_tail
        self.layout = Layout([], [], [])

    def run(self, fields):
        for field in fields:
            is_out = field.direction != "in"
            if isinstance(field.type, model.Object):
                self.layout.caps.append((field, 1))
            elif isinstance(field.type, model.Sequence) and field.type.is_caps:
                self.layout.caps.append((field, field.type.bound))
                self.word("count", self.counter(field, is_out), field.type)
            else:
                self.field(field, is_out)
        return self.layout

    def counter(self, field, is_out):
        name = f"{field.name}_count"
        return f"*{name}" if is_out and self.pointers else name

    def field(self, field, is_out):
        path = field.name
        if isinstance(field.type, model.Struct):
            join = "->" if self.pointers else "."
            for member in field.type.fields:
                self.place(member.type, path + join + member.name)
        elif isinstance(field.type, (model.String, model.Sequence)):
            self.tail(field.type, path, self.counter(field, is_out))
        elif isinstance(field.type, model.Array):
            self.place(field.type, path)
        else:
            self.place(field.type, f"*{path}" if is_out and self.pointers else path)

    def word(self, kind, path, type_, count=1):
        self.layout.words.append(Word(self.layout.fixed, kind, path, type_, count))
        self.layout.fixed += octet_words(count) if kind == "octets" else 1

    def tail(self, type_, path, count_path):
        number = self.first_tail + len(self.layout.tails)
        self.layout.tails.append(Tail(number, self.layout.fixed, path, count_path, type_))
        self.word("count", count_path, type_)

    def place(self, type_, path):
        if isinstance(type_, model.Struct):
            for member in type_.fields:
                self.place(member.type, f"{path}.{member.name}")
        elif isinstance(type_, model.Array) and type_.is_octets:
            self.word("octets", path, type_, type_.count)
        elif isinstance(type_, model.Array):
            for i in range(type_.count):
                self.place(type_.element, f"{path}[{i}]")
        elif isinstance(type_, (model.String, model.Sequence)):
            self.tail(type_, path, f"{path}_count")
        else:
            self.word("scalar", path, type_)


OUTPUTS_FROM = 10  # their tails' numbers, where one C function has both


def layout_in(method, pointers):
    return Builder(pointers).run(method.inputs)


def layout_out(method, pointers):
    return Builder(pointers, OUTPUTS_FROM).run(method.outputs)


def element_layout(type_, path):
    """Of one element of a sequence."""
    builder = Builder(False)
    builder.place(type_, path)
    return builder.layout
