"""emit_c.py - the C header of a register file: types, accessors, banks."""
import access
import names
import values


def header(devices, shown_path, bus):
    """The text of NAME.h; @bus is access.Bus() or access.Mock()."""
    guard = "REGS_" + "_".join(device.name for device in devices).upper() + "_H"
    lines = values.block_comment(f"Made by tools/rdl from {shown_path}: change that file, not "
                                 "this one. docs/registers.md says how to use it.")
    lines += [f"#ifndef {guard}", f"#define {guard}", "", f"#include <{bus.include}>", ""]
    for device in devices:
        lines += device_lines(device, bus)
    return "\n".join(lines + ["#endif", ""])


def device_lines(device, bus):
    lines = values.block_comment(sentence(device.title, device.desc, device.source))
    lines += [""] + values.enums(device)
    if device.space == "memory":
        lines += layout(device)
    else:
        lines += handle_lines(device, bus)
    for map_ in device.maps:
        if map_.bank is not None:
            lines += [f"struct {map_.c_name} {{",
                      f"    struct {names.handle_type(device)} regs;", "};", ""]
    for register in device.registers:
        lines += register_lines(register, bus)
    for map_ in device.maps:
        if map_.bank is not None:
            lines += bank_lines(map_)
    return lines


def sentence(*parts):
    return "; ".join(part.rstrip(".") for part in parts if part)


def handle_lines(device, bus):
    member = bus.handle_member(device.space)
    tag = names.handle_type(device)
    name = member.rsplit(" ", 1)[1].lstrip("*")
    return [f"struct {tag} {{", f"    {member};", "};", "",
            f"static inline struct {tag} {device.name}_regs_at({member})", "{",
            f"    return (struct {tag}){{{name}}};", "}", ""]


# -- registers -------------------------------------------------------------------------------------

def register_lines(register, bus):
    words = [word for word, able in (("read", register.readable), ("write", register.writable))
             if able]
    place = f"index {register.map.index_of(register):#x}" if register.map.space == "indexed" \
        else f"{register.offset:#x}"
    count = "".join(f"[{dimension.count}]" for dimension in register.dimensions)
    what = f"{register.shown_name}{count}: {register.width} bits at {place}, {', '.join(words)}"
    lines = values.block_comment(sentence(what, register.desc, register.source))
    for value in values.structures(register):
        lines += values.structure_lines(value)
    if register.readable:
        lines += read_function(register, bus)
    if register.writable:
        lines += write_function(register, bus)
    if register.readable and register.writable and not values.is_scalar(register):
        for field in register.fields:
            if field.is_plain:
                lines += set_function(register, field, bus)
    for field in register.fields:
        if field.write_name != field.name and not values.is_scalar(register):
            lines += act_function(register, field, bus)
    return lines


def signature(register, result, verb, *parameters):
    type_, name, _ = access.handle(register)
    if register.map.space == "memory" and verb == "read":
        type_ = "const " + type_
    every = [f"{type_}{name}", *access.index_parameters(register), *[p for p in parameters if p]]
    return values.head(f"{result} {register.c_name}_{verb}({', '.join(every)})")


def in_array(register):
    return [f"REGS_IN_ARRAY({dimension.name}_index, {dimension.count}u);"
            for dimension in register.dimensions]


def function(head, statements):
    lines = [line for text in statements for line in (values.statement(text) if text else [""])]
    return head + ["{"] + lines + ["}", ""]


def read_function(register, bus):
    before, raw = bus.read(register)
    value = values.read_value(register)
    if value is not None:
        raw = f"{value.tag}_of({raw})"
    elif not values.is_raw(register):
        before = before + [f"const {values.raw_type(register.width)} bits = {raw};", ""]
        raw = values.unpacked(register.fields[0], "bits")
    head = signature(register, f"static inline {values.read_type(register)}", "read")
    return function(head, in_array(register) + before + [f"return {raw};"])


def write_function(register, bus):
    name = values.value_name(register, True)
    check, raw = [], name
    value = values.write_value(register)
    if value is not None:
        raw = f"{value.tag}_raw({name})"
    elif not register.write_fields:  # any write acts, whatever it says
        raw = values.c_hex(register.reserved_ones, register)
    elif not values.is_raw(register):
        field = register.fields[0]
        check = values.fit_check(field, name)
        bits = values.packed(field, name)
        if register.reserved_ones:
            bits += f" | {values.c_hex(register.reserved_ones, register)}"
        raw = f"({values.raw_type(register.width)})" + (bits if is_closed(bits) else f"({bits})")
    parameter = f"{values.write_type(register)} {name}" if register.write_fields else ""
    head = signature(register, "static inline void", "write", parameter)
    return function(head, in_array(register) + check + bus.write(register, raw))


def refused(register, verb, parameter, why):
    """A declaration that stops the compilation of whoever calls it, and says why."""
    text = f"{why}: use {register.c_name}_write"
    return signature(register, "extern void", verb, parameter) + [
        f'    REGS_REFUSED("{text}");', ""]


