"""The timer and the clock: their drivers on the host against QEMU's HPET, PIT and MC146818, and in
the system, where `date` and the areas drivers.* of the in-OS tests are their clients."""
import calendar
import datetime
import re

import pytest

from qtest import Qtest
from test_driver_host import passes, program  # noqa: F401  (a fixture)

BASES = {"leap": "2024-02-29T23:59:50", "old": "1999-12-31T12:00:00", "late": "2099-06-30T00:30:00"}


def seconds(text):
    return calendar.timegm(datetime.datetime.fromisoformat(text).timetuple())


# ---- on the host

@pytest.mark.parametrize("kind", BASES)
def test_rtc_base(program, count, kind):  # noqa: F811
    with Qtest("-rtc", f"base={BASES[kind]},clock=vm") as qemu:
        passes(count, f"rtc-base-{kind}", [program("rtc"), qemu.socket, "base", seconds(BASES[kind])])


@pytest.mark.parametrize("part", ["set", "wrong", "updates"])
def test_rtc(program, count, part):  # noqa: F811
    with Qtest() as qemu:
        passes(count, f"rtc-{part}", [program("rtc"), qemu.socket, part])


@pytest.mark.parametrize("part", ["pin", "kernel", "pit", "lost", "chip"])
def test_timer(program, count, part):  # noqa: F811
    with Qtest("-global", "hpet.msi=on") as qemu:
        passes(count, f"timer-{part}", [program("timer"), qemu.socket, part])
