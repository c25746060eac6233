"""The build: the same bytes from the same sources, and nothing built again without need."""
import hashlib
import os
import pathlib
import subprocess

import pytest


def make(directory, *args):
    env = {key: value for key, value in os.environ.items()
           if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "QUOLL_BUILD")}
    done = subprocess.run(["make", "-j2", *args], cwd=directory, env=env, capture_output=True,
                          text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def tree(build_copy):
    directory = build_copy()
    make(directory, "iso")
    return directory


def compiled(output):
    return {line.split()[1] for line in output.splitlines() if line.startswith(("  CC", "  NASM"))}


def touch(path):
    os.utime(path)


def test_two_builds_are_identical(tree, build_copy):
    other = build_copy()
    make(other, "iso")
    for name in ["kernel/quoll.elf", "quoll.img"]:
        assert digest(tree / "build" / name) == digest(other / "build" / name), name


def test_second_make_does_nothing(tree):
    assert make(tree, "iso").strip() in ("", "make: Nothing to be done for 'iso'.")


def test_touching_a_kernel_header_rebuilds_its_users_only(tree):
    touch(tree / "kernel/lib/crc32.h")
    again = compiled(make(tree, "iso"))
    users = {str(p.relative_to(tree)) for p in (tree / "kernel").rglob("*.c")
             if "crc32.h" in p.read_text()}
    assert users and users <= again
    assert not [path for path in again if not path.startswith("kernel/")]


def test_touching_the_abi_rebuilds_both_sides(tree):
    touch(tree / "kernel/include/quoll/abi.h")
    again = compiled(make(tree, "iso"))
    assert any(path.startswith("kernel/") for path in again)
    assert any(path.startswith("servers/") for path in again)


def test_touching_the_manifest_makes_a_new_image_only(tree):
    touch(tree / "boot/system.manifest")
    output = make(tree, "iso")
    assert not compiled(output) and "IMAGE" in output and "ISO" in output


def test_other_flags_build_again(tree):
    output = make(tree, "iso", "NASM=nasm -Ox")
    assert any(path.endswith(".asm") for path in compiled(output))
    make(tree, "iso")


def test_segments_have_one_set_of_rights(tree):
    """W^X, and a page never belongs to two segments."""
    elves = [tree / "build/kernel/quoll.elf", *(tree / "build/user").glob("*.elf")]
    for elf in elves:
        text = subprocess.run(["readelf", "-lW", elf], capture_output=True, text=True,
                              check=True).stdout
        used = []
        for line in text.splitlines():
            if not line.startswith("  LOAD"):
                continue
            fields = line.split()
            start, size = int(fields[2], 16), int(fields[5], 16)
            flags = "".join(fields[6:-1])
            assert not ("W" in flags and "E" in flags), f"{elf}: {line}"
            used.append((start >> 12, (start + size - 1) >> 12 if size else start >> 12))
        used.sort()
        assert all(a[1] < b[0] for a, b in zip(used, used[1:])), elf


def test_default_is_help(tree):
    assert "make run" in make(tree)
