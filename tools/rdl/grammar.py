"""grammar.py - tokens to the structure of syntax.py. Stops at the first mistake.

Source: SystemRDL 2.0, annex B (grammar). What the subset leaves out is refused by its name.
"""
import expression
import syntax
import tokens
from errors import Mistake

KINDS = ("addrmap", "regfile", "reg", "field")
PROPERTY_WORDS = ("sw", "hw", "rclr", "rset", "woclr", "woset", "encode")
LEFT_OUT = {
    "mem": "describe memory as an addrmap with `space = space_kind::memory`",
    "signal": "describe only what software sees",
    "constraint": "remove it",
    "struct": "use several properties",
    "alias": "describe the register once",
    "posedge": "describe only what software sees",
    "negedge": "describe only what software sees",
    "bothedge": "describe only what software sees",
    "level": "describe only what software sees",
    "nonsticky": "describe only what software sees",
}


class Parser(tokens.TokenReader):
    # -- files -----------------------------------------------------------------------------------

    def run(self):
        """All statements of the root."""
        body = []
        while self.peek().kind != "end":
            token = self.peek()
            if self.sees("property"):
                body.append(self.property_def())
            elif self.sees("enum"):
                body.append(self.enum_def())
            elif self.sees("default"):
                body.append(self.assign())
            elif self.sees(*KINDS):
                body.append(self.component_def())
                if not self.sees(";"):
                    raise Mistake(self.peek().position,
                                  "an instance at the root is not in the subset",
                                  "a root definition ends with `};`: each addrmap of the root that "
                                  "nothing uses is compiled")
            else:
                raise Mistake(token.position,
                              f"{token.shown()} cannot begin a statement of the root",
                              "the root has `addrmap`, `regfile`, `reg`, `field`, `enum`, "
                              "`property` and `default`")
            self.expect(";", "a statement")
        return body

    def property_def(self):
        position = self.next().position
        name = self.name("a property")
        self.expect("{", "a property's definition")
        found = {}
        while not self.accept("}"):
            key = self.next()
            self.expect("=", "a property's definition")
            if key.text == "component":
                found["components"] = self.property_components()
            elif key.text == "type":
                found["type"] = self.property_type()
            else:
                raise Mistake(key.position, f"{key.shown()} cannot be said of a property",
                              "the subset has `component` and `type`")
            self.expect(";", "a statement")
        for key, what in (("components", "component"), ("type", "type")):
            if key not in found:
                raise Mistake(position, f"the property `{name.text}` has no `{what}`",
                              "write property NAME { component = addrmap | reg; type = boolean; };")
        return syntax.PropertyDef(position, name.text, found["type"], found["components"])

    def property_components(self):
        components = []
        while True:
            token = self.next()
            if token.text not in KINDS:
                raise Mistake(token.position, f"{token.shown()} is no component of the subset",
                              "use " + ", ".join(KINDS))
            components.append(token.text)
            if not self.accept("|"):
                return components

    def property_type(self):
        token = self.next()
        if token.text in ("longint", "bit"):
            self.accept("unsigned")
            return "number"
        if token.text in ("boolean", "string", "ref") or token.kind == "word":
            return token.text
        raise Mistake(token.position, f"{token.shown()} is no type of the subset",
                      "use boolean, string, longint unsigned, bit, ref or an enum's name")

    # -- components ------------------------------------------------------------------------------

    def body(self, what):
        self.expect("{", what)
        statements = []
        while not self.accept("}"):
            if self.peek().kind == "end":
                raise Mistake(self.peek().position, f"the file ends inside {what}",
                              "close it with `};`")
            statements.append(self.statement())
            self.expect(";", "a statement")
        return statements

    def statement(self):
        token = self.peek()
        if token.text in LEFT_OUT and token.kind == "keyword":
            raise Mistake(token.position, f"`{token.text}` is not in the subset",
                          LEFT_OUT[token.text])
        if self.sees("enum"):
            return self.enum_def()
        if self.sees("property"):
            raise Mistake(token.position, "a property is defined inside a component",
                          "define it at the root, before the first component")
        if self.sees("default", *PROPERTY_WORDS):
            return self.assign()
        if self.sees("external", "internal", *KINDS):
            return self.definition_or_use()
        if token.kind == "word" and self.peek(1).text in ("=", ";"):
            return self.assign()
        if token.kind == "word" and self.peek(1).text in ("->", "."):
            return self.dynamic_assign()
        if token.kind == "word":
            return self.use(token.position, self.next().text, False)
        raise Mistake(token.position, f"{token.shown()} cannot begin a statement",
                      "a component's body has properties, definitions and instances")

    def assign(self):
        position = self.peek().position
        is_default = self.accept("default") is not None
        name = self.next()
        if name.kind not in ("word", "keyword"):
            raise Mistake(name.position, f"{name.shown()} stands where a property should",
                          "write NAME = VALUE;")
        value = expression.parse(self) if self.accept("=") else None
        return syntax.Assign(name.position if not is_default else position, name.text, value,
                             is_default)

    def dynamic_assign(self):
        target = expression.path(self)
        self.expect("->", "an assignment to an instance's property")
        name = self.next()
        value = expression.parse(self) if self.accept("=") else None
        return syntax.DynamicAssign(name.position, target, name.text, value)

    def component_def(self):
        kind = self.next()
        name = "" if self.sees("{", "#") else self.name(f"a {kind.text}'s type").text
        parameters = self.parameters() if self.sees("#") else []
        body = self.body(f"{kind.text} {name}".strip())
        return syntax.ComponentDef(kind.position, kind.text, name, parameters, body)

    def definition_or_use(self):
        """`reg NAME {...}` is a definition; with instances after it, or without a name, a use."""
        start = self.peek()
        is_external = self.accept("external") is not None
        if not is_external:
            self.accept("internal")
        if not self.sees(*KINDS):
            return self.use(start.position, self.name("a component's type").text, is_external)
        definition = self.component_def()
        if not is_external and self.accept("external"):
            is_external = True
        if self.sees(";"):
            if not definition.name:
                raise Mistake(definition.position,
                              f"this {definition.kind} has neither type name nor instance",
                              "write the instance's name after `}`")
            return definition
        return self.use(definition.position, definition, is_external)

    def parameters(self):
        self.next()
        self.expect("(", "a list of parameters")
        found = []
        while True:
            kind = self.next()
            if kind.text not in ("longint", "bit", "boolean"):
                raise Mistake(kind.position, f"{kind.shown()} is no parameter type of the subset",
                              "use longint unsigned, bit or boolean")
            self.accept("unsigned")
            name = self.name("a parameter")
            self.expect("=", "a parameter (the subset wants a default value)")
            found.append(syntax.Parameter(name.position, name.text, kind.text,
                                          expression.parse(self)))
            if not self.accept(","):
                self.expect(")", "a list of parameters")
                return found

    def use(self, position, type_, is_external):
        arguments = self.arguments() if self.sees("#") else []
        instances = [self.instance()]
        while self.accept(","):
            instances.append(self.instance())
        return syntax.Use(position, type_, arguments, is_external, instances)

    def arguments(self):
        self.next()
        self.expect("(", "a list of parameter values")
        found = []
        while True:
            self.expect(".", "a parameter's value: .NAME(VALUE)")
            name = self.name("a parameter")
            self.expect("(", "a parameter's value: .NAME(VALUE)")
            found.append((name.text, expression.parse(self), name.position))
            self.expect(")", "a parameter's value: .NAME(VALUE)")
            if not self.accept(","):
                self.expect(")", "a list of parameter values")
                return found

    def instance(self):
        name = self.name("an instance")
        made = syntax.Instance(name.position, name.text)
        if self.accept("["):
            first = expression.parse(self)
            if self.accept(":"):
                made.range = (first, expression.parse(self))
            else:
                made.array = first
            self.expect("]", "a range or an array")
            if self.sees("["):
                raise Mistake(self.peek().position,
                              "an array of two dimensions is not in the subset",
                              "put the inner array in a regfile, and make that an array")
        if self.accept("="):
            made.reset = expression.parse(self)
        if self.accept("@"):
            made.address = expression.parse(self)
        if self.accept("+="):
            made.stride = expression.parse(self)
        if self.sees("%="):
            raise Mistake(self.peek().position, "`%=` is not in the subset",
                          "write the address: @ 0x10")
        return made

    # -- enums -----------------------------------------------------------------------------------

    def enum_def(self):
        position = self.next().position
        name = self.name("an enum")
        self.expect("{", "an enum")
        entries = []
        while not self.accept("}"):
            entry = self.name("an enum's value")
            self.expect("=", "an enum's value (the subset wants it written)")
            value = expression.parse(self)
            entries.append(syntax.EnumEntry(entry.position, entry.text, value, self.enum_desc()))
            self.expect(";", "an enum's value")
        if not entries:
            raise Mistake(position, f"the enum `{name.text}` is empty", "write NAME = VALUE; in it")
        return syntax.EnumDef(name.position, name.text, entries)

    def enum_desc(self):
        found = {"name": "", "desc": ""}
        if not self.accept("{"):
            return ""
        while not self.accept("}"):
            key = self.next()
            if key.text not in found:
                raise Mistake(key.position, f"{key.shown()} cannot be said of an enum's value",
                              "use `name` or `desc`")
            self.expect("=", "an enum's value")
            text = self.next()
            if text.kind != "string":
                raise Mistake(text.position, f"{text.shown()} is no string", 'write "..."')
            found[key.text] = text.value
            self.expect(";", "a statement")
        return found["desc"] or found["name"]
