"""emit_c.py - <idl/NAME.h>: types, constants, labels and client stubs; and NAME_client.c.

A stub whose arguments and results fit in registers is inline around the system call.
"""
import model
import wire
import emit_words as words


def comment(text, indent=""):
    """A C comment of lines of at most 100 columns; nothing for no text."""
    if not text:
        return []
    lines, line = [], indent + "/**"
    for part in text.replace("*/", "* /").split():
        if len(line) + 1 + len(part) > 97:
            lines.append(line)
            line = indent + " *"
        line += " " + part
    return lines + [line + " */"]


def wrapped(start, parts, end):
    """`start(parts)end`, broken at 100 columns."""
    lines, line = [], start + "("
    for i, part in enumerate(parts):
        piece = part + ("," if i < len(parts) - 1 else "")
        if len(line) + 1 + len(piece) > 98 and not line.endswith("("):
            lines.append(line)
            line = " " * 8 + piece
        else:
            line += ("" if line.endswith("(") else " ") + piece
    return lines + [line + ")" + end]


def c_type(type_):
    return type_.c if not isinstance(type_, model.Object) else "uint64_t"


def declare(type_, name):
    """A variable or member of @type_, without its end."""
    if isinstance(type_, model.String):
        return f"char {name}[{type_.bound + 1}]"
    if isinstance(type_, model.Sequence):
        return declare(type_.element, f"{name}[{type_.bound}]")
    if isinstance(type_, model.Array):
        return declare(type_.element, f"{name}[{type_.count}]")
    return f"{c_type(type_)} {name}"


def inputs(params):
    """Parameters of C for what goes in; the same at both ends."""
    found = []
    for p in params:
        if isinstance(p.type, model.String):
            found.append(f"const char *{p.name}")
        elif isinstance(p.type, model.Sequence):
            found += [f"const {c_type(p.type.element)} *{p.name}", f"size_t {p.name}_count"]
        elif isinstance(p.type, model.Struct):
            found.append(f"const {p.type.c} *{p.name}")
        elif isinstance(p.type, model.Array):
            found.append(f"const {declare(p.type, p.name)}")
        else:
            found.append(declare(p.type, p.name))
    return found


def outputs(params, is_client):
    found = []
    for p in params:
        if isinstance(p.type, model.Object):
            if not is_client:
                found.append(f"uint64_t *{p.name}")
        elif isinstance(p.type, model.Sequence):
            if not (p.type.is_caps and is_client):
                found.append(f"{c_type(p.type.element)} *{p.name}")
                if is_client:
                    found.append(f"size_t {p.name}_max")
            found.append(f"size_t *{p.name}_count")
        elif isinstance(p.type, (model.String, model.Array)):
            found.append(declare(p.type, p.name))
        else:
            found.append(f"{c_type(p.type)} *{p.name}")
    return found


def is_inline(method):
    return wire.layout_in(method, True).is_in_registers and \
        wire.layout_out(method, True).is_in_registers


