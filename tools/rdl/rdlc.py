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

import access
import build
import check
import elaborate
import emit_c
import emit_mock
import emit_page
import emit_table
import grammar
import lexer

from errors import Mistake, Report

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def compile_file(path):
    """The devices of one file, and what is wrong."""
    report = Report()
    parser = None
    try:
        tokens = lexer.Lexer([HERE]).run(path)
        parser = grammar.Parser(tokens)
        statements = parser.run()
    except Mistake as mistake:
        report.add_mistake(mistake)
        return [], report
    except RecursionError:
        report.add(parser.peek().position, "this is nested too deeply", "name the inner parts")
        return [], report
    nodes = elaborate.Elaborator(report).run(statements)
    if report:
        return [], report
    devices = build.Builder(report).run(nodes)
    if not report:
        check.check(devices, report)
        if not devices:
            report.add(tokens[-1].position, "the file has no address map",
                       "describe one: addrmap NAME { ... };")
    return devices, report


def write(path, text):
    pathlib.Path(path).write_text(text, encoding="utf-8")


def pages(is_check):
    """All reference pages; with --check, whether they are what would be written."""
    bad = 0
    for path in sorted(ROOT.glob("drivers/*/*.rdl")):
        shown = path.relative_to(ROOT)
        devices, report = compile_file(path)
        if report:
            print(report, file=sys.stderr)
            bad += 1
            continue
        out = ROOT / "docs/registers" / f"{path.stem}.md"
        text = emit_page.page(devices, shown)
        if not is_check:
            out.parent.mkdir(exist_ok=True)
            write(out, text)
        elif not out.exists() or out.read_text(encoding="utf-8") != text:
            print(f"{out.relative_to(ROOT)} is not up to date: run tools/rdl/rdlc.py --pages",
                  file=sys.stderr)
            bad += 1
    return bad


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in ("header", "table", "mock", "page"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--pages", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("file", nargs="?")
    args = parser.parse_args()
    if args.pages:
        sys.exit(1 if pages(args.check) else 0)
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
