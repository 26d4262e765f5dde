"""The course in JupyterLab, as a person has it: opened, run, each control moved, and looked at.

It takes minutes, so it runs when asked: IDIC_LAB_WALK names notebooks by their beginnings, as in 00,21; `make browser`
walks them all. Pictures go to the folder IDIC_LAB_SCREENSHOTS, if that is set.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from chromium import free_port, needed, open_tab, running, until

from idic_lab.course.runs import notebooks

WALK = tuple(part for part in os.environ.get("IDIC_LAB_WALK", "").split(",") if part)
pytestmark = [needed, pytest.mark.skipif(not WALK, reason="minutes long: make browser")]
ROOT = notebooks.folder().parent
ALL = sorted(path.stem for path in notebooks.folder().glob("[0-9]*.ipynb"))
WALKED = [name for name in ALL if WALK == ("all",) or name.startswith(WALK)]
PICTURES = os.environ.get("IDIC_LAB_SCREENSHOTS")

# The indicator says "idle" also before there is a kernel, so ask the notebook itself; its cells come one by one.
READY = """[...(window.jupyterapp?.shell.widgets('main') || [])].some(part => {
    const kernel = part.sessionContext?.session?.kernel;
    const cells = part.content?.model?.cells.length;
    return kernel?.connectionStatus === 'connected' && kernel.status === 'idle'
        && document.querySelectorAll('.jp-Notebook-cell').length === cells;
})"""
IDLE = "document.querySelector('.jp-Notebook-ExecutionIndicator[data-status=\"idle\"]')"
RAN = """(() => {
    const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputArea-prompt')].map(p => p.innerText.trim());
    const busy = document.querySelector('.jp-Notebook-ExecutionIndicator:not([data-status="idle"])');
    return prompts.length > 0 && !busy && prompts.every(text => /^\\[\\d+\\]:$/.test(text));
})()"""
OUTPUTS = "[...document.querySelectorAll('.jp-Notebook .jp-OutputArea-output')]"
CONTROLS = """[...document.querySelectorAll('.jp-Notebook .jp-OutputArea')].flatMap(area => [...area.querySelectorAll(
    '.widget-dropdown select, .widget-slider .noUi-handle, .widget-toggle-buttons, .widget-checkbox input,'
    + ' .jupyter-button:not(.widget-toggle-button)')])"""
# What stands in the output of a control's cell, apart from the control itself: pictures and text.
BENEATH = """(control => {
    const area = control.closest('.jp-OutputArea');
    const pictures = [...area.querySelectorAll('img')].map(picture => picture.src);
    const texts = [...area.querySelectorAll('.jp-RenderedHTMLCommon, .widget-html')].map(part => part.innerText);
    return JSON.stringify([pictures, texts]);
})"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Address and terminal of a JupyterLab started as `make lab` does, on a copy of the notebooks."""
    desk = tmp_path_factory.mktemp("desk")
    shutil.copytree(notebooks.folder(), desk / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    shutil.copytree(ROOT / "jupyter", desk / "jupyter")
    (desk / "exercises").mkdir()
    home = desk / "home"
    home.mkdir()
    environment = os.environ | {
        "HOME": str(home),
        "JUPYTER_CONFIG_PATH": str(desk / "jupyter"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    trust = [sys.executable, "-m", "jupyter", "trust", *map(str, (desk / "notebooks").glob("*.ipynb"))]
    subprocess.run(trust, env=environment, check=True, capture_output=True)
    port, terminal = free_port(), desk / "terminal.txt"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--port={port}", "--expose-app-in-browser"]
    command += [
        "--IdentityProvider.token=a-token-for-this-test",
        "--allow-root",
        "--log-level=WARN",
        "--ServerApp.root_dir=.",
    ]
    # A workspace each, else the notebook of the test before is opened as well.
    address = f"http://127.0.0.1:{port}/lab/workspaces/{{0}}/tree/notebooks/{{0}}.ipynb?token=a-token-for-this-test"
    with (
        terminal.open("w") as log,
        running([*command, "notebooks/00_start_here.ipynb"], log, cwd=desk, env=environment),
    ):
        until(lambda: urllib.request.urlopen(address.format("00_start_here")).close() is None, "JupyterLab", 120)
        yield address, terminal


def keep_pictures(tab, name: str) -> None:
    """The notebook from top to bottom, screen by screen."""
    if not PICTURES:
        return
    tab.size(1240, 2000)
    time.sleep(1)
    scroller = "document.querySelector('.jp-WindowedPanel-outer')"
    tab.evaluate(f"{scroller}.scrollTop = 0")
    for screen in range(40):
        time.sleep(0.7)
        tab.screenshot(Path(PICTURES) / f"{name}-{screen:02d}.png")
        end = f"{scroller}.scrollTop + {scroller}.clientHeight >= {scroller}.scrollHeight - 900"
        if tab.evaluate(end):
            break
        tab.evaluate(f"{scroller}.scrollTop += {scroller}.clientHeight - 60")
    tab.size(1440, 900)


BACK = {"ArrowUp": "ArrowDown", "ArrowDown": "ArrowUp", "ArrowLeft": "ArrowRight", "ArrowRight": "ArrowLeft"}


def move(tab, number: int):
    """Move one control by keyboard or mouse; what it is, and a function that moves it back or None."""
    control = f"{CONTROLS}[{number}]"
    kind = tab.evaluate(f"{control}.tagName + ' ' + {control}.className")

    def choose(key):
        # Clicked open first: on a closed list JupyterLab takes the arrow for itself and moves to the next cell.
        tab.click(control)
        tab.press(key)
        tab.press("Enter")

    def slide(key):
        tab.click(control)
        tab.press(key)

    if kind.startswith("SELECT"):
        last = tab.evaluate(f"{control}.selectedIndex === {control}.options.length - 1")
        key = "ArrowUp" if last else "ArrowDown"
        choose(key)
        return "drop-down", lambda: choose(BACK[key])
    if "noUi-handle" in kind:
        end = tab.evaluate(f"{control}.getAttribute('aria-valuenow') === {control}.getAttribute('aria-valuemax')")
        key = "ArrowLeft" if end else "ArrowRight"
        slide(key)
        return "slider", lambda: slide(BACK[key])
    if "widget-toggle-buttons" in kind:
        buttons = f"[...{control}.querySelectorAll('button')]"
        chosen = tab.evaluate(f"{buttons}.findIndex(button => button.classList.contains('mod-active'))")
        # The last of those not chosen: the first may be "no answer", after which later answers change nothing.
        tab.click(f"{buttons}.filter((_, at) => at !== {chosen}).at(-1)")
        return "toggle buttons", None  # it stays: in a questionnaire later answers hang on it
    tab.click(control)
    return kind, lambda: tab.click(control)


@pytest.mark.parametrize("name", WALKED)
def test_a_notebook_runs_in_jupyterlab_and_its_controls_move_what_is_beneath_them(lab, name):
    address, terminal = lab
    with open_tab() as tab:
        tab.go(address.format(name))
        tab.wait_for("window.jupyterapp && document.querySelectorAll('.jp-CodeCell').length > 3", 180)
        tab.wait_for(READY, 120)
        if PICTURES:
            tab.screenshot(Path(PICTURES) / f"{name}-first.png")
        began = time.monotonic()
        # Cleared first, so that a number at every cell can only come from this run.
        tab.evaluate("void jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
        tab.wait_for(f"!{RAN} && !{OUTPUTS}.length")
        tab.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
        tab.wait_for(RAN, 600)
        ran = time.monotonic() - began
        time.sleep(1)
        texts = tab.evaluate(f"{OUTPUTS}.map(output => output.innerText)")
        for sign in ("Error rendering", "Error displaying", "Loading widget", "Traceback", "Run this cell in Jupyter"):
            assert not [text for text in texts if sign in text], sign
        stderr = "[data-mime-type='application/vnd.jupyter.stderr'], [data-mime-type='application/vnd.jupyter.error']"
        assert not tab.evaluate(f'document.querySelectorAll("{stderr}").length')
        moved = []
        for number in range(tab.evaluate(f"{CONTROLS}.length")):
            control = f"{CONTROLS}[{number}]"
            before = json.dumps(tab.evaluate(f"{BENEATH}({control})"))
            kind, back = move(tab, number)
            pressed = time.monotonic()
            tab.wait_for(f"{BENEATH}({control}) !== {before}", 90)
            moved.append(f"{kind} {time.monotonic() - pressed:.1f} s")
            tab.wait_for(f"!!{IDLE}", 90)
            if PICTURES:
                tab.evaluate(f"{control}.closest('.jp-Cell').scrollIntoView({{block: 'start'}})")
                time.sleep(1)
                tab.screenshot(Path(PICTURES) / f"{name}-moved-{number}.png")
            # Put back, for what it was moved to may leave the others without effect.
            if back is None:
                continue
            now = json.dumps(tab.evaluate(f"{BENEATH}({control})"))
            back()
            tab.wait_for(f"{BENEATH}({control}) !== {now}", 90)
            tab.wait_for(f"!!{IDLE}", 90)
        assert moved, "no control on the page"
        print(f"{name}: run in {ran:.0f} s; {len(moved)} controls moved ({', '.join(moved)})")
        keep_pictures(tab, name)
        assert not tab.evaluate(f'document.querySelectorAll("{stderr}").length')
        assert not tab.complaints
        assert not tab.requests_elsewhere()
    noise = [line for line in terminal.read_text().splitlines() if line.startswith(("[W", "[E", "Warning"))]
    assert not noise
