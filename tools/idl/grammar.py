"""grammar.py - tokens to the structure of syntax.py. Stops at the first mistake.

Source: OMG IDL 4.2, clause 7.4 (grammar; core data types, interfaces) and 7.4.15 (annotations).
What the subset leaves out is refused by its name.
"""
import dataclasses

import syntax
import tokens
from errors import Mistake

USE_INSTEAD = {
    "char": "use octet", "wchar": "use octet", "wstring": "use string<N>",
    "float": "use integers in a unit small enough", "double": "use integers",
    "fixed": "use integers in a unit small enough", "any": "name the type",
    "union": "use a struct with an enum, or two methods", "map": "use a sequence of structs",
    "bitset": "use booleans, or unsigned long with constants",
    "bitmask": "use booleans, or unsigned long with constants",
    "int8": "use short with @range", "uint8": "use octet", "int16": "use short",
    "uint16": "use unsigned short", "int32": "use long", "uint32": "use unsigned long",
    "int64": "use long long", "uint64": "use unsigned long long",
    "exception": "every method returns an error of errors.def",
    "raises": "every method returns an error of errors.def",
    "attribute": "write methods get_X and set_X", "readonly": "write a method get_X",
    "oneway": "write @oneway before the method", "valuetype": "use a struct",
    "abstract": "remove it", "local": "remove it", "native": "remove it", "context": "remove it",
    "import": "use #include", "typeid": "remove it", "typeprefix": "remove it",
    "component": "use an interface", "home": "use an interface", "eventtype": "use a struct",
    "porttype": "use an interface", "connector": "use an interface",
}
INTEGERS = ("short", "long", "unsigned")
NAME_MAX = 48


