"""A session's queue: the models of tests/spin, each right, and wrong without any one of its parts;
and its two ends as threads under the thread sanitizer. (Its host tests: test_host.py.)"""
import os
import re
import subprocess

import pytest

from conftest import ROOT
import spin

MUTANTS = [(model, mutant) for model, mutants in spin.MODELS.items() for mutant in mutants]
# Where a search must end: deadlock is somebody asleep, or a request that is never answered.
FINDS = {
    "NO_FENCE_SUBMIT": "invalid end state", "NO_FENCE_COMPLETE": "invalid end state",
    "NO_FENCE_DRIVER_SLEEP": "invalid end state", "NO_FENCE_CLIENT_SLEEP": "invalid end state",
    "NO_ACK": "assertion violated", "NO_CLEAR": "buffer_of", "NO_QUIET": "stray",
    "ACK_EARLY": "assertion violated", "SEQ_FIRST": "status", "NO_HOLD": "executed[2]",
    "FORGIVE": "accepted[n]", "COPY_TWICE": "copy", "NO_PRIVATE": "taken",
    "WAIT_FOR_ALL": "invalid end state",
}


@pytest.mark.parametrize("model", spin.MODELS)
def test_the_model_is_right(model):
    states, wrong = spin.check(model)
    assert not wrong, f"{model}: {wrong}"
    assert states > 10000, "the model lost its choices"


@pytest.mark.parametrize("model,mutant", MUTANTS)
def test_every_part_is_needed(model, mutant):
    text = (ROOT / "tests" / "spin" / f"{model.split()[0]}.pml").read_text()
    assert re.search(rf"^#ifn?def {mutant}$", text, re.M), f"the model has no {mutant}"
    _, wrong = spin.check(f"{model} -D{mutant}")
    assert FINDS[mutant] in wrong, f"{model} without {mutant}: {wrong or 'nothing found'}"


def test_every_model_is_run():
    names = {model.split()[0] for model in spin.MODELS}
    assert names == {path.stem for path in (ROOT / "tests" / "spin").glob("*.pml")}
    assert {model.split()[0] for model in spin.LARGER} == names


def test_the_fence_is_in_the_code():
    """What the model calls FENCE is an exchange with memory in each end that publishes or sleeps."""
    for end in ("client", "driver"):
        text = subprocess.run(["objdump", "-d", f"build/obj/servers/lib/queue_{end}.c.o"], cwd=ROOT,
                              capture_output=True, text=True, check=True).stdout
        parts = re.split(r"^[0-9a-f]+ <(\w+)>:$", text, flags=re.M)
        code = dict(zip(parts[1::2], parts[2::2]))
        publish, *sleeps = {"client": ("queue_submit", "queue_client_about_to_sleep",
                                       "queue_client_about_to_sleep_for_all"),
                            "driver": ("queue_complete", "queue_driver_about_to_sleep")}[end]
        for function in (publish, f"queue_{end}_ring", *sleeps):
            assert re.search(r"\bxchg\s+%r\w+,.*\(%r|\bmfence\b|\block\b", code[function]), function


@pytest.mark.parametrize("slots", [8, 64])
def test_no_data_race(slots, tmp_path):
    """The thread sanitizer knows which accesses are ordered by which."""
    sources = [f"servers/lib/queue_{end}.c" for end in ("client", "driver", "manager")]
    program = tmp_path / "program"
    subprocess.run(["gcc", "-std=c11", "-g", "-O1", "-fsanitize=thread", "-DHOST_TEST",
                    "-Ikernel/include", "-Iservers/include", "-idirafter", "libc/include",
                    "-o", program, "tests/host/test_queue_threads.c", *sources],
                   cwd=ROOT, check=True)
    done = subprocess.run([program], capture_output=True, text=True, timeout=300, check=False,
                          env={**os.environ, "QUEUE_REQUESTS": "300000", "QUEUE_SLOTS": str(slots)})
    output = done.stdout + done.stderr
    assert done.returncode == 0 and "300001 passed, 0 failed" in output, output[-3000:]
    assert "WARNING: ThreadSanitizer" not in output, output[-3000:]
