"""check_register.py - judges one register: widths, fields, gaps, reset values, enums."""
WIDTHS = (8, 16, 32, 64)
ENUM_BITS_MAX = 32


def bits_of(mask):
    """A mask as bit ranges: 0xc1 is `7:6, 0`."""
    ranges, bit = [], 0
    while mask >> bit:
        if mask >> bit & 1:
            low = bit
            while mask >> (bit + 1) & 1:
                bit += 1
            ranges.append(str(low) if low == bit else f"{bit}:{low}")
        bit += 1
    return ", ".join(reversed(ranges))


def check(register, report):
    if not check_width(register, report):
        return
    check_overlaps(register, report)
    check_gaps(register, report)
    for field in register.fields:
        check_access(field, report)
        check_value(field, report)
        check_enum(field, report)


def check_width(register, report):
    node = register.node
    if register.width not in WIDTHS:
        report.add(node.where("regwidth"), f"`{register.name}` has {register.width} bits",
                   "regwidth is 8, 16, 32 or 64")
        return False
    if register.access_width not in WIDTHS or register.access_width > register.width:
        report.add(node.where("accesswidth"),
                   f"`{register.name}` has an access width of {register.access_width} bits",
                   f"accesswidth is a power of two from 8 up to the register's {register.width}")
        return False
    part = register.access_width
    for field in register.fields:
        if field.low // part != field.high // part:
            report.add(field.node.position,
                       f"`{field.name}` crosses bit {field.high // part * part}, and the register "
                       f"is accessed by {part} bits",
                       "a change between two accesses would tear it: make it two fields or two "
                       "registers")
    return True


def check_overlaps(register, report):
    fields = register.fields
    for i, field in enumerate(fields):
        for other in fields[:i]:
            common = field.mask & other.mask
            if not common:
                continue
            one_way = (not field.writable and not other.readable) or \
                (not field.readable and not other.writable)
            if not one_way:
                first, second = sorted((field, other), key=lambda f: f.node.position.key())
                report.add(second.node.position,
                           f"`{second.name}` and `{first.name}` (line "
                           f"{first.node.position.line}) both take bit {bits_of(common)}",
                           "give one of them other bits; a read-only and a write-only field may "
                           "share")


def check_gaps(register, report):
    every = (1 << register.width) - 1
    described = 0
    for field in register.fields:
        described |= field.mask
    at = register.node.where("reserved")
    gap = every & ~described & ~register.reserved
    if gap:
        report.add(at, f"bits {bits_of(gap)} of `{register.name}` belong to no field",
                   f"describe them, or write reserved = {every & ~described:#x};")
    if register.reserved & described:
        report.add(at, f"bits {bits_of(register.reserved & described)} of `{register.name}` are "
                   "reserved and belong to a field", f"write reserved = {every & ~described:#x};")
    if register.reserved & ~every:
        report.add(at, f"`reserved` has bits outside of the register's {register.width}",
                   f"write reserved = {every & ~described:#x};")
    if register.reserved_ones & ~register.reserved:
        report.add(register.node.where("reserved_ones"),
                   "`reserved_ones` has bits that are not in `reserved`", "add them there too")


def check_access(field, report):
    node = field.node
    access, hardware = node.get("sw", "rw"), node.get("hw", "rw")
    if access == "na":
        report.add(node.where("sw"), f"software neither reads nor writes `{field.name}`",
                   "leave the field out and add its bits to the register's `reserved`")
    if access == "w" and hardware == "w":
        report.add(node.where("hw"), f"nobody reads `{field.name}`", "sw=w with hw=w means nothing")
    if field.onread and not field.readable:
        report.add(node.where("onread"), f"`{field.name}` has `onread` but cannot be read",
                   "write sw = r or sw = rw, or remove it")
    if field.onwrite and not field.writable:
        report.add(node.where("onwrite"), f"`{field.name}` has `onwrite` but cannot be written",
                   "write sw = w or sw = rw, or remove it")
    for effect, name in ((field.onread, "onread"), (field.onwrite, "onwrite")):
        if effect in ("ruser", "wuser") and not field.register.node.is_external_somewhere():
            report.add(node.where(name), f"`{effect}` stands in a register that is not external",
                       "write `external reg` (SystemRDL 2.0, 9.6.1)")
    if field.singlepulse and (field.width != 1 or not field.writable or field.reset != 0):
        report.add(node.where("singlepulse"), f"`{field.name}` cannot be a single pulse",
                   "that needs one bit that is writable and has the reset value 0")


def check_value(field, report):
    if field.reset is not None and field.reset > field.max:
        report.add(field.node.where("reset"),
                   f"the reset value {field.reset:#x} does not fit in `{field.name}`",
                   f"at most {field.max:#x} does")


def check_enum(field, report):
    enum = field.enum
    if enum is None:
        if field.sparse:
            report.add(field.node.where("sparse"), f"`{field.name}` is sparse but has no enum",
                       "remove `sparse`, or write encode = ENUM;")
        return
    at = field.node.where("encode")
    wide = [entry for entry in enum.entries if entry.value > field.max]
    for entry in wide:
        report.add(at, f"the value {enum.name}::{entry.name} = {entry.value} does not fit in "
                   f"`{field.name}`", f"at most {field.max} does")
    if field.width > ENUM_BITS_MAX:
        report.add(field.node.position, f"`{field.name}` has an enum and {field.width} bits",
                   f"C's enums have {ENUM_BITS_MAX}: remove `encode`")
    if wide:
        return
    missing = field.max + 1 - len({entry.value for entry in enum.entries})
    if missing and not field.sparse:
        report.add(at, f"the enum `{enum.name}` names {field.max + 1 - missing} of the "
                   f"{field.max + 1} values of `{field.name}`{first_missing(field)}",
                   "name the others, or write `sparse = true;` in the field")
    if not missing and field.sparse:
        report.add(field.node.where("sparse"), f"the enum `{enum.name}` names every value of "
                   f"`{field.name}`", "remove `sparse`")
    if field.reset is not None and field.reset <= field.max and not enum.entry_of(field.reset):
        report.add(field.node.where("reset"),
                   f"the reset value {field.reset} of `{field.name}` is not in the enum "
                   f"`{enum.name}`", "name it there")


def first_missing(field):
    used = {entry.value for entry in field.enum.entries}
    missing = [str(v) for v in range(min(field.max + 1, 256)) if v not in used]
    if not missing or len(missing) > 8:
        return ""
    return f" ({', '.join(missing)} missing)" if len(missing) > 1 else f" ({missing[0]} is missing)"
