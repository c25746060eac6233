#!/usr/bin/python3
"""qtest.py - QEMU at rest for programs that drive its devices through qtest (docs/drivers-on-the-host.md).
Its processor halts at once, so no guest disturbs, but time passes.

usage: qtest.py PROGRAM [ARGUMENT ...] [-- QEMU OPTION ...]
Runs PROGRAM SOCKET ARGUMENT ... against -M q35.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time


class Qtest:
    """with Qtest("-device", "edu") as q: run a program with q.socket as an argument."""

    def __init__(self, *options, machine="q35"):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="quoll-qtest-"))
        self.socket = self.directory / "qtest"
        self.options, self.machine, self.process = options, machine, None

    def __enter__(self):
        bios = bytearray(0x10000)
        bios[0xfff0:0xfff2] = b"\xfa\xf4"  # cli; hlt
        (self.directory / "halt.bin").write_bytes(bios)
        ram = f"{self.socket}.ram"  # a file, so that programs can map it: DMA memory
        command = ["qemu-system-x86_64", "-M", f"{self.machine},accel=tcg,memory-backend=ram",
                   "-m", "64",
                   "-object", f"memory-backend-file,id=ram,size=64M,mem-path={ram},share=on",
                   "-nodefaults", "-vga", "none", "-display", "none",
                   "-bios", self.directory / "halt.bin",
                   "-qtest", f"unix:{self.socket},server=on,wait=off", "-qtest-log", "/dev/null",
                   *self.options]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        deadline = time.monotonic() + 60
        while not self.socket.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = self.process.stdout.read() if self.process.poll() is not None else "nothing"
                self.__exit__()
                raise RuntimeError(f"QEMU does not start: {said}")
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def main():
    words = sys.argv[1:]
    at = words.index("--") if "--" in words else len(words)
    if at == 0:
        sys.exit(__doc__)
    with Qtest(*words[at + 1:]) as qemu:
        sys.exit(subprocess.run([words[0], str(qemu.socket), *words[1:at]], check=False).returncode)


if __name__ == "__main__":
    main()
