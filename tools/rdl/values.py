"""values.py - a register's value in C: enums, structures, and the way to raw bits and back.

A register of one field has that field's value; one of several a structure of bit-fields in the
register's own layout. So reading or building a value costs nothing until a field is used, a
value fits in one machine register, and what is not named goes back as it was read.
"""
import dataclasses

import model
import names


def raw_type(width):
    return f"uint{width}_t"


def wide_type(register):
    """In which packing computes, so that no operand is promoted to a signed type."""
    return "uint64_t" if register.width == 64 else "uint32_t"


def suffix(register):
    return "ull" if register.width == 64 else "u"


def c_hex(value, register):
    return f"{value:#x}{suffix(register)}"


def field_type(field):
    if field.enum is not None:
        return f"enum {names.enum_type(field.register.map.device, field.enum)}"
    if field.width == 1:
        return "bool"
    return raw_type(next(width for width in (8, 16, 32, 64) if field.width <= width))


def field_type_bits(field):
    """How many bits the C type holds; a boolean holds one."""
    if field.enum is not None:
        return 32
    return 1 if field.width == 1 else next(w for w in (8, 16, 32, 64) if field.width <= w)


def is_wide(field):
    """C computes with a bit-field of over 32 bits in just its width, so that a shift to the left
    would lose bits: such a field has functions instead of a member."""
    return not is_scalar(field.register) and field.width > 32 and field.enum is None


def is_scalar(register):
    return len(register.fields) == 1


def is_raw(register):
    """The value is the register's bits."""
    field = register.fields[0]
    return is_scalar(register) and field.width == register.width and field.enum is None \
        and field.onwrite not in model.NEUTRAL_ONE


def read_type(register):
    if is_scalar(register):
        return field_type(register.fields[0])
    return f"struct {names.value_tags(register)[0]}"


def write_type(register):
    if is_scalar(register):
        return field_type(register.fields[0])
    return f"struct {names.value_tags(register)[-1]}"


def value_name(register, writing):
    """The parameter's name: a scalar says what it is."""
    if is_scalar(register) and writing:
        name = register.fields[0].write_name
        return name if name != register.fields[0].name else "value"
    return "value"


# -- text ------------------------------------------------------------------------------------------

def comment(text):
    return text.replace("*/", "* /").replace("/*", "/ *")


def wrapped(text, indent, first, limit=100):
    """@text in lines of at most @limit, the first after @first, the others after @indent."""
    lines, line, is_fresh = [], first, True
    for word in text.split():
        if not is_fresh and len(line) + 1 + len(word) > limit:
            lines.append(line)
            line, is_fresh = indent, True
        line += word if is_fresh else " " + word
        is_fresh = False
    return lines + [line]


def block_comment(text):
    lines = wrapped(comment(text), " * ", "/* ", 97)
    return lines[:-1] + [lines[-1] + " */"]


def with_notes(rows):
    """Lines of code with comments behind them, aligned; (code, comment) each."""
    width = max(len(code) for code, note in rows)
    lines = []
    for code, note in rows:
        if not note:
            lines.append(code)
            continue
        start = code.ljust(width) + " /* "
        more = wrapped(comment(note), " " * (len(start) - 3) + " * ", start, 97)
        lines += more[:-1] + [more[-1] + " */"]
    return lines


def statement(text, indent="    ", limit=100):
    """A statement in lines of at most @limit, broken at the outermost commas or ors, or, where
    that does not do, behind the first parenthesis."""
    text = indent + text
    if len(text) <= limit or "(" not in text:
        return [text]
    cuts, depth = [], []
    for i, char in enumerate(text):
        if char == "(":
            depth.append(i + 1)
        elif char == ")" and depth:
            depth.pop()
        elif char == " " and depth and text[i - 1] in ",|" and i < limit:
            cuts.append((len(depth), -i, depth[-1]))
    if cuts:
        _, cut, column = min(cuts)
        lines = [text[:-cut], *statement(text[-cut + 1:], " " * column, limit)]
        if max(map(len, lines)) <= limit:
            return lines
    first = text.index("(") + 1
    return [text[:first], *statement(text[first:], indent + "    ", limit)]


def head(text):
    """A function's first lines; what is too long for one breaks behind the result's type."""
    lines = statement(text, "")
    if len(lines[0]) > 100:
        at = text.rindex(" ", 0, text.index("(")) + 1
        lines = [text[:at - 1], *statement(text[at:], "")]
    return lines


def enums(device):
    lines = []
    for enum in device.enums:
        lines.append(f"enum {names.enum_type(device, enum)} {{")
        lines += with_notes([(f"    {names.enumerator(device, enum, entry)} = {entry.value},",
                              entry.desc) for entry in enum.entries])
        lines += ["};", ""]
    return lines


# -- structures ------------------------------------------------------------------------------------

@dataclasses.dataclass
class Value:
    """A structure that a register makes: for reading, for writing, or for both."""
    register: object
    tag: str
    fields: list
    is_read: bool
    is_write: bool

    def name_of(self, field):
        """In a value to be written, a field that a one clears is called clear_x."""
        return field.name if self.is_read else field.write_name

    @property
    def flipped(self):
        """Bits where doing nothing is a one on the bus: a value has a zero there."""
        if self.is_read:
            return 0
        return sum(field.mask for field in self.fields if field.onwrite in model.NEUTRAL_ONE)


