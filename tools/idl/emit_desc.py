"""emit_desc.py - <idl/NAME_desc.h>: the interface as data, for traces and for `describe`.

Structs and arrays are flattened; servers/lib/idl_text.c reads the tables.
"""
import emit_c
import model

FLAGS = (("is_oneway", "IDL_ONEWAY"), ("is_idempotent", "IDL_IDEMPOTENT"),
         ("is_async", "IDL_ASYNC"), ("is_waiting", "IDL_WAITS"))


def type_text(type_):
    """As in the interface's file."""
    if isinstance(type_, model.Scalar):
        return type_.idl
    if isinstance(type_, model.String):
        return f"string<{type_.bound}>"
    if isinstance(type_, model.Sequence):
        return f"sequence<{type_text(type_.element)}, {type_.bound}>"
    if isinstance(type_, model.Array):
        return f"{type_text(type_.element)}[{type_.count}]"
    if isinstance(type_, model.Object):
        return type_.interface or "Object"
    return type_.name


def fields(type_, name, is_buffer=False):
    """[(name, type, kind, bound, elements)]; `elements` describes a sequence's element."""
    if isinstance(type_, model.Struct):
        return [row for f in type_.fields
                for row in fields(f.type, f"{name}.{f.name}" if name else f.name)]
    if isinstance(type_, model.Array) and not type_.is_octets:
        return [row for i in range(type_.count) for row in fields(type_.element, f"{name}[{i}]")]
    if isinstance(type_, model.Array):
        return [(name, type_, "OCTETS", type_.count, [])]
    if isinstance(type_, model.String):
        return [(name, type_, "STRING", type_.bound, [])]
    if isinstance(type_, model.Object):
        return [(name, type_, "CAP", 1, [])]
    if not isinstance(type_, model.Sequence):
        return [(name, type_, "ENUM" if isinstance(type_, model.Enum) else "INTEGER", 1, [])]
    if type_.is_caps:
        return [(name, type_, "CAPS", type_.bound, [])]
    if type_.is_octets:
        return [(name, type_, "BUFFER" if is_buffer else "BYTES", type_.bound, [])]
    return [(name, type_, "SEQUENCE", type_.bound, fields(type_.element, ""))]


def param_name(param):
    """A struct that is returned gives its members their own names."""
    is_plain = param.direction == "result" and isinstance(param.type, model.Struct)
    return "" if is_plain else param.name


def field_rows(rows):
    lines = []
    for name, type_, kind, bound, elements in rows:
        low, high, sign, values = 0, 0, 0, "NULL"
        if isinstance(type_, model.Enum):
            values = f"&{type_.c_name}_desc"
            high = (1 << 32) - 1
        elif isinstance(type_, model.Scalar):
            low, high, sign = type_.low, type_.high, int(type_.signed)
        mask = (1 << 64) - 1
        lines.append(f'    {{"{name}", "{type_text(type_)}", IDL_{kind}, {sign}, {len(elements)}, '
                     f"{bound}, {low & mask:#x}ull, {high & mask:#x}ull, {values}}},")
        lines += field_rows(elements)
    return lines


def enums_of(type_):
    if isinstance(type_, model.Enum):
        return [type_]
    if isinstance(type_, model.Struct):
        return [e for f in type_.fields for e in enums_of(f.type)]
    if isinstance(type_, (model.Array, model.Sequence)):
        return enums_of(type_.element)
    return []


def enum_lines(enum):
    lines = [f"static const struct idl_enum_value {enum.c_name}_values[] = {{"]
    lines += [f'    {{{entry.value}, "{enum.shown(entry).replace("_", "-")}"}},'
              for entry in enum.entries]
    return lines + ["};", f"static const struct idl_enum {enum.c_name}_desc = {{",
                    f'    "{enum.name}", {len(enum.entries)}, {enum.c_name}_values}};', ""]


def header(unit, shown_path):
    interface = unit.interface
    stem = unit.path.rsplit("/", 1)[-1].removesuffix(".idl")
    guard = f"IDL_{stem.upper()}_DESC_H"
    lines = emit_c.Emitter(unit, shown_path).banner(f"{stem}_desc.h", "the interface as data.")
    lines += [f"#ifndef {guard}", f"#define {guard}", "", "#include <quoll/idl_desc.h>", ""]
    if interface is None:
        return "\n".join(lines + ["#endif", ""])
    seen = {}
    for enum in [e for m in interface.methods for p in m.params for e in enums_of(p.type)] + \
            [d for d in unit.definitions if isinstance(d, model.Enum)]:
        if enum.c_name not in seen:
            lines += enum_lines(enum)
            # An enum that no method has is for lists of its values.
            seen[enum.c_name] = enum
    rows = []
    for method in interface.methods:
        row, made = method_lines(interface, method)
        lines += made
        rows.append(row)
    lines += [f"static const struct idl_method {interface.name}_methods[] = {{", *rows, "};",
              f"static const struct idl_interface {interface.name}_desc = {{",
              f'    "{interface.name}", {interface.number}, {len(interface.methods)}, '
              f"{interface.name}_methods}};", "", "#endif", ""]
    text = "\n".join(lines)
    for enum in seen.values():  # referenced by nothing else: fine, it is a table
        text = text.replace(f"static const struct idl_enum {enum.c_name}_desc",
                            f"__attribute__((unused)) static const struct idl_enum "
                            f"{enum.c_name}_desc")
    return text


def method_lines(interface, method):
    names, lines = {}, []
    for side, params in (("in", method.inputs), ("out", method.outputs)):
        rows = field_rows([row for p in params
                           for row in fields(p.type, param_name(p), method.is_async)])
        names[side] = (len(rows), "NULL")
        if rows:
            name = f"{interface.name}_{method.name}_{side}"
            names[side] = (len(rows), name)
            lines += [f"static const struct idl_field {name}[] = {{", *rows, "};"]
    flags = " | ".join(flag for key, flag in FLAGS if getattr(method, key)) or "0"
    row = (f'    {{"{method.name}", {flags}, {names["in"][0]}, {names["out"][0]}, '
           f'{names["in"][1]}, {names["out"][1]}}},')
    return row, lines


def listing(units):
    lines = ["/* interfaces.h - the table of all interfaces.",
             " * Made by tools/idl/idlc.py from drivers/interfaces/. */",
             "#ifndef IDL_INTERFACES_H", "#define IDL_INTERFACES_H", ""]
    lines += [f"#include <idl/{unit.interface.name}_desc.h>" for unit in units]
    lines += ["", "static const struct idl_interface *const idl_interfaces[] = {"]
    lines += [f"    &{unit.interface.name}_desc," for unit in units]
    return "\n".join(lines + ["};", "static const struct idl_table idl_interface_table = {",
                              f"    idl_interfaces, {len(units)}}};", "", "#endif", ""])
