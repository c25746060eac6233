#!/usr/bin/python3
"""Compiles the cases of a file of mistakes, and prints what the register compiler says to each.

A line `//--- TITLE` begins a case; line numbers are the file's. With --sites, prints instead the
places in the compiler that made the messages, as FILE:LINE, for the test that wants all of them.

usage: cases.py [--sites] FILE.rdl...
       cases.py --write           writes every FILE.expected of this folder
"""
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOOL = HERE.parent.parent / "tools" / "rdl"
sys.path.insert(0, str(TOOL))

import errors  # noqa: E402  (found through the line above)
import rdlc  # noqa: E402

MARK = "//--- "
sites = set()


def record_sites():
    """Note who makes a Mistake, apart from the classes that only pass it on."""
    plain = errors.Mistake.__init__

    def noting(self, *args):
        frame = sys._getframe(1)
        while frame.f_code.co_filename == errors.__file__:
            frame = frame.f_back
        sites.add(f"{pathlib.Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
        plain(self, *args)

    errors.Mistake.__init__ = noting


def cases(text):
    """(title, text) of each case, padded so that line numbers stay."""
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith(MARK)]
    for start, end in zip(starts, starts[1:] + [len(lines)]):
        yield lines[start][len(MARK):], "\n" * (start + 1) + "\n".join(lines[start + 1:end])


def outcome(path):
    """The text of NAME.expected for NAME.rdl."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        before = os.getcwd()
        os.chdir(folder)
        for title, text in cases(path.read_text(encoding="utf-8")):
            pathlib.Path(path.name).write_text(text, encoding="utf-8")
            report = rdlc.compile_file(path.name)[1]
            found.append(f"{MARK}{title}\n{report}\n" if report else f"{MARK}{title}\nno mistake\n")
        os.chdir(before)
    return "\n".join(found)


def mistake_files():
    return sorted(path for path in HERE.glob("*.rdl")
                  if path.read_text(encoding="utf-8").startswith(MARK))


def main():
    args = sys.argv[1:]
    if args == ["--write"]:
        for path in mistake_files():
            path.with_suffix(".expected").write_text(outcome(path), encoding="utf-8")
    elif args and args[0] == "--sites":
        record_sites()
        for path in args[1:] or mistake_files():
            outcome(pathlib.Path(path).resolve())
        print("\n".join(sorted(sites)))
    else:
        for path in args:
            print(outcome(pathlib.Path(path).resolve()), end="")


if __name__ == "__main__":
    main()
