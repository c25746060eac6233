"""annotation.py - annotations: which there are, where they stand, and what they carry.

Standard ones (OMG IDL 4.2, clause 8.3) are always there; ours count once prelude.idl, or the file
itself, has declared them with @annotation (clause 7.4.15).
"""
import model
from errors import nearest

FLAG = {}
# name: (places, parameters {name: type}, which of them must be given)
STANDARD = {
    "range": (("parameter", "member", "typedef"), {"min": "any", "max": "any"}, ("min", "max")),
    "unit": (("parameter", "member"), {"value": "string"}, ("value",)),
    "value": (("enumerator",), {"value": "any"}, ("value",)),
    "oneway": (("method",), FLAG, ()),
}
OURS = {
    "number": (("interface",), {"value": "unsigned short"}, ("value",)),
    "by_task": (("interface",), FLAG, ()),
    "idempotent": (("method",), FLAG, ()),
    "async": (("method",), FLAG, ()),
    "waits": (("method",), FLAG, ()),
}


def a(word):
    return f"an {word}" if word[0] in "aei" else f"a {word}"


class Annotations:
    def __init__(self, report, resolver):
        self.report = report
        self.resolver = resolver
        self.known = dict(STANDARD)

    def declare(self, node, _scope):
        """`@annotation NAME { TYPE PARAMETER; };`"""
        if node.name in STANDARD:
            self.report.add(node.position, f"@{node.name} is a standard annotation",
                            "remove this: it is always there")
            return
        if node.name not in OURS:
            self.report.add(node.position, f"the compiler gives @{node.name} no meaning",
                            nearest(node.name, list(OURS)))
            return
        wanted = OURS[node.name][1]
        declared = {name: ref.name for name, ref, _, _ in node.members}
        if declared != wanted:
            text = " ".join(f"{type_} {name};" for name, type_ in wanted.items())
            self.report.add(node.position, f"@{node.name} has other parameters",
                            f"write @annotation {node.name} {{ {text} }};".replace("{  }", "{ }"))
        self.known[node.name] = OURS[node.name]

    def of(self, node, place, scope):
        """{name: value} of the annotations of @node; @range is {"range": {"min":, "max":}}."""
        found = {}
        for item in node.annotations:
            if item.name not in self.known:
                right = nearest(item.name, list(self.known))
                if item.name in OURS:
                    right = 'write #include "prelude.idl" first, which declares it'
                self.report.add(item.position, f"there is no annotation @{item.name}", right)
                continue
            places, parameters, required = self.known[item.name]
            if place not in places:
                self.report.add(item.position, f"@{item.name} says nothing of {a(place)}",
                                f"it stands before {' or '.join(map(a, places))}")
                continue
            if item.name in found:
                self.report.add(item.position, f"@{item.name} stands here twice", "remove one")
            values = self.arguments(item, parameters, required, scope)
            if values is not None:
                found[item.name] = values if item.name == "range" else values.get("value", True)
        return found

    def arguments(self, item, parameters, required, scope):
        values = {}
        for name, expression, position in item.arguments:
            if name not in parameters:
                right = f"it has {', '.join(parameters)}" if parameters else "write it alone"
                self.report.add(position, f"@{item.name} has no parameter `{name}`"
                                if name != "value" else f"@{item.name} takes no bare value", right)
                return None
            if name in values:
                self.report.add(position, f"`{name}` is given twice", "remove one")
                return None
            value = self.resolver.value(expression, scope)
            is_text = parameters[name] == "string"
            if isinstance(value, bool) or isinstance(value, str) != is_text:
                self.report.add(position, f"this is no value for @{item.name}",
                                'write "TEXT"' if is_text else "write a number")
                return None
            values[name] = value
        missing = [name for name in required if name not in values]
        if missing:
            self.report.add(item.position, f"@{item.name} lacks {' and '.join(missing)}",
                            f"write @{item.name}(" + ", ".join(
                                name if name == "value" else f"{name} = N" for name in required)
                            + ")")
            return None
        return values

    def ranged(self, type_, node, place, scope):
        """@type_ within the @range of @node, if it has one."""
        if not any(item.name == "range" for item in node.annotations):
            return type_
        limits = self.of(node, place, scope).get("range")
        if limits is None:
            return type_
        inner = type_
        while isinstance(inner, (model.Array, model.Sequence)):
            inner = inner.element
        if not isinstance(inner, model.Scalar) or inner.bits == 1:
            self.report.add(node.position, "@range says nothing of this type",
                            "it limits integers, and arrays and sequences of them")
            return type_
        low, high = limits["min"], limits["max"]
        if not inner.low <= low <= high <= inner.high:
            self.report.add(node.position, f"the range {low} .. {high} is empty or outside of the "
                            "type", f"the type holds {inner.low} .. {inner.high}")
            return type_
        return self.with_limits(type_, low, high)

    def with_limits(self, type_, low, high):
        if isinstance(type_, model.Array):
            return model.Array(self.with_limits(type_.element, low, high), type_.count)
        if isinstance(type_, model.Sequence):
            return model.Sequence(self.with_limits(type_.element, low, high), type_.bound)
        return model.Scalar(type_.idl, type_.bits, type_.signed, low, high)
