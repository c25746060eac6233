"""conftest.py - what the whole-system tests share: machines that end with their test."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from emu import Config  # noqa: E402  (found through the line above)
from machine import Machine  # noqa: E402


@pytest.fixture
def machine(request):
    """machine(memory=64, ...) makes a Machine of that Config; the test's end ends it."""
    made = []

    def make(limit_s=180, **config):
        name = request.node.name + (f"-{len(made)}" if made else "")
        made.append(Machine(Config(**config), name, limit_s))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def shell(request):
    """One booted machine for all tests of a file; each finds it at an empty prompt."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "one")
    with Machine(Config(), f"{request.module.__name__}-shell-{worker}", limit_s=900) as one:
        one.boot()
        yield one


@pytest.fixture(scope="session")
def build_copy(tmp_path_factory):
    """build_copy() is a fresh copy of the sources, without what was built."""

    def copy():
        to = tmp_path_factory.mktemp("quoll")
        names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others",
                                "--exclude-standard"], cwd=ROOT, capture_output=True, check=False)
        if names.returncode == 0:
            tar = subprocess.Popen(["tar", "c", "--null", "--no-recursion", "--ignore-failed-read",
                                    "-T", "-"], cwd=ROOT, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
            unpack = subprocess.Popen(["tar", "x", "-C", str(to)], stdin=tar.stdout)
            tar.stdin.write(names.stdout)
            tar.stdin.close()
            unpack.wait()
            tar.wait()
        else:
            subprocess.run(f"tar c --exclude=./build --exclude=./.git . | tar x -C {to}",
                           shell=True, cwd=ROOT, check=True)
        return to

    return copy


@pytest.fixture
def count():
    """count(name, passed, failed) adds checks that a test counted itself to the last line."""

    def add(name, passed, failed):
        directory = ROOT / "build" / "counts"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{name}.json").write_text(json.dumps({"passed": passed, "failed": failed}))

    return add
