"""properties.py - which properties there are, on what they may stand, and what they hold.

Source: SystemRDL 2.0, clauses 5.2 (general), 9 (field), 10 (reg), 13 (addrmap). Properties that
only describe how hardware is built are accepted where they stand often, and change nothing.
"""
import dataclasses

ALL = ("addrmap", "regfile", "reg", "field")
ACCESS = ("rw", "wr", "r", "w", "rw1", "w1", "na")
ON_READ = ("rclr", "rset", "ruser")
ON_WRITE = ("woset", "woclr", "wot", "wzs", "wzc", "wzt", "wclr", "wset", "wuser")


@dataclasses.dataclass(frozen=True)
class Property:
    name: str
    components: tuple
    type: str  # string, boolean, number, ref, enum, access, onread, onwrite, or an enum's name


def table(rows):
    return {name: Property(name, components, type_) for name, components, type_ in rows}


BUILT_IN = table([
    ("name", ALL, "string"),
    ("desc", ALL, "string"),
    ("sw", ("field",), "access"),
    ("hw", ("field",), "access"),
    ("onread", ("field",), "onread"),
    ("onwrite", ("field",), "onwrite"),
    ("rclr", ("field",), "boolean"),
    ("rset", ("field",), "boolean"),
    ("woclr", ("field",), "boolean"),
    ("woset", ("field",), "boolean"),
    ("singlepulse", ("field",), "boolean"),
    ("reset", ("field",), "number"),
    ("encode", ("field",), "enum"),
    ("regwidth", ("reg",), "number"),
    ("accesswidth", ("reg",), "number"),
    ("bridge", ("addrmap",), "boolean"),
    ("littleendian", ("addrmap",), "boolean"),
    ("bigendian", ("addrmap",), "boolean"),
    ("lsb0", ("addrmap",), "boolean"),
    ("msb0", ("addrmap",), "boolean"),
])

# Shorthands: the boolean on the left is the assignment on the right.
SHORT = {"rclr": ("onread", "rclr"), "rset": ("onread", "rset"),
         "woclr": ("onwrite", "woclr"), "woset": ("onwrite", "woset")}

WORDS = {"access": ACCESS, "onread": ON_READ, "onwrite": ON_WRITE}

# Said of a component, these would make the compiler's output wrong.
REFUSED = {
    "bigendian": "the subset knows little-endian maps only; remove it",
    "msb0": "the subset numbers bits from the least significant; remove it",
}
