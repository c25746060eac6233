#!/usr/bin/python3
"""Model checking: runs models of tests/spin through spin and its generated checker.

usage: spin.py MODEL [-DNAME[=VALUE]...]   e.g. spin.py death -DDEATHS=1
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEPTH = 2000000  # steps of one run; a search that reaches it is no proof
MEMORY_MIB = 8192

# Each model with what must be found wrong when one part of the protocol is left out.
MODELS = {
    "sleep": ["NO_FENCE_SUBMIT", "NO_FENCE_COMPLETE", "NO_FENCE_DRIVER_SLEEP",
              "NO_FENCE_CLIENT_SLEEP"],
    "death": ["NO_ACK", "NO_CLEAR", "NO_QUIET", "ACK_EARLY", "SEQ_FIRST", "NO_HOLD"],
    "death -DLIAR": ["FORGIVE"],
    "hostile": ["COPY_TWICE", "NO_PRIVATE", "WAIT_FOR_ALL"],
}
# The same with larger bounds, for `make soak`.
LARGER = ["sleep -DREQUESTS=7 -DWINDOW=3", "death -DREQUESTS=4", "death -DDEATHS=3",
          "death -DLIAR -DREQUESTS=4 -DDEATHS=1", "hostile -DVALUES=4", "hostile -DHONEST=2"]


class SpinError(Exception):
    """A model that cannot be checked to its end: neither right nor wrong."""


def run(command, cwd, limit_s):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=limit_s,
                          check=False)
    return done.returncode, done.stdout + done.stderr


def check(model, limit_s=300):
    """The states that were searched and what was found wrong ('' is nothing) in @model, a file's
    name and defines ("death -DLIAR")."""
    name, *defines = model.split()
    with tempfile.TemporaryDirectory() as place:
        steps = [["spin", "-a", *defines, str(ROOT / "tests" / "spin" / f"{name}.pml")],
                 ["gcc", "-O2", "-w", "-DSAFETY", "-DCOLLAPSE", f"-DMEMLIM={MEMORY_MIB}",
                  "-o", "pan", "pan.c"]]
        for step in steps:
            code, output = run(step, place, limit_s)
            if code:
                raise SpinError(f"{model}: {step[0]}: {output[-1000:]}")
        code, output = run(["./pan", f"-m{DEPTH}", "-w24"], place, limit_s)
    end = re.search(r"errors: (\d+)\s+(\d+) states, stored", output)
    if code or not end:
        raise SpinError(f"{model}: the search has no result: {output[-1000:]}")
    wrong = re.findall(r"^pan:1: (.*?)(?: \(at depth \d+\))?$", output, re.M)
    if "max search depth too small" in output or (end[1] == "0" and "not completed" in output):
        raise SpinError(f"{model}: the search was cut off: {output[-1000:]}")
    if (end[1] != "0") != bool(wrong):
        raise SpinError(f"{model}: {end[1]} errors, but: {wrong}")
    return int(end[2]), "; ".join(wrong)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    STATES, WRONG = check(" ".join(sys.argv[1:]), limit_s=3600)
    print(f"{STATES} states: {WRONG or 'nothing is wrong'}")
    sys.exit(1 if WRONG else 0)