class Emitter:
    def __init__(self, unit, shown_path):
        self.unit = unit
        self.interface = unit.interface
        self.shown_path = shown_path

    @property
    def upper(self):
        return self.interface.name.upper()

    def banner(self, file, what):
        return [f"/* {file} - {what}", f" * Made by tools/idl/idlc.py from {self.shown_path}. */"]

    # -- definitions -----------------------------------------------------------------------------

    def definition(self, item):
        lines = comment(item.doc)
        if isinstance(item, model.Constant):
            sign = "" if item.type.signed else "u"
            text = f"{item.value}{sign}" if item.type.bits < 64 else f"{item.value}{sign}ll"
            if item.value < 0:
                text = f"({item.value + 1}{'ll' if item.type.bits == 64 else ''} - 1)"
            return lines + [f"#define {item.c_name} {text}", ""]
        if isinstance(item, model.Alias):
            if isinstance(item.type, (model.String, model.Sequence)):
                return lines + [f"#define {item.c_name.upper()}_MAX {item.type.bound}", ""]
            return []
        if isinstance(item, model.Enum):
            return lines + self.enum(item)
        return lines + self.struct(item)

    @staticmethod
    def enum(item):
        lines = [f"{item.c} {{"]
        for entry in item.entries:
            lines += comment(entry.doc, "    ")
            lines.append(f"    {entry.c_name} = {entry.value},")
        lines += ["};", f"#define {item.c_name.upper()}_COUNT {len(item.entries)}", ""]
        if not item.is_dense:
            lines += [f"static inline bool {item.c_name}_is_valid(uint64_t value_)", "{",
                      "    switch (value_) {",
                      *(f"    case {entry.c_name}:" for entry in item.entries),
                      "        return true;", "    default:", "        return false;", "    }", "}",
                      ""]
        return lines

    @staticmethod
    def struct(item):
        lines = [f"{item.c} {{"]
        for field in item.fields:
            lines += comment(field.doc, "    ")
            if isinstance(field.type, model.Sequence):
                lines.append(f"    uint32_t {field.name}_count;")
            lines.append(f"    {declare(field.type, field.name)};")
        return lines + ["};", ""]

    def labels(self):
        name, upper = self.interface.name, self.upper
        lines = [f"#define {upper}_INTERFACE {self.interface.number}",
                 f"#define {upper}_METHODS {len(self.interface.methods)}", "",
                 f"enum {name}_label {{"]
        lines += [f"    {upper}_LABEL_{m.name.upper()} = {self.label_of(m):#x},"
                  for m in self.interface.methods]
        lines += ["};", "", "/* Rights of a session, one a method: badge bits 32 and up. */"]
        lines += [f"#define {upper}_RIGHT_{m.name.upper()} {1 << m.index:#x}u"
                  for m in self.interface.methods]
        lines.append(f"#define {upper}_RIGHTS_ALL {(1 << len(self.interface.methods)) - 1:#x}u")
        return lines + [""]

    def label_of(self, method):
        return self.interface.number << 8 | method.index

    def label(self, method):
        return f"{self.upper}_LABEL_{method.name.upper()}"

    # -- client stubs ----------------------------------------------------------------------------

    def prototype(self, method):
        verb = "send" if method.is_oneway else "call"
        caps = wire.layout_out(method, True).most_caps
        parts = ["uint64_t cap"] + (["uint64_t slots"] if caps else [])
        parts += inputs(method.inputs) + outputs(method.outputs, True)
        return f"int {self.interface.name}_{verb}_{method.name}", parts

    def stub_comment(self, method):
        text = method.doc
        caps = wire.layout_out(method, True).most_caps
        if caps:
            text += f" Capabilities arrive in up to {caps} empty slots from @slots on."
        return comment(text)

    def stub(self, method):
        start, parts = self.prototype(method)
        lines = wrapped(("static inline " if is_inline(method) else "") + start, parts, "") + ["{"]
        request = wire.layout_in(method, True)
        lines += words.counts(request, "return E_BAD_ARG;")
        lines += ["    struct msg msg_ = {0};", "    int error_;"]
        lines += self.stub_request(method, request)
        lines += self.stub_answer(method)
        return lines + ["    return E_OK;", "}", ""]

    def stub_request(self, method, request):
        answer = wire.layout_out(method, True)
        body = words.send_caps(request)[0]
        body += words.pack(request, "msg_", self.label(method), words.send_caps(request)[1])
        body.append(f"    error_ = sys_{'send' if method.is_oneway else 'call'}(cap, &msg_);")
        if answer.caps:
            body = ["    struct idl_arrivals before_;", "",
                    f"    idl_expect_caps(&before_, slots, {answer.most_caps});", *body,
                    "    idl_caps_arrived(&before_);"]
        if not method.is_idempotent:
            return body + ["    if (IDL_RARELY(error_ != E_OK)) {", "        return error_;",
                           "    }"]
        return ["    for (unsigned tries_ = 0;; tries_++) {", *("    " + line for line in body),
                "        if (!IDL_RARELY(error_ != E_OK)) {", "            break;", "        }",
                "        if (error_ != E_DEAD || tries_ == IDL_RETRIES) {",
                "            return error_;", "        }", "    }"]

    def stub_answer(self, method):
        answer = wire.layout_out(method, True)
        if method.is_oneway:
            return []
        refuse = f"return idl_refuse_answer(msg_.tag, {'slots' if answer.caps else '0'});"
        lines = words.check(answer, "msg_", "E_OK", refuse)
        small = [f"count{tail.number}_ > {tail.path}_max" for tail in answer.tails
                 if isinstance(tail.type, model.Sequence) and tail.count_path.startswith("*")]
        lines += words.leave_if(small, refuse)
        return lines + words.unpack(answer, "msg_")

    # -- files -----------------------------------------------------------------------------------

    def header(self):
        name = self.unit.path.rsplit("/", 1)[-1].removesuffix(".idl")
        guard = f"IDL_{name.upper()}_H"
        lines = self.banner(f"{name}.h", "types, labels and client stubs.")
        lines += [f"#ifndef {guard}", f"#define {guard}", "", "#include <quoll/idl.h>"]
        lines += [f"#include <idl/{stem}.h>" for stem in self.unit.includes] + [""]
        for item in self.unit.definitions:
            lines += self.definition(item)
        if self.interface is not None:
            lines += self.labels()
            for method in self.interface.methods:
                if method.is_async:
                    continue
                lines += self.stub_comment(method)
                if is_inline(method):
                    lines += self.stub(method)
                else:
                    lines += wrapped(*self.prototype(method), ";") + [""]
        return "\n".join(lines + ["#endif", ""])

    def client(self):
        name = self.unit.path.rsplit("/", 1)[-1].removesuffix(".idl")
        lines = self.banner(f"{name}_client.c", "stubs that need more than registers.")
        lines += [f"#include <idl/{name}.h>", ""]
        if self.interface is not None:
            for method in self.interface.methods:
                if not method.is_async and not is_inline(method):
                    lines += self.stub(method)
        return "\n".join(lines)
