#!/usr/bin/python3
"""Runs every test and prints, as its last line, `N passed, N failed`.

Host tests and in-OS tests count each of their own checks (build/counts/, see conftest.py); a
test that was skipped, or that could not start, counts as failed.

usage: test.py [pytest arguments]
"""
import json
import pathlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULT = ROOT / "build" / "test-result.xml"
COUNTS = ROOT / "build" / "counts"


def main():
    RESULT.unlink(missing_ok=True)
    shutil.rmtree(COUNTS, ignore_errors=True)
    COUNTS.mkdir(parents=True)
    command = ["/usr/bin/python3", "-m", "pytest", "-q", "-n", "2", "--dist=load", "--tb=short",
               "--timeout=600", "-p", "no:cacheprovider", f"--junitxml={RESULT}", "tests/system"]
    code = subprocess.run(command + sys.argv[1:], cwd=ROOT, check=False).returncode
    passed = failed = 0
    if RESULT.exists():
        suite = xml.etree.ElementTree.parse(RESULT).getroot().find("testsuite")
        total = int(suite.get("tests"))
        failed = sum(int(suite.get(key)) for key in ("failures", "errors", "skipped"))
        passed = total - failed
    for path in COUNTS.iterdir():
        inner = json.loads(path.read_text())
        passed += inner["passed"]
        failed += inner["failed"]
    if code and not failed:
        failed = 1
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(0 if passed and not failed else 1)


if __name__ == "__main__":
    main()
