"""emit_page.py - the Markdown reference page of an interface file."""
import emit_c
import emit_desc
import emit_server
import emit_queue
import model
import wire


def cell(text):
    return text.replace("|", "\\|")


def page(unit, shown_path):
    lines = [f"<!-- made by tools/idl/idlc.py --pages from {shown_path} -->", ""]
    interface = unit.interface
    if interface is None:
        lines += [f"# {unit.path.rsplit('/', 1)[-1]}", ""]
    else:
        lines += [f"# {interface.name}", "", interface.doc, "",
                  f"Interface number {interface.number}; described in `{shown_path}`. "
                  + ("A caller's badge is its task's number." if interface.is_by_task else
                     "A caller's badge is a session's, with a bit of rights for each method."), "",
                  "| method | label | how | what |", "| --- | --- | --- | --- |"]
        lines += [f"| [{m.name}](#{m.name}) | {interface.number << 8 | m.index:#x} | {how(m)} | "
                  f"{cell(first_sentence(m.doc))} |" for m in interface.methods]
        lines.append("")
    lines += definitions(unit)
    if interface is not None:
        for method in interface.methods:
            lines += method_section(unit, shown_path, method)
    return "\n".join(lines).rstrip("\n") + "\n"


def first_sentence(text):
    end = text.find(". ")
    return text if end < 0 else text[:end + 1]


def how(method):
    flags = [("is_oneway", "sent, no answer"), ("is_async", f"queue, op {method.index + 1}"),
             ("is_idempotent", "idempotent"), ("is_waiting", "may wait")]
    return ", ".join(text for key, text in flags if getattr(method, key)) or "call"


# -- definitions -----------------------------------------------------------------------------------

def definitions(unit):
    lines = []
    constants = [d for d in unit.definitions if isinstance(d, model.Constant)]
    if constants:
        lines += ["## Constants", "", "| name | value | what |", "| --- | --- | --- |"]
        lines += [f"| `{d.c_name}` | {shown_value(d.value)} | {cell(d.doc)} |" for d in constants]
        lines.append("")
    for item in unit.definitions:
        if isinstance(item, model.Enum):
            lines += [f"## enum {item.name}", ""] + ([item.doc, ""] if item.doc else [])
            lines += [f"In C: `{item.c}`.", "", "| value | name | in texts | what |",
                      "| --- | --- | --- | --- |"]
            lines += [f"| {entry.value} | `{entry.c_name}` | "
                      f"{item.shown(entry).replace('_', '-')} | {cell(entry.doc)} |"
                      for entry in item.entries]
            lines.append("")
        elif isinstance(item, model.Struct):
            lines += [f"## struct {item.name}", ""] + ([item.doc, ""] if item.doc else [])
            lines += [f"In C: `{item.c}`.", "", "| member | type | what |", "| --- | --- | --- |"]
            lines += [f"| {f.name} | {type_cell(f)} | {cell(f.doc)} |" for f in item.fields]
            lines.append("")
    return lines


def shown_value(value):
    """A mask in hexadecimal."""
    return f"{value:#x}" if value > 4096 and value & (value + 1) == 0 else str(value)


def type_cell(field):
    text = emit_desc.type_text(field.type)
    inner = field.type
    while isinstance(inner, (model.Array, model.Sequence)):
        inner = inner.element
    if isinstance(inner, model.Scalar) and inner.bits > 1 and inner.is_ranged:
        text += f", {inner.low} to {shown_value(inner.high)}"
    return cell(text + (f", in {field.unit}" if field.unit else ""))


# -- methods ---------------------------------------------------------------------------------------

def method_section(unit, shown_path, method):
    lines = [f"## {method.name}", "", method.doc, ""]
    if method.params:
        lines += ["| parameter | | type | words | what |", "| --- | --- | --- | --- | --- |"]
        for fields in (method.inputs, method.outputs):
            at = 0
            for p in fields:
                where, at = place(method, p, at)
                lines.append(f"| {p.name} | {p.direction} | {type_cell(p)} | {where} | "
                             f"{cell(p.doc)} |")
        lines.append("")
    return lines + ["```c", *prototypes(unit, shown_path, method), "```", ""]


def place(method, param, at):
    """Which words of the message it has, and the next free one."""
    if method.is_async:
        if isinstance(param.type, model.Sequence):
            return "buffer", at
        return ("value", at) if param.direction == "result" else (f"argument {at}", at + 1)
    builder = wire.Builder(True)
    layout = builder.run([param])
    if layout.caps and not layout.fixed:
        return "capability", at
    end = at + layout.fixed
    text = str(at) if layout.fixed == 1 else f"{at} to {end - 1}"
    return text + (", more behind" if layout.tails else ", capabilities" if layout.caps else ""), end


def prototypes(unit, shown_path, method):
    if method.is_async:
        queue = emit_queue.QueueEmitter(unit, shown_path)
        made = queue.submit(method) + queue.finish(method)
        return [line for line in starts(made)] + emit_c.wrapped(*queue.start_prototype(method), ";")
    lines = emit_c.wrapped(*emit_c.Emitter(unit, shown_path).prototype(method), ";")
    server = emit_server.ServerEmitter(unit, shown_path)
    return lines + emit_c.wrapped(*server.serve_prototype(method), ";")


def starts(lines):
    """The prototypes of generated functions."""
    found, inside = [], False
    for line in lines:
        if line.startswith("static inline"):
            inside, line = True, line.removeprefix("static inline ")
        if inside and line == "{":
            found[-1] += ";"
            inside = False
        elif inside:
            found.append(line)
    return found