def set_function(register, field, bus):
    parameter = f"{values.field_type(field)} value"
    why = register.why_no_update()
    if why:
        return refused(register, f"set_{field.name}", parameter, why)
    head = signature(register, "static inline void", f"set_{field.name}", parameter)
    return function(head, values.fit_check(field, "value")
                    + update(register, field, values.packed(field, "value"), bus))


def update(register, field, new_bits, bus):
    """Read, replace @field's bits, write back."""
    keep = (1 << register.width) - 1 & ~field.mask & ~register.volatile_mask
    ones = register.neutral_ones & ~field.mask
    wide = values.wide_type(register)
    before, text = bus.read(register)
    raw = values.raw_type(register.width)
    terms = [f"(old & {values.c_hex(keep, register)})",
             f"({new_bits})" if " " in new_bits and not is_closed(new_bits) else new_bits]
    if ones:
        terms.append(values.c_hex(ones, register))
    lines = in_array(register) + before + [f"const {wide} old = {text};", ""]
    return lines + bus.write_again(register, f"({raw})({' | '.join(terms)})")


def is_closed(text):
    """Parentheses go around all of it."""
    depth = 0
    for i, char in enumerate(text):
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0 and i < len(text) - 1:
            return False
    return depth == 0


def act_function(register, field, bus):
    """clear_x, set_x or toggle_x for a field that a written one (or zero) acts on."""
    parameter = "" if field.width == 1 else f"{values.field_type(field)} value"
    others = [f for f in register.write_fields if f.write_name == f.name]
    head = signature(register, "static inline void", field.write_name, parameter)
    bits = values.packed(field, "value" if parameter else "true")
    check = values.fit_check(field, "value") if parameter else []
    if others:
        why = register.why_no_update()
        if why:
            return refused(register, field.write_name, parameter, why)
        return function(head, check + update(register, field, bits, bus))
    ones = register.neutral_ones & ~field.mask
    text = bits + (f" | {values.c_hex(ones, register)}" if ones else "")
    raw = values.raw_type(register.width)
    return function(head, in_array(register) + check + bus.write(register, f"({raw})({text})"))


# -- banks -----------------------------------------------------------------------------------------

def bank_lines(map_):
    bank = map_.bank
    device = map_.device
    regs = f"struct {names.handle_type(device)}"
    chosen = bank.register.c_name
    verb = "write" if values.is_scalar(bank.register) else f"set_{bank.field.name}"
    return [*values.block_comment(
        f"The bank `{map_.name}` is there while {bank.register.name}.{bank.field.name} is "
        f"{bank.value}; meanwhile the registers that it covers are not."),
        *values.head(f"static inline struct {map_.c_name} {map_.c_name}_select({regs} regs)"), "{",
        f"    {chosen}_{verb}(regs, {field_value(bank.field, bank.value)});",
        f"    return (struct {map_.c_name}){{regs}};", "}", "",
        f"static inline void {map_.c_name}_release(struct {map_.c_name} bank)", "{",
        f"    {chosen}_{verb}(bank.regs, {field_value(bank.field, bank.field.reset)});", "}", ""]


def field_value(field, value):
    """@value as a C expression of the field's type."""
    if field.enum is not None:
        entry = field.enum.entry_of(value)
        if entry is not None:
            return names.enumerator(field.register.map.device, field.enum, entry)
    if values.field_type(field) == "bool":
        return "true" if value else "false"
    return f"{value}u"


# -- structures in memory --------------------------------------------------------------------------

def layout(device):
    """The structure itself: the registers as members, the rest as gaps."""
    map_ = device.maps[0]
    lines, align = [], 1
    body, size, align = members(map_.node, "    ")
    total = -(-size // align) * align
    tag = names.handle_type(device)
    lines = [f"struct {tag} {{", *body, *gap(size, total, "    "), "};", "",
             f'_Static_assert(sizeof(struct {tag}) == {total}, "as in the register file");']
    for register in map_.registers:
        if not register.dimensions:
            path = ".".join(access.member_path(register))
            lines.append(f"_Static_assert(__builtin_offsetof(struct {tag}, {path}) == "
                         f'{register.offset}, "place");')
    return lines + [""]


def gap(start, end, indent):
    return [f"{indent}uint8_t gap_{start:x}[{end - start}];"] if end > start else []


def members(node, indent):
    """Members, size in bytes and alignment of what @node holds."""
    lines, at, align = [], 0, 1
    for child in sorted(node.children.values(), key=lambda c: c.address.value):
        count = f"[{child.array.value}]" if child.array else ""
        lines += gap(at, child.address.value, indent)
        if child.kind == "reg":
            width = child.get("regwidth", 32)
            lines.append(f"{indent}uint{width}_t {child.name}{count};")
            size, inner = width // 8, width // 8
        else:
            body, size, inner = members(child, indent + "    ")
            stride = child.stride.value if child.stride else -(-size // inner) * inner
            name = "" if child.get("flat", False) else f" {child.name}{count}"
            lines += [f"{indent}struct {{", *body, *gap(size, stride, indent + "    "),
                      f"{indent}}}{name};"]
            size = stride
        align = max(align, inner)
        at = child.address.value + size * (child.array.value if child.array else 1)
    return lines, at, align
