"""check.py - what must hold of a file beyond its grammar: messages have room, rules of methods.

Names that the generated C would have twice are found in check_names.py.
"""
import check_names
import model
import wire


def check(unit, report, end):
    """@end is the file's end, where what is missing is missing."""
    check_names.check(unit, report)
    if unit.interface is None:
        if not unit.definitions and not unit.path.endswith("prelude.idl"):
            report.add(end, "the file defines nothing", "write an interface, or types to include")
        return
    interface = unit.interface
    if not interface.doc:
        report.add(interface.position, f"the interface `{interface.name}` is not described",
                   "write /** what it is for */ before it")
    if not interface.methods:
        report.add(interface.position, f"the interface `{interface.name}` has no methods",
                   "write one: void name(in TYPE NAME);")
    for method in interface.methods:
        check_method(method, report)


def check_method(method, report):
    if method.index == model.METHODS_MAX:
        report.add(method.position, f"an interface has at most {model.METHODS_MAX} methods",
                   "a session's badge has a bit of rights for each: make a second interface")
    if not method.doc:
        report.add(method.position, f"the method `{method.name}` is not described",
                   "write /** what it does */ before it")
    if method.is_async:
        check_async(method, report)
        return
    if method.is_oneway and method.outputs:
        report.add(method.outputs[0].position, "a @oneway method has no answer",
                   "make it void without `out` parameters, or remove @oneway")
    if method.is_oneway and (method.is_idempotent or method.is_waiting):
        report.add(method.position, "a @oneway method has no answer to wait for",
                   "remove @idempotent and @waits, or @oneway")
    for fields, what in ((method.inputs, "request"), (method.outputs, "answer")):
        check_room(method, fields, what, report)


def check_room(method, fields, what, report):
    layout = wire.Builder(True).run(fields)
    if layout.most_words > model.WORDS_MAX:
        report.add(method.position, f"the {what} of `{method.name}` takes up to "
                   f"{layout.most_words} words", f"a message has {model.WORDS_MAX}: lower a bound")
    if layout.most_caps > model.CAPS_MAX:
        report.add(method.position, f"the {what} of `{method.name}` carries up to "
                   f"{layout.most_caps} capabilities", f"a message carries {model.CAPS_MAX}")
    sequences = [field for field, _ in layout.caps if isinstance(field.type, model.Sequence)]
    if len(sequences) > 1 or sequences and layout.caps[-1][0] is not sequences[0]:
        report.add(sequences[-1].position, "a sequence of capabilities is the last of them",
                   "put it behind the others, and have only one")


def is_buffer(field):
    return isinstance(field.type, model.Sequence) and field.type.is_octets


def check_async(method, report):
    """A queue's slot has four argument words and names one buffer; its answer has one word."""
    if method.is_oneway or method.is_idempotent:
        report.add(method.position, "an @async method goes through a queue",
                   "remove @oneway and @idempotent: they are for calls")
    buffers = [p for p in method.params if is_buffer(p)]
    for extra in buffers[1:]:
        report.add(extra.position, "an @async method has one buffer", "use two methods")
    for p in method.params:
        if is_buffer(p):
            continue
        if not isinstance(p.type, (model.Scalar, model.Enum)):
            report.add(p.position, f"`{p.name}` cannot travel in a queue's slot",
                       "an @async method has integers, enums, booleans and one sequence of octets")
        elif p.direction == "out":
            report.add(p.position, "an @async method answers with one word",
                       "make it the return value")
    words = [p for p in method.inputs if not is_buffer(p)]
    if len(words) > model.QUEUE_WORDS:
        report.add(words[model.QUEUE_WORDS].position,
                   f"a queue's slot has {model.QUEUE_WORDS} argument words",
                   "put what is more into the buffer")


def check_numbers(units, report):
    """Of all interfaces together."""
    seen = {}
    for unit in units:
        number = unit.interface.number
        if number in seen:
            report.add(unit.interface.position, f"`{seen[number].name}` has the number {number} "
                       "too", "take one that is free; docs/idl.md lists them")
        seen.setdefault(number, unit.interface)
