"""emit_server.py - <idl/NAME_server.h>: dispatch of requests to NAME_serve_METHOD, and answers.

The header is included by the one file that has the loop. Every request is checked in full before
the server's function runs; the answer is packed over the request.
"""
import dataclasses

import emit_c
import model
import wire
import emit_words as words


def local(param):
    """Declarations of the variable that the server's function gets."""
    lines = []
    if isinstance(param.type, model.Sequence):
        lines.append(f"    size_t {param.name}_count = 0;")
    if isinstance(param.type, model.Sequence) and param.type.is_caps and param.direction == "in":
        return lines
    if isinstance(param.type, model.String):
        start = " = \"\"" if param.direction != "in" else ""
    elif param.direction == "in" or isinstance(param.type, model.Sequence):
        start = ""
    elif isinstance(param.type, (model.Struct, model.Array)):
        start = " = {0}"
    elif isinstance(param.type, model.Enum):
        start = f" = {param.type.entries[0].c_name}"
    else:
        start = " = 0"
    return lines + [f"    {emit_c.declare(param.type, param.name)}{start};"]


def arguments(method):
    found = []
    for p in method.inputs + method.outputs:
        is_in = p.direction == "in"
        if isinstance(p.type, model.Sequence):
            found += [p.name, f"{p.name}_count" if is_in else f"&{p.name}_count"]
        elif isinstance(p.type, (model.String, model.Array)):
            found.append(p.name)
        elif isinstance(p.type, model.Struct) or not is_in:
            found.append(f"&{p.name}")
        else:
            found.append(p.name)
    return found


