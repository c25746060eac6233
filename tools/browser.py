"""browser.py - a headless Chromium, driven by its DevTools protocol over a pipe: no package but the
browser is needed.

    with Browser() as b:
        b.open("http://127.0.0.1:8080/")
        b.wait("document.title == 'Quoll'")
        b.evaluate("document.querySelector('button').click()")
        png = b.picture()
"""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

SIZE = (1360, 900)


class Browser:
    def __init__(self, limit_s=120):
        self.end = time.monotonic() + limit_s
        self.directory = tempfile.mkdtemp(prefix="quoll-browser-")
        read_here, write_there = os.pipe()
        read_there, write_here = os.pipe()
        self.log = open(f"{self.directory}/log", "wb")
        # It wants descriptors 3 and 4; a shell puts them there, from where neither is in the way.
        there = [fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (read_there, write_there)]
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{there[0]} 4>&{there[1]}', "bash", "timeout", "--kill-after=5",
             str(limit_s), "chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--no-proxy-server",
             "--disable-background-networking", "--force-color-profile=srgb", "--hide-scrollbars",
             f"--user-data-dir={self.directory}/profile", "--remote-debugging-pipe", "about:blank"],
            pass_fds=there, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            start_new_session=True)
        for fd in [read_there, write_there, *there]:
            os.close(fd)
        self.input, self.output, self.have, self.number, self.session = read_here, write_here, b"", 0, None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=SIZE[0], height=SIZE[1], deviceScaleFactor=1,
                  mobile=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        os.close(self.output)  # it ends with its pipe
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        os.close(self.input)
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def failure(self, what):
        with open(self.log.name, encoding="utf-8", errors="replace") as log:
            return RuntimeError(f"browser: {what}; its log: " + log.read()[-2000:])

    def receive(self):
        while b"\0" not in self.have:
            left = self.end - time.monotonic()
            if left <= 0 or not select.select([self.input], [], [], left)[0]:
                raise self.failure("no answer in time")
            piece = os.read(self.input, 1 << 20)
            if not piece:
                raise self.failure("it has ended")
            self.have += piece
        message, self.have = self.have.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.output, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") != self.number:
                continue  # an event
            if "error" in answer:
                raise self.failure(f"{method}: {answer['error']['message']}")
            return answer["result"]

    def open(self, address):
        self.call("Page.navigate", url=address)

    def evaluate(self, expression):
        """The value of a JavaScript expression, which may be a promise."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise self.failure(f"{expression}: {result['exceptionDetails'].get('exception', {}).get('description')}")
        return result["result"].get("value")

    def wait(self, expression, seconds=60):
        """Until the expression is something; that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.evaluate(expression)
            if value:
                return value
            time.sleep(0.2)
        raise self.failure(f"not within {seconds} s: {expression}")

    def dark(self, is_dark):
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}])

    def picture(self):
        """The window as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