class Parser(tokens.TokenReader):
    def expect(self, text, where):
        if text == ">" and self.sees(">>"):  # two sequences end here
            token = self.peek()
            self.tokens[self.at] = dataclasses.replace(token, text=">")
            return token
        return super().expect(text, where)

    def refuse_left_out(self, token):
        if token.kind == "keyword" and token.text in USE_INSTEAD:
            raise Mistake(token.position, f"`{token.text}` is not in the subset",
                          USE_INSTEAD[token.text])

    def name(self, of_what):
        token = super().name(of_what)
        if len(token.text) > NAME_MAX:
            raise Mistake(token.position, f"the name has {len(token.text)} characters",
                          f"at most {NAME_MAX} keep the generated names readable")
        if token.text.endswith("_") or "__" in token.text:
            raise Mistake(token.position, f"`{token.text}` has an underscore too many",
                          "names that end in one, or have two in a row, are the generated code's")
        return token

    def body(self, what, statement):
        """`{ statement* }`"""
        self.expect("{", what)
        found = []
        while not self.accept("}"):
            if self.peek().kind == "end":
                raise Mistake(self.peek().position, f"the file ends inside {what}",
                              "close it with `};`")
            found.append(statement())
        return found

    # -- files -----------------------------------------------------------------------------------

    def run(self):
        found = []
        while self.peek().kind != "end":
            found.append(self.definition(at_root=True))
        return found

    def definition(self, at_root=False):
        doc = self.peek().doc
        if self.sees("@") and self.peek(1).text == "annotation":
            return self.annotation_def()
        annotations = self.annotations()
        doc = doc or self.peek().doc
        token = self.peek()
        if self.sees("module"):
            if not at_root:
                raise Mistake(token.position, "a module in a module is not in the subset",
                              "write one `module quoll { ... };`")
            self.no_annotations(annotations, "a module")
            return self.module()
        if self.sees("interface"):
            return self.interface(annotations, doc)
        return self.type_or_const(annotations, doc, "a definition: module, interface, struct, enum, "
                                  "typedef or const")

    def type_or_const(self, annotations, doc, wanted):
        token = self.peek()
        if self.sees("typedef"):
            return self.typedef(annotations, doc)
        if self.sees("const", "enum", "struct"):
            self.no_annotations(annotations, f"a {token.text}")
            return {"const": self.const, "enum": self.enum, "struct": self.struct}[token.text](doc)
        self.refuse_left_out(token)
        raise Mistake(token.position, f"{token.shown()} cannot begin a definition",
                      f"here stands {wanted}")

    @staticmethod
    def no_annotations(annotations, what):
        if annotations:
            raise Mistake(annotations[0].position,
                          f"@{annotations[0].name} says nothing of {what}",
                          "annotations stand before interfaces, methods, parameters, members, "
                          "typedefs and enumerators")

    def module(self):
        self.next()
        name = self.name("a module")
        body = self.body(f"module {name.text}", self.definition)
        self.expect(";", "a module's end")
        return syntax.Module(name.position, name.text, body)

    # -- annotations -----------------------------------------------------------------------------

    def annotation_def(self):
        self.next()
        self.next()
        name = self.name("an annotation")
        members = self.body(f"@annotation {name.text}", self.annotation_member)
        self.expect(";", "an annotation's end")
        return syntax.AnnotationDef(name.position, name.text, members)

    def annotation_member(self):
        type_ = self.type_ref()
        name = self.name("an annotation's parameter")
        default = self.expression() if self.accept("default") else None
        self.expect(";", "an annotation's parameter")
        return (name.text, type_, default, name.position)

    def annotations(self):
        found = []
        while self.accept("@"):
            name = self.next()
            if name.kind not in ("word", "keyword"):
                raise Mistake(name.position, f"{name.shown()} stands where an annotation's name "
                              "should", "write @NAME or @NAME(VALUE)")
            arguments = self.annotation_arguments() if self.accept("(") else []
            found.append(syntax.Annotation(name.position, name.text, arguments))
        return found

    def annotation_arguments(self):
        found = []
        while True:
            token = self.peek()
            if token.kind in ("word", "keyword") and self.peek(1).text == "=":
                self.at += 2
                found.append((token.text, self.expression(), token.position))
            else:
                found.append(("value", self.expression(), token.position))
            if not self.accept(","):
                self.expect(")", "an annotation's list of values")
                return found

    # -- types -----------------------------------------------------------------------------------

    def type_ref(self):
        token = self.peek()
        if self.sees("boolean", "octet"):
            return syntax.TypeRef(self.next().position, "base", token.text)
        if self.sees("Object"):
            return syntax.TypeRef(self.next().position, "object")
        if self.sees(*INTEGERS):
            return syntax.TypeRef(token.position, "base", self.integer())
        if self.sees("string"):
            self.next()
            return syntax.TypeRef(token.position, "string", bound=self.bound("string"))
        if self.sees("sequence"):
            self.next()
            self.expect("<", "a sequence")
            element = self.type_ref()
            if not self.accept(","):
                self.expect(">", "a sequence")
                raise Mistake(token.position, "this sequence has no bound",
                              "write sequence<TYPE, MOST>: every message has a fixed room")
            bound = self.expression(no_shift=True)
            self.expect(">", "a sequence")
            return syntax.TypeRef(token.position, "sequence", element=element, bound=bound)
        if token.kind == "word" or self.sees("::"):
            return syntax.TypeRef(token.position, "name", self.scoped_name())
        self.refuse_left_out(token)
        raise Mistake(token.position, f"{token.shown()} stands where a type should",
                      "types are boolean, octet, [unsigned] short, long and long long, string<N>, "
                      "sequence<T, N>, Object and what has a name")

    def integer(self):
        words = [self.next().text]
        while self.sees("short", "long") and len(words) < 3:
            words.append(self.next().text)
        name = " ".join(words)
        if name in ("unsigned", "unsigned short long", "short long", "long short", "short short",
                    "unsigned long short", "unsigned short short", "long long long"):
            raise Mistake(self.tokens[self.at - len(words)].position, f"`{name}` is no type",
                          "integers are short, long and long long, each also unsigned")
        if name == "long" and self.sees("double"):
            self.refuse_left_out(self.peek())
        return name

    def bound(self, what):
        position = self.peek(-1).position
        if not self.accept("<"):
            raise Mistake(position, f"this {what} has no bound",
                          f"write {what}<MOST>: every message has a fixed room")
        bound = self.expression(no_shift=True)
        self.expect(">", f"a {what}'s bound")
        return bound

    def scoped_name(self):
        parts = [""] if self.accept("::") else []
        parts.append(self.name("a type").text)
        while self.accept("::"):
            parts.append(self.name("a type").text)
        return "::".join(parts)

    def dimensions(self):
        found = []
        while self.accept("["):
            found.append(self.expression())
            self.expect("]", "an array")
        return found

    def typedef(self, annotations, doc):
        self.next()
        annotations = annotations + self.annotations()
        type_ = self.type_ref()
        name = self.name("a typedef")
        dimensions = self.dimensions()
        end = self.expect(";", "a typedef")
        return syntax.Typedef(name.position, name.text, type_, dimensions, annotations,
                              doc or end.after)

    def const(self, doc):
        self.next()
        type_ = self.type_ref()
        name = self.name("a constant")
        self.expect("=", "a constant")
        value = self.expression()
        end = self.expect(";", "a constant")
        return syntax.Const(name.position, name.text, type_, value, doc or end.after)

    def enum(self, doc):
        self.next()
        name = self.name("an enum")
        self.expect("{", "an enum")
        entries = []
        while not entries or self.accept(","):
            before = self.peek().doc
            annotations = self.annotations()
            before = before or self.peek().doc
            entry = self.name("an enum's value")
            if self.sees("="):
                raise Mistake(self.peek().position, "an enum's value is not assigned",
                              f"write @value(N) {entry.text}")
            behind = self.peek() if self.sees(",") else entry
            entries.append(syntax.Enumerator(entry.position, entry.text, annotations,
                                             before or behind.after or entry.after))
        self.expect("}", "an enum (values are separated by commas)")
        self.expect(";", "an enum's end")
        return syntax.EnumDef(name.position, name.text, entries, doc)

    def struct(self, doc):
        self.next()
        name = self.name("a struct")
        if self.sees(":"):
            raise Mistake(self.peek().position, "a struct that inherits is not in the subset",
                          "make the other struct a member")
        members = [member for group in self.body(f"struct {name.text}", self.members)
                   for member in group]
        self.expect(";", "a struct's end")
        return syntax.StructDef(name.position, name.text, members, doc)

    def members(self):
        doc = self.peek().doc
        annotations = self.annotations()
        doc = doc or self.peek().doc
        type_ = self.type_ref()
        found = []
        while not found or self.accept(","):
            name = self.name("a struct's member")
            found.append(syntax.Member(name.position, name.text, type_, self.dimensions(),
                                       annotations, doc))
        end = self.expect(";", "a struct's member")
        for member in found:
            member.doc = member.doc or end.after
        return found

    # -- interfaces ------------------------------------------------------------------------------

    def interface(self, annotations, doc):
        self.next()
        name = self.name("an interface")
        if self.accept(";"):
            return syntax.InterfaceDef(name.position, name.text, None, annotations, doc)
        if self.sees(":"):
            raise Mistake(self.peek().position, "an interface that inherits is not in the subset",
                          "a task that serves two interfaces has two sessions")
        body = self.body(f"interface {name.text}", self.export)
        self.expect(";", "an interface's end")
        return syntax.InterfaceDef(name.position, name.text, body, annotations, doc)

    def export(self):
        doc = self.peek().doc
        annotations = self.annotations()
        doc = doc or self.peek().doc
        if self.sees("typedef", "const", "enum", "struct"):
            return self.type_or_const(annotations, doc, "")
        if self.sees("interface", "module"):
            raise Mistake(self.peek().position, f"`{self.peek().text}` cannot stand in an "
                          "interface", "close the interface before it")
        if self.accept("void"):
            return self.operation(None, annotations, doc)
        return self.operation(self.type_ref(), annotations, doc)

    def operation(self, result, annotations, doc):
        name = self.name("a method")
        self.expect("(", "a method")
        params = []
        if not self.accept(")"):
            params.append(self.param())
            while self.accept(","):
                params.append(self.param())
            self.expect(")", "a method's list of parameters")
        self.expect(";", "a method")
        return syntax.Op(name.position, name.text, result, params, annotations, doc)

    def param(self):
        doc = self.peek().doc
        annotations = self.annotations()
        direction = self.peek()
        if self.sees("inout"):
            raise Mistake(direction.position, "`inout` is not in the subset",
                          "write one `in` and one `out` parameter")
        if not self.sees("in", "out"):
            raise Mistake(direction.position,
                          f"{direction.shown()} stands where a parameter's direction should",
                          "write `in TYPE NAME` or `out TYPE NAME`")
        self.next()
        type_ = self.type_ref()
        name = self.name("a parameter")
        if self.sees("["):
            raise Mistake(self.peek().position, "a parameter has no dimensions",
                          "name the array by a typedef")
        behind = self.peek()
        return syntax.Param(name.position, direction.text, name.text, type_, annotations,
                            doc or direction.doc or behind.after or name.after)

    # -- expressions (clause 7.4.1.4.3) ------------------------------------------------------------

    LEVELS = (("|",), ("^",), ("&",), ("<<", ">>"), ("+", "-"), ("*", "/", "%"))

    def expression(self, level=0, no_shift=False):
        """A tree of (operator, position, operands...). In <...> a `>` ends it, so >> does too."""
        if level == len(self.LEVELS):
            return self.unary(no_shift)
        left = self.expression(level + 1, no_shift)
        while self.sees(*self.LEVELS[level]) and not (no_shift and self.sees(">>")):
            operator = self.next()
            left = (operator.text, operator.position, left, self.expression(level + 1, no_shift))
        return left

    def unary(self, no_shift):
        token = self.peek()
        if self.sees("-", "+", "~"):
            self.next()
            return ("unary" + token.text, token.position, self.unary(no_shift))
        if self.accept("("):
            inner = self.expression()
            self.expect(")", "an expression")
            return inner
        if token.kind in ("number", "string"):
            return (token.kind, self.next().position, token.value)
        if self.sees("TRUE", "FALSE"):
            return ("boolean", self.next().position, token.text == "TRUE")
        if token.kind == "word" or self.sees("::"):
            return ("name", token.position, self.scoped_name())
        raise Mistake(token.position, f"{token.shown()} stands where a value should",
                      "values are numbers, TRUE, FALSE, constants and what is computed of them")
