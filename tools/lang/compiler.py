"""compiler.py - what the command lines of both compilers share: parsing that ends with a report,
and reference pages that are written or compared."""
import pathlib
import sys

from errors import Mistake

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def parse(parser_of, report, rest):
    """What @rest makes of the parser that @parser_of makes; None, and a line in @report, where a
    mistake ends it."""
    parser = None
    try:
        parser = parser_of()
        return rest(parser)
    except Mistake as mistake:
        report.add_mistake(mistake)
    except RecursionError:
        report.add(parser.peek().position, "this is nested too deeply", "name the inner parts")
    return None


def write(path, text):
    pathlib.Path(path).write_text(text, encoding="utf-8")


def pages(files, folder, page, is_check):
    """Write the page of each file below docs/@folder; with @is_check, say which are not what would
    be written. @page(path, shown) gives a page's text and the mistakes found. How many are bad."""
    bad = 0
    for path in files:
        text, report = page(path, path.relative_to(ROOT))
        if report:
            print(report, file=sys.stderr)
            bad += 1
            continue
        out = ROOT / "docs" / folder / f"{path.stem}.md"
        if not is_check:
            out.parent.mkdir(exist_ok=True)
            write(out, text)
        elif not out.exists() or out.read_text(encoding="utf-8") != text:
            print(f"{out.relative_to(ROOT)} is not up to date: run "
                  f"{pathlib.Path(sys.argv[0]).resolve().relative_to(ROOT)} --pages",
                  file=sys.stderr)
            bad += 1
    return bad
