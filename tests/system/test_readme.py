"""The README's transcript is what a first session really shows."""
import pathlib
import re

import pytest

README = pathlib.Path(__file__).parents[2] / "README.md"


def transcript():
    """[(command, [output lines])]"""
    text = README.read_text().split("<!-- transcript")[1].split("```")[1]
    session = []
    for line in text.strip("\n").split("\n"):
        if line.startswith("quoll> "):
            session.append((line.removeprefix("quoll> "), []))
        else:
            session[-1][1].append(line)
    return session


def shape(line):
    """Figures differ from run to run, and with them the width of their columns; a task's state
    is what it happens to do."""
    line = re.sub(r"\b(running|receiving|calling|waiting|queued)\b", "STATE", line)
    return re.sub(r"\s+", " ", re.sub(r"\d+", "N", line)).strip()


@pytest.mark.parametrize("command,expected", transcript())
def test_transcript(shell, command, expected):
    assert [shape(x) for x in shell.run(command)] == [shape(x) for x in expected]


def test_every_linked_page_exists():
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text()):
        assert (README.parent / target).exists(), target