class ServerEmitter(emit_c.Emitter):
    def serve_prototype(self, method):
        parts = ["struct call *call"] + emit_c.inputs(method.inputs)
        return f"int {self.interface.name}_serve_{method.name}", parts + emit_c.outputs(
            method.outputs, False)

    def dispatch_method(self, method):
        request = wire.layout_in(method, False)
        answer = wire.layout_out(method, False)
        small = request.is_in_registers and answer.is_in_registers
        lines = [f"static {'inline' if small else 'IDL_NOINLINE'} int "
                 f"{self.interface.name}_dispatch_{method.name}(struct call *call)", "{"]
        for param in method.inputs + method.outputs:
            lines += local(param)
        lines += ["    int error_;", ""] + words.check(request, "call->m", self.label(method),
                                                       "return idl_refuse_call(call, E_BAD_ARG);",
                                                       not request.is_in_registers)
        lines += words.unpack(request, "call->m")
        for i, field in enumerate(request.single_caps):
            lines.append(f"    {field.name} = task_buffer()->recv_slot + {i};")
        if request.cap_sequence is not None:
            lines += self.arrived(request)
        lines += emit_c.wrapped(f"    error_ = {self.interface.name}_serve_{method.name}",
                                ["call", *arguments(method)], ";")
        if request.caps:
            lines.append(f"    idl_drop_arrived({request.most_caps});")
        lines += ["    if (error_ != E_OK) {", "        return error_;", "    }"]
        return lines + self.answer_lines(answer, "call->m", "return E_BAD_ANSWER;") + \
            ["    return E_OK;", "}", ""]

    @staticmethod
    def arrived(request):
        name, first = request.cap_sequence.name, len(request.single_caps)
        return [f"    uint64_t {name}[{request.cap_sequence.type.bound}];",
                f"    for (size_t i_ = 0; i_ < {name}_count; i_++) {{",
                f"        {name}[i_] = task_buffer()->recv_slot + {first} + i_;", "    }"]

    def answer_lines(self, answer, message, too_long):
        lines = words.counts(answer, too_long)
        caps_lines, caps = words.send_caps(answer)
        return lines + caps_lines + words.pack(answer, message, "E_OK", caps)

    def later(self, method):
        """The answer to a call that was kept."""
        parts = ["uint64_t reply", "int error"] + emit_c.inputs(method.outputs)
        lines = emit_c.comment("Answer a call that was kept: with an error, or E_OK and what "
                               "follows. Nobody is there any more: nothing happens.")
        lines += emit_c.wrapped(f"static inline void {self.interface.name}_answer_{method.name}",
                                parts, "")
        lines += ["{", "    struct msg msg_ = {0};", "",
                  "    if (error != E_OK) {", "        call_answer_error(reply, error);",
                  "        return;", "    }"]
        layout = wire.Builder(True).run([dataclasses.replace(p, direction="in")
                                         for p in method.outputs])
        body = self.answer_lines(layout, "msg_", "call_answer_error(reply, E_BAD_ANSWER);\n"
                                 "        return;")
        return lines + body + ["    call_answer(reply, &msg_);", "}", ""]

    def rest(self):
        """What is not a known method's message in registers: long ones, and what is wrong."""
        name, upper = self.interface.name, self.upper
        lines = [f"static IDL_NOINLINE int {name}_dispatch_rest(struct call *call)", "{",
                 f"    uint64_t method_ = (call->m.tag >> TAG_LABEL_SHIFT) - "
                 f"({upper}_INTERFACE << 8);", ""]
        lines += words.leave_if([f"method_ >= {upper}_METHODS"],
                                "return idl_refuse_call(call, E_BAD_CALL);")
        lines += self.rights("method_") + ["    switch (call->m.tag >> TAG_LABEL_SHIFT) {"]
        for method in self.interface.methods:
            if method.is_async:
                continue
            lines.append(f"    case {self.label(method)}:")
            if wire.layout_in(method, False).is_in_registers:
                lines.append("        return idl_refuse_call(call, E_BAD_ARG);")
            else:
                lines.append(f"        return {name}_dispatch_{method.name}(call);")
        return lines + ["    default:", "        return idl_refuse_call(call, E_BAD_CALL);", "    }",
                        "}", ""]

    def rights(self, method):
        if self.interface.is_by_task:
            return []
        number = f"{self.upper}_INTERFACE"
        return words.leave_if([f"!idl_badge_is_of(call->m.badge, {number})"],
                              "return idl_refuse_call(call, E_BAD_CALL);") + \
            words.leave_if([f"(call->m.badge >> 32 >> {method} & 1) == 0"],
                           "return idl_refuse_call(call, E_NO_RIGHT);")

    def dispatch(self):
        name, upper = self.interface.name, self.upper
        quick = [m for m in self.interface.methods
                 if not m.is_async and wire.layout_in(m, False).is_in_registers]
        lines = [f"static inline int {name}_dispatch_call(struct call *call)", "{",
                 "    /* Label and nothing beyond the registers, in one comparison. */",
                 f"    uint64_t method_ = idl_swapped(call->m.tag) - ({upper}_INTERFACE << 8);", ""]
        lines += words.leave_if([f"method_ >= {upper}_METHODS"],
                                f"return {name}_dispatch_rest(call);")
        lines += self.rights("method_") + ["    switch (method_) {"]
        for method in quick:
            lines += [f"    case {method.index}:",
                      f"        return {name}_dispatch_{method.name}(call);"]
        lines += ["    default:", f"        return {name}_dispatch_rest(call);", "    }", "}", ""]
        return lines + ["/** Serve the request in @call. True: the answer is in its place; false: the"
                        " call is kept. */", f"static inline bool {name}_dispatch(struct call *call)",
                        "{", f"    int error_ = {name}_dispatch_call(call);", "",
                        "    if (error_ != E_OK) {", "        if (error_ == CALL_LATER) {",
                        "            return false;", "        }",
                        "        call->m.tag = msg_tag((uint32_t)error_, 0, 0);", "    }",
                        "    return true;", "}", ""]

    def header(self):
        name = self.interface.name
        guard = f"IDL_{name.upper()}_SERVER_H"
        lines = self.banner(f"{name}_server.h", "dispatch, and answers that come later.")
        lines += [f"#ifndef {guard}", f"#define {guard}", "", f"#include <idl/{name}.h>",
                  "#include <quoll/serve.h>", ""]
        calls = [m for m in self.interface.methods if not m.is_async]
        for method in calls:
            lines += emit_c.comment(method.doc)
            lines += emit_c.wrapped(*self.serve_prototype(method), ";") + [""]
        for method in calls:
            if not method.is_oneway:
                lines += self.later(method)
        for method in calls:
            lines += self.dispatch_method(method)
        return "\n".join(lines + self.rest() + self.dispatch() + ["#endif", ""])
