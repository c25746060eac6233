"""What tasks are made of: the boot image's files, and keys of the system manifest that only other
manifests than the shipped one show."""
import re

import mkimage
import pytest

from conftest import ROOT

IMAGE = ROOT / "build" / "quoll.img"


def changed_image(tmp_path, change):
    """The shipped image with its system manifest changed by change(text)."""
    files = [(name, change(data.decode()).encode() if name == "system.manifest" else data)
             for name, data in mkimage.unpack(IMAGE.read_bytes())]
    path = tmp_path / "changed.img"
    path.write_bytes(mkimage.pack(files))
    return path


def with_key(task, line):
    """Puts a line into the section of a task, whose other lines for that key go."""
    def change(text):
        key = line.split("=")[0].strip()
        text = re.sub(rf"(?m)^{key}\s*=\s*all.*\n", "", text)
        new = re.sub(rf"(?m)^\[task {task}\]\n", rf"\g<0>{line}\n", text)
        assert new != text
        return new
    return change


def test_all_devices_are_one_tasks(machine, count, tmp_path):
    one = machine(boot="pvh", icount=True,
                  image=changed_image(tmp_path, with_key("test", "devices = all")))
    one.boot()
    lines = one.run("test lib.devices", timeout=100)
    assert lines[-1] == "2 passed, 0 failed", "\n".join(lines)
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
    names = [name for name, _ in mkimage.unpack(IMAGE.read_bytes())]
    manifests = [path.name for path in ROOT.glob("drivers/*/*.manifest")]
    assert "system.manifest" in names and set(manifests) <= set(names)
