"""check.py - judges a device: registers among each other, banks and indexed maps, C names.
check_register.py judges each register by itself.
"""
import math

import check_register
import names
from build import ELEMENTS_MAX

PORT_WIDTH_MAX = 32
OFFSET_BITS = "offsets have 32 bits: make another addrmap with a base of its own"
LIMITS = {  # of places, by space
    "port": (1 << 16, "there are 65536 ports"),
    "config": (1 << 12, "configuration space has 4096 bytes"),
    "mmio": (1 << 32, OFFSET_BITS), "memory": (1 << 32, OFFSET_BITS),
    "indexed": (1 << 32, OFFSET_BITS),
}


def check(devices, report):
    for device in devices:
        check_device(device, report)
    names.check(devices, report)


def check_device(device, report):
    for map_ in device.maps:
        if not map_.registers:
            report.add(map_.node.position, f"the map `{map_.node.name}` has no register",
                       "describe one, or remove the map")
        for register in map_.registers:
            check_register.check(register, report)
            check_place(register, report)
            check_memory(register, report)
        check_overlaps(map_, report)
        check_bank(map_, report)
        if map_.indexed is not None:
            check_indexed(map_, report)
    check_between_maps(device, report)


# -- places ----------------------------------------------------------------------------------------

def check_place(register, report):
    position = register.node.where_address()
    if is_too_big(register):
        report.add(position, f"`{register.name}` has more than {ELEMENTS_MAX} elements in all",
                   "use smaller arrays")
        return
    space = register.map.space
    align = register.access_width // 8
    strides = [dimension.stride for dimension in register.dimensions]
    if not register.map.own_port and any(place % align for place in [register.offset, *strides]):
        report.add(position, f"`{register.name}` at {register.offset:#x} is not aligned to its "
                   f"access width of {register.access_width} bits",
                   f"use a multiple of {align}, also as stride, or a smaller accesswidth")
    end = last_element(register) + register.bytes
    limit, why = LIMITS[space]
    if end > limit:
        report.add(position, f"`{register.name}` ends at {end:#x}", why)
    if space in ("port", "config") and register.access_width > PORT_WIDTH_MAX:
        what = "ports are" if space == "port" else "configuration space is"
        report.add(register.node.where("accesswidth" if "accesswidth" in register.node.properties
                                       else "regwidth"),
                   f"`{register.name}` has an access width of {register.access_width} bits",
                   f"{what} read and written by 8, 16 or 32 bits; set accesswidth")


def check_memory(register, report):
    if register.map.space != "memory":
        return
    if register.access_width != register.width:
        report.add(register.node.where("accesswidth"),
                   f"`{register.name}` lies in memory and has an access width of its own",
                   "in memory each register is accessed whole; remove it")
    for dimension in register.dimensions[-1:]:
        if dimension.name == register.name and dimension.stride != register.bytes:
            report.add(register.node.where_address(),
                       f"the array `{register.name}` has a stride of {dimension.stride}",
                       f"in memory an array of registers is dense: += {register.bytes}; put the "
                       "register into a regfile and make that the array")


def last_element(register):
    return register.offset + sum((dimension.count - 1) * dimension.stride
                                 for dimension in register.dimensions)


def is_too_big(register):
    return math.prod(dimension.count for dimension in register.dimensions) > ELEMENTS_MAX


def elements(register):
    """The offset of each element."""
    offsets = [register.offset]
    if is_too_big(register):
        return offsets
    for dimension in register.dimensions:
        offsets = [at + i * dimension.stride for at in offsets for i in range(dimension.count)]
    return offsets


def places(register):
    """Every byte, or port, that it takes."""
    size = 1 if register.map.own_port else register.bytes
    return {at + i for at in elements(register) for i in range(size)}


def overlap(first, second):
    """Where two registers meet, or None."""
    return min(places(first) & places(second), default=None)


