"""Runs the host tests: programs of tests/host that link the product's own sources, under the
address and undefined-behaviour sanitizers. Line 1 may name sources: /* sources: a.c b.c */"""
import os
import re
import subprocess

import pytest

from conftest import ROOT

TESTS = sorted(path.name for path in (ROOT / "tests" / "host").glob("test_*.c"))
FLAGS = ["-std=c11", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all",
         "-Wall", "-Wextra", "-DHOST_TEST", "-DCONFIG_DEBUG=1", "-DCONFIG_FASTPATH=1", "-I.", "-Ikernel", "-Ikernel/include",
         "-Iservers/include", "-Idrivers/framework/host", "-Idrivers/framework", "-Ibuild/gen",
         "-idirafter", "libc/include", "-isystem", "/usr/include/stb"]


@pytest.mark.parametrize("name", TESTS)
def test_host(name, count, tmp_path):
    source = ROOT / "tests" / "host" / name
    first = source.read_text().split("\n", 1)[0]
    match = re.match(r"/\* sources: (.*) \*/", first)
    sources = match.group(1).split() if match else []
    program = tmp_path / "program"
    built = subprocess.run(["gcc", *FLAGS, "-o", program, source, *sources], cwd=ROOT,
                           capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr[-3000:]
    done = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, errors="replace",
                          timeout=300, check=False,
                          env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"})
    output = done.stdout + done.stderr
    counted = re.search(r"(\d+) passed, (\d+) failed\s*$", done.stdout)
    assert counted, output[-3000:]
    passed, failed = map(int, counted.groups())
    count(f"host-{source.stem}", passed, failed)
    assert done.returncode == 0 and passed > 0 and failed == 0, output[-3000:]


def test_there_are_host_tests():
    assert TESTS
