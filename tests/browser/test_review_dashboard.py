"""The review's page works in a real browser: served by Voilà, opened in Chromium, a control changed, the figure changed."""

import json
import re
import socket
import sys
import urllib.error
import urllib.request

import pytest
from chromium import free_port, needed, open_tab, running, until

from idic_lab.course.runs import notebooks

pytestmark = needed
WAIT = 240  # seconds: the page fits its models before it shows


@pytest.fixture(scope="module")
def address():
    """Of the page, on this machine only, behind a token."""
    port = free_port()
    page = notebooks.folder() / "53_review_dashboard.ipynb"
    command = [sys.executable, "-m", "voila", str(page), "--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}"]
    with running([*command, "--token=a-token-for-this-test", "--show_tracebacks=True"]):
        until(lambda: socket.create_connection(("127.0.0.1", port), 1).close() or True, "Voilà")
        yield f"http://127.0.0.1:{port}/"


FIRST_PICTURE = "(document.querySelector('img.widget-image, .widget-image img') || {}).src || ''"
CHOOSE = """(() => {
    const control = document.querySelector('.widget-dropdown select');
    control.value = [...control.options].find(option => option.text === 'retention').value;
    control.dispatchEvent(new Event('change', {bubbles: true}));
    return control.value;
})()"""


def test_changing_a_control_changes_the_figure(address):
    with open_tab() as tab:
        tab.go(f"{address}?token=a-token-for-this-test")
        tab.wait_for("document.querySelectorAll('.widget-dropdown select').length >= 3", WAIT)
        before = tab.wait_for(FIRST_PICTURE, 60)
        assert tab.evaluate(CHOOSE)
        after = tab.wait_for(f"({FIRST_PICTURE}) !== {json.dumps(before)} && ({FIRST_PICTURE})", 60)
        text = tab.evaluate("document.body.innerText")
    assert before.startswith("blob:") and after.startswith("blob:")
    assert "The review" in text and "Traceback" not in text


def test_without_the_token_the_page_is_not_shown(address):
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            shown = answer.read().decode()
    except urllib.error.HTTPError as refusal:
        shown = str(refusal.code)
    assert not re.search("The review|jupyter-widgets", shown)
