"""syntax.py - what grammar.py makes of the tokens. Names are not looked up yet."""
import dataclasses
import typing

from errors import Position


@dataclasses.dataclass
class Annotation:
    position: Position
    name: str
    arguments: list  # of (name or "value", expression, position)


@dataclasses.dataclass
class TypeRef:
    """kind: base (name is its words), name (scoped), string, sequence; object."""
    position: Position
    kind: str
    name: str = ""
    element: typing.Optional["TypeRef"] = None
    bound: object = None


@dataclasses.dataclass
class Const:
    position: Position
    name: str
    type: TypeRef
    value: object
    doc: str


@dataclasses.dataclass
class Enumerator:
    position: Position
    name: str
    annotations: list
    doc: str


@dataclasses.dataclass
class EnumDef:
    position: Position
    name: str
    entries: list
    doc: str


@dataclasses.dataclass
class Member:
    position: Position
    name: str
    type: TypeRef
    dimensions: list
    annotations: list
    doc: str


@dataclasses.dataclass
class StructDef:
    position: Position
    name: str
    members: list
    doc: str


@dataclasses.dataclass
class Typedef:
    position: Position
    name: str
    type: TypeRef
    dimensions: list
    annotations: list
    doc: str


@dataclasses.dataclass
class Param:
    position: Position
    direction: str
    name: str
    type: TypeRef
    annotations: list
    doc: str


@dataclasses.dataclass
class Op:
    position: Position
    name: str
    result: typing.Optional[TypeRef]
    params: list
    annotations: list
    doc: str


@dataclasses.dataclass
class InterfaceDef:
    position: Position
    name: str
    body: typing.Optional[list]  # None: declared, not defined
    annotations: list
    doc: str


@dataclasses.dataclass
class Module:
    position: Position
    name: str
    body: list


@dataclasses.dataclass
class AnnotationDef:
    position: Position
    name: str
    members: list  # of (name, TypeRef, default expression or None, position)
