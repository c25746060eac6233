"""emit_queue.py - <idl/NAME_queue.h>: @async methods as requests of a session's queue.

The client submits and, at the completion, checks what the driver says; the driver's dispatch checks
a request and calls NAME_start_METHOD. The queue itself is <quoll/queue.h>.
"""
import emit_c
import emit_words as words
import model


def buffer_of(method):
    """The sequence of octets that lies in the data region, or None."""
    return next((p for p in method.params if isinstance(p.type, model.Sequence)), None)


def arguments_of(method):
    return [p for p in method.inputs if not isinstance(p.type, model.Sequence)]


def result_of(method):
    return next((p for p in method.outputs if p.direction == "result"), None)


def returns_length(method):
    """Does it say how much of its buffer is used? A wider word has more to say than that."""
    result = result_of(method)
    return buffer_of(method) is not None and result is not None and result.type.bits < 64


class QueueEmitter(emit_c.Emitter):
    def op(self, method):
        return f"{self.upper}_OP_{method.name.upper()}"

    def ops(self, methods):
        lines = [f"enum {self.interface.name}_op {{"]
        lines += [f"    {self.op(m)} = {m.index + 1}," for m in methods]
        waits = sum(2 << m.index for m in methods if m.is_waiting)
        known = 1 + sum(2 << m.index for m in methods)
        return lines + ["};", "", "/* For struct queue_limits; bit 0 is FLUSH. */",
                        f"#define {self.upper}_OPS_KNOWN {known:#x}u",
                        f"#define {self.upper}_OPS_WAIT {waits:#x}u", "",
                        "/** The ops that a session with these rights may ask for. */",
                        f"static inline uint32_t {self.interface.name}_ops_allowed(uint32_t rights)",
                        "{", f"    return (rights << 1 | 1) & {self.upper}_OPS_KNOWN;", "}", ""]

    def submit(self, method):
        parts = ["struct queue_client *queue"]
        parts += [emit_c.declare(p.type, p.name) for p in arguments_of(method)]
        has_buffer = buffer_of(method) is not None
        parts += ["uint64_t offset", "uint64_t length"] if has_buffer else []
        values = ", ".join(words.packed(p.type, p.name) for p in arguments_of(method)) or "0"
        lines = emit_c.comment(method.doc + " Errors of this: those of queue_submit.")
        lines += emit_c.wrapped(f"static inline int {self.interface.name}_submit_{method.name}",
                                parts + ["uint64_t *seq"], "")
        lines += ["{", f"    const uint64_t args_[4] = {{{values}}};", ""]
        if has_buffer:
            lines += words.leave_if([f"length > {buffer_of(method).type.bound}"],
                                    "return E_BAD_ARG;")
        where = "offset, length" if has_buffer else "0, 0"
        return lines + [f"    return queue_submit(queue, {self.op(method)}, {where}, args_, seq);",
                        "}", ""]

    def finish(self, method):
        result = result_of(method)
        parts = ["const struct queue_done *done"]
        out_buffer = returns_length(method)
        parts += ["uint64_t length"] if out_buffer else []
        parts += [f"{emit_c.c_type(result.type)} *result"] if result is not None else []
        lines = emit_c.comment(
            "What its completion says: E_OK, an error of the driver's, or BAD_ANSWER."
            + (" @length: of the buffer that was submitted; the result is at most that."
               if out_buffer else ""))
        lines += emit_c.wrapped(f"static inline int {self.interface.name}_finish_{method.name}",
                                parts, "")
        lines += ["{", "    if (done->status != E_OK) {",
                  "        return idl_refuse_status(done->status);", "    }"]
        if result is None:
            return lines + ["    return E_OK;", "}", ""]
        conditions = [words.bad(result.type, "done->value")]
        conditions += ["done->value > length"] if out_buffer else []
        lines += words.leave_if([c for c in conditions if c], "return E_BAD_ANSWER;")
        return lines + [f"    *result = {words.value(result.type, 'done->value')};",
                        "    return E_OK;", "}", ""]

    def start_prototype(self, method):
        parts = ["struct queue_driver *queue", "const struct queue_request *request"]
        parts += [emit_c.declare(p.type, p.name) for p in arguments_of(method)]
        return f"void {self.interface.name}_start_{method.name}", parts

    def request_check(self, method):
        """Conditions that make a request of @method bad."""
        found = [words.bad(p.type, f"request->arg[{i}]")
                 for i, p in enumerate(arguments_of(method))]
        found += [f"request->arg[{i}] != 0"
                  for i in range(len(arguments_of(method)), model.QUEUE_WORDS)]
        buffer = buffer_of(method)
        bound = 0 if buffer is None else buffer.type.bound
        return [c for c in found if c] + [f"request->length > {bound}"]

    def dispatch(self, methods):
        name = self.interface.name
        lines = emit_c.comment(
            "Serve a request that queue_take gave: what breaks the interface is completed with "
            "BAD_ARG, a FLUSH with success, all else goes to its function, which completes it "
            "with queue_complete at once or later.")
        lines += emit_c.wrapped(f"static inline void {name}_dispatch_request",
                                ["struct queue_driver *queue",
                                 "const struct queue_request *request"], "")
        lines += ["{", "    uint32_t status_ = E_BAD_ARG;", "", "    switch (request->op) {"]
        for method in methods:
            lines += [f"    case {self.op(method)}:"]
            values = ["queue", "request"]
            values += [words.value(p.type, f"request->arg[{i}]")
                       for i, p in enumerate(arguments_of(method))]
            check = words.leave_if(self.request_check(method), "break;")
            lines += ["    " + line for part in check for line in part.split("\n")]
            lines += ["    " + line for line in
                      emit_c.wrapped(f"    {name}_start_{method.name}", values, ";")]
            lines += ["        return;"]
        return lines + ["    case QUEUE_OP_FLUSH:", "        status_ = E_OK;", "        break;",
                        "    default:", "        status_ = E_BAD_CALL;", "        break;", "    }",
                        "    (void)queue_complete(queue, request->seq, status_, 0);", "}", ""]

    def header(self):
        name = self.interface.name
        methods = [m for m in self.interface.methods if m.is_async]
        guard = f"IDL_{name.upper()}_QUEUE_H"
        lines = self.banner(f"{name}_queue.h", "asynchronous methods, for both ends.")
        lines += [f"#ifndef {guard}", f"#define {guard}", "", f"#include <idl/{name}.h>",
                  "#include <quoll/queue.h>", ""]
        if methods:
            lines += self.ops(methods)
        for method in methods:
            lines += self.submit(method) + self.finish(method)
        for method in methods:
            lines += emit_c.comment(method.doc)
            lines += emit_c.wrapped(*self.start_prototype(method), ";") + [""]
        if methods:
            # A file that only submits defines no NAME_start_METHOD and uses none.
            lines += self.dispatch(methods)
        return "\n".join(lines + ["#endif", ""])
