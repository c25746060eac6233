#!/usr/bin/env python3
"""Write docs/abi.md from the ABI's one definition: kernel/include/quoll/*.def and abi.h.

gen_abi.py          writes docs/abi.md
gen_abi.py --check  exits 1 if docs/abi.md is not what would be written

The conditions under which an operation gives an error are listed here, one row for each error
that ops.def names; a row too few or too many stops the run.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ABI = ROOT / "kernel/include/quoll"
OUT = ROOT / "docs/abi.md"

SLOT_ARG = "an index is 0 or lies outside its CNode"
SLOT_FULL = "a slot to be filled is not empty"
DEVICE_PAYS = "device memory is to pay, or "
TOO_DEEP = "the derivation tree would become too deep"
PAYS = "the untyped that pays has not enough room left"
TOO_LATE = "CLOSE has been called, or there is an Irq"
NO_BUFFER = "the caller has no IPC buffer, and the message has 18 words"

CONDITIONS = {
    ("UNTYPED", "RETYPE"): {
        "BAD_ARG": "the type is not one that retype makes, size_bits is out of its range, the count "
                   "is 0, or the slots do not lie in the CNode; device memory gives only untyped and frames",
        "EXISTS": SLOT_FULL, "NO_MEMORY": "the untyped has not enough room left for all of them",
        "LIMIT": TOO_DEEP + ", or CNodes nest too deeply",
    },
    ("CNODE", "COPY"): {"BAD_ARG": SLOT_ARG, "EXISTS": SLOT_FULL,
                        "LIMIT": "the derivation tree would become too deep"},
    ("CNODE", "MINT"): {"BAD_ARG": SLOT_ARG + "; the source has a badge already, or its type carries none",
                        "EXISTS": SLOT_FULL, "LIMIT": "the derivation tree would become too deep"},
    ("CNODE", "MOVE"): {"BAD_ARG": SLOT_ARG, "EXISTS": SLOT_FULL,
                        "LIMIT": "the capability owns a CNode that is not younger than the destination"},
    ("CNODE", "DELETE"): {"BAD_ARG": SLOT_ARG},
    ("CNODE", "REVOKE"): {"BAD_ARG": SLOT_ARG},
    ("CNODE", "INFO"): {"BAD_ARG": SLOT_ARG},
    ("CNODE", "CANCEL"): {"BAD_ARG": SLOT_ARG + ", or word 2 is neither 0 nor 1"},
    ("THREAD", "CONFIGURE"): {"BAD_ARG": "the buffer is device memory or not 4 KiB",
                              "BUSY": "the thread is not stopped",
                              "LIMIT": "the derivation tree would become too deep"},
    ("THREAD", "SET_PRIORITY"): {"BAD_ARG": "the priority is above the Budget's maximum"},
    ("THREAD", "START"): {"BAD_ARG": "RIP or RSP is not below USER_TOP",
                          "BUSY": "the thread is not stopped"},
    ("THREAD", "RESUME"): {"BUSY": "the thread is not stopped"},
    ("THREAD", "READ_REGS"): {"NOBUF": NO_BUFFER, "BUSY": "the thread is neither stopped nor faulted"},
    ("THREAD", "WRITE_REGS"): {"NOBUF": NO_BUFFER, "BUSY": "the thread is neither stopped nor faulted",
                               "BAD_ARG": "RIP or RSP is not below USER_TOP"},
    ("THREAD", "READ_FPU"): {"NOBUF": "the caller has no IPC buffer",
                             "BAD_ARG": "there is no such part, or the thread may not use the FPU",
                             "BUSY": "the thread is neither stopped nor faulted"},
    ("THREAD", "WRITE_FPU"): {"NOBUF": "the caller has no IPC buffer",
                              "BAD_ARG": "there is no such part, the thread may not use the FPU, or MXCSR has bits "
                                         "that the CPU refuses",
                              "BUSY": "the thread is neither stopped nor faulted"},
    ("THREAD", "WRITE_DEBUG"): {"BAD_ARG": "an address is no user address; DR6 has other bits than B0 to B3 and BS; DR7 "
                                           "has GD, RTM or reserved bits, a breakpoint on I/O, or one on an "
                                           "instruction with a length",
                                "BUSY": "the thread is neither stopped nor faulted"},
    ("THREAD", "STEP"): {"BAD_ARG": "the argument is neither 0 nor 1",
                         "BUSY": "the thread is neither stopped nor faulted"},
    ("THREAD", "BIND"): {"BUSY": "the thread or the notification is bound already", "LIMIT": TOO_DEEP},
    ("THREAD", "SET_FS_BASE"): {"BAD_ARG": "the base is not a user address"},
    ("VSPACE", "MAP_TABLE"): {"BAD_ARG": "the address is not a user address",
                              "EXISTS": "all levels above the page are there, or a large page is",
                              "BUSY": "the table is mapped already, or the capability is a copy"},
    ("VSPACE", "MAP"): {"BAD_ARG": "the address is misaligned for the frame or no user address, WRITE and EXEC "
                                   "together, no READ, unknown rights or cache attribute",
                        "EXISTS": "something is mapped there",
                        "NO_TABLE": "a page table is missing: word 0 is its level",
                        "BUSY": "the frame capability is mapped already"},
    ("TABLE", "UNMAP"): {"NOT_MAPPED": "it is not mapped"},
    ("FRAME", "UNMAP"): {"NOT_MAPPED": "it is not mapped"},
    ("FRAME", "PROTECT"): {"BAD_ARG": "WRITE and EXEC together, no READ, or unknown rights", "NOT_MAPPED": "it is not mapped"},
    ("NOTIFICATION", "SET_DEADLINE"): {"BAD_ARG": "a deadline is given without bits"},
    ("IRQ", "BIND"): {"LIMIT": "the derivation tree would become too deep"},
    ("IRQ", "SET_LIMIT"): {"BAD_ARG": "a limit without a period or the reverse, either above 2^32 - 1, a Notification "
                                      "without a limit, or one whose capability has no badge",
                           "LIMIT": "the derivation tree would become too deep"},
    ("IRQ_CONTROL", "CREATE"): {"BAD_ARG": "no IO-APIC has that pin, no such unit, unknown flags, MSI with a pin or other flags, "
                                           "a requester id above 0xffff or without MSI, "
                                           + DEVICE_PAYS + SLOT_ARG,
                                "EXISTS": SLOT_FULL, "NO_MEMORY": PAYS,
                                "BUSY": "the pin is used with other flags, or by edges; the unit's faults have an Irq",
                                "LIMIT": "the pin has 8 sharers, no vector is free, or " + TOO_DEEP},
    ("IOPORT_CONTROL", "CREATE"): {"BAD_ARG": DEVICE_PAYS + SLOT_ARG, "EXISTS": SLOT_FULL, "NO_MEMORY": PAYS,
                                   "BUSY": "the VSpace has a PortMap already", "LIMIT": TOO_DEEP},
    ("IOPORT_CONTROL", "GRANT"): {"BAD_ARG": "first is above last, or last above 0xffff",
                                  "BUSY": "the range overlaps another grant"},
    ("CPU_CONTROL", "CREATE"): {"BAD_ARG": "the budget exceeds its period, the period is too short or above 2^32 - 1, or the priority "
                                         "PRIORITY_MAX; " + DEVICE_PAYS + SLOT_ARG,
                                "EXISTS": SLOT_FULL, "NO_MEMORY": PAYS, "LIMIT": TOO_DEEP},
    ("IOSPACE", "MAP_TABLE"): {"BAD_ARG": "the address is not below IOVA_TOP",
                               "EXISTS": "all levels above the page are there, or a large page is",
                               "BUSY": "the table is mapped already, or the capability is a copy"},
    ("IOSPACE", "MAP"): {"BAD_ARG": "the address is misaligned for the frame, or a part of it lies below IOVA_MIN, above "
                                    "IOVA_TOP or in the window of interrupts; neither READ nor WRITE, or other "
                                    "rights; a frame of 1 GiB, or of 2 MiB where a unit has no such pages",
                         "EXISTS": "something is mapped there",
                         "NO_TABLE": "a table is missing: word 0 is its level",
                         "BUSY": "the frame capability is mapped already"},
    ("IO_TABLE", "UNMAP"): {"NOT_MAPPED": "it is not mapped"},
    ("DEVICE", "ASSIGN"): {"LIMIT": "the units have no number for one more IoSpace in use, or " + TOO_DEEP},
    ("DEVICE", "SILENCE"): {"BAD_ARG": "the argument is neither 0 nor 1"},
    ("DEVICE_CONTROL", "ADD_IOAPIC"): {"BAD_ARG": "a word is out of its range, or there are 8 IO-APICs", "BUSY": TOO_LATE},
    ("DEVICE_CONTROL", "ADD_UNIT"): {"BAD_ARG": "a word is out of its range, records cross a page, or there are 8 units",
                                     "BUSY": TOO_LATE},
    ("DEVICE_CONTROL", "CLOSE"): {"BUSY": TOO_LATE},
    ("DEVICE_CONTROL", "START"): {"BUSY": "CLOSE has not been called, there is no unit, START has been called, or there is an Irq"},
    ("DEVICE_CONTROL", "CREATE"): {"BAD_ARG": "there is no such unit, the requester id is above 0xffff, " + DEVICE_PAYS + SLOT_ARG,
                                   "EXISTS": SLOT_FULL + ", or there is a Device with that requester id",
                                   "NO_MEMORY": PAYS, "LIMIT": TOO_DEEP},
    ("DEVICE_CONTROL", "INFO"): {"BAD_ARG": "there is no such unit"},
    ("DEVICE_CONTROL", "FETCH"): {"BAD_ARG": "there is no such unit", "BUSY": "it has no record of a fault"},
}

STRING = r'"((?:[^"\\]|\\.)*)"'


def rows(name, macro, pattern):
    """The rows of a .def table, in its order."""
    text = (ABI / name).read_text()
    found = re.findall(r"^%s\(%s\)" % (macro, pattern), text, re.M)
    if len(found) != len(re.findall(r"^%s\(" % macro, text, re.M)):
        sys.exit(f"gen_abi: a row of {name} is not understood")
    return found


def defines(prefix):
    """#define PREFIX... value /* text */ of abi.h."""
    found = re.findall(r"^#define (%s\w+)[ \t]+(\([^)]*\)|\S+)(?:[ \t]*/\*\s*(.*?)\s*\*/)?" % prefix,
                       (ABI / "abi.h").read_text(), re.M)
    return [(name, value.rstrip("u"), text) for name, value, text in found]


