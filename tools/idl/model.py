"""model.py - what resolve.py makes of the syntax: types, methods, interfaces, ready to emit."""
import dataclasses
import typing

from errors import Position

INTEGER_BITS = {"octet": (8, False), "short": (16, True), "unsigned short": (16, False),
                "long": (32, True), "unsigned long": (32, False),
                "long long": (64, True), "unsigned long long": (64, False)}
WORDS_MAX = 64
REGISTER_WORDS = 6
CAPS_MAX = 4
METHODS_MAX = 31
TAIL_BYTES_MAX = (WORDS_MAX - 1) * 8
QUEUE_BYTES_MAX = 2 << 20  # a session's data region, at most
QUEUE_WORDS = 4              # argument words of a queue's slot


@dataclasses.dataclass(frozen=True)
class Scalar:
    """A boolean (one bit) or an integer; low and high are what it may be."""
    idl: str
    bits: int
    signed: bool
    low: int
    high: int

    @property
    def c(self):
        if self.bits == 1:
            return "bool"
        return f"{'' if self.signed else 'u'}int{self.bits}_t"

    @property
    def natural(self):
        """The limits of the type itself."""
        if self.signed:
            return -(1 << self.bits - 1), (1 << self.bits - 1) - 1
        return 0, (1 << self.bits) - 1

    @property
    def is_ranged(self):
        return (self.low, self.high) != self.natural


def scalar(idl):
    if idl == "boolean":
        return Scalar(idl, 1, False, 0, 1)
    bits, signed = INTEGER_BITS[idl]
    low = -(1 << bits - 1) if signed else 0
    return Scalar(idl, bits, signed, low, low + (1 << bits) - 1)


@dataclasses.dataclass(frozen=True)
class Entry:
    name: str
    c_name: str
    value: int
    doc: str
    position: Position


@dataclasses.dataclass(frozen=True)
class Enum:
    name: str
    c_name: str
    entries: tuple
    doc: str
    position: Position

    @property
    def c(self):
        return f"enum {self.c_name}"

    def shown(self, entry):
        """Its name in texts: `fault` for `cause_fault` of `cause`, if all begin like that."""
        prefix = self.name + "_"
        if all(other.name.startswith(prefix) for other in self.entries):
            return entry.name[len(prefix):]
        return entry.name

    @property
    def is_dense(self):
        return [entry.value for entry in self.entries] == list(range(len(self.entries)))


@dataclasses.dataclass(frozen=True)
class String:
    bound: int


@dataclasses.dataclass(frozen=True)
class Sequence:
    element: object
    bound: int

    @property
    def is_octets(self):
        return isinstance(self.element, Scalar) and self.element == scalar("octet")

    @property
    def is_caps(self):
        return isinstance(self.element, Object)


@dataclasses.dataclass(frozen=True)
class Array:
    element: object
    count: int

    @property
    def is_octets(self):
        return isinstance(self.element, Scalar) and self.element == scalar("octet")


@dataclasses.dataclass(frozen=True)
class Object:
    interface: str  # "" for any capability


@dataclasses.dataclass(frozen=True)
class Field:
    """A struct's member or a method's parameter."""
    name: str
    type: object
    doc: str
    unit: str
    position: Position
    direction: str = ""  # in, out, result


@dataclasses.dataclass(frozen=True)
class Struct:
    name: str
    c_name: str
    fields: tuple
    doc: str
    position: Position

    @property
    def c(self):
        return f"struct {self.c_name}"


@dataclasses.dataclass(frozen=True)
class Constant:
    name: str
    c_name: str
    type: Scalar
    value: int
    doc: str
    position: Position


@dataclasses.dataclass(frozen=True)
class Alias:
    """A typedef; what uses it has its type."""
    name: str
    c_name: str
    type: object
    doc: str
    position: Position


@dataclasses.dataclass
class Method:
    name: str
    index: int
    params: list
    doc: str
    position: Position
    is_oneway: bool = False
    is_idempotent: bool = False
    is_async: bool = False
    is_waiting: bool = False

    @property
    def inputs(self):
        return [p for p in self.params if p.direction == "in"]

    @property
    def outputs(self):
        """The return value first."""
        return sorted((p for p in self.params if p.direction != "in"),
                      key=lambda p: p.direction != "result")


@dataclasses.dataclass
class Interface:
    name: str
    number: int
    methods: list
    doc: str
    position: Position
    is_by_task: bool = False


@dataclasses.dataclass
class Unit:
    """One compiled file. Definitions of included files are in `others`, by their file."""
    path: str
    module: str = ""
    definitions: list = dataclasses.field(default_factory=list)  # Constant, Enum, Struct, Alias
    interface: typing.Optional[Interface] = None
    includes: list = dataclasses.field(default_factory=list)     # stems whose types exist


def is_tailed(type_):
    """Whether its value has a part of no fixed length."""
    if isinstance(type_, (String, Sequence)):
        return True
    if isinstance(type_, Array):
        return is_tailed(type_.element)
    return isinstance(type_, Struct) and any(is_tailed(f.type) for f in type_.fields)
