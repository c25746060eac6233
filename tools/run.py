#!/usr/bin/python3
"""Boots Quoll with its serial line on this terminal; for `make run` and `make gdb`. QEMU's machine has
a disk and a network card (run_devices.py); with --gdb, or if the options name a machine (-M), it has
only what these say.

usage: run.py [--emu=qemu|bochs] [--iso=FILE] [--gdb --kernel=ELF] [-- QEMU options]
"""
import argparse
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
import tty

import emu
import run_devices

QUIT = b"\x1d"  # ^]
PROMPT = b"quoll> "


def run_qemu(config, gdb, kernel):
    if gdb:
        return run_gdb(config, kernel)
    if not sys.stdin.isatty():
        return run_script(config)
    command = emu.qemu_command(config, "mon:stdio")
    # In a window, the screen is part of what there is to see.
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        at = command.index("-display")
        del command[at:at + 2]
    print("Quoll in QEMU. `poweroff` ends it, and so does Ctrl-A X.", flush=True)
    return subprocess.run(command, check=False).returncode


def run_script(config):
    """Standard input is a file or a pipe: its lines are typed once the shell is there."""
    with tempfile.TemporaryDirectory(prefix="quoll-") as directory:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{directory}/serial")
        listener.listen(1)
        command = emu.qemu_command(config, f"unix:{directory}/serial")
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            listener.settimeout(10)
            connection, _ = listener.accept()
            connection.settimeout(None)
            copy_lines(connection.fileno(), process)
        except socket.timeout:
            pass  # QEMU has said why
        finally:
            end(process)
    return process.returncode


def end(process):
    """Ends an emulator that this program started, if it still runs."""
    try:
        process.wait(1)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run_gdb(config, kernel):
    with tempfile.TemporaryDirectory(prefix="quoll-") as directory:
        log = f"{directory}/serial.log"
        command = emu.qemu_command(config, f"file:{log}")
        command += ["-S", "-gdb", f"unix:{directory}/gdb,server=on,wait=off"]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True) as qemu:
            try:
                while not os.path.exists(f"{directory}/gdb") and qemu.poll() is None:
                    time.sleep(0.05)
                print(f"the serial line goes to {log}; stopped before the first instruction")
                return subprocess.run(
                    ["gdb", "-q", kernel, "-ex", f"target remote {directory}/gdb",
                     "-ex", "hbreak kmain"], check=False).returncode
            finally:
                qemu.terminate()


def copy_lines(serial, process):
    """Between this terminal and @serial, until the emulator ends or ^] is typed. Nothing is
    typed before the prompt: firmware and boot loader would swallow it."""
    inputs, seen, waiting = [serial], b"", True
    while True:
        ready, _, _ = select.select(inputs, [], [], 0.2)
        if serial in ready:
            try:
                data = os.read(serial, 4096)
            except OSError:
                return
            if not data:
                return
            os.write(sys.stdout.fileno(), data)
            seen = (seen + data)[-4200:]
            if waiting and PROMPT in seen:
                waiting = False
                inputs.append(sys.stdin.fileno())
        elif process.poll() is not None:
            return
        if sys.stdin.fileno() in ready:
            data = os.read(sys.stdin.fileno(), 1024)
            if not data:
                inputs.remove(sys.stdin.fileno())
            if QUIT in data:
                return
            os.write(serial, data)


def run_bochs(config):
    serial, terminal = os.openpty()
    tty.setraw(terminal)
    interactive = sys.stdin.isatty()
    with tempfile.TemporaryDirectory(prefix="quoll-") as directory:
        command = emu.bochs_command(config, os.ttyname(terminal), directory)
        print("Quoll in Bochs. Ctrl-] ends it." if interactive else "Quoll in Bochs.", flush=True)
        with open(f"{directory}/output", "wb") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=output, start_new_session=True)
        saved = termios.tcgetattr(sys.stdin) if interactive else None
        try:
            if interactive:
                tty.setraw(sys.stdin)
            copy_lines(serial, process)
        finally:
            if saved:
                termios.tcsetattr(sys.stdin, termios.TCSADRAIN, saved)
            end(process)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--emu", choices=["qemu", "bochs"], default="qemu")
    parser.add_argument("--iso")
    parser.add_argument("--kernel")
    parser.add_argument("--gdb", action="store_true")
    parser.add_argument("extra", nargs="*")
    args = parser.parse_args()
    for ending in (signal.SIGTERM, signal.SIGHUP):  # the emulator ends with this program
        signal.signal(ending, lambda *_: sys.exit(143))
    extra = tuple(args.extra)
    if args.emu == "qemu" and not args.gdb and not {"-M", "-machine"} & set(extra):
        devices, said = run_devices.options()
        extra = devices + extra
        print(said, flush=True)
    config = emu.Config(emulator=args.emu, iso=args.iso, extra=extra)
    if args.emu == "bochs":
        sys.exit(run_bochs(config))
    try:
        sys.exit(run_qemu(config, args.gdb, args.kernel))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
