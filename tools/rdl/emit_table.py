"""emit_table.py - a device's registers as the constant table of regs/table.h."""
import sys

import values

SPACES = {"mmio": "REGS_MMIO", "port": "REGS_PORT", "config": "REGS_CONFIG",
          "memory": "REGS_MEMORY", "indexed": "REGS_INDEXED"}
NAMES_MAX = 1 << 16


class Strings:
    """One C string with all names in it; a name is its offset."""

    def __init__(self):
        self.offsets = {}
        self.size = 0

    def add(self, text):
        if text not in self.offsets:
            self.offsets[text] = self.size
            self.size += len(text) + 1
        if self.size > NAMES_MAX:
            sys.exit(f"the names of all registers take more than {NAMES_MAX} bytes")
        return self.offsets[text]

    def lines(self):
        rows, row = [], "   "
        for text in self.offsets:
            piece = f' "{text}\\0"'
            if len(row) + len(piece) > 96:
                rows.append(row)
                row = "   "
            row += piece
        return rows + [row + ";"]


class Table:
    """The rows of one device."""

    def __init__(self, device):
        self.device = device
        self.strings = Strings()
        self.values = []
        self.first_value = {}  # id of the enum -> its first row
        self.fields = []
        self.registers = []
        self.maps = [self.map_row(map_) for map_ in device.maps]
        for register in device.registers:
            self.add_register(register)

    def map_row(self, map_):
        cells = [f".space = {SPACES[map_.space]}",
                 f".device_space = {SPACES[self.device.space]}"]
        indexed, bank = map_.indexed, map_.bank
        if indexed is not None:
            cells += [f".index = {indexed.index.offset:#x}",
                      f".index_width = {indexed.index.width}",
                      f".data = {indexed.data_read.offset:#x}",
                      f".data_width = {indexed.data_read.width}",
                      f".index_with = {indexed.index_with:#x}"]
            if indexed.pre_read is not None:
                cells += [f".pre_read = {indexed.pre_read.offset:#x}",
                          f".pre_read_width = {indexed.pre_read.width}"]
        if bank is not None:
            cells += [f".bank = {bank.register.offset:#x}", f".bank_width = {bank.register.width}",
                      f".bank_mask = {bank.field.mask:#x}",
                      f".bank_bits = {bank.value << bank.field.low:#x}"]
        return cells

    def add_register(self, register):
        first = len(self.fields)
        for field in register.read_fields:
            self.add_field(field)
        # A table row is an array of one dimension: the outer ones are written out.
        rows = [(register.shown_name, 0)]
        for dimension in register.dimensions[:-1]:
            rows = [(mark(name, dimension.name, i),
                     offset + i * dimension.stride)
                    for name, offset in rows for i in range(dimension.count)]
        count, stride = 1, 0
        if register.dimensions:
            inner = register.dimensions[-1]
            count, stride = inner.count, inner.stride
            rows = [(mark(name, inner.name, "%"), offset) for name, offset in rows]
        for name, offset in rows:
            cells = self.register_row(register, name, offset)
            self.registers.append([*cells, f".count = {count}",
                                   f".stride = {stride // self.unit(register)}",
                                   f".first_field = {first}"])

    @staticmethod
    def unit(register):
        """How many bytes of address a place is: an index counts registers."""
        return register.bytes if register.map.space == "indexed" else 1

    def register_row(self, register, name, offset):
        place = (register.offset + offset) // self.unit(register)
        flags = [flag for flag, on in (("REGS_READABLE", register.readable),
                                       ("REGS_EFFECT", not register.reads_safely
                                        and register.readable),
                                       ("REGS_LEFT_OUT", register.no_dump)) if on]
        return [f".name = {self.strings.add(name)}", f".place = {place:#x}",
                f".width = {register.width}", f".access_width = {register.access_width}",
                f".map = {self.device.maps.index(register.map)}",
                f".field_count = {len(register.read_fields)}",
                f".flags = {' | '.join(flags) or 0}"]

    def add_field(self, field):
        cells = [f".name = {self.strings.add(field.name)}", f".low = {field.low}",
                 f".width = {field.width}"]
        if field.enum is not None:
            if id(field.enum) not in self.first_value:
                self.first_value[id(field.enum)] = len(self.values)
                for entry in field.enum.entries:
                    self.values.append([f".value = {entry.value}",
                                        f".name = {self.strings.add(entry.name)}"])
            cells += [f".first_value = {self.first_value[id(field.enum)]}",
                      f".value_count = {len(field.enum.entries)}"]
        self.fields.append(cells)


def mark(name, dimension, element):
    """`palette` becomes `palette[%]`, at the part of the path that is the array."""
    parts = name.split(".")
    if dimension in parts:
        at = max(i for i, part in enumerate(parts) if part == dimension)
        parts[at] += f"[{element}]"
        return ".".join(parts)
    return f"{name}[{element}]"  # the array is a regfile whose name is left out


def header(devices, shown_path):
    guard = "REGS_" + "_".join(device.name for device in devices).upper() + "_TABLE_H"
    lines = values.block_comment(f"Made by tools/rdl from {shown_path}: change that file, not "
                                 "this one. For one source file of a driver: regs/table.h says "
                                 "what the rows mean.")
    lines += [f"#ifndef {guard}", f"#define {guard}", "", "#include <regs/table.h>", ""]
    for device in devices:
        lines += device_lines(device)
    return "\n".join(lines + ["#endif", ""])


def device_lines(device):
    table = Table(device)
    name = f"{device.name}_regs"
    lines = [f"static const char {name}_strings[] =", *table.strings.lines(), ""]
    present = []
    for kind, rows in (("map", table.maps), ("register", table.registers),
                       ("field", table.fields), ("value", table.values)):
        if not rows:
            continue
        present.append(f"    .{kind}s = {name}_{kind}s,")
        lines.append(f"static const struct regs_{kind} {name}_{kind}s[] = {{")
        for cells in rows:
            lines += values.wrapped(", ".join(cells) + "},", "     ", "    {")
        lines += ["};", ""]
    return lines + [f"static const struct regs_table {name}_table = {{",
                    f'    .name = "{device.name}",', f"    .strings = {name}_strings,", *present,
                    f"    .register_count = {len(table.registers)},", "};", ""]
