"""access.py - how generated C reaches a register: over the bus, or in a test over the mock.

Both classes give, for a register, the C statements that must come first and the expression that
reads, or the statements that write. Everything else of an accessor is the same for both.
"""
import names


def index_parameters(register):
    return [f"unsigned {dimension.name}_index" for dimension in register.dimensions]


def index_arguments(register):
    return [f"{dimension.name}_index" for dimension in register.dimensions]


def handle(register):
    """The parameter that says which device: its type, name, and the base behind it."""
    map_ = register.map
    if map_.space == "memory":
        return f"struct {map_.device.name} *", "memory", None
    if map_.bank is not None:
        return f"struct {map_.c_name} ", "bank", "bank.regs"
    return f"struct {names.handle_type(map_.device)} ", "regs", "regs"


def sum_text(offset, register, unit=1):
    """offset + i * stride, in units of @unit bytes."""
    terms = [f"{offset:#x}u"]
    terms += [f"{dimension.name}_index * {dimension.stride // unit:#x}u"
              if dimension.stride != unit else f"{dimension.name}_index"
              for dimension in register.dimensions]
    return " + ".join(terms)


class Bus:
    """The real thing, by the functions of <regs/io.h>."""

    include = "regs/io.h"

    @staticmethod
    def handle_member(space):
        return {"port": "uint16_t base", "mmio": "uintptr_t base",
                "config": "struct config_device *device"}[space]

    def read(self, register):
        if register.map.space == "indexed":
            return self.indexed_read(register)
        return self.direct_read(register, handle(register)[2], register.offset)

    def write(self, register, value):
        if register.map.space == "indexed":
            return self.select(register) + self.data_write(register, value)
        return self.direct_write(register, handle(register)[2], register.offset, value)

    def write_again(self, register, value):
        """After a read, in a read-modify-write."""
        if register.map.space == "indexed" and register.map.indexed.can_write_again:
            return self.data_write(register, value)
        return self.write(register, value)

    # -- one access, or as many as the access width needs --------------------------------------

    def place(self, register, base, offset):
        space = register.map.space
        if space == "memory":
            return "&memory->" + ".".join(member_path(register))
        text = sum_text(offset, register)
        if space == "config":
            return f"{base}.device, {text}"
        if space == "port":
            return f"(uint16_t)({base}.base + {text})"
        return f"{base}.base + {text}"

    def direct_read(self, register, base, offset):
        width, parts = register.access_width, register.width // register.access_width
        call = f"{register.map.space}_read{width}"
        if parts == 1:
            return [], f"{call}({self.place(register, base, offset)})"
        wide = f"uint{register.width}_t"
        lines = [f"{wide} raw = {call}({self.place(register, base, offset)});"]
        for i in range(1, parts):
            part = f"{call}({self.place(register, base, offset + i * width // 8)})"
            lines.append(f"raw = ({wide})(raw | ({wide})((uint64_t){part} << {i * width}));")
        return lines, "raw"

    def direct_write(self, register, base, offset, value):
        width, parts = register.access_width, register.width // register.access_width
        call = f"{register.map.space}_write{width}"
        if parts == 1:
            return [f"{call}({self.place(register, base, offset)}, {value});"]
        lines = [f"const uint64_t parts = {value};"]
        for i in range(parts):
            part = "parts" if i == 0 else f"(parts >> {i * width})"
            where = self.place(register, base, offset + i * width // 8)
            lines.append(f"{call}({where}, (uint{width}_t){part});")
        return lines

    # -- through an index and a data register -------------------------------------------------

    def select(self, register):
        indexed = register.map.indexed
        base = handle(register)[2]
        lines = []
        if indexed.pre_read is not None:
            before, text = self.direct_read(indexed.pre_read, base, indexed.pre_read.offset)
            lines += before + [f"(void){text};"]
        first = register.map.index_of(register)
        value = sum_text(first | indexed.index_with if not register.dimensions else first,
                         register, register.bytes)
        if register.dimensions:
            value = f"{value} | {indexed.index_with:#x}u" if indexed.index_with else value
            value = f"(uint{indexed.index.width}_t)({value})"
        return lines + self.direct_write(indexed.index, base, indexed.index.offset, value)

    def indexed_read(self, register):
        data = register.map.indexed.data_read
        before, text = self.direct_read(data, handle(register)[2], data.offset)
        return self.select(register) + before, text

    def data_write(self, register, value):
        data = register.map.indexed.data_write
        return self.direct_write(data, handle(register)[2], data.offset, value)


def member_path(register):
    """In a memory map: the members from the structure to the register."""
    sizes = {dimension.name for dimension in register.dimensions}
    node, path = register.node, []
    while node is not register.map.node:
        if not (node.kind == "regfile" and node.get("flat", False)):
            path.append(f"{node.name}[{node.name}_index]" if node.name in sizes else node.name)
        node = node.parent
    return list(reversed(path))


class Mock(Bus):
    """For a driver's unit test: every access goes to <regs/mock.h>, by the register's name."""

    include = "regs/mock.h"

    @staticmethod
    def identity(register):
        device = register.map.device.name
        base = "(uintptr_t)" + handle(register)[2] + \
            (".device" if register.map.device.space == "config" else ".base")
        index = "0"
        for dimension in register.dimensions:
            text = f"{dimension.name}_index"
            index = text if index == "0" else f"({index}) * {dimension.count}u + {text}"
        return f'"{device}.{register.shown_name}", {base}, {index}'

    def read(self, register):
        if register.map.space == "memory":
            return super().read(register)
        return [], f"(uint{register.width}_t)regs_mock_read({self.identity(register)})"

    def write(self, register, value):
        if register.map.space == "memory":
            return super().write(register, value)
        return [f"regs_mock_write({self.identity(register)}, {value});"]

    def write_again(self, register, value):
        return self.write(register, value)
