#!/usr/bin/python3
"""host_driver.py - build a driver for the host with a test program, and run it on QEMU's devices.

usage: host_driver.py FOLDER TEST.c ... [-- QEMU OPTION ...]
FOLDER has the driver's sources and one manifest. The program gets two arguments: qtest's socket and
the manifest. Its exit code is this tool's. docs/drivers-on-the-host.md.
"""
import pathlib
import subprocess
import sys
import tempfile

from qtest import Qtest

ROOT = pathlib.Path(__file__).resolve().parents[1]


def made(*targets):
    done = subprocess.run(["make", "--no-print-directory", *targets], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(done.stdout[-2000:])
    return done.stdout


def build(program, folder, tests):
    made("build/host/framework.a")
    flags = made("-s", "host-flags").split()
    command = ["gcc", *flags, f"-I{folder.resolve()}", "-o", program,
               *[path.resolve() for path in [*sorted(folder.glob("*.c")), *tests]],
               "build/host/framework.a"]
    return subprocess.run([str(word) for word in command], cwd=ROOT, check=False).returncode


def main():
    words = sys.argv[1:]
    at = words.index("--") if "--" in words else len(words)
    if at < 2:
        sys.exit(__doc__)
    folder, tests = pathlib.Path(words[0]), [pathlib.Path(word) for word in words[1:at]]
    manifests = sorted(folder.glob("*.manifest"))
    if len(manifests) != 1:
        sys.exit(f"{folder} has {len(manifests)} manifests; a driver has one")
    with tempfile.TemporaryDirectory() as out:
        program = pathlib.Path(out) / "program"
        if build(program, folder, tests) != 0:
            sys.exit(2)
        with Qtest(*words[at + 1:]) as qemu:
            sys.exit(subprocess.run([program, qemu.socket, manifests[0].resolve()],
                                    check=False).returncode)


if __name__ == "__main__":
    main()
