"""emit_words.py - C that packs values into a message's words, checks them and unpacks them.

Used for both ends of a call. Checks come first and write nothing; what fails leaves by one
statement that the caller names. Words 6 to 63 lie in the thread's IPC buffer.
"""
import model
import wire


def word(message, index):
    if index < model.REGISTER_WORDS:
        return f"{message}.w[{index}]"
    return f"task_buffer()->words[{index - model.REGISTER_WORDS}]"


def bits(value):
    return f"{value & (1 << 64) - 1:#x}ull"


def bad(type_, text):
    """A condition on the word @text that is true if it is no value of @type_; "" if all are."""
    if isinstance(type_, model.Enum):
        if type_.is_dense:
            return f"{text} > {len(type_.entries) - 1}"
        return f"!{type_.c_name}_is_valid({text})"
    if type_.bits == 64 and not type_.is_ranged:
        return ""
    if type_.low == 0:
        return f"{text} > {bits(type_.high)}"
    return f"{text} - {bits(type_.low)} > {bits(type_.high - type_.low)}"


def value(type_, text):
    """The word @text as a C value of @type_."""
    if isinstance(type_, model.Enum):
        return f"({type_.c}){text}"
    if type_.bits == 1:
        return f"{text} != 0"
    if type_.signed and type_.bits < 64:
        return f"({type_.c})(int64_t){text}"
    return text if type_.c == "uint64_t" else f"({type_.c}){text}"


def packed(type_, path):
    """The C value @path of @type_ as a word."""
    if isinstance(type_, model.Scalar) and type_.signed:
        return f"(uint64_t)(int64_t){path}"
    if isinstance(type_, model.Enum):
        return f"(uint64_t)(uint32_t){path}"
    return path if isinstance(type_, model.Scalar) and type_.bits == 64 else f"(uint64_t){path}"


def tail_length(tail):
    """C for the words that the contents of @tail take."""
    name = f"count{tail.number}_"
    if isinstance(tail.type, model.String) or tail.type.is_octets:
        return f"({name} + 7) / 8"
    each = wire.fixed_words(tail.type.element)
    return f"{name} * {each}" if each > 1 else name


def is_bytes(type_):
    return isinstance(type_, model.String) or type_.is_octets


# -- packing ---------------------------------------------------------------------------------------

def counts(layout, too_long):
    """Lines that take the counts of what is to be packed and leave by @too_long if one is over."""
    lines = []
    for tail in layout.tails:
        name = f"count{tail.number}_"
        if isinstance(tail.type, model.String):
            lines.append(f"    size_t {name} = strnlen({tail.path}, {tail.type.bound + 1});")
        else:
            lines.append(f"    size_t {name} = {tail.count_path};")
    conditions = [f"count{tail.number}_ > {tail.type.bound}" for tail in layout.tails]
    sequence = layout.cap_sequence
    if sequence is not None:
        path = next(w.path for w in layout.words if w.type is sequence.type)
        conditions.append(f"{path} > {sequence.type.bound}")
    if conditions:
        lines += [f"    if ({' || '.join(conditions)}) {{", f"        {too_long}", "    }"]
    return lines


def send_caps(layout):
    """Lines that name the capabilities to send, and C for how many."""
    lines = [f"    task_buffer()->send_caps[{i}] = {field.name};"
             for i, field in enumerate(layout.single_caps)]
    caps = str(len(layout.single_caps))
    if layout.cap_sequence is not None:
        name = layout.cap_sequence.name
        lines += [f"    for (size_t i_ = 0; i_ < {name}_count; i_++) {{",
                  f"        task_buffer()->send_caps[{caps} + i_] = {name}[i_];", "    }"]
        caps = f"(unsigned){name}_count + {caps}"
    return lines, caps


def pack(layout, message, label, caps):
    """Lines that fill @message, tag included; @label is C, @caps C for how many travel along."""
    lines = []
    numbers = {tail.word: tail.number for tail in layout.tails}
    for item in layout.words:
        if item.kind == "octets":
            lines.append(f"    (void)msg_put_bytes(&{message}, task_buffer(), {item.index}, "
                         f"{item.path}, {item.count});")
            continue
        text = packed(item.type, item.path) if item.kind == "scalar" else \
            f"count{numbers[item.index]}_" if item.index in numbers else item.path
        lines.append(f"    {word(message, item.index)} = {text};")
    if layout.tails:
        lines.append(f"    unsigned at_ = {layout.fixed};")
        for tail in layout.tails:
            lines += pack_tail(tail, message)
    words = "at_" if layout.tails else str(layout.fixed)
    lines.append(f"    {message}.tag = msg_tag_words({label}, {words}, {caps});")
    return lines


def pack_tail(tail, message):
    name = f"count{tail.number}_"
    if is_bytes(tail.type):
        return [f"    at_ = msg_put_bytes(&{message}, task_buffer(), at_, {tail.path}, {name});"]
    lines = [f"    for (size_t i_ = 0; i_ < {name}; i_++) {{"]
    for item in wire.element_layout(tail.type.element, f"{tail.path}[i_]").words:
        if item.kind == "octets":
            lines.append(f"        at_ = msg_put_bytes(&{message}, task_buffer(), at_, "
                         f"{item.path}, {item.count});")
        else:
            lines.append(f"        idl_put_word(&{message}, at_++, "
                         f"{packed(item.type, item.path)});")
    return lines + ["    }"]


