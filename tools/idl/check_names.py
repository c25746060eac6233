"""check_names.py - the names that the generated C has: none twice, none a word of C.

Most come with the interface's name in front and cannot meet; what can is found here.
"""
import model
from cnames import C_WORDS, Names

# Names that the generated functions have for what is not in the file.
TAKEN = {"cap", "slots", "call", "reply", "error"}
TAKEN_ASYNC = {"queue", "request", "done", "seq", "offset", "length"}
# Macros of headers that the generated ones include.
MACROS = {"NULL", "true", "false", "bool", "assert"}


def check(unit, report):
    made = Names(report)
    for item in unit.definitions:
        check_definition(item, made, report)
    interface = unit.interface
    if interface is None:
        return
    upper = interface.name.upper()
    for tail in ("INTERFACE", "METHODS", "RIGHTS_ALL", "OPS_KNOWN", "OPS_WAIT"):
        made.add(f"{upper}_{tail}", interface.position, "the interface")
    for method in interface.methods:
        for kind in ("LABEL", "RIGHT", "OP"):
            made.add(f"{upper}_{kind}_{method.name.upper()}", method.position,
                     f"the method `{method.name}`")
        check_params(method, report)


def check_definition(item, made, report):
    if isinstance(item, model.Constant):
        made.add(item.c_name, item.position, f"the constant `{item.name}`")
    elif isinstance(item, model.Alias):
        if isinstance(item.type, (model.String, model.Sequence)):
            made.add(item.c_name.upper() + "_MAX", item.position, f"the bound of `{item.name}`")
    elif isinstance(item, model.Enum):
        made.add(item.c_name.upper() + "_COUNT", item.position, f"the enum `{item.name}`")
        for entry in item.entries:
            made.add(entry.c_name, entry.position, f"the value `{entry.name}`")
    elif isinstance(item, model.Struct):
        members = Names(report)
        for field in item.fields:
            refuse_word(field, report)
            members.add(field.name, field.position, f"the member `{field.name}`")
            if isinstance(field.type, model.Sequence):
                members.add(f"{field.name}_count", field.position,
                            f"the count of `{field.name}`")


def refuse_word(field, report):
    if field.name in C_WORDS or field.name in MACROS:
        report.add(field.position, f"`{field.name}` is a word of C", "take another name")


def check_params(method, report):
    taken = TAKEN_ASYNC if method.is_async else TAKEN
    for p in method.params:
        if p.direction == "result":
            continue
        refuse_word(p, report)
        if p.name in taken:
            report.add(p.position, f"`{p.name}` is a parameter that the generated functions have "
                       "themselves", "take another name")
    names = Names(report)
    for p in method.params:
        for tail in ("", "_count", "_max") if isinstance(p.type, model.Sequence) else ("",):
            names.add(p.name + tail, p.position, f"the parameter `{p.name}`")
