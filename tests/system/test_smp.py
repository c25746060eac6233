"""No mutable global without an owner: the kernel's objects against the list in docs/smp.md."""
import re
import subprocess

import emu

OWNERS = {"boot", "lock", "cpu", "atomic", "console"}


def listed():
    """{(file, symbol): owner} of the page's table."""
    rows = re.findall(r"^\| `(\w+)` \| `([\w/.]+)` \| (\w+) \|",
                      (emu.ROOT / "docs" / "smp.md").read_text(), re.M)
    return {(path, symbol): owner for symbol, path, owner in rows}


def globals_of(build):
    """{(file, symbol)} of what lies in writable sections of the kernel's objects."""
    found = set()
    for path in sorted((build / "obj").glob("**/*.o")):
        source = str(path.relative_to(build / "obj"))[:-len(".o")]
        if source.split("/")[0] not in ("boot", "kernel") or not (emu.ROOT / source).exists():
            continue
        text = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
        found |= {(source, re.sub(r"\.\d+$", "", symbol))
                  for symbol in re.findall(r"^\w+ [bBdDgGsSC] (\S+)$", text, re.M)}
    return found


def unclaimed(found, claimed):
    return sorted(found - set(claimed))


def test_every_global_has_an_owner():
    claimed = listed()
    found = globals_of(emu.ROOT / "build") | globals_of(emu.ROOT / "build" / "debug")
    assert len(found) > 30 and set(claimed.values()) <= OWNERS
    assert unclaimed(found, claimed) == []
    assert sorted(set(claimed) - found) == [], "no such global any more"


def test_a_new_global_is_noticed():
    claimed = listed()
    new = ("kernel/object/table.c", "hidden_state")
    assert unclaimed({*claimed, new}, claimed) == [new]
