"""The review's page works in a real browser: served by Voilà, opened in Chromium, a control changed, the figure changed."""

import json
import os
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
def address(kept_run, tmp_path_factory):
    """Of the page, on this machine only, behind a token; of a run where there is one, as a manager opens it."""
    port = free_port()
    page = notebooks.folder() / "53_review_dashboard.ipynb"
    if kept_run:
        source = page.read_text(encoding="utf-8")
        page = tmp_path_factory.mktemp("page") / page.name
        page.write_text(source.replace('run_dir = \\"\\"', f'run_dir = \\"{kept_run}\\"'), encoding="utf-8")
    command = [sys.executable, "-m", "voila", str(page), "--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}"]
    paths = dict.fromkeys(("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"), str(notebooks.folder().parent / "jupyter"))
    with running([*command, "--token=a-token-for-this-test", "--show_tracebacks=True"], env=os.environ | paths):
        until(lambda: socket.create_connection(("127.0.0.1", port), 1).close() or True, "Voilà")
        yield f"http://127.0.0.1:{port}/"


PICTURE = "(document.querySelector('.widget-html-content img') || {}).alt || ''"
LESSON = ("Try it", "Exercises", "Sources", "you will be able to", "Contents")


def choose(label: str, text: str) -> str:
    """A script that chooses an entry of the first control with a label."""
    return f"""(() => {{
        const control = [...document.querySelectorAll('.widget-dropdown select')]
            .find(one => one.labels[0].innerText.trim() === {json.dumps(label)});
        control.value = [...control.options].find(option => option.text.startsWith({json.dumps(text)})).value;
        control.dispatchEvent(new Event('change', {{bubbles: true}}));
        return control.value;
    }})()"""


def test_it_answers_on_one_screen_fetches_nothing_and_redraws_what_is_chosen(address):
    with open_tab(1366, 768) as tab:
        tab.go(f"{address}?token=a-token-for-this-test")
        tab.wait_for("document.querySelectorAll('.widget-dropdown select').length >= 3", WAIT)
        before = tab.wait_for(PICTURE, 60)
        text = tab.evaluate("document.body.innerText")
        below = tab.evaluate("document.querySelector('.glance').getBoundingClientRect().bottom")
        unnamed = tab.evaluate("[...document.querySelectorAll('select')].filter(one => !one.labels.length).length")
        undescribed = tab.evaluate("[...document.images].filter(one => !one.alt).length")
        assert tab.evaluate(choose("measure", "retention"))
        after = tab.wait_for(f"({PICTURE}) !== {json.dumps(before)} && ({PICTURE})", 60)
        assert tab.evaluate(choose("review", "2024-04")) and tab.evaluate(choose("measure", "share_of_wallet"))
        tab.wait_for("document.body.innerText.includes('was not measured up to this review')", 60)
        elsewhere, faults = tab.requests_elsewhere(), tab.faults()
    assert faults == [] and tab.complaints == [] and tab.errors == []
    assert before.startswith("Revenue") and after.startswith("Retention")
    assert below <= 768 and "What changed" in text and "What do we decide?" in text
    assert (elsewhere, unnamed, undescribed) == ([], 0, 0)
    assert "Traceback" not in text and not [word for word in LESSON if word in text]


def test_without_the_token_the_page_is_not_shown(address):
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            shown = answer.read().decode()
    except urllib.error.HTTPError as refusal:
        shown = str(refusal.code)
    assert not re.search("What do we decide|jupyter-widgets", shown)
