"""expression.py - expressions: parsing and computing. Numbers are natural numbers of any size.

Source: SystemRDL 2.0, clause 7 (operators and their precedence).
"""
import syntax
from errors import Mistake
from lexer import BITS_MAX

# By precedence, the loosest first.
LEVELS = [("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<", "<=", ">", ">="),
          ("<<", ">>"), ("+", "-"), ("*", "/", "%"), ("**",)]
VALUE_WORDS = ("na", "rw", "wr", "r", "w", "rw1", "w1", "rclr", "rset", "ruser", "woset", "woclr",
               "wot", "wzs", "wzc", "wzt", "wclr", "wset", "wuser")

# -- parsing: `p` is the parser --------------------------------------------------------------------


def parse(p):
    condition = binary(p, 0)
    if not p.sees("?"):
        return condition
    position = p.next().position
    yes = parse(p)
    p.expect(":", "a choice: CONDITION ? YES : NO")
    return syntax.Operation(position, "?", [condition, yes, parse(p)])


def binary(p, level):
    if level == len(LEVELS):
        return unary(p)
    left = binary(p, level + 1)
    while p.sees(*LEVELS[level]):
        operator = p.next()
        right = binary(p, level + 1)
        left = syntax.Operation(operator.position, operator.text, [left, right])
    return left


def unary(p):
    if p.sees("-", "!", "~"):
        operator = p.next()
        if operator.text != "!":
            raise Mistake(operator.position,
                          f"`{operator.text}` before a value is not in the subset",
                          "write the value itself")
        return syntax.Operation(operator.position, "!", [unary(p)])
    return primary(p)


def primary(p):
    token = p.peek()
    if token.kind == "number":
        return syntax.Literal(p.next().position, "number", token.value)
    if token.kind == "string":
        return syntax.Literal(p.next().position, "string", token.value)
    if p.sees("true", "false"):
        return syntax.Literal(p.next().position, "boolean", token.text == "true")
    if p.sees(*VALUE_WORDS):
        return syntax.Literal(p.next().position, "keyword", token.text)
    if p.accept("("):
        inner = parse(p)
        p.expect(")", "an expression in parentheses")
        return inner
    if token.kind == "word":
        if p.peek(1).text == "::":
            p.next()
            p.next()
            return syntax.EnumLiteral(token.position, token.text, p.name("an enum's value").text)
        return path(p)
    raise Mistake(token.position, f"{token.shown()} stands where a value should",
                  "write a number, a string, true, false, a name or ENUM::VALUE")


def path(p):
    first = p.name("an instance")
    names = [first.text]
    while p.accept("."):
        names.append(p.name("an instance").text)
    return syntax.Path(first.position, names)


# -- computing -------------------------------------------------------------------------------------

OPERATORS = {
    "||": lambda a, b: int(bool(a) or bool(b)), "&&": lambda a, b: int(bool(a) and bool(b)),
    "|": lambda a, b: a | b, "^": lambda a, b: a ^ b, "&": lambda a, b: a & b,
    "==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b),
    "<": lambda a, b: int(a < b), "<=": lambda a, b: int(a <= b),
    ">": lambda a, b: int(a > b), ">=": lambda a, b: int(a >= b),
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b,
}


def number(node, scope):
    """The value of @node, which must be a natural number of at most 64 bits."""
    value = compute(node, scope)
    if isinstance(value, bool):
        value = int(value)
    if not isinstance(value, int):
        raise Mistake(node.position, "a number is needed here", "write one, for example 0x10")
    if value < 0 or value >> BITS_MAX:
        raise Mistake(node.position, f"the value {value} is out of range",
                      "it must lie in 0 .. 2**64 - 1")
    return value


def compute(node, scope):
    """A number, boolean or string, an enum's value word, or a Path that names no parameter."""
    if isinstance(node, syntax.Literal):
        return node.value
    if isinstance(node, syntax.EnumLiteral):
        return scope.enum_entry(node).value
    if isinstance(node, syntax.Path):
        if len(node.names) == 1 and scope.has_parameter(node.names[0]):
            return scope.parameter(node.names[0])
        raise Mistake(node.position, f"`{node}` is no parameter here",
                      "a value is a number, a parameter or ENUM::VALUE")
    if node.operator == "?":
        return compute(node.operands[1 if number(node.operands[0], scope) else 2], scope)
    values = [number(operand, scope) for operand in node.operands]
    if node.operator == "!":
        return int(not values[0])
    if node.operator in ("/", "%"):
        if values[1] == 0:
            raise Mistake(node.position, "division by 0", "divide by something else")
        return values[0] // values[1] if node.operator == "/" else values[0] % values[1]
    if node.operator in ("<<", ">>", "**"):
        if values[1] > BITS_MAX:
            raise Mistake(node.position, f"`{node.operator}` by {values[1]} leaves 64 bits",
                          "use at most 64")
        if node.operator == "**":
            return values[0] ** values[1]
        return values[0] << values[1] if node.operator == "<<" else values[0] >> values[1]
    return OPERATORS[node.operator](*values)
