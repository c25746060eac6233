#!/usr/bin/python3
"""Quoll's interface compiler: a subset of OMG IDL 4.2 to C and Markdown.

usage: idlc.py [--header=OUT] [--client=OUT] [--server=OUT] [--queue=OUT] [--desc=OUT]
               [--page=OUT] FILE.idl
       idlc.py --list=OUT FILE.idl...   the header with the table of all interfaces
       idlc.py --pages [--check]        writes docs/interfaces/ from drivers/interfaces/*.idl, or
                                        says what is not up to date

Without an output it only checks the file. Mistakes go to standard error as
FILE:LINE:COLUMN: error: what is wrong; what would be right.
"""
import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "lang"))

import check  # noqa: E402  (found through the line above, as are those it imports)
import compiler  # noqa: E402
import emit_c  # noqa: E402
import emit_desc  # noqa: E402
import emit_page  # noqa: E402
import emit_queue  # noqa: E402
import emit_server  # noqa: E402
import grammar  # noqa: E402
import lexer  # noqa: E402
import resolve  # noqa: E402
from compiler import ROOT, write  # noqa: E402
from errors import Report  # noqa: E402

INTERFACES = ROOT / "drivers" / "interfaces"


def compile_file(path):
    """The model of one file, and what is wrong."""
    report = Report()

    def model(parser):
        definitions = parser.run()
        unit = resolve.Resolver(report, path).run(definitions)
        if not report:
            check.check(unit, report, parser.tokens[-1].position)
        return unit

    unit = compiler.parse(lambda: grammar.Parser(lexer.Lexer([INTERFACES]).run(path)), report, model)
    return unit, report


def interface_files():
    return [path for path in sorted(INTERFACES.glob("*.idl")) if path.stem != "prelude"]


def page(path, shown):
    unit, report = compile_file(path)
    return (None, report) if report else (emit_page.page(unit, shown), report)


def listing(paths):
    """The header of all interfaces; two of one number are a mistake."""
    units, report = [], Report()
    for path in paths:
        unit, found = compile_file(path)
        report.mistakes += found.mistakes
        units += [unit] if unit is not None and unit.interface is not None else []
    if not report:
        check.check_numbers(units, report)
    if report:
        sys.exit(str(report))
    return emit_desc.listing(units)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ("header", "client", "server", "queue", "desc", "page", "list"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--pages", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("file", nargs="*")
    args = parser.parse_args()
    if args.pages:
        sys.exit(1 if compiler.pages(interface_files(), "interfaces", page, args.check) else 0)
    for path in args.file:
        if not pathlib.Path(path).is_file():
            parser.error(f"there is no file {path}")
    if args.list:
        write(args.list, listing(args.file))
        return
    if len(args.file) != 1:
        parser.error("name one file")
    unit, report = compile_file(args.file[0])
    if report:
        sys.exit(str(report))
    shown = args.file[0]
    made = {"header": lambda: emit_c.Emitter(unit, shown).header(),
            "client": lambda: emit_c.Emitter(unit, shown).client(),
            "server": lambda: emit_server.ServerEmitter(unit, shown).header(),
            "queue": lambda: emit_queue.QueueEmitter(unit, shown).header(),
            "desc": lambda: emit_desc.header(unit, shown),
            "page": lambda: emit_page.page(unit, shown)}
    for name, make in made.items():
        if getattr(args, name):
            write(getattr(args, name), make())


if __name__ == "__main__":
    main()
