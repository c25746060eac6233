"""compilers.py - what the tests of the interface and of the register compiler share: running
programs, and the question whether every message of a compiler has a case that provokes it."""
import ast
import subprocess

from conftest import ROOT

# As the Makefile compiles, but for what a target adds.
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-Wshadow", "-Wundef", "-Wvla",
          "-Wstrict-prototypes", "-Wmissing-prototypes"]
FREESTANDING = ["-O2", "-ffreestanding", "-fno-pic", "-fno-pie", "-mno-red-zone",
                "-mgeneral-regs-only", "-fno-stack-protector", "-fno-asynchronous-unwind-tables",
                "-fno-common", "-fno-strict-aliasing", "-fcf-protection=none"]
SANITIZED = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def run(*command, **more):
    return subprocess.run([str(word) for word in command], cwd=ROOT, capture_output=True,
                          text=True, errors="replace", check=False, timeout=300, **more)


def compiled(command):
    done = run(*command)
    assert done.returncode == 0, done.stderr[-3000:]


def message_sites(tool):
    """Where a compiler's source makes a message: (file, first line, last line, its words)."""
    for path in [*sorted(tool.glob("*.py")), *sorted((ROOT / "tools" / "lang").glob("*.py"))]:
        if path.name == "errors.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and (
                    ast.unparse(node.func) == "Mistake" or
                    ast.unparse(node.func).endswith("report.add")):
                yield path.name, node.lineno, node.end_lineno, ast.unparse(node)


def messages_without_case(tool, cases, at_least, elsewhere):
    """Sites of messages that none of @cases provokes, but for those whose words are in @elsewhere."""
    done = run("/usr/bin/python3", cases, "--sites")
    assert done.returncode == 0, done.stderr[-3000:]
    hit = set(done.stdout.split())
    assert len(hit) > at_least
    return [f"{name}:{first}: {words}" for name, first, last, words in message_sites(tool)
            if not any(f"{name}:{line}" in hit for line in range(first, last + 1))
            and not any(text in words for text in elsewhere)]


def refused_text(compiler, path, raw, message, out):
    """The compiler says @message of @raw, and writes nothing to @out."""
    path.write_bytes(raw)
    done = run(*compiler, f"--header={out}", path)
    assert done.returncode == 1 and message in done.stderr, done.stderr[-2000:]
    assert "Traceback" not in done.stderr and not out.exists()
