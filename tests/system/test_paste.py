"""No byte is lost, however fast it comes."""
import random
import string
import threading

import pytest

ENTER = "\r"
LINE_MAX = 4095


def type_fast(one, text):
    """Send from a thread of its own: the echo must be read meanwhile or both sides stall."""
    thread = threading.Thread(target=one.send, args=(text,))
    thread.start()
    return thread


def word(seed, length):
    return "".join(random.Random(seed).choices(string.ascii_letters + string.digits, k=length))


def test_ten_thousand_characters_in_lines(shell):
    words = [word(i, 90) for i in range(105)]
    text = "".join(f"echo {w}{ENTER}" for w in words)
    assert len(text) > 10000
    thread = type_fast(shell, text)
    for w in words:
        shell.expect(f"\r\n{w}\r\nquoll> ", timeout=60)
    thread.join()
    assert shell.run("echo end") == ["end"]


def test_ten_thousand_characters_in_tiny_lines(shell):
    text = "".join(f"echo {i}{ENTER}" for i in range(1100))
    assert len(text) > 10000 - 200
    thread = type_fast(shell, text)
    for i in range(1100):
        shell.expect(f"\r\n{i}\r\nquoll> ", timeout=60)
    thread.join()


@pytest.mark.parametrize("length", [4000, LINE_MAX])
def test_long_line(shell, length):
    w = word(length, length - len("echo "))
    thread = type_fast(shell, f"echo {w}{ENTER}")
    shell.expect(f"\r\n{w}\r\nquoll> ", timeout=60)
    thread.join()


@pytest.mark.parametrize("length", [LINE_MAX + 1, 5000, 12000])
def test_too_long_line_is_refused_with_a_message(shell, length):
    thread = type_fast(shell, "echo " + word(length, length - len("echo ")) + ENTER)
    shell.expect(f"{LINE_MAX} bytes", timeout=60)
    shell.expect("\r\nquoll> ")
    thread.join()
    assert shell.run("echo fine") == ["fine"]


def test_paste_on_bochs(machine):
    """A strict 16550 at the real line speed."""
    one = machine(emulator="bochs", cpu="haswell", limit_s=300)
    one.boot()
    words = [word(i, 60) for i in range(16)]
    thread = type_fast(one, "".join(f"echo {w}{ENTER}" for w in words))
    for w in words:
        one.expect(f"\r\n{w}\r\nquoll> ", timeout=60)
    thread.join()
