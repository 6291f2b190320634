"""Headless Chromium, spoken to through a pair of pipes: Debian's package, unpacked into the tests' own folder.

DevTools' protocol over pipes needs no library and no port: JSON messages that end with a zero byte.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fastapi-mysql-k8s" / "tests"
ROOT = CACHE / "root"
PROGRAM = ROOT / "usr/lib/chromium/chromium-headless-shell"
# PulseAudio keeps a library of its own a folder deeper.
LIBRARIES = [
    ROOT / part for part in ("usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/pulseaudio", "lib/x86_64-linux-gnu")
]
FONTS = """<?xml version="1.0"?><fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>"""


@dataclass
class Page:
    """One tab, and what it has said and asked for."""

    commands: int
    events: int
    session: str = ""
    number: int = 0
    pending: bytes = b""
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    loaded: bool = False

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command; what happens meanwhile is noted."""
        self.number += 1
        message: dict[str, Any] = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                assert "error" not in answer, answer
                return dict(answer["result"])

    def receive(self) -> dict[str, Any]:
        while b"\0" not in self.pending:
            read = os.read(self.events, 1 << 20)
            assert read, "Chromium has ended"
            self.pending += read
        text, _, self.pending = self.pending.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        self.note(message.get("method", ""), message.get("params", {}))
        return message

    def note(self, method: str, parameters: dict[str, Any]) -> None:
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.errors.append(parameters["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(str(parameters["exceptionDetails"].get("text")))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.errors.append(str(parameters["args"]))
        elif method == "Page.loadEventFired":
            self.loaded = True

    def open(self, what: Path | str, width: int, scheme: str, height: int = 900) -> None:
        """Load a file or an address as a phone or a screen of this width would show it."""
        self.loaded = False
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.send("Page.navigate", url=what if isinstance(what, str) else what.as_uri())
        while not self.loaded:
            self.receive()

    def value(self, expression: str) -> Any:
        """What an expression is in the page; JavaScript of the page itself stays as it is."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def screenshot(self, file: Path, whole: bool = True) -> None:
        """All of the page, down to its end, or what is seen of it without scrolling."""
        taken = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(taken["data"]))


@contextlib.contextmanager
def chromium(*options: str) -> Iterator[Page]:
    """Start Chromium, by default with nothing but pipes and a folder that goes with it."""
    assert PROGRAM.is_file(), f"{PROGRAM} is missing: ansible-playbook tests/evidence/browser.yml"
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder)
        (own / "fonts.conf").write_text(FONTS.format(fonts=ROOT / "usr/share/fonts", cache=own / "fonts"))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "LD_LIBRARY_PATH": ":".join(map(str, LIBRARIES)),
            "FONTCONFIG_FILE": str(own / "fonts.conf"),
        }
        commands, to_browser = os.pipe()
        from_browser, events = os.pipe()
        # Chromium reads commands from descriptor 3 and writes to 4.
        command = [str(PROGRAM), "--remote-debugging-pipe", f"--user-data-dir={own / 'profile'}", "--no-sandbox"]
        command += ["--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking"]
        command += ["--disable-crash-reporter", *options, "about:blank"]
        start = ["bash", "-c", f'exec "$@" 3<&{commands} 4>&{events}', "bash", *command]
        with subprocess.Popen(
            start,
            env=environment,
            pass_fds=(commands, events),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            os.close(commands)
            os.close(events)
            try:
                yield attached(Page(to_browser, from_browser))
            finally:
                process.terminate()
                os.close(to_browser)
                os.close(from_browser)


def attached(page: Page) -> Page:
    """A tab of our own, which tells what it does."""
    target = page.send("Target.createTarget", url="about:blank")["targetId"]
    page.session = page.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Network", "Log", "Runtime"):
        page.send(f"{domain}.enable")
    return page
