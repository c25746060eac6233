#!/usr/bin/python3
"""Format, static analysis and size limits, over all C, assembly and Python; for `make lint`.

usage: lint.py --kernel-flags="..." --user-flags="..."
               [--only=format,size,tidy,cppcheck,analyzer,python]
"""
import argparse
import ast
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

KERNEL_C_LINES_MAX = 8000
DEBUG_C_LINES_MAX = 1200  # kernel/debug: what only debug builds are made of
KERNEL_ASM_LINES_MAX = 600
MAKEFILE_LINES_MAX = 250
PYTHON_FUNCTION_LINES_MAX = 80
# What clang does not know or need of gcc's flags.
GCC_ONLY = {"-fno-common", "-g"}
HOST_FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wshadow"]


def files(*roots, ext):
    return sorted(str(p) for root in roots for p in pathlib.Path(root).rglob(f"*.{ext}"))


def c_code_lines(path):
    text = pathlib.Path(path).read_text()
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    return sum(1 for line in text.splitlines() if line.strip())


def asm_code_lines(path):
    lines = pathlib.Path(path).read_text().splitlines()
    return sum(1 for line in lines if line.split(";")[0].strip())


def check_size():
    kernel = files("kernel", ext="[chd]*")
    debug = [path for path in kernel if str(path).startswith("kernel/debug/")]
    for what, count, limit in [
        ("kernel C", sum(map(c_code_lines, set(kernel) - set(debug))), KERNEL_C_LINES_MAX),
        ("kernel C of debug builds", sum(map(c_code_lines, debug)), DEBUG_C_LINES_MAX),
        ("kernel assembly",
         sum(map(asm_code_lines, files("kernel", "boot", ext="asm"))), KERNEL_ASM_LINES_MAX),
        ("Makefile", len(pathlib.Path("Makefile").read_text().splitlines()), MAKEFILE_LINES_MAX),
    ]:
        print(f"  {what}: {count} lines, at most {limit}")
        if count > limit:
            yield f"{what}: {count} lines, the limit is {limit}"


def check_python():
    """pyflakes, and no function longer than a screen or two."""
    paths = files("tools", "tests", ext="py")
    yield from run(["pyflakes3", *paths])
    for path in paths:
        for node in ast.walk(ast.parse(pathlib.Path(path).read_text())):
            if not isinstance(node, ast.FunctionDef):
                continue
            lines = node.end_lineno - node.lineno + 1
            if lines > PYTHON_FUNCTION_LINES_MAX:
                yield (f"{path}:{node.lineno}: {node.name} has {lines} lines, the limit is "
                       f"{PYTHON_FUNCTION_LINES_MAX}")


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    noise = re.compile(r"^\d+ warnings? (generated|treated)|^Suppressed |^Use -header-filter|"
                       r"^error: no input|^$")
    lines = [line for line in (done.stdout + done.stderr).splitlines() if not noise.match(line)]
    if done.returncode == 0:
        return []
    return ["\n".join(lines) or f"{command[0]}: exit code {done.returncode}"]


def in_parallel(commands):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for problems in pool.map(run, commands):
            yield from problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kernel-flags", default="")
    parser.add_argument("--user-flags", default="")
    parser.add_argument("--only", default="format,size,tidy,cppcheck,analyzer,python")
    args = parser.parse_args()
    kernel = args.kernel_flags.split()
    user = args.user_flags.split()
    user_roots = ("libc", "servers", "drivers", "tests/os")
    sources = [(kernel, path) for path in files("kernel", ext="c")]
    sources += [(user, path) for path in files(*user_roots, ext="c") if "/host/" not in path]
    sources += [(HOST_FLAGS, path) for path in files("tools", ext="c")]
    everything = files("kernel", *user_roots, "tests/host", "tests/rdl", "tests/idl", "tests/pci",
                       "tests/console", "tests/fs", "tests/net", "tests/nbd", "tools", ext="[ch]")

    def tidy_command(flags, path):
        return ["clang-tidy", "--quiet", path, "--"] + [f for f in flags if f not in GCC_ONLY]

    def analyzer_command(flags, path):
        return ["gcc", *flags, "-fanalyzer", "-fsyntax-only", path]

    checks = {
        "format": lambda: in_parallel([["clang-format", "--dry-run", "-Werror", path]
                                       for path in everything]),
        "size": check_size,
        "tidy": lambda: in_parallel([tidy_command(*source) for source in sources]),
        "cppcheck": lambda: in_parallel([[
            "cppcheck", "-q", "--std=c11", "--enable=warning,performance,portability",
            "--error-exitcode=1", "--inline-suppr", "--suppress=missingIncludeSystem",
            "--suppress=comparePointers", "--suppress=constStatement",
            "-DCONFIG_DEBUG=0", "-DCONFIG_FASTPATH=1", "-DCONFIG_SPEC=0", "-D__x86_64__", "-Ikernel/include",
            "-Ikernel", "-Ilibc/include", "-Iservers/include", "-Idrivers/framework", "-j2",
            *[path for _, path in sources]]]),
        "python": check_python,
        "analyzer": lambda: in_parallel([analyzer_command(*source) for source in sources]),
    }
    bad = 0
    for name in args.only.split(","):
        print(f"lint: {name}", flush=True)
        for problem in checks[name]():
            print(problem)
            bad += 1
    print(f"lint: {bad} problems" if bad else "lint: clean")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
