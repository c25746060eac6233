"""What tasks are made of: the boot image's files, and keys of the system manifest that only other
manifests than the shipped one show."""
import re

import mkimage
import pytest

from conftest import ROOT

IMAGE = ROOT / "build" / "quoll.img"
IMAGE_DEBUG = ROOT / "build" / "debug" / "quoll.img"


def changed_image(tmp_path, change, image=IMAGE):
    """The shipped image with its system manifest changed by change(text)."""
    files = [(name, change(data.decode()).encode() if name == "system.manifest" else data)
             for name, data in mkimage.unpack(image.read_bytes())]
    path = tmp_path / "changed.img"
    path.write_bytes(mkimage.pack(files))
    return path


MANIFEST = """
[task names]
image = names
priority = 150
provides = names

[task test]
image = test
priority = 120
max-priority = 190
provides = test
uses = system
untyped = 4M-16M
mmio = 0xe0000000 2M
slots = 4096
devices = all
boot-image = yes
irq-control = yes
ioport-control = yes
cpu-control = yes
args = lib.devices

[task fuzz]
image = fuzz
priority = 120
provides = fuzz
untyped = 4M
mmio = 0xe0400000 4M
"""


def test_all_devices_are_one_tasks(machine, count, tmp_path):
    """In the shipped system they are devman's, which runs no tests: here they are the tests', who
    tell their results on the debug kernel's console."""
    one = machine(boot="pvh", icount=True, kernel="build/debug/kernel/quoll.elf",
                  image=changed_image(tmp_path, lambda _: MANIFEST, IMAGE_DEBUG))
    one.start()
    text = one.expect("end of the tests", timeout=100)
    assert len(re.findall("pass lib.devices.", text)) == 2 and "FAIL" not in text, text
    count("os-devices", 2, 0)


@pytest.mark.parametrize("line, part", [
    ("slots = 64", "task fuzz cannot start: failed to grant"),
])
def test_too_few_slots_are_reported(machine, tmp_path, line, part):
    def change(text):
        head, section = text.split("[task fuzz]\n")
        section = re.sub(r"(?m)^slots .*\n", f"{line}\nboot-image = yes\n", section, count=1)
        return f"{head}[task fuzz]\n{section}"
    one = machine(boot="pvh", image=changed_image(tmp_path, change))
    one.boot()
    assert any(part in text for text in one.run("log"))


def test_the_image_has_every_manifest():
    """But the template's, which is no driver of anything."""
    names = [name for name, _ in mkimage.unpack(IMAGE.read_bytes())]
    manifests = {path.name for path in ROOT.glob("drivers/*/*.manifest")} - {"template.manifest"}
    assert "system.manifest" in names and manifests <= set(names)
