"""names.py - the names that the C of a register description has, and that none is made twice."""

from cnames import C_WORDS, Names

ENUM_MAX = 0x7fffffff


def enum_type(device, enum):
    return f"{device.name}_{enum.name}"


def enumerator(device, enum, entry):
    return f"{device.name}_{enum.name}_{entry.name}".upper()


def handle_type(device):
    """The structure behind the handle; in memory it is the format itself."""
    return device.name if device.space == "memory" else f"{device.name}_regs"


def value_tags(register):
    """The structures that a register makes. One that cannot be written back as it was read has a
    second one for writing; one of a single field has none, its value is the field's."""
    if len(register.fields) == 1:
        return []
    if not register.readable or not register.writable or register.is_plain:
        return [register.c_name]
    return [register.c_name, register.c_name + "_write"]


def maximum(field):
    return f"{field.register.c_name}_{field.name}_MAX".upper()


def functions(register):
    """Every function that a register makes, those of wide fields and the mock included."""
    base = register.c_name
    made = [f"{tag}_{verb}" for tag in value_tags(register) for verb in ("of", "raw")]
    made += [f"{tag}_{verb}{field.name}" for tag in value_tags(register)
             for field in register.fields if field.width > 32 for verb in ("", "with_")]
    if register.readable:
        made += [f"{base}_read", f"{base}_will_read"]
    if register.writable:
        made += [f"{base}_write", f"{base}_was_written"]
    if register.readable and register.writable:
        made += [f"{base}_set_{f.name}" for f in register.fields if f.is_plain]
    made += [f"{base}_{f.write_name}" for f in register.fields if f.write_name != f.name]
    return made


def check(devices, report):
    """Of all devices in one header."""
    made, types = Names(report), Names(report)
    for device in devices:
        check_device(device, report, made, types)


def check_device(device, report, made, types):
    made.add(f"{device.name}_regs_at", device.node.position, "the handle")
    types.add(handle_type(device), device.node.position, "the handle")
    for map_ in device.maps:
        if map_.bank is not None:
            types.add(map_.c_name, map_.node.position, f"the bank `{map_.name}`")
            for verb in ("select", "release"):
                made.add(f"{map_.c_name}_{verb}", map_.node.position, f"the bank `{map_.name}`")
            if not map_.name:
                report.add(map_.node.position, "a bank is flat",
                           "its registers need the bank's name; remove `flat`")
    for register in device.registers:
        what = f"the register `{register.name}`"
        for name in functions(register):
            made.add(name, register.node.position, what)
        for field in register.fields:
            made.add(maximum(field), field.node.position, f"the field `{field.name}`'s maximum")
        for tag in value_tags(register):
            types.add(tag, register.node.position, what)
        check_members(register, report)
    check_enums(device, made, types)


def check_members(register, report):
    """Fields are members of a structure; in a memory map registers are too."""
    for field in register.fields:
        if field.name in C_WORDS:
            report.add(field.node.position, f"`{field.name}` is a word of C", "rename the field")
        if field.name.startswith("reserved"):
            report.add(field.node.position, f"the field `{field.name}` is named like a gap",
                       "leave it out and put its bits into the register's `reserved`, or rename it")
    if register.map.space == "memory" and register.name in C_WORDS:
        report.add(register.node.position, f"`{register.name}` is a word of C",
                   "rename the register")
    indexes = [dimension.name for dimension in register.dimensions]
    if len(set(indexes)) < len(indexes):
        report.add(register.node.position, f"`{register.name}` is an array in an array of the same "
                   "name", "rename one: their indexes have these names")
    written = {}
    for field in register.write_fields:
        if field.write_name in written:
            report.add(field.node.position, f"two fields are written as `{field.write_name}`",
                       "rename one")
        written[field.write_name] = field


def check_enums(device, made, types):
    for enum in device.enums:
        types.add(enum_type(device, enum), enum.position, f"the enum `{enum.name}`")
        for entry in enum.entries:
            made.add(enumerator(device, enum, entry), entry.position,
                     f"the enum's value `{entry.name}`")
            if entry.value > ENUM_MAX:
                made.report.add(entry.position,
                                f"the value {entry.value:#x} is more than C's enums hold",
                                f"use at most {ENUM_MAX:#x}, or no enum")
