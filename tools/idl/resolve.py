"""resolve.py - looks up names, computes constants, makes the model of one file.

Collects mistakes and goes on where it can. Source: OMG IDL 4.2, clauses 7.4.1.4 (constants,
types), 7.4.3 (interfaces), 7.4.15 and 8.3 (annotations), 7.5 (names and scopes).
"""
import pathlib

import annotation
import model
import syntax
from errors import Mistake, nearest


class Scope:
    """Names of a module or an interface; they differ in more than case (clause 7.2.3)."""

    def __init__(self, name, prefix, parent=None):
        self.name = name
        self.prefix = prefix
        self.parent = parent
        self.found = {}     # name -> what it means
        self.spelled = {}   # lower-case name -> (name, position)

    def find(self, name):
        scope = self
        while scope is not None:
            if name in scope.found:
                return scope.found[name]
            scope = scope.parent
        return None

    def known(self):
        return list(self.found) + (self.parent.known() if self.parent else [])


class Resolver:
    def __init__(self, report, path):
        self.report = report
        self.path = pathlib.Path(path).resolve()
        self.unit = model.Unit(str(path))
        self.root = Scope("", "")
        self.annotations = annotation.Annotations(report, self)
        self.pending = {}  # interfaces declared and not defined

    def is_own(self, position):
        return pathlib.Path(position.source.path).resolve() == self.path

    def run(self, definitions):
        for definition in definitions:
            self.guarded(self.define, definition, self.root)
        return self.unit

    def guarded(self, function, *args):
        try:
            return function(*args)
        except Mistake as mistake:
            self.report.add_mistake(mistake)
            return None

    # -- definitions -----------------------------------------------------------------------------

    def define(self, node, scope):
        kinds = {syntax.Module: self.module, syntax.AnnotationDef: self.annotations.declare,
                 syntax.InterfaceDef: self.interface, syntax.Const: self.const,
                 syntax.EnumDef: self.enum, syntax.StructDef: self.struct,
                 syntax.Typedef: self.typedef}
        if scope is self.root and not isinstance(node, (syntax.Module, syntax.AnnotationDef)):
            self.report.add(node.position, f"`{node.name}` stands outside of a module",
                            "put it into `module quoll { ... };`")
        kinds[type(node)](node, scope)

    def enter(self, scope, node, meaning):
        """Give @meaning its name in @scope."""
        name, lower = node.name, node.name.lower()
        if name == scope.name:
            raise Mistake(node.position, f"`{name}` is already the name of what it stands in",
                          "take another name")
        if lower in scope.spelled and scope.found.get(name) is not meaning:
            other, position = scope.spelled[lower]
            what = "is defined already" if other == name else \
                f"differs from `{other}` only in case"
            raise Mistake(node.position, f"`{name}` {what} (line {position.line})", "rename one")
        scope.found[name] = meaning
        scope.spelled[lower] = (name, node.position)
        if isinstance(meaning, (Scope, model.Object, model.Entry)):
            return
        if self.is_own(node.position):
            self.unit.definitions.append(meaning)
        else:
            stem = pathlib.Path(node.position.source.path).stem
            if stem not in self.unit.includes:
                self.unit.includes.append(stem)

    def module(self, node, scope):
        if node.name not in scope.found:
            self.enter(scope, node, Scope(node.name, node.name, scope))
        inner = scope.found[node.name]
        if self.is_own(node.position):
            self.unit.module = node.name
        for definition in node.body:
            self.guarded(self.define, definition, inner)

    def c_name(self, scope, name):
        return f"{scope.prefix}_{name}"

    def const(self, node, scope):
        type_ = self.type_of(node.type, scope)
        if not isinstance(type_, model.Scalar):
            raise Mistake(node.type.position, "a constant of this type is not in the subset",
                          "use boolean or an integer")
        value = self.value_in(node.value, scope, type_)
        self.enter(scope, node, model.Constant(node.name, self.c_name(scope, node.name).upper(),
                                               type_, value, node.doc, node.position))

    def enum(self, node, scope):
        entries, value = [], 0
        for entry in node.entries:
            given = self.annotations.of(entry, "enumerator", scope)
            value = given.get("value", value)
            if not 0 <= value <= 0x7fffffff:
                self.report.add(entry.position, f"the value {value} is out of range",
                                "an enum's values lie in 0 .. 2**31 - 1")
            if value in [other.value for other in entries]:
                self.report.add(entry.position, f"the enum has the value {value} already",
                                "give each its own")
            made = model.Entry(entry.name, self.c_name(scope, entry.name).upper(), value,
                               entry.doc, entry.position)
            self.guarded(self.enter, scope, entry, made)  # clause 7.5.2: beside the enum itself
            entries.append(made)
            value += 1
        self.enter(scope, node, model.Enum(node.name, self.c_name(scope, node.name),
                                           tuple(entries), node.doc, node.position))

    def struct(self, node, scope):
        fields, seen = [], {}
        for member in node.members:
            type_ = self.guarded(self.member_type, member, scope)
            if member.name.lower() in seen:
                self.report.add(member.position, f"the struct has `{seen[member.name.lower()]}` "
                                "already", "rename one")
            seen[member.name.lower()] = member.name
            if type_ is not None:
                unit = self.annotations.of(member, "member", scope).get("unit", "")
                fields.append(model.Field(member.name, type_, member.doc, unit, member.position))
        if not node.members:
            raise Mistake(node.position, "an empty struct is not in the subset",
                          "give it a member, or leave it out")
        self.enter(scope, node, model.Struct(node.name, self.c_name(scope, node.name),
                                             tuple(fields), node.doc, node.position))

    def member_type(self, member, scope):
        type_ = self.dimensioned(self.type_of(member.type, scope), member, scope)
        if isinstance(type_, model.Object) or isinstance(type_, model.Sequence) and type_.is_caps:
            raise Mistake(member.type.position, "a capability cannot be a struct's member",
                          "make it a parameter")
        return self.annotations.ranged(type_, member, "member", scope)

    def dimensioned(self, type_, node, scope):
        for dimension in reversed(node.dimensions):
            count = self.positive(dimension, scope, "an array's size")
            if isinstance(type_, model.Object) or model.is_tailed(type_):
                raise Mistake(node.position, "an array's elements have a fixed size",
                              "strings, sequences and capabilities cannot be in an array")
            type_ = model.Array(type_, count)
        return type_

    def typedef(self, node, scope):
        type_ = self.dimensioned(self.type_of(node.type, scope), node, scope)
        type_ = self.annotations.ranged(type_, node, "typedef", scope)
        self.enter(scope, node, model.Alias(node.name, self.c_name(scope, node.name), type_,
                                            node.doc, node.position))

    # -- interfaces ------------------------------------------------------------------------------

    def interface(self, node, scope):
        meaning = model.Object(node.name)
        if scope.found.get(node.name) != meaning:
            self.enter(scope, node, meaning)
        if node.body is None:
            return
        if (scope, node.name) in self.pending:
            raise Mistake(node.position, f"the interface `{node.name}` is defined already",
                          "remove one")
        self.pending[scope, node.name] = True
        inner = Scope(node.name, node.name, scope)
        given = self.annotations.of(node, "interface", scope)
        if self.is_own(node.position) and self.unit.interface is not None:
            raise Mistake(node.position, "a second interface in one file",
                          "one file, one interface: put this one into its own")
        made = model.Interface(node.name, given.get("number", 0), [], node.doc, node.position,
                               given.get("by_task", False))
        if "number" not in given:
            self.report.add(node.position, f"the interface `{node.name}` has no number",
                            "write @number(1 to 127) before it; it never changes")
        elif not 1 <= made.number <= 127:
            self.report.add(node.position, f"the number {made.number} is out of range",
                            "a session's badge has room for 1 to 127")
        if self.is_own(node.position):
            self.unit.interface = made
        for item in node.body:
            if isinstance(item, syntax.Op):
                self.guarded(self.method, item, inner, made)
            else:
                self.guarded(self.define, item, inner)

    def method(self, node, scope, interface):
        if node.name.lower() in scope.spelled:
            other, position = scope.spelled[node.name.lower()]
            raise Mistake(node.position, f"`{other}` is defined already (line {position.line})",
                          "rename one")
        scope.spelled[node.name.lower()] = (node.name, node.position)
        given = self.annotations.of(node, "method", scope)
        made = model.Method(node.name, len(interface.methods), [], node.doc, node.position,
                            *(given.get(key, False)
                              for key in ("oneway", "idempotent", "async", "waits")))
        interface.methods.append(made)
        seen = {}
        if node.result is not None:
            type_ = self.type_of(node.result, scope)
            made.params.append(model.Field("result", type_, "", "", node.result.position,
                                           "result"))
            seen["result"] = "result"
        for param in node.params:
            if param.name.lower() in seen:
                self.report.add(param.position, f"the method has `{seen[param.name.lower()]}` "
                                "already", "rename one")
            seen[param.name.lower()] = param.name
            type_ = self.annotations.ranged(self.type_of(param.type, scope), param, "parameter",
                                            scope)
            unit = self.annotations.of(param, "parameter", scope).get("unit", "")
            made.params.append(model.Field(param.name, type_, param.doc, unit, param.position,
                                           param.direction))

    # -- types and values ------------------------------------------------------------------------

    def lookup(self, name, scope, position):
        parts = name.split("::")
        if parts[0] == "":
            scope, parts = self.root, parts[1:]
        found = scope.find(parts[0])
        for part in parts[1:]:
            found = found.found.get(part) if isinstance(found, Scope) else None
        if found is None:
            known = [key for key in scope.known() if not isinstance(scope.find(key), Scope)]
            raise Mistake(position, f"`{name}` is not defined before this",
                          nearest(parts[-1], known) if known else "define it above")
        return found

    def type_of(self, ref, scope):
        if ref.kind == "base":
            return model.scalar(ref.name)
        if ref.kind == "object":
            return model.Object("")
        if ref.kind == "string":
            return model.String(self.positive(ref.bound, scope, "a string's bound"))
        if ref.kind == "sequence":
            return self.sequence(ref, scope)
        found = self.lookup(ref.name, scope, ref.position)
        if isinstance(found, model.Alias):
            return found.type
        if isinstance(found, (model.Enum, model.Struct, model.Object)):
            return found
        raise Mistake(ref.position, f"`{ref.name}` is no type",
                      "a struct, an enum, a typedef or an interface can stand here")

    def sequence(self, ref, scope):
        element = self.type_of(ref.element, scope)
        bound = self.positive(ref.bound, scope, "a sequence's bound")
        if model.is_tailed(element):
            raise Mistake(ref.element.position, "a sequence's elements have a fixed size",
                          "strings and sequences cannot be in a sequence")
        if isinstance(element, model.Array):
            raise Mistake(ref.element.position, "a sequence of arrays is not in the subset",
                          "put the array into a struct")
        return model.Sequence(element, bound)

    def positive(self, expression, scope, what):
        value = self.value(expression, scope)
        if isinstance(value, (bool, str)) or not 1 <= value <= model.QUEUE_BYTES_MAX:
            raise Mistake(expression[1], f"{what} cannot be {shown(value)}",
                          f"it lies in 1 .. {model.QUEUE_BYTES_MAX}")
        return value

    def value_in(self, expression, scope, type_):
        """The value, which must be one of the scalar @type_."""
        value = self.value(expression, scope)
        if isinstance(value, bool) != (type_.bits == 1) or isinstance(value, str):
            raise Mistake(expression[1], f"{shown(value)} is no {type_.idl}",
                          "write TRUE or FALSE" if type_.bits == 1 else "write a number")
        if not type_.low <= value <= type_.high:
            raise Mistake(expression[1], f"{value} is out of range",
                          f"{type_.idl} holds {type_.low} .. {type_.high}")
        return value

    def value(self, expression, scope):
        operator, position, *operands = expression
        if operator in ("number", "string", "boolean"):
            return operands[0]
        if operator == "name":
            found = self.lookup(operands[0], scope, position)
            if not isinstance(found, model.Constant):
                raise Mistake(position, f"`{operands[0]}` is no constant", "write a number")
            return found.value
        values = [self.value(operand, scope) for operand in operands]
        if any(isinstance(value, (bool, str)) for value in values):
            raise Mistake(position, f"`{operator.replace('unary', '')}` computes with numbers",
                          "TRUE, FALSE and strings stand alone")
        value = computed(operator, position, values)
        if not -(1 << 63) <= value < 1 << 64:
            raise Mistake(position, f"the result {value:#x} does not fit in 64 bits",
                          "use smaller operands")
        return value


def shown(value):
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return f'"{value}"' if isinstance(value, str) else str(value)


def computed(operator, position, values):
    left, right = values[0], values[-1]
    if operator in ("/", "%"):
        if right == 0:
            raise Mistake(position, "this divides by zero", "divide by something else")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if operator == "/" else left - right * quotient
    if operator in ("<<", ">>"):
        if not 0 <= right < 64:
            raise Mistake(position, f"this shifts by {right}", "shift by 0 to 63")
        return left << right if operator == "<<" else left >> right
    return {"|": lambda: left | right, "^": lambda: left ^ right, "&": lambda: left & right,
            "+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right,
            "unary-": lambda: -left, "unary+": lambda: left, "unary~": lambda: ~left}[operator]()
