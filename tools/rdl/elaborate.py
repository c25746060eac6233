"""elaborate.py - from structure to a tree of instances: types found, parameters and defaults
applied, expressions computed. What the tree means as hardware is for model.py.

Source: SystemRDL 2.0, clause 5.1 (definitions, instances, scopes, default and dynamic
assignments).
"""
import dataclasses

import expression
import properties
import syntax
from errors import Mistake, Position, nearest

MAY_HOLD = {
    "root": ("addrmap", "regfile", "reg", "field"),
    "addrmap": ("addrmap", "regfile", "reg"),
    "regfile": ("regfile", "reg"),
    "reg": ("field",),
    "field": (),
}


@dataclasses.dataclass
class Entry:
    position: Position
    name: str
    value: int
    desc: str


@dataclasses.dataclass
class Enum:
    position: Position
    name: str
    entries: list

    def entry_of(self, value):
        return next((entry for entry in self.entries if entry.value == value), None)


@dataclasses.dataclass
class Value:
    """A property's value and where it was given."""
    value: object
    position: Position


class Node:
    """An instance: its properties, its place, and the instances in it."""

    def __init__(self, kind, name, position, parent):
        self.kind = kind
        self.name = name
        self.position = position
        self.parent = parent
        self.properties = {}
        self.children = {}
        self.array = None    # Value
        self.range = None    # (Value, Value): high, low
        self.address = None  # Value
        self.stride = None   # Value
        self.is_external = False

    def get(self, name, default=None):
        found = self.properties.get(name)
        return default if found is None else found.value

    def where(self, name):
        """Where the property was given, else where the instance is."""
        found = self.properties.get(name)
        return self.position if found is None else found.position

    def where_address(self):
        return self.address.position if self.address else self.position

    def is_external_somewhere(self):
        """External itself, or in something external."""
        return self.is_external or (self.parent is not None
                                    and self.parent.is_external_somewhere())

    def find(self, path):
        """The instance that @path names from here, or None."""
        node = self
        for name in path.names:
            node = node.children.get(name)
            if node is None:
                return None
        return node


@dataclasses.dataclass
class Type:
    """A component's definition together with the scope that it stands in."""
    definition: syntax.ComponentDef
    scope: object
    is_used: bool = False


class Scope:
    """Names that can be seen from one body. Defaults and types come from outside as they were
    when the body was reached."""

    def __init__(self, outer, user_properties):
        self.outer = outer
        self.types = {}
        self.enums = {}
        self.parameters = {}
        self.user_properties = user_properties
        self.defaults = dict(outer.defaults) if outer else {}

    def look_up(self, table, name):
        scope = self
        while scope is not None:
            if name in getattr(scope, table):
                return getattr(scope, table)[name]
            scope = scope.outer
        return None

    def names(self, table):
        return set(getattr(self, table)) | (self.outer.names(table) if self.outer else set())

    def has_parameter(self, name):
        return self.look_up("parameters", name) is not None

    def parameter(self, name):
        return self.look_up("parameters", name)

    def enum(self, name, position):
        found = self.look_up("enums", name)
        if found is None:
            raise Mistake(position, f"there is no enum `{name}`", nearest(name, self.names("enums"))
                          if self.names("enums") else "define it before its use")
        return found

    def enum_entry(self, literal):
        enum = self.enum(literal.enum, literal.position)
        for entry in enum.entries:
            if entry.name == literal.entry:
                return entry
        raise Mistake(literal.position, f"the enum `{enum.name}` has no value `{literal.entry}`",
                      nearest(literal.entry, [entry.name for entry in enum.entries]))


INSTANCES_MAX = 10000


def article(kind):
    return ("an " if kind[0] in "aeiou" else "a ") + kind


