"""disassemble.py - instructions of an ELF file, for tests that look at what was built."""
import re
import subprocess


def symbols(elf):
    """[(address, name)] of the code, sorted."""
    text = subprocess.run(["nm", "-n", elf], capture_output=True, text=True, check=True).stdout
    return [(int(address, 16), name)
            for address, name in re.findall(r"^(\w+) [tT] (\S+)$", text, re.M)]


def msr_writes(elf, msr):
    """{address: function} of each wrmsr that writes @msr, whose number was loaded just before."""
    found, path = {}, instructions(elf)
    for i, (address, mnemonic, _) in enumerate(path):
        near = [i for i in path[max(0, i - 6):i] if i[1:] == ("mov", f"${msr:#x},%ecx")]
        if mnemonic == "wrmsr" and near:
            found[address] = [name for start, name in symbols(elf) if start <= address][-1]
    return found


def instructions(elf, function=None, section=None):
    """[(address, mnemonic, operands)] of @function, of @section, or of all code."""
    what = [f"--disassemble={function}"] if function else ["-d"]
    what += [f"--section={section}"] if section else []
    text = subprocess.run(["objdump", *what, "--no-show-raw-insn", elf], capture_output=True,
                          text=True, check=True).stdout
    return [(int(address, 16), mnemonic, operands) for address, mnemonic, operands in
            re.findall(r"^ *([0-9a-f]+):\s+(\w+)\b *(\S*)", text, re.M)]
