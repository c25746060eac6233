"""`make run` as somebody has it who has just cloned: a disk with a file, a network card, and next time
the same disk."""
import os
import subprocess
import sys

import emu


def run(directory, lines):
    """What standard output has when @lines are typed."""
    done = subprocess.run(
        [sys.executable, "tools/run.py", f"--iso={emu.build_dir() / 'quoll.iso'}"], cwd=emu.ROOT,
        input="".join(f"{line}\n" for line in lines), text=True, capture_output=True, check=False,
        timeout=120, env={**os.environ, "QUOLL_BUILD": str(directory)})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_disk_that_stays_and_a_card(tmp_path):
    said = run(tmp_path, ["cat /disk0/hello.txt", "mkdir /disk0/kept", "umount disk0", "drivers",
                          "poweroff"])
    assert "made once and kept" in said and "e1000" in said
    assert "127.0.0.1: HTTP " in said
    said = run(tmp_path, ["ls /disk0", "poweroff"])
    assert "kept" in said