class Elaborator:
    def __init__(self, report):
        self.report = report
        self.instances = 0
        self.open_types = []  # whose bodies are being filled, the outermost first
        self.user_properties = {}
        self.root = Scope(None, self.user_properties)

    def run(self, statements):
        """The root's addrmaps that nothing else uses, as Nodes."""
        maps = []
        for statement in statements:
            try:
                if isinstance(statement, syntax.PropertyDef):
                    self.define_property(statement)
                elif isinstance(statement, syntax.ComponentDef):
                    maps.append(self.define(statement, self.root, "root"))
                else:
                    self.plain_statement(statement, self.root, "root")
            except Mistake as mistake:
                self.report.add_mistake(mistake)
        tops = [type_ for type_ in maps if type_ and type_.definition.kind == "addrmap"]
        nodes = []
        for type_ in tops:
            definition = type_.definition
            node = Node("addrmap", definition.name, definition.position, None)
            if not type_.is_used:
                self.fill(node, type_, [])
                nodes.append((type_, node))
        return [node for type_, node in nodes if not type_.is_used]

    # -- definitions -----------------------------------------------------------------------------

    def define_property(self, statement):
        known = self.user_properties.get(statement.name)
        if statement.name in properties.BUILT_IN or known:
            raise Mistake(statement.position, f"the property `{statement.name}` is there already",
                          "give this one another name")
        basic = ("boolean", "string", "number", "ref")
        if statement.type not in basic and statement.type not in self.root.enums:
            raise Mistake(statement.position,
                          f"the property's type `{statement.type}` is not there",
                          "use boolean, string, longint unsigned, ref or an enum defined before")
        self.user_properties[statement.name] = properties.Property(
            statement.name, tuple(statement.components), statement.type)

    def plain_statement(self, statement, scope, kind):
        if isinstance(statement, syntax.EnumDef):
            self.define_enum(statement, scope)
        elif isinstance(statement, syntax.Assign) and statement.is_default:
            self.default(statement, scope, kind)

    def define_enum(self, statement, scope):
        if statement.name in scope.enums:
            raise Mistake(statement.position, f"the enum `{statement.name}` is defined twice",
                          f"the other is at line {scope.enums[statement.name].position.line}; "
                          "rename one")
        entries = [Entry(entry.position, entry.name, expression.number(entry.value, scope),
                         entry.desc) for entry in statement.entries]
        for i, entry in enumerate(entries):
            for other in entries[:i]:
                if other.name == entry.name:
                    self.report.add(entry.position, f"the enum has two values named `{entry.name}`",
                                    f"the other is at line {other.position.line}; rename one")
                elif other.value == entry.value:
                    self.report.add(entry.position,
                                    f"`{entry.name}` and `{other.name}` are both {entry.value}",
                                    "give each value one name")
        scope.enums[statement.name] = Enum(statement.position, statement.name, entries)

    def define(self, definition, scope, holder):
        if definition.kind not in MAY_HOLD[holder]:
            raise self.misplaced(definition.position, definition.kind, holder)
        if not definition.name:
            raise Mistake(definition.position, f"this {definition.kind} has no name",
                          f"write {definition.kind} NAME {{ ... }};")
        if definition.name in scope.types:
            other = scope.types[definition.name].definition
            raise Mistake(definition.position, f"the type `{definition.name}` is defined twice",
                          f"the other is at line {other.position.line}; rename one")
        # Defaults apply as they are here, not as they will be at the end of the scope.
        snapshot = Scope(scope, self.user_properties)
        scope.types[definition.name] = Type(definition, snapshot)
        return scope.types[definition.name]

    @staticmethod
    def misplaced(position, kind, holder):
        allowed = MAY_HOLD[holder]
        right = f"{article(holder)} holds " + " or ".join(allowed) if allowed else \
            "a field holds properties only"
        return Mistake(position, f"{article(kind)} cannot stand in {article(holder)}", right)

    def default(self, statement, scope, kind):
        rule = self.rule(statement.name, statement.position)
        if not any(self.can_hold(kind, component) for component in rule.components):
            raise Mistake(statement.position, f"{article(kind)} holds nothing that has "
                          f"`{rule.name}`",
                          f"`{rule.name}` belongs to " + ", ".join(rule.components))
        scope.defaults[rule.name] = (rule, self.value(rule, statement, scope, None))

    def can_hold(self, kind, component):
        return any(inner == component or self.can_hold(inner, component)
                   for inner in MAY_HOLD[kind] if inner != kind)

    def rule(self, name, position):
        rule = properties.BUILT_IN.get(name) or self.user_properties.get(name)
        if rule is None and not self.user_properties:
            raise Mistake(position, f"there is no property `{name}` in the subset",
                          'for Quoll\'s own ones begin the file with `include "prelude.rdl"')
        if rule is None:
            known = set(properties.BUILT_IN) | set(self.user_properties)
            raise Mistake(position, f"there is no property `{name}` in the subset",
                          nearest(name, known))
        return rule

    # -- instances -------------------------------------------------------------------------------

    def fill(self, node, type_, arguments):
        """Apply the type's defaults, parameters and body to @node."""
        scope = Scope(type_.scope, self.user_properties)
        self.bind_parameters(type_.definition, scope, arguments)
        for rule, value in scope.defaults.values():
            if node.kind in rule.components:
                self.set(node, rule, value)
        given = set()
        self.open_types.append(type_)
        for statement in type_.definition.body:
            try:
                self.body_statement(statement, node, scope, given)
            except Mistake as mistake:
                self.report.add_mistake(mistake)
        self.open_types.pop()

    def bind_parameters(self, definition, scope, arguments):
        for parameter in definition.parameters:
            scope.parameters[parameter.name] = expression.number(parameter.default, scope)
        for name, value, position in arguments:
            if name not in scope.parameters:
                raise Mistake(position, f"`{definition.name or definition.kind}` has no parameter "
                              f"`{name}`", nearest(name, list(scope.parameters))
                              if scope.parameters else "it has none at all")
            scope.parameters[name] = value

    def body_statement(self, statement, node, scope, given):
        if isinstance(statement, syntax.ComponentDef):
            self.define(statement, scope, node.kind)
        elif isinstance(statement, syntax.Use):
            self.instantiate(statement, node, scope)
        elif isinstance(statement, syntax.DynamicAssign):
            target = node.find(statement.target)
            if target is None:
                raise Mistake(statement.target.position,
                              f"there is no instance `{statement.target}` here",
                              "the path begins at an instance of this component, defined above")
            self.assign(statement, target, scope, node)
        elif isinstance(statement, syntax.Assign) and not statement.is_default:
            if statement.name in given:
                raise Mistake(statement.position, f"`{statement.name}` is given twice",
                              "remove one")
            given.add(statement.name)
            self.assign(statement, node, scope, node)
        else:
            self.plain_statement(statement, scope, node.kind)

    def assign(self, statement, target, scope, here):
        rule = self.rule(statement.name, statement.position)
        if target.kind not in rule.components:
            raise Mistake(statement.position, f"{article(target.kind)} has no property "
                          f"`{rule.name}`",
                          f"`{rule.name}` belongs to " + ", ".join(rule.components))
        if rule.name in properties.REFUSED:
            raise Mistake(statement.position, f"`{rule.name}` cannot be compiled",
                          properties.REFUSED[rule.name])
        self.set(target, rule, self.value(rule, statement, scope, here))

    @staticmethod
    def set(node, rule, value):
        if rule.name in properties.SHORT:
            if value.value:
                name, word = properties.SHORT[rule.name]
                node.properties[name] = Value(word, value.position)
            return
        node.properties[rule.name] = value

    def value(self, rule, statement, scope, here):
        """A property's value in its type. @here resolves references to instances."""
        given = statement.value
        if given is None:
            if rule.type != "boolean":
                raise Mistake(statement.position, f"`{rule.name}` has no value",
                              f"write {rule.name} = VALUE;")
            return Value(True, statement.position)
        return Value(self.typed(rule, given, scope, here), given.position)

    def typed(self, rule, given, scope, here):
        if rule.type == "enum":
            if not isinstance(given, syntax.Path) or len(given.names) != 1:
                raise Mistake(given.position, f"`{rule.name}` wants an enum's name",
                              "write encode = NAME;")
            return scope.enum(given.names[0], given.position)
        if rule.type == "ref":
            return self.reference(rule, given, here)
        if rule.type in properties.WORDS:
            words = properties.WORDS[rule.type]
            if not isinstance(given, syntax.Literal) or given.value not in words:
                raise Mistake(given.position, f"`{rule.name}` cannot have this value",
                              "it is one of " + ", ".join(words))
            return given.value
        if rule.type == "number":
            return expression.number(given, scope)
        if rule.type in ("boolean", "string"):
            value = expression.compute(given, scope)
            if not isinstance(value, bool if rule.type == "boolean" else str):
                right = "true or false" if rule.type == "boolean" else 'a "string"'
                raise Mistake(given.position, f"`{rule.name}` cannot have this value",
                              f"it is {right}")
            return value
        if not isinstance(given, syntax.EnumLiteral) or given.enum != rule.type:
            raise Mistake(given.position, f"`{rule.name}` cannot have this value",
                          f"it is one of the enum `{rule.type}`: write {rule.type}::NAME")
        return scope.enum_entry(given).name

    @staticmethod
    def reference(rule, given, here):
        if not isinstance(given, syntax.Path) or here is None:
            raise Mistake(given.position, f"`{rule.name}` wants an instance",
                          "write its path, for example map.register.field")
        found = here.find(given)
        if found is None:
            raise Mistake(given.position, f"there is no instance `{given}` here",
                          "the path begins at an instance of this component, defined above")
        return found

    def instantiate(self, use, parent, scope):
        if isinstance(use.type, str):
            type_ = scope.look_up("types", use.type)
            if type_ is None:
                names = scope.names("types")
                raise Mistake(use.position, f"there is no type `{use.type}`",
                              nearest(use.type, names) if names else "define it before its use")
        else:
            if use.type.name:
                type_ = self.define(use.type, scope, parent.kind)
            else:
                type_ = Type(use.type, Scope(scope, self.user_properties))
        if type_ in self.open_types:
            raise Mistake(use.position, f"the type `{use.type}` holds itself",
                          "an instance's size must be finite")
        type_.is_used = True
        kind = type_.definition.kind
        if kind not in MAY_HOLD[parent.kind]:
            raise self.misplaced(use.position, kind, parent.kind)
        arguments = [(name, expression.number(value, scope), position)
                     for name, value, position in use.arguments]
        for instance in use.instances:
            node = self.instance(instance, parent, scope, type_, arguments)
            node.is_external = use.is_external

    def instance(self, instance, parent, scope, type_, arguments):
        if instance.name in parent.children:
            other = parent.children[instance.name]
            raise Mistake(instance.position, f"two instances are named `{instance.name}`",
                          f"the other is at line {other.position.line}; rename one")
        self.instances += 1
        if self.instances > INSTANCES_MAX:
            raise Mistake(instance.position, f"the file has more than {INSTANCES_MAX} instances",
                          "use arrays, or several files")
        node = Node(type_.definition.kind, instance.name, instance.position, parent)
        parent.children[instance.name] = node
        self.place(node, instance, scope)
        self.fill(node, type_, arguments)
        if instance.reset is not None:
            if node.kind != "field":
                raise Mistake(instance.reset.position, f"{article(node.kind)} has no reset value",
                              "give its fields reset values")
            node.properties["reset"] = Value(expression.number(instance.reset, scope),
                                             instance.reset.position)
        return node

    @staticmethod
    def place(node, instance, scope):
        def value(of):
            return None if of is None else Value(expression.number(of, scope), of.position)

        node.array = value(instance.array)
        node.address = value(instance.address)
        node.stride = value(instance.stride)
        if instance.range is not None:
            node.range = tuple(value(end) for end in instance.range)