def may_share(first, second):
    """SystemRDL 2.0, 10.1 h: one only for reading, one only for writing."""
    return (not first.writable and not second.readable) or \
        (not first.readable and not second.writable)


def check_overlaps(map_, report):
    for i, register in enumerate(map_.registers):
        for other in map_.registers[:i]:
            at = overlap(register, other)
            if at is None or (may_share(register, other) and map_.space != "memory"):
                continue
            report.add(register.node.position,
                       f"`{register.name}` and `{other.name}` (line {other.node.position.line}) "
                       f"both take address {at:#x}",
                       "move one; a read-only and a write-only register may share, and another "
                       "bank is another addrmap of a bridge")


def check_between_maps(device, report):
    """Maps of a bridge may overlap only if they are different banks."""
    plain = [map_ for map_ in device.maps if map_.space != "indexed"]
    for i, map_ in enumerate(plain):
        for other in plain[:i]:
            if are_banks(map_, other):
                continue
            pair = next(((a, b, overlap(a, b)) for a in map_.registers for b in other.registers
                         if overlap(a, b) is not None and not may_share(a, b)), None)
            if pair:
                report.add(map_.node.position,
                           f"`{pair[0].shown_name}` and `{pair[1].shown_name}` both take address "
                           f"{pair[2]:#x}", "if it is a bank, say which field chooses it: "
                           f"{map_.node.name}->bank and {map_.node.name}->bank_value")


def are_banks(first, second):
    if first.bank is None and second.bank is None:
        return False
    if first.bank is None or second.bank is None:
        return True
    return first.bank.field is not second.bank.field or first.bank.value != second.bank.value


# -- banks and indexed maps ------------------------------------------------------------------------

def check_bank(map_, report):
    bank = map_.bank
    if bank is None:
        return
    at = map_.node.where("bank")
    if not bank.field.writable:
        report.add(at, f"`{bank.field.name}` cannot be written", "a bank is chosen by writing")
    why = bank.register.why_no_update()
    if why:
        report.add(at, f"choosing the bank would need a read-modify-write of "
                   f"`{bank.register.name}`: {why}", "choose it by a register that allows it")
    if bank.value > bank.field.max:
        report.add(map_.node.where("bank_value"), f"`bank_value` {bank.value} does not fit in "
                   f"`{bank.field.name}`", f"at most {bank.field.max} does")
    if bank.field.reset is None:
        report.add(at, f"`{bank.field.name}` has no reset value",
                   "it is what the field returns to when the bank is left")
    elif bank.field.reset == bank.value:
        report.add(map_.node.where("bank_value"),
                   f"the bank's value {bank.value} is the reset value of `{bank.field.name}`",
                   "the bank that is there after reset needs no `bank`")


def check_indexed(map_, report):
    indexed = map_.indexed
    node = map_.node
    for register, name, ok, right in (
            (indexed.index, "index", indexed.index.writable, "written"),
            (indexed.data_read, "data_read", indexed.data_read.readable, "read"),
            (indexed.data_write, "data_write", indexed.data_write.writable, "written"),
            (indexed.pre_read, "pre_read", indexed.pre_read is None or indexed.pre_read.readable,
             "read")):
        if not ok:
            name = name if name in node.properties else "data"
            report.add(node.where(name), f"`{register.name}` cannot be {right}",
                       "the index is written, then the data is read or written")
    widths = {register.width for register in map_.registers}
    data = indexed.data_read.width
    if widths - {data} or indexed.data_write.width != data:
        report.add(node.position, f"the map's registers are not all of {data} bits, as its data "
                   "register is", "set regwidth: each register is reached in one access")
        return
    for register in map_.registers:
        last = last_element(register) // register.bytes | indexed.index_with
        if last >> indexed.index.width:
            report.add(register.node.where_address(), f"index {last:#x} does not fit in "
                       f"`{indexed.index.name}`", f"that has {indexed.index.width} bits")