# -- checking --------------------------------------------------------------------------------------

def check(layout, message, label, leave, has_tag=True):
    """Lines that leave by @leave unless @message has @label and exactly what @layout says. Behind
    them count0_, at0_ ... are the tails' counts and places. Without @has_tag the tag of a message
    of only registers is good already."""
    conditions = [bad(item.type, word(message, item.index)) for item in layout.words
                  if item.kind == "scalar"]
    conditions += [f"!idl_octets_are_valid(&{message}, {item.index}, {item.count})"
                   for item in layout.words if item.kind == "octets"]
    conditions = [condition for condition in conditions if condition]
    if not layout.tails and layout.cap_sequence is None:
        caps = len(layout.single_caps)
        tag = f"{message}.tag != msg_tag_words({label}, {layout.fixed}, {caps})"
        return leave_if([tag, *conditions] if has_tag else conditions, leave)
    lines = []
    for tail in layout.tails:
        lines.append(f"    uint64_t count{tail.number}_ = {word(message, tail.word)};")
    over = [f"count{tail.number}_ > {tail.type.bound}" for tail in layout.tails]
    caps = str(len(layout.single_caps))
    if layout.cap_sequence is not None:
        index = next(w.index for w in layout.words if w.type is layout.cap_sequence.type)
        lines.append(f"    uint64_t caps_ = {word(message, index)};")
        over.append(f"caps_ > {layout.cap_sequence.type.bound}")
        caps = f"(unsigned)caps_ + {caps}"
    lines += leave_if(over + conditions, leave)
    at = str(layout.fixed)
    for tail in layout.tails:
        lines.append(f"    unsigned at{tail.number}_ = {at};")
        at = f"at{tail.number}_ + (unsigned)({tail_length(tail)})"
    lines += leave_if([f"{message}.tag != msg_tag_words({label}, {at}, {caps})"], leave)
    for tail in layout.tails:
        lines += check_tail(tail, message, leave)
    return lines


def leave_if(conditions, leave):
    return [f"    if ({(' ||' + chr(10) + '        ').join(conditions)}) {{", f"        {leave}",
            "    }"] if conditions else []


def check_tail(tail, message, leave):
    count, at = f"count{tail.number}_", f"at{tail.number}_"
    if is_bytes(tail.type):
        kind = "text" if isinstance(tail.type, model.String) else "octets"
        return leave_if([f"!idl_{kind}_are_valid(&{message}, {at}, {count})".replace(
            "text_are", "text_is")], leave)
    conditions = []
    each = wire.fixed_words(tail.type.element)
    for item in wire.element_layout(tail.type.element, "").words:
        where = f"{at} + (unsigned)i_ * {each} + {item.index}"
        text = f"idl_word(&{message}, {where})"
        if item.kind == "octets":
            conditions.append(f"!idl_octets_are_valid(&{message}, {where}, {item.count})")
        elif bad(item.type, text):
            conditions.append(bad(item.type, text))
    if not conditions:
        return []
    inner = ["    " + line for part in leave_if(conditions, leave) for line in part.split("\n")]
    return [f"    for (size_t i_ = 0; i_ < {count}; i_++) {{", *inner, "    }"]


# -- unpacking -------------------------------------------------------------------------------------

def unpack(layout, message):
    """Lines that write what `check` has found good."""
    lines = []
    counted = {tail.word for tail in layout.tails}
    for item in layout.words:
        if item.kind == "octets":
            lines.append(f"    idl_get_octets(&{message}, {item.index}, {item.path}, "
                         f"{item.count});")
        elif item.kind == "scalar":
            lines.append(f"    {item.path} = {value(item.type, word(message, item.index))};")
        elif item.index not in counted:
            lines.append(f"    {item.path} = caps_;")
    for tail in layout.tails:
        lines += unpack_tail(tail, message)
    return lines


def unpack_tail(tail, message):
    count, at = f"count{tail.number}_", f"at{tail.number}_"
    if isinstance(tail.type, model.String):
        return [f"    idl_get_octets(&{message}, {at}, {tail.path}, {count});",
                f"    {tail.path}[{count}] = '\\0';"]
    is_member = "." in tail.count_path or "->" in tail.count_path
    lines = [f"    {tail.count_path} = {'(uint32_t)' if is_member else ''}{count};"]
    if tail.type.is_octets:
        return lines + [f"    idl_get_octets(&{message}, {at}, {tail.path}, {count});"]
    lines.append(f"    for (size_t i_ = 0; i_ < {count}; i_++) {{")
    each = wire.fixed_words(tail.type.element)
    for item in wire.element_layout(tail.type.element, f"{tail.path}[i_]").words:
        where = f"{at} + (unsigned)i_ * {each} + {item.index}"
        if item.kind == "octets":
            lines.append(f"        idl_get_octets(&{message}, {where}, {item.path}, {item.count});")
        else:
            lines.append(f"        {item.path} = "
                         f"{value(item.type, f'idl_word(&{message}, {where})')};")
    return lines + ["    }"]