def enum(name):
    """NAME = value of one enum of abi.h, with its comment."""
    body = re.search(r"enum %s \{(.*?)\n\};" % name, (ABI / "abi.h").read_text(), re.S)
    if not body:
        sys.exit(f"gen_abi: abi.h has no enum {name}")
    return re.findall(r"(\w+) = (\d+),(?:[ \t]*/\*\s*(.*?)\s*\*/)?", body.group(1))


def table(head, lines):
    """A Markdown table."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    for line in lines:
        yield "| " + " | ".join(cell if cell else "-" for cell in line) + " |"
    yield ""


def conditions(obj, name, errors, texts):
    """Condition-to-error rows of one operation; they must cover exactly its list."""
    known = CONDITIONS.get((obj, name), {})
    if set(known) != set(errors):
        sys.exit(f"gen_abi: {obj}_{name}: ops.def lists {sorted(errors)}, gen_abi.py has {sorted(known)}")
    for error in errors:
        if error not in texts:
            sys.exit(f"gen_abi: {obj}_{name}: errors.def has no {error}")
    return [(known[error], "`E_" + error + "`") for error in errors]


def generate():
    """The whole page, line by line."""
    errors = rows("errors.def", "ERR", r"(\w+), (\d+), " + STRING)
    objects = rows("objects.def", "OBJ", r"(\w+), (\d+), " + STRING)
    calls = rows("syscalls.def", "SYSCALL", r"(\w+), (-?\d+), " + STRING)
    ops = rows("ops.def", "OP", r"(\w+), (\w+), (\d+), %s, %s, %s" % (STRING, STRING, STRING))
    texts = {name: text for name, _, text in errors}
    unknown = set(CONDITIONS) - {(obj, name) for obj, name, *_ in ops}
    if unknown:
        sys.exit(f"gen_abi: conditions for operations that do not exist: {sorted(unknown)}")

    yield "# ABI reference"
    yield ""
    yield "Generated by `tools/gen_abi.py` from `kernel/include/quoll/`: change the tables there, never this page."
    yield "What the registers hold and what IPC means is in `ipc.md`."
    yield ""
    yield "## System calls"
    yield from table(("rax", "name", "what it does"), [(v, f"`SYS_{n}`", t) for n, v, t in calls])
    yield "## Errors"
    yield from table(("value", "name", "meaning"), [(v, f"`E_{n}`", t) for n, v, t in errors])
    yield "## Objects"
    yield from table(("type", "name", "what it is"), [(v, f"`OBJ_{n}`", t) for n, v, t in objects])
    yield "## Kinds of messages"
    yield from table(("kind", "name", "words"), [(v, f"`{n}`", t) for n, v, t in enum("quoll_kind")])
    yield "## States of threads"
    yield from table(("state", "name", "meaning"), [(v, f"`{n}`", t) for n, v, t in enum("quoll_thread_state")])
    yield "## Cache attributes"
    yield from table(("value", "name", "meaning"), [(v, f"`{n}`", t) for n, v, t in enum("quoll_cache")])
    yield "## Rights"
    yield from table(("bit", "name", "needed for"), [(v, f"`{n}`", t) for n, v, t in defines("RIGHT_")])
    yield "## Features"
    yield ""
    yield "Bits of `quoll_info()->features` (`info.h`); the kernel's log and `version` list the names."
    yield ""
    features = rows("features.def", "FEATURE", r"(\w+), (\d+), " + STRING)
    yield from table(("bit", "name", "meaning"), [(b, f"`{n}`", t) for n, b, t in features])
    yield "## Sizes and limits"
    sizes = [d for d in defines(r"") if re.search(r"(_BITS|_MAX|_WORDS|_CAPS|USER_TOP)$", d[0])]
    yield from table(("name", "value", "note"), [(f"`{n}`", v, t) for n, v, t in sizes])
    yield "## Operations"
    yield ""
    yield "Invoked by `SYS_CALL` on the object's capability, the label in the tag's upper half. Everywhere apply:"
    yield ""
    yield from table(("condition", "error"), [
        ("a handle names an empty slot or lies outside the capability space", "`E_BAD_CAP`"),
        ("a named capability is of another type", "`E_BAD_TYPE`"),
        ("a named capability lacks the right", "`E_NO_RIGHT`"),
        ("the object has no operation with this label", "`E_BAD_CALL`"),
        ("the tag has reserved bits, a kind, or more than 64 words", "`E_BAD_ARG`")])
    last = None
    for obj, name, label, args, result, listed in ops:
        if obj != last:
            yield f"### {obj}"
            yield ""
            last = obj
        yield f"#### `OP_{obj}_{name}` (label {label})"
        yield ""
        yield f"Arguments: {args if args else 'none'}."
        yield f"Result: {result if result else 'none'}."
        yield ""
        if listed:
            yield from table(("condition", "error"), conditions(obj, name, listed.split(), texts))
        elif CONDITIONS.get((obj, name)):
            sys.exit(f"gen_abi: {obj}_{name} has no errors of its own")


def main():
    page = "\n".join(generate()).rstrip() + "\n"
    if "--check" in sys.argv[1:]:
        if not OUT.exists() or OUT.read_text() != page:
            sys.exit(f"{OUT.relative_to(ROOT)} is not up to date: run tools/gen_abi.py")
        return
    OUT.write_text(page)


if __name__ == "__main__":
    main()
