"""syntax.py - what the parser makes: the text's structure, nothing looked up or computed yet."""
import dataclasses

from errors import Position


# -- expressions ---------------------------------------------------------------------------------

@dataclasses.dataclass
class Literal:
    """A number, string, boolean, or one of the language's value words (rw, woclr, ...)."""
    position: Position
    kind: str  # number, string, boolean, keyword
    value: object


@dataclasses.dataclass
class EnumLiteral:
    position: Position
    enum: str
    entry: str


@dataclasses.dataclass
class Path:
    """A parameter, an enum's name, or an instance: a.b.c"""
    position: Position
    names: list

    def __str__(self):
        return ".".join(self.names)


@dataclasses.dataclass
class Operation:
    position: Position
    operator: str
    operands: list


# -- statements ----------------------------------------------------------------------------------

@dataclasses.dataclass
class Assign:
    """property = value; or default property = value;"""
    position: Position
    name: str
    value: object  # None: the property alone, which means true
    is_default: bool


@dataclasses.dataclass
class DynamicAssign:
    """a.b->property = value;"""
    position: Position
    target: Path
    name: str
    value: object


@dataclasses.dataclass
class EnumEntry:
    position: Position
    name: str
    value: object
    desc: str


@dataclasses.dataclass
class EnumDef:
    position: Position
    name: str
    entries: list


@dataclasses.dataclass
class PropertyDef:
    position: Position
    name: str
    type: str
    components: list


@dataclasses.dataclass
class Parameter:
    position: Position
    name: str
    type: str
    default: object


@dataclasses.dataclass
class ComponentDef:
    position: Position
    kind: str  # addrmap, regfile, reg, field
    name: str  # "" if anonymous
    parameters: list
    body: list


@dataclasses.dataclass
class Instance:
    position: Position
    name: str
    array: object = None    # an expression: [N]
    range: tuple = None     # two expressions: [high:low]
    reset: object = None    # = value
    address: object = None  # @ address
    stride: object = None   # += stride


@dataclasses.dataclass
class Use:
    """Instances of a component, defined right there or by the name of its type."""
    position: Position
    type: object  # ComponentDef, or the type's name
    arguments: list  # (name, expression, position)
    is_external: bool
    instances: list
