"""emit_page.py - the Markdown reference page of a register file."""
import check
import check_register


def cell(text):
    return text.replace("|", "\\|")


def page(devices, shown_path):
    lines = [f"<!-- made by tools/rdl/rdlc.py --pages from {shown_path} -->", ""]
    for device in devices:
        lines += device_lines(device, shown_path)
    return "\n".join(lines)


def device_lines(device, shown_path):
    lines = [f"# {device.title}", ""]
    if device.desc:
        lines += [device.desc + ("" if device.desc.endswith(".") else "."), ""]
    lines += [f"Described in `{shown_path}`" + (f"; source: {device.source}" if device.source
                                                else "") + ".", "", space_line(device), ""]
    lines += ["| where | register | bits | access | reset | what |",
              "| --- | --- | --- | --- | --- | --- |"]
    for register in device.registers:
        lines.append(register_row(register))
    lines.append("")
    for map_ in device.maps:
        lines += map_notes(map_)
    lines += reserved_line(device)
    for register in device.registers:
        lines += register_section(register)
    return lines


def space_line(device):
    where = {"port": "I/O ports, relative to the device's first",
             "mmio": "device memory, in bytes from its start",
             "config": "PCI configuration space",
             "memory": "memory, in bytes from the start of the structure"}[device.space]
    return f"Places are in {where}. In C: `struct {handle(device)}`."


def handle(device):
    return device.name if device.space == "memory" else f"{device.name}_regs"


def place(register):
    if register.map.space == "indexed":
        text = f"index {register.map.index_of(register):#04x}"
        unit = register.bytes
    else:
        text, unit = f"{register.offset:#x}", 1
    for dimension in register.dimensions:
        text += f" + {dimension.stride // unit:#x} n"
    if register.map.bank is not None:
        bank = register.map.bank
        text += f" while {bank.field.name} = {bank.value}"
    return text


def full_name(register):
    return register.shown_name + "".join(f"[{d.count}]" for d in register.dimensions)


def access_of(register):
    words = [word for word, able in (("read", register.readable), ("write", register.writable))
             if able]
    return ", ".join(words)


def reset_of(register):
    """The whole register's, if every field has one."""
    if any(field.reset is None for field in register.fields):
        return ""
    value = register.reserved_ones
    for field in register.fields:
        value |= field.reset << field.low
    return f"{value:#0{register.width // 4 + 2}x}"


def register_row(register):
    return (f"| {place(register)} | {full_name(register)} | {register.width} | "
            f"{access_of(register)} | {reset_of(register)} | {cell(register.desc)} |")


def map_notes(map_):
    lines = []
    if map_.bank is not None:
        lines += [f"The bank `{map_.name}` is there while `{map_.bank.register.name}."
                  f"{map_.bank.field.name}` is {map_.bank.value}: between `{map_.c_name}_select` "
                  f"and `{map_.c_name}_release`.", ""]
    if map_.indexed is not None:
        indexed = map_.indexed
        before = f"`{indexed.pre_read.name}` is read, then " if indexed.pre_read else ""
        extra = f" ORed with {indexed.index_with:#x}" if indexed.index_with else ""
        name = f"`{map_.name}`" if map_.name else "The indexed registers"
        lines += [f"{name}: {before}the index{extra} is written to `{indexed.index.name}`; data is "
                  f"read from `{indexed.data_read.name}` and written to "
                  f"`{indexed.data_write.name}`.", ""]
    return lines


def reserved_line(device):
    bits = sum(bin(register.reserved).count("1") for register in device.registers)
    holes = undescribed(device)
    text = f"{bits} reserved bits" if bits else "No reserved bits"
    return [text + (f"; nothing is described at {holes}." if holes else "."), ""]


def undescribed(device):
    """Ranges of bytes between the registers that no register takes."""
    used = set()
    for register in device.registers:
        if register.map.space != "indexed":
            used |= check.places(register)
    if not used or max(used) > 1 << 16:
        return ""
    mask = sum(1 << at for at in range(max(used) + 1) if at not in used)
    holes = []
    for part in reversed(check_register.bits_of(mask).split(", ")) if mask else []:
        ends = [f"{int(end):#x}" for end in reversed(part.split(":"))]
        holes.append("-".join(ends))
    return ", ".join(holes)


def register_section(register):
    lines = [f"## {full_name(register)}", ""]
    about = "; ".join(text.rstrip(".") for text in (register.desc, register.source) if text)
    if about:
        lines += [about[0].upper() + about[1:] + ".", ""]
    why = register.why_no_update() if register.readable and register.writable else ""
    if why:
        lines += [f"No read-modify-write: {why}.", ""]
    lines += ["| bits | field | access | reset | what |", "| --- | --- | --- | --- | --- |"]
    rows = [(field.high, field_row(field)) for field in register.fields]
    if register.reserved:
        for part in check_register.bits_of(register.reserved).split(", "):
            high = int(part.split(":")[0])
            ones = " as one" if register.reserved_ones >> high & 1 else ""
            rows.append((high, f"| {part} | | reserved{', written' + ones if ones else ''} | | |"))
    lines += [row for _, row in sorted(rows, key=lambda pair: -pair[0])]
    return lines + [""]


def field_row(field):
    what = field.desc
    if field.enum is not None:
        entries = ", ".join(f"{entry.value} = {entry.name}" + (f" ({entry.desc})" if entry.desc
                                                               else "")
                            for entry in field.enum.entries)
        what = f"{what}: {entries}" if what else entries
    reset = "" if field.reset is None else f"{field.reset:#x}"
    return f"| {field.bits} | {field.name} | {field.access} | {reset} | {cell(what)} |"
