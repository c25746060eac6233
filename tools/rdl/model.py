"""model.py - the tree of instances as hardware: devices, maps, registers, fields.

A Device is an addrmap of the root and has one handle in C. A Map is a set of registers that are
reached in one way: the device itself, or each child of a bridge.
"""
import dataclasses

NEUTRAL_ZERO = ("woset", "woclr", "wot")  # writing 0 leaves the field alone
NEUTRAL_ONE = ("wzs", "wzc", "wzt")       # writing 1 does
VERBS = {"woset": "set", "wzs": "set", "wset": "set", "woclr": "clear", "wzc": "clear",
         "wclr": "clear", "wot": "toggle", "wzt": "toggle"}


@dataclasses.dataclass
class Field:
    node: object
    register: object
    low: int
    high: int

    def __post_init__(self):
        get = self.node.get
        access = get("sw", "rw")
        self.name = self.node.name
        self.desc = get("desc", "") or get("name", "")
        self.readable = access in ("rw", "wr", "r", "rw1")
        self.writable = access in ("rw", "wr", "w", "rw1", "w1")
        self.written_once = access in ("rw1", "w1")
        self.onread = get("onread")
        self.onwrite = get("onwrite")
        self.reset = get("reset")
        self.enum = get("encode")
        self.sparse = get("sparse", False)
        self.singlepulse = get("singlepulse", False)

    @property
    def width(self):
        return self.high - self.low + 1

    @property
    def max(self):
        return (1 << self.width) - 1

    @property
    def mask(self):
        return self.max << self.low

    @property
    def bits(self):
        return str(self.low) if self.low == self.high else f"{self.high}:{self.low}"

    @property
    def is_plain(self):
        """Reads back what was written, and neither reading nor writing does anything else."""
        return (self.readable and self.writable and not self.written_once
                and self.onread is None and self.onwrite is None)

    @property
    def has_write_value(self):
        """A write says something about this field, rather than just happening."""
        return self.writable and self.onwrite not in ("wclr", "wset")

    @property
    def write_name(self):
        """In a value to be written, `clear_x` for a field that a one (or a zero) clears."""
        if self.onwrite in NEUTRAL_ZERO + NEUTRAL_ONE:
            return f"{VERBS[self.onwrite]}_{self.name}"
        return self.name

    @property
    def access(self):
        """In words, for the reference page and comments."""
        words = {(True, True): "read, write", (True, False): "read", (False, True): "write",
                 (False, False): "none"}[self.readable, self.writable]
        words += ", write once" if self.written_once else ""
        effects = {"rclr": "reading clears", "rset": "reading sets",
                   "ruser": "reading has an effect",
                   "woset": "writing 1 sets", "woclr": "writing 1 clears",
                   "wot": "writing 1 toggles", "wzs": "writing 0 sets", "wzc": "writing 0 clears",
                   "wzt": "writing 0 toggles", "wclr": "writing clears", "wset": "writing sets",
                   "wuser": "writing has an effect"}
        for effect in (self.onread, self.onwrite):
            words += f"; {effects[effect]}" if effect else ""
        return words + ("; a pulse" if self.singlepulse else "")


@dataclasses.dataclass
class Dimension:
    """An array: of the register, or of a regfile around it."""
    name: str
    count: int
    stride: int


@dataclasses.dataclass
class Register:
    node: object
    map: object
    names: list       # of the regfiles around it, and its own
    offset: int       # of its first element, from the map's start
    dimensions: list  # the outermost first

    def __post_init__(self):
        get = self.node.get
        self.name = self.node.name
        self.width = get("regwidth", 32)
        self.access_width = get("accesswidth", self.width)
        self.desc = get("desc", "") or get("name", "")
        self.source = get("source", "")
        self.reserved = get("reserved", 0)
        self.reserved_ones = get("reserved_ones", 0)
        self.no_dump = get("no_dump", False) or self.map.no_dump
        self.fields = []

    @property
    def bytes(self):
        return self.width // 8

    @property
    def c_name(self):
        return "_".join([self.map.c_name, *self.names])

    @property
    def shown_name(self):
        """In the dump and on the reference page."""
        return ".".join(([self.map.name] if self.map.name else []) + self.names)

    @property
    def readable(self):
        return any(field.readable for field in self.fields)

    @property
    def writable(self):
        return any(field.writable for field in self.fields)

    @property
    def read_fields(self):
        return [field for field in self.fields if field.readable]

    @property
    def write_fields(self):
        return [field for field in self.fields if field.has_write_value]

    @property
    def is_plain(self):
        """What is read can be written back: one type serves both. Read-only bits do no harm."""
        return all(field.is_plain or (not field.writable and field.onread is None)
                   for field in self.fields)

    @property
    def reads_safely(self):
        return self.readable and not any(field.onread for field in self.fields)

    @property
    def neutral_ones(self):
        """What must be one in every written value for nothing to happen."""
        ones = self.reserved_ones
        for field in self.fields:
            if field.onwrite in NEUTRAL_ONE:
                ones |= field.mask
        return ones

    @property
    def volatile_mask(self):
        """Bits that a write-back must not carry over: one would act, or must be one."""
        mask = self.neutral_ones
        for field in self.fields:
            if field.onwrite in NEUTRAL_ZERO:
                mask |= field.mask
        return mask

    def why_no_update(self):
        """Why reading, changing one field and writing back would do harm; "" if it does none."""
        if not self.readable:
            return "the register cannot be read"
        for field in self.fields:
            if field.onread:
                return f"reading the register changes `{field.name}`"
            if field.writable and field.written_once:
                return f"`{field.name}` can be written only once"
            if field.onwrite in ("wclr", "wset", "wuser"):
                return f"any write changes `{field.name}`"
            if field.writable and field.onwrite is None and not field.readable:
                return f"`{field.name}` cannot be read back"
            if field.singlepulse and not field.readable:
                return f"`{field.name}` cannot be read back"
        return ""


@dataclasses.dataclass
class Bank:
    register: Register
    field: Field
    value: int


@dataclasses.dataclass
class Indexed:
    index: Register
    data_read: Register
    data_write: Register
    pre_read: Register  # or None
    index_with: int

    @property
    def can_write_again(self):
        """After a read, the index still points to the register."""
        return self.pre_read is None and self.data_read is self.data_write


class Map:
    def __init__(self, node, device, name, space, offset):
        self.node = node
        self.device = device
        self.name = name  # "" for the device itself and for a flat child
        self.space = space
        self.offset = offset
        self.no_dump = node.get("no_dump", False)
        self.own_port = node.get("own_port", False)
        self.desc = node.get("desc", "") or node.get("name", "")
        self.registers = []
        self.bank = None
        self.indexed = None

    @property
    def c_name(self):
        return f"{self.device.name}_{self.name}" if self.name else self.device.name

    def index_of(self, register):
        """In an indexed map, an address counts bytes and an index registers."""
        return register.offset // register.bytes


class Device:
    def __init__(self, node):
        self.node = node
        self.name = node.name
        self.title = node.get("name", "") or node.name
        self.desc = node.get("desc", "")
        self.source = node.get("source", "")
        self.maps = []

    @property
    def registers(self):
        return [register for map_ in self.maps for register in map_.registers]

    @property
    def enums(self):
        """Each enum once, in the order of first use."""
        found = {}
        for register in self.registers:
            for field in register.fields:
                if field.enum is not None:
                    found.setdefault(id(field.enum), field.enum)
        return list(found.values())

    @property
    def space(self):
        """Of the handle: that of all maps that are not indexed."""
        return next(m.space for m in self.maps if m.space != "indexed")
