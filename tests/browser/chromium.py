"""A Chromium tab, driven over its DevTools protocol: what a person sees, clicks and types."""

import base64
import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
import websocket

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needed = pytest.mark.skipif(PROGRAM is None, reason="no Chromium here (Debian: apt install chromium)")
KEYS = {"ArrowRight": 39, "ArrowLeft": 37, "ArrowDown": 40, "ArrowUp": 38, "Enter": 13, "Tab": 9, " ": 32}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(answer, what: str, seconds: float = 60):
    """Whatever `answer` gives, as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if found := answer():
                return found
        time.sleep(0.3)
    pytest.fail(f"{what} did not come within {seconds:.0f} s")


@contextlib.contextmanager
def running(command: list[str], log=subprocess.DEVNULL, patience: float = 20, **settings):
    """A program and its children, ended at the end: kindly, and after some seconds at once."""
    process = subprocess.Popen(command, start_new_session=True, stdout=log, stderr=log, **settings)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def open_tab(width: int = 1440, height: int = 900):
    """A fresh browser with one tab, which knows nobody and nothing."""
    port = free_port()
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    quiet += ["--disable-sync", "--disable-background-networking", "--disable-component-update"]
    quiet += ["--disable-dev-shm-usage", f"--remote-debugging-port={port}", "--remote-allow-origins=*"]

    def socket_of_the_tab():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=2) as answer:
            tabs = json.load(answer)
        return next((entry["webSocketDebuggerUrl"] for entry in tabs if entry["type"] == "page"), None)

    folder = tempfile.mkdtemp()
    try:
        with running([PROGRAM, *quiet, f"--user-data-dir={folder}", "about:blank"]):
            tab = Tab(until(socket_of_the_tab, "Chromium"))
            with contextlib.closing(tab.connection):
                tab.size(width, height)
                yield tab
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Tab:
    """One tab; `requests` lists every address it asked for, `complaints` what a page's scripts broke on, `errors` its console's."""

    def __init__(self, address: str):
        self.connection = websocket.create_connection(address, timeout=120)
        self.number = itertools.count(1)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.errors: list[str] = []
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        # Without a window nothing has the focus, and keys would go nowhere.
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)

    def call(self, method: str, **parameters):
        number = next(self.number)
        self.connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.connection.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self._note(answer.get("method"), answer.get("params", {}))

    def _note(self, event: str | None, told: dict) -> None:
        if event == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(told["exceptionDetails"].get("exception", {}).get("description", "?"))
        elif event == "Runtime.consoleAPICalled" and told["type"] == "error":
            self.errors.append(" ".join(str(one.get("value", one.get("description"))) for one in told["args"]))
        elif event == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.errors.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")
        elif event == "Page.javascriptDialogOpening":
            self.complaints.append(told["message"])

    def requests_elsewhere(self) -> list[str]:
        """Addresses asked for that are not on this machine."""
        here = ("http://127.0.0.1", "http://localhost", "ws://127.0.0.1", "file:", "data:", "blob:", "about:")
        return [address for address in self.requests if not address.startswith((*here, "chrome"))]

    def size(self, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def go(self, address: str) -> None:
        self.call("Page.navigate", url=address)

    def evaluate(self, script: str):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", script))
        return answer["result"].get("value")

    def wait_for(self, script: str, seconds: float = 60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := self.evaluate(script):
                return found
            time.sleep(0.25)
        text = self.evaluate("document.body.innerText.slice(0, 600)")
        pytest.fail(f"never came true in the browser: {script}; the page says {text!r}")

    def faults(self) -> list[str]:
        """What axe-core calls serious or critical in the page as it stands: the rule, and the first element that breaks it."""
        axe = pytest.importorskip("axe_core_python").__path__[0]
        script = (Path(axe) / "axe.min.js").read_text(encoding="utf-8")
        self.evaluate(
            f"(() => {{ const define = window.define; window.define = undefined; {script}; window.define = define; }})()"
        )
        found = self.evaluate(
            "axe.run(document, {resultTypes: ['violations']}).then(told => JSON.stringify(told.violations"
            ".map(one => [one.impact, one.id, one.nodes[0].html])))"
        )
        return [
            f"{rule}: {html[:200]}" for impact, rule, html in json.loads(found) if impact in ("serious", "critical")
        ]

    def click(self, element: str) -> None:
        """Press the mouse in the middle of an element, given as a script that finds it."""
        where = self.evaluate(f"""(() => {{
            const found = {element};
            found.scrollIntoView({{block: 'center'}});
            const box = found.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=where[0], y=where[1], button="left", clickCount=1)

    def press(self, key: str) -> None:
        text = {"Enter": "\r", " ": " "}.get(key)  # without its character Enter or Space presses nothing
        for kind in ("keyDown" if text else "rawKeyDown", "keyUp"):
            told = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=KEYS[key], **told)

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
