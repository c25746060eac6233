"""emit_mock.py - the mock variant of a header: the same accessors, and for a test, in the
values' own types, X_will_read to script and X_was_written to check."""
import access
import emit_c
import model
import names
import values


def header(devices, shown_path):
    text = emit_c.header(devices, shown_path, access.Mock())
    lines = []
    for device in devices:
        if device.space == "memory":
            continue  # a structure in memory is its own mock
        lines += handle_key(device)
        for register in device.registers:
            if register.readable:
                lines += will_read(register)
            if register.writable and register.write_fields:
                lines += was_written(register)
    return text[:-len("#endif\n")] + "\n".join(lines + ["#endif", ""])


def handle_key(device):
    """Helpers take the device's handle, also for a bank's registers."""
    return values.block_comment(f"For tests of drivers of {device.name}.") + [""]


def signature(register, result, verb, parameter):
    device = register.map.device
    every = [f"struct {names.handle_type(device)} regs", *access.index_parameters(register),
             parameter]
    return values.head(f"static inline {result} {register.c_name}_{verb}({', '.join(every)})")


def identity(register):
    """A bank's handle is not needed to name its register."""
    return access.Mock.identity(register).replace("bank.regs.", "regs.")


def will_read(register):
    """The next read of the register gives @value."""
    value = values.read_value(register)
    if value is not None:
        raw = f"{value.tag}_raw(value)"
    elif values.is_raw(register):
        raw = "value"
    else:
        field = register.fields[0]
        shift = f" << {field.low}" if field.low else ""
        raw = f"({values.wide_type(register)})value{shift}"
    head = signature(register, "void", "will_read", f"{values.read_type(register)} value")
    return emit_c.function(head, [f"regs_mock_will_read({identity(register)}, {raw});"])


def was_written(register):
    """The oldest write not yet taken was to this register; @value is what."""
    value = values.write_value(register)
    bits = f"({values.raw_type(register.width)})raw"
    if value is not None:
        bits = f"{value.tag}_of({bits})"
    elif not values.is_raw(register):
        field = register.fields[0]
        flip = field.onwrite in model.NEUTRAL_ONE
        bits = values.unpacked(field, f"(~raw & {values.c_hex(field.mask, register)})"
                               if flip else "raw")
    head = signature(register, "bool", "was_written", f"{values.write_type(register)} *value")
    return emit_c.function(head, [
        "uint64_t raw;", "",
        f"if (!regs_mock_was_written({identity(register)}, &raw)) {{", "    return false;", "}",
        f"*value = {bits};", "return true;"])
