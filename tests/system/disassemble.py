"""disassemble.py - instructions of an ELF file, for tests that look at what was built."""
import re
import subprocess


def instructions(elf, function=None, section=None):
    """[(address, mnemonic, operands)] of @function, of @section, or of all code."""
    what = [f"--disassemble={function}"] if function else ["-d"]
    what += [f"--section={section}"] if section else []
    text = subprocess.run(["objdump", *what, "--no-show-raw-insn", elf], capture_output=True,
                          text=True, check=True).stdout
    return [(int(address, 16), mnemonic, operands) for address, mnemonic, operands in
            re.findall(r"^ *([0-9a-f]+):\s+(\w+)\b *(\S*)", text, re.M)]
