"""The questions answer by mouse and by keyboard in JupyterLab, in Voilà and on a saved page, with the reason for each choice."""

import contextlib
import html
import os
import re
import subprocess
import sys
import urllib.request

import nbformat
import pytest
from chromium import free_port, needed, open_tab, running, until
from nbclient import NotebookClient

from idic_lab.course.pages import report
from idic_lab.course.runs import kernels, notebooks
from idic_lab.notebook import questions

pytestmark = needed
TOKEN = "a-token-for-this-test"
# A choice, a number and a picture.
ASKED = {"22-newest": None, "21-top-fifth": 0.62, "22-second-when": None}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with a notebook that asks the three, executed, and its page."""
    folder = tmp_path_factory.mktemp("questions")
    asked = [f"ask({name!r}, {value})" for name, value in ASKED.items()]
    asked = ["from idic_lab.notebook import ask", *asked]
    shown = {"tags": ["page"]}  # what Voilà serves, as the course sets it up, are the cells with this tag
    cells = [nbformat.v4.new_code_cell(code, metadata=shown) for code in asked]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Three questions"), *cells])
    with kernels.own_loop():
        NotebookClient(notebook, kernel_name="python3").execute()
    nbformat.write(notebook, folder / "asked.ipynb")
    (folder / "asked.html").write_text(report.notebook_page(notebook, "asked"), encoding="utf-8")
    return folder


@contextlib.contextmanager
def served(desk, program: str, *options: str, at: str):
    """The address of the notebook, served by a program of Jupyter as the course starts it."""
    port, settings = free_port(), str(notebooks.folder().parent / "jupyter")
    environment = os.environ | {"HOME": str(desk), "JUPYTER_CONFIG_PATH": settings, "JUPYTER_PATH": settings}
    trust = [sys.executable, "-m", "jupyter", "trust", str(desk / "asked.ipynb")]
    subprocess.run(trust, env=environment, check=True, capture_output=True)
    command = [sys.executable, "-m", program, "--no-browser", f"--port={port}", *options]
    address = f"http://127.0.0.1:{port}/{at}?token={TOKEN}"
    with running(command, patience=3, cwd=desk, env=environment):
        until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/static/favicon.ico").close() is None, program)
        yield address


@pytest.fixture(params=["saved page", "voila", "jupyterlab"])
def address(request, desk):
    if request.param == "saved page":
        yield (desk / "asked.html").as_uri()
    elif request.param == "voila":
        with served(desk, "voila", "asked.ipynb", "--Voila.ip=127.0.0.1", f"--token={TOKEN}", at="") as found:
            yield found
    else:
        options = ["--allow-root", f"--IdentityProvider.token={TOKEN}", "--ServerApp.root_dir=."]
        with served(desk, "jupyterlab", *options, at="lab/tree/asked.ipynb") as found:
            yield found


GROUPS = "document.querySelectorAll('[role=group][aria-label=Question]')"
# Of the open choices of all questions: what stands in them and can be seen.
SAID = f"""[...{GROUPS}].flatMap(one => [...one.querySelectorAll('details[open] p')]
    .filter(told => told.getBoundingClientRect().height > 0).map(told => told.innerText))"""


def test_a_choice_a_number_and_a_picture_are_answered_by_mouse_and_by_keyboard(address):
    with open_tab(1366, 900) as tab:
        tab.go(address)
        tab.wait_for(
            f"[...{GROUPS}].filter(one => one.getBoundingClientRect().height > 0).length === {len(ASKED)}", 120
        )
        for place, (name, value) in enumerate(ASKED.items()):
            group = f"{GROUPS}[{place}]"
            choices = questions.question(name).settled(value)
            assert tab.evaluate(f"{group}.querySelectorAll('svg').length") == sum(bool(one.sketch) for one in choices)
            right = [choice.right for choice in choices].index(True)
            for way, choice in ((mouse, right), (mouse, right - 1), (keys, right), (keys, right - 1)):
                choice %= len(choices)
                way(tab, group, choice)
                (said,) = [told for told in tab.wait_for(f"{SAID}.length && {SAID}", 10)]
                reason = re.sub("<.*?>", "", questions.inline(questions.question(name).reason(choices[choice], value)))
                assert said.startswith("Yes." if choice == right else "Not quite.") and html.unescape(reason) in said
                tab.evaluate(f"{group}.querySelectorAll('details').forEach(one => {{ one.open = false; }})")


def mouse(tab, group: str, choice: int) -> None:
    tab.click(f"{group}.querySelectorAll('summary')[{choice}]")


def keys(tab, group: str, choice: int) -> None:
    """From the words of the question on with Tab to a choice, and Space or Enter there."""
    tab.click(f"{group}.querySelector('p')")
    for _ in range(20):  # in JupyterLab Tab comes by the buttons of the cell first
        tab.press("Tab")
        if tab.evaluate(f"document.activeElement === {group}.querySelectorAll('summary')[{choice}]"):
            break
    else:
        pytest.fail("twenty times Tab do not lead from a question to its choice")
    tab.press("Enter" if choice % 2 else " ")
