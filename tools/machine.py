"""machine.py - a running Quoll to talk to: its serial line, its shell, its QMP monitor.

    with Machine(Config(memory=64)) as m:
        m.boot()
        lines = m.run("help")

Every emulator has a time limit of its own, and its serial log stays in build/logs.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import tty

import pexpect
import pexpect.fdpexpect

import emu

PROMPT = "quoll> "
BOOT_LIMIT_S = 60
COMMAND_LIMIT_S = 30


class Machine:
    def __init__(self, config=None, name="machine", limit_s=180):
        self.config = config or emu.Config()
        self.process = None
        self.serial = None
        self.monitor = None
        self.terminal_fd = None
        self.directory = tempfile.mkdtemp(prefix="quoll-")
        logs = emu.ROOT / "build" / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self.log_path = logs / (re.sub(r"[^\w.+-]+", "-", name).strip("-") + ".log")
        self.log = open(self.log_path, "w", encoding="utf-8", errors="replace", newline="")
        self.limit_s = limit_s

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- life

    def start(self):
        """Start the emulator; returns when its serial line is connected."""
        listener = monitor = None
        if self.config.emulator == "bochs":
            self.serial_fd, self.terminal_fd = os.openpty()
            tty.setraw(self.terminal_fd)
            command = emu.bochs_command(self.config, os.ttyname(self.terminal_fd), self.directory)
        else:
            listener = self._listen("serial")
            monitor = self._listen("qmp")
            command = emu.qemu_command(self.config, f"unix:{self.directory}/serial",
                                       f"{self.directory}/qmp")
        self.started = time.monotonic()
        with open(f"{self.log_path}.err", "wb") as errors:
            self.process = subprocess.Popen(
                ["timeout", "--kill-after=5", str(self.limit_s)] + command,
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, start_new_session=True)
        if listener:
            self.serial_fd = self._accept(listener).detach()
        self.serial = pexpect.fdpexpect.fdspawn(
            self.serial_fd, encoding="utf-8", codec_errors="replace", timeout=30)
        self.serial.logfile_read = self.log
        self.serial.delaybeforesend = None
        if monitor:
            self.monitor = self._accept(monitor).makefile("rw")
            json.loads(self.monitor.readline())
            self.qmp("qmp_capabilities")
        return self

    def _listen(self, name):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{self.directory}/{name}")
        listener.listen(1)
        return listener

    def _accept(self, listener):
        listener.settimeout(0.2)
        for _ in range(100):
            try:
                connection, _ = listener.accept()
                listener.close()
                connection.settimeout(None)
                return connection
            except socket.timeout:
                if self.process.poll() is not None:
                    break
        with open(f"{self.log_path}.err", encoding="utf-8", errors="replace") as errors:
            raise RuntimeError("the emulator did not start: " + errors.read()[-2000:])

    def boot(self, timeout=BOOT_LIMIT_S):
        """Start and wait for the prompt; returns the seconds it took."""
        self.start()
        self.wait_prompt(timeout)
        return time.monotonic() - self.started

    def wait_exit(self, timeout=15):
        """Wait until the emulator has ended by itself; returns its exit code."""
        end = time.monotonic() + timeout
        while self.process.poll() is None and time.monotonic() < end:
            try:  # Bochs's line is a terminal of ours: it has no end of file
                self.serial.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=0.2)
            except OSError:
                break  # the line's other end is gone
        return self.process.wait(timeout)

    def close(self):
        """End the emulator if it runs. Only ever touches the process that start made. May be called
        again: a descriptor's number may belong to somebody else by then."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        if self.serial:
            try:  # what was still under way belongs in the log
                self.serial.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=0.2)
            except OSError:
                pass
            os.close(self.serial_fd)
            self.serial = None
        if self.terminal_fd is not None:
            os.close(self.terminal_fd)
            self.terminal_fd = None
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    # ---- serial line

    def send(self, text):
        self.serial.send(text)

    def expect(self, text, timeout=COMMAND_LIMIT_S):
        """Wait for exactly @text; returns what came before it."""
        self.serial.expect_exact(text, timeout=timeout)
        return self.serial.before

    def expect_re(self, pattern, timeout=COMMAND_LIMIT_S):
        """Wait for a regular expression; returns its match object."""
        self.serial.expect(pattern, timeout=timeout)
        return self.serial.match

    def wait_prompt(self, timeout=COMMAND_LIMIT_S):
        return self.expect(PROMPT, timeout)

    def run(self, command, timeout=COMMAND_LIMIT_S):
        """Type a command at the prompt; returns the lines it printed, up to the next prompt."""
        self.send(command + "\r")
        echo, *lines = self.expect("\r\n" + PROMPT, timeout).split("\r\n")
        if command not in echo:
            raise AssertionError(f"typed {command!r}, the echo is {echo!r}")
        return lines

    def run_json(self, command, timeout=COMMAND_LIMIT_S):
        """The objects that a command with --json printed, one a line."""
        return [json.loads(line) for line in self.run(command + " --json", timeout)]

    # ---- what Bochs saw

    def watched(self):
        """A dict for each time that an address of Config.watch was reached, in order: the
        registers by name, "cr4" and "xcr0" as sets of flags, "stack" as two 64-bit words, none if it
        is not mapped (the next space is loaded already)."""
        found = []
        text = pathlib.Path(f"{self.log_path}.err").read_text(encoding="utf-8", errors="replace")
        for report in re.split(r"^\(0\) Breakpoint ", text, flags=re.M)[1:]:
            stack = re.search(r">:((?:\s+0x[0-9a-f]{8}){4})", report)
            if not stack and "physical address not available" not in report:
                break  # still being written
            hit = {name: int(high + low, 16) for name, high, low in
                   re.findall(r"^(r\w+) ?: (\w{8})_(\w{8})$", report, re.M)}
            for name in ["CR4", "XCR0"]:
                flags = re.search(rf"^{name}=\w+: (.*)$", report, re.M)
                hit[name.lower()] = {flag for flag in flags[1].split() if flag.isupper()}
            words = [int(word, 16) for word in stack[1].split()] if stack else []
            hit["stack"] = [low | high << 32 for low, high in zip(words[::2], words[1::2])]
            found.append(hit)
        return found

    # ---- monitor

    def qmp(self, command, **arguments):
        self.monitor.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.monitor.flush()
        for line in self.monitor:
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise RuntimeError(f"qmp {command}: {answer['error']['desc']}")
        raise RuntimeError(f"qmp {command}: the monitor is gone")

    def hmp(self, line):
        """A command of QEMU's human monitor."""
        return self.qmp("human-monitor-command", **{"command-line": line})
