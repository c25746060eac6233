"""compiler_cases.py - what tests/rdl/cases.py and tests/idl/cases.py have in common.

Compiles the cases of a file of mistakes, and prints what the compiler says to each. A line
`//--- TITLE` begins a case; line numbers are the file's. With --sites, prints instead the places in
the compiler that made the messages, as FILE:LINE, for the test that wants all of them.

usage: cases.py [--sites] FILE...
       cases.py --write           writes every FILE.expected of the folder
"""
import os
import pathlib
import sys
import tempfile

MARK = "//--- "
sites = set()


def record_sites(errors):
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


def outcome(path, compile_file):
    """The text of NAME.expected for the file NAME.EXT."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        before = os.getcwd()
        os.chdir(folder)
        for title, text in cases(path.read_text(encoding="utf-8")):
            pathlib.Path(path.name).write_text(text, encoding="utf-8")
            report = compile_file(path.name)[1]
            found.append(f"{MARK}{title}\n{report}\n" if report else f"{MARK}{title}\nno mistake\n")
        os.chdir(before)
    return "\n".join(found)


def mistake_files(folder, ending):
    return sorted(path for path in folder.glob(f"*.{ending}")
                  if path.read_text(encoding="utf-8").startswith(MARK))


def main(folder, ending, compile_file, errors):
    """@compile_file: a path to (anything, Report); @errors: the compiler's module of that name."""
    args = sys.argv[1:]
    if args == ["--write"]:
        for path in mistake_files(folder, ending):
            path.with_suffix(".expected").write_text(outcome(path, compile_file), encoding="utf-8")
    elif args and args[0] == "--sites":
        record_sites(errors)
        for path in args[1:] or mistake_files(folder, ending):
            outcome(pathlib.Path(path).resolve(), compile_file)
        print("\n".join(sorted(sites)))
    else:
        for path in args:
            print(outcome(pathlib.Path(path).resolve(), compile_file), end="")
