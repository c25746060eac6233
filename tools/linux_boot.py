"""linux_boot.py - Debian's kernel as Quoll's neighbour: fetched by its package's name (deps.sh
linux), started on the machine of an emu.Config with tools/linux's one program as /init and the few
modules that it needs, and asked for rows over the serial line. Nothing else of Linux is there.
"""
import dataclasses
import json
import pathlib
import re
import subprocess

import emu
from machine import Machine

PACKAGE = emu.ROOT / "build" / "deps" / "linux"
INIT = emu.ROOT / "build" / "linux" / "init"
SOURCES = emu.ROOT / "tools" / "linux"
# Quoll's kernel is built without defences against speculation, so Linux runs without, too. Its check
# that the timer interrupts panics when the host is loaded.
OPTIONS = "console=ttyS0 quiet loglevel=1 panic=-1 no_timer_check mitigations=off ipv6.disable=1"
BOOT_LIMIT_S, ROW_LIMIT_S = 120, 120


# ---- the package

def fetch():
    """The package is there from now on. Its name and version."""
    subprocess.run([emu.ROOT / "tools" / "deps.sh", "linux"], check=True)
    return (PACKAGE / ".done").read_text().strip()


def build(program=INIT):
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o", program,
                    *sorted(SOURCES.glob("*.c"))], check=True)


def kernel(package=PACKAGE):
    found, = package.glob("boot/vmlinuz-*")
    return found


# ---- modules

def module_name(text):
    return pathlib.Path(text).stem.replace("-", "_")


def depends(module):
    """Names of the modules that @module, the bytes of one, says must be there before it. The
    package has no modules.dep: that is made where it is installed."""
    found = re.search(rb"(?:^|\0)depends=([^\0]*)\0", module)
    if not found:
        raise ValueError("no kernel module: it does not say what it depends on")
    return [module_name(name) for name in found[1].decode().split(",") if name]


def in_order(wanted, modules):
    """@wanted and all that they depend on, each behind its own. @modules: {name: path}."""
    order = []

    def add(name, asked_by):
        if name in asked_by:
            raise ValueError(f"modules depend on each other: {' '.join((*asked_by, name))}")
        if name not in modules:
            raise ValueError(f"{name}: there is no such module; is it built in?")
        if name not in order:
            for other in depends(modules[name].read_bytes()):
                add(other, (*asked_by, name))
            order.append(name)

    for name in wanted:
        add(module_name(name), ())
    return order


def modules_of(package=PACKAGE):
    return {module_name(path.name): path for path in package.glob("lib/modules/*/kernel/**/*.ko")}


# ---- the initial file system

def cpio(files):
    """An archive of {path: (mode, bytes)}, in the "newc" format. Source: Linux, Documentation/
    driver-api/early-userspace/buffer-format.rst."""
    archive = b""
    for number, (path, (mode, data)) in enumerate([*files.items(), ("TRAILER!!!", (0, b""))]):
        name = path.encode() + b"\0"
        fields = (number + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
        archive += head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
    return archive


def initramfs(wanted, options, package=PACKAGE, init=INIT):
    """The program, modules, and their order with @options: {module: text}."""
    modules = modules_of(package)
    order = in_order(wanted, modules)
    unused = set(options) - set(order)
    if unused:
        raise ValueError(f"options of modules that are not loaded: {' '.join(sorted(unused))}")
    lines = "".join(f"{name}.ko {options.get(name, '')}".strip() + "\n" for name in order)
    files = {"init": (0o100755, pathlib.Path(init).read_bytes()), "modules": (0o40755, b""),
             "modules/order": (0o100644, lines.encode())}
    files |= {f"modules/{name}.ko": (0o100644, modules[name].read_bytes()) for name in order}
    return cpio(files)


# ---- the machine

class Linux(Machine):
    """A booted Linux that answers rows."""

    def __init__(self, config, name, archive, options, limit_s):
        super().__init__(config, name, limit_s)
        path = pathlib.Path(self.directory) / "initramfs"
        path.write_bytes(archive)
        self.config = dataclasses.replace(
            config, boot="pvh", kernel=str(kernel()), image=str(path),
            extra=(*config.extra, "-append", f"{OPTIONS} {options}".strip()))

    def boot(self, timeout=BOOT_LIMIT_S):
        self.start()
        self._answer("the start", timeout)

    def ask(self, line, timeout=ROW_LIMIT_S):
        """The object that answers @line."""
        self.send(line + "\n")
        return self._answer(line, timeout)

    def _answer(self, what, timeout):
        text = self.expect_re(r"(\{[^\r\n]*\})\r?\n", timeout)[1]
        answer = json.loads(text)
        if "error" in answer:
            raise RuntimeError(f"Linux, {what}: {answer['error']}")
        return answer
