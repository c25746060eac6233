"""`poweroff` ends the machine, `reboot` starts it again."""
import json
import pathlib

import pexpect
import pytest

import mkimage
from conftest import ROOT


@pytest.mark.parametrize("kind", ["q35", "pc"])
@pytest.mark.parametrize("firmware", ["bios", "uefi"])
def test_poweroff_ends_qemu(machine, kind, firmware):
    one = machine(machine=kind, firmware=firmware)
    one.boot()
    events = ask_for_shutdown(one, "poweroff")
    assert events["reason"] == "guest-shutdown"
    assert one.wait_exit() == 0


def ask_for_shutdown(one, command):
    """Why the machine stopped, as QEMU tells it: an exit code would hide a triple fault."""
    one.send(command + "\r")
    for line in one.monitor:
        event = json.loads(line)
        if event.get("event") == "SHUTDOWN":
            return event["data"]
    raise AssertionError(f"{command}: QEMU did not say that it was shut down")


def test_poweroff_ends_bochs(machine):
    """All that was typed and printed is out before the machine stops."""
    one = machine(emulator="bochs", cpu="haswell")
    one.boot()
    one.send("poweroff\r")
    one.expect("poweroff\r\n")
    one.wait_exit()
    assert "ACPI control: soft power off" in pathlib.Path(f"{one.log_path}.err").read_text()


@pytest.mark.parametrize("kind", ["q35", "pc"])
def test_reboot_is_a_reset(machine, kind):
    one = machine(machine=kind, boot="pvh")  # -no-reboot makes a reset end QEMU
    one.boot()
    assert ask_for_shutdown(one, "reboot")["reason"] == "guest-reset"
    one.wait_exit()


def test_reboot_comes_up_again(machine):
    one = machine(extra=("-action", "reboot=reset"))
    one.boot()
    one.send("reboot\r")
    one.wait_prompt(30)  # the echo ends before it, so this prompt is the new one
    assert one.run("echo again") == ["again"]


def test_poweroff_by_the_button_is_harmless(machine):
    """Nothing listens to the ACPI power button yet; it must not bring anything down."""
    one = machine()
    one.boot()
    one.qmp("system_powerdown")
    assert one.serial.expect([pexpect.TIMEOUT, "panic"], timeout=1) == 0
    assert one.run("echo alive") == ["alive"]


def test_the_driver_managers_death_is_reported_and_restarts(machine, tmp_path):
    """Another program in devman's place dies at once: it finds no driver's pages."""
    files = dict(mkimage.unpack((ROOT / "build/quoll.img").read_bytes()))
    files["devman"] = files["uart8250"]
    image = tmp_path / "quoll.img"
    image.write_bytes(mkimage.pack(list(files.items())))
    one = machine(boot="pvh", image=str(image))
    one.start()
    one.expect("task devman died: page fault", 30)
    one.expect("SYSTEM FAILURE: the driver manager died", 10)
    for line in one.monitor:
        event = json.loads(line)
        if event.get("event") == "SHUTDOWN":
            break
    assert event["data"]["reason"] == "guest-reset"


@pytest.mark.parametrize("command", ["reboot", "poweroff"])
def test_who_may_not_is_told_so(machine, tmp_path, command):
    """The first shell without the right, and nothing else changed."""
    files = dict(mkimage.unpack((ROOT / "build/quoll.img").read_bytes()))
    text = files["system.manifest"].decode()
    files["system.manifest"] = text.replace("power    = yes ", "power    = no ", 1).encode()
    image = tmp_path / "quoll.img"
    image.write_bytes(mkimage.pack(list(files.items())))
    one = machine(boot="pvh", image=str(image))
    one.boot()
    assert one.run(command) == [
        f"{command}: this shell may not: its task lacks power = yes in the system manifest"]
    assert one.run("echo still here") == ["still here"]