def structures(register):
    """One, or two if what is read cannot be written back."""
    tags = names.value_tags(register)
    if len(tags) == 2:
        return [Value(register, tags[0], register.read_fields, True, False),
                Value(register, tags[1], register.write_fields, False, True)]
    if len(tags) == 1:
        fields = register.read_fields if register.readable else register.write_fields
        return [Value(register, tags[0], fields, register.readable, register.writable)]
    return []


def read_value(register):
    return next((value for value in structures(register) if value.is_read), None)


def write_value(register):
    return next((value for value in structures(register) if value.is_write), None)


def member_type(field):
    """Numbers have the register's type: bit-fields of char have moved between compilers."""
    plain = field_type(field)
    return plain if plain == "bool" or field.enum is not None else raw_type(field.register.width)


def member_rows(value):
    """(declaration, comment) for each bit of the register, from the lowest."""
    raw, rows, bit = raw_type(value.register.width), [], 0
    for field in [*value.fields, None]:
        low = value.register.width if field is None else field.low
        if low > bit:
            rows.append((f"    {raw} {reserved_name(bit, low - 1)} : {low - bit};", ""))
        if field is None:
            break
        if is_wide(field):
            rows.append((f"    {raw} {reserved_name(field.low, field.high)} : {field.width};",
                         f"{value.name_of(field)}: by the functions below"))
        else:
            rows.append((f"    {member_type(field)} {value.name_of(field)} : {field.width};",
                         field_note(value, field)))
        bit = field.high + 1
    return rows


def reserved_name(low, high):
    return f"reserved_{high}_{low}" if high != low else f"reserved_{low}"


def field_note(value, field):
    notes = [f"bit {field.bits}" if field.width == 1 else f"bits {field.bits}"]
    if value.is_write and not field.writable:
        notes.append("read only")
    notes += field.access.split("; ")[1:]
    return ", ".join(notes) + (f": {field.desc}" if field.desc else "")


def structure_lines(value):
    register, tag = value.register, value.tag
    raw = raw_type(register.width)
    lines = [f"struct REGS_VALUE {tag} {{", *with_notes(member_rows(value)), "    REGS_LAZY;", "};",
             f'_Static_assert(sizeof(struct {tag}) == {register.bytes}, "one register");', ""]
    limits = [f"#define {names.maximum(field)} {c_hex(field.max, register)}"
              for field in value.fields if member_type(field) == raw and needs_limit(field)]
    lines += limits + [""] if limits and value is structures_first(value) else []
    flip = f" ^ {c_hex(value.flipped, register)}" if value.flipped else ""
    ones = f" | {c_hex(register.reserved_ones, register)}" \
        if value.is_write and register.reserved_ones else ""
    result = f"({raw})({'(raw' + flip + ')' if flip and ones else 'raw' + flip}{ones})" \
        if flip or ones else "raw"
    lines += [*head(f"static inline struct {tag} {tag}_of({raw} raw)"), "{",
              f"    struct {tag} value;", "",
              *([f"    raw = ({raw})(raw{flip});"] if flip else []),
              "    __builtin_memcpy(&value, &raw, sizeof(value));", "    return value;", "}", ""]
    lines += [*head(f"static inline {raw} {tag}_raw(struct {tag} value)"), "{",
              f"    {raw} raw;", "",
              "    __builtin_memcpy(&raw, &value, sizeof(raw));", f"    return {result};", "}", ""]
    for field in value.fields:
        if is_wide(field):
            lines += wide_functions(value, field)
    return lines


def needs_limit(field):
    """No cast says that a number has just these bits; a mask does."""
    return field.width not in (8, 16, 32) and not is_wide(field)


def structures_first(value):
    """The register's first structure; it alone defines the limits that both share."""
    first = structures(value.register)[0]
    return value if first.tag == value.tag else first


def wide_functions(value, field):
    name = value.name_of(field)
    tag, type_ = value.tag, field_type(field)
    member = reserved_name(field.low, field.high)
    return [*head(f"static inline {type_} {tag}_{name}(struct {tag} value)"), "{",
            f"    return value.{member};", "}", "",
            *head(f"static inline struct {tag} {tag}_with_{name}(struct {tag} value, "
                  f"{type_} {name})"), "{",
            f"    REGS_FITS({name}, {c_hex(field.max, field.register)});",
            f"    value.{member} = {name} & {c_hex(field.max, field.register)};",
            "    return value;", "}", ""]


# -- single fields ---------------------------------------------------------------------------------

def packed(field, value):
    """The C expression of @value at the field's place, as it is written."""
    register = field.register
    text = f"({wide_type(register)}){value}"
    if field.onwrite in model.NEUTRAL_ONE:
        text = f"(~{text} & {c_hex(field.max, register)})"
    elif field_type_bits(field) > field.width:
        text = f"({text} & {c_hex(field.max, register)})"
    return f"{text} << {field.low}" if field.low else text


def unpacked(field, raw):
    """The field's value out of the expression @raw."""
    register = field.register
    if field_type(field) == "bool":
        return f"({raw} & {c_hex(field.mask, register)}) != 0"
    shifted = f"{raw} >> {field.low}" if field.low else raw
    if field.low + field.width < register.width:
        shifted = f"{shifted} & {c_hex(field.max, register)}"
    return f"({field_type(field)})({shifted})"


def fit_check(field, name):
    """A constant that does not fit its field stops the compilation."""
    if field_type_bits(field) <= field.width:
        return []
    return [f"REGS_FITS({name}, {c_hex(field.max, field.register)});"]
