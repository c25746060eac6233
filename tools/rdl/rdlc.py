#!/usr/bin/python3
"""The register compiler: SystemRDL files to C headers, dump tables, mocks and reference pages.

usage: rdlc.py [--header=OUT] [--table=OUT] [--mock=OUT] [--page=OUT] FILE.rdl
       rdlc.py --pages [--check]     docs/registers/*.md from drivers/*/*.rdl

Without an output it only checks. Mistakes go to the standard error; the exit code is then 1.
docs/registers.md describes the language and what is generated.
"""
import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "lang"))

import access  # noqa: E402  (found through the line above, as are those it imports)
import build  # noqa: E402
import check  # noqa: E402
import compiler  # noqa: E402
import elaborate  # noqa: E402
import emit_c  # noqa: E402
import emit_mock  # noqa: E402
import emit_page  # noqa: E402
import emit_table  # noqa: E402
import grammar  # noqa: E402
import lexer  # noqa: E402
from compiler import ROOT, write  # noqa: E402
from errors import Report  # noqa: E402



def compile_file(path):
    """The devices of one file, and what is wrong."""
    report = Report()
    tokens = []

    def parser_of():
        tokens.extend(lexer.Lexer([HERE]).run(path))
        return grammar.Parser(tokens)

    statements = compiler.parse(parser_of, report, lambda parser: parser.run())
    nodes = [] if report else elaborate.Elaborator(report).run(statements)
    devices = [] if report else build.Builder(report).run(nodes)
    if not report:
        check.check(devices, report)
        if not devices:
            report.add(tokens[-1].position, "the file has no address map",
                       "describe one: addrmap NAME { ... };")
    return devices, report


def page(path, shown):
    devices, report = compile_file(path)
    return (None, report) if report else (emit_page.page(devices, shown), report)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ("header", "table", "mock", "page"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--pages", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("file", nargs="?")
    args = parser.parse_args()
    if args.pages:
        files = sorted(ROOT.glob("drivers/*/*.rdl"))
        sys.exit(1 if compiler.pages(files, "registers", page, args.check) else 0)
    if args.file is None or not pathlib.Path(args.file).is_file():
        parser.error(f"there is no file {args.file}")
    devices, report = compile_file(args.file)
    if report:
        sys.exit(str(report))
    shown = args.file
    if args.header:
        write(args.header, emit_c.header(devices, shown, access.Bus()))
    if args.table:
        write(args.table, emit_table.header(devices, shown))
    if args.mock:
        write(args.mock, emit_mock.header(devices, shown))
    if args.page:
        write(args.page, emit_page.page(devices, shown))


if __name__ == "__main__":
    main()
