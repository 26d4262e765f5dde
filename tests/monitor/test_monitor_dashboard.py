"""The review's page works in a real browser: served by Voilà, opened in Chromium, a control changed, the figure changed."""

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import pytest
from tornado.websocket import websocket_connect

from idic_lab.course import notebooks

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
WAIT = 240  # seconds: the page fits its models before it shows


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(answer, what: str, seconds: float = 60):
    """Whatever `answer` gives, as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            found = answer()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.3)
    pytest.fail(f"{what} did not come within {seconds:.0f} s")


@pytest.fixture(scope="module")
def address():
    """Of the page, on this machine only, behind a token."""
    port = free_port()
    page = notebooks.folder() / "53_review_dashboard.ipynb"
    command = [
        sys.executable,
        "-m",
        "voila",
        str(page),
        "--no-browser",
        "--Voila.ip=127.0.0.1",
        f"--port={port}",
    ]
    server = subprocess.Popen(
        [*command, "--token=a-token-for-this-test", "--show_tracebacks=True"],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: socket.create_connection(("127.0.0.1", port), 1).close() or True, "Voilà")
        yield f"http://127.0.0.1:{port}/"
    finally:
        stop(server)


@pytest.fixture(scope="module")
def debugger():
    """The address of a browser tab's debugging socket."""
    folder = tempfile.mkdtemp()
    port = free_port()
    quiet = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-sync",
    ]
    quiet += ["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"]
    browser = subprocess.Popen(
        [CHROMIUM, *quiet, f"--user-data-dir={folder}", f"--remote-debugging-port={port}", "about:blank"],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def tab():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=2) as answer:
            tabs = json.load(answer)
        return next((entry["webSocketDebuggerUrl"] for entry in tabs if entry["type"] == "page"), None)

    try:
        yield until(tab, "Chromium")
    finally:
        stop(browser)
        shutil.rmtree(folder, ignore_errors=True)


class Tab:
    """A browser tab, driven over Chromium's DevTools protocol."""

    def __init__(self, connection):
        self.connection, self.number = connection, 0

    async def call(self, method: str, **parameters):
        self.number += 1
        await self.connection.write_message(
            json.dumps({"id": self.number, "method": method, "params": parameters})
        )
        while True:
            answer = json.loads(await self.connection.read_message())
            if answer.get("id") == self.number:
                return answer["result"]

    async def evaluate(self, script: str):
        return (await self.call("Runtime.evaluate", expression=script, returnByValue=True))["result"].get(
            "value"
        )

    async def wait_for(self, script: str, seconds: float):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = await self.evaluate(script)
            if found:
                return found
            await asyncio.sleep(0.5)
        text = await self.evaluate("document.body.innerText.slice(0, 600)")
        pytest.fail(f"never came true in the browser: {script}; the page says {text!r}")


FIRST_PICTURE = "(document.querySelector('img.widget-image, .widget-image img') || {}).src || ''"
CHOOSE = """(() => {
    const control = document.querySelector('.widget-dropdown select');
    control.value = [...control.options].find(option => option.text === 'retention').value;
    control.dispatchEvent(new Event('change', {bubbles: true}));
    return control.value;
})()"""


def test_changing_a_control_changes_the_figure(address, debugger):
    async def look() -> tuple[str, str, str]:
        tab = Tab(await websocket_connect(debugger, max_message_size=2**26))
        await tab.call("Page.navigate", url=f"{address}?token=a-token-for-this-test")
        await tab.wait_for("document.querySelectorAll('.widget-dropdown select').length >= 3", WAIT)
        before = await tab.wait_for(FIRST_PICTURE, 60)
        assert await tab.evaluate(CHOOSE)
        after = await tab.wait_for(f"({FIRST_PICTURE}) !== {json.dumps(before)} && ({FIRST_PICTURE})", 60)
        text = await tab.evaluate("document.body.innerText")
        tab.connection.close()
        while await tab.connection.read_message() is not None:  # until the browser has closed it too
            pass
        return before, after, text

    before, after, text = asyncio.run(look())
    assert before.startswith("blob:") and after.startswith("blob:")
    assert "The review" in text and "Traceback" not in text


def test_without_the_token_the_page_is_not_shown(address):
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            shown = answer.read().decode()
    except urllib.error.HTTPError as refusal:
        shown = str(refusal.code)
    assert not re.search("The review|jupyter-widgets", shown)
