#!/usr/bin/python3
"""The cases of mistakes in this folder; usage and all else in tests/compiler_cases.py."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent.parent / "tools" / "idl")]

import idlc  # noqa: E402  (found through the line above)
import compiler_cases  # noqa: E402
import errors  # noqa: E402

if __name__ == "__main__":
    compiler_cases.main(HERE, "idl", idlc.compile_file, errors)
