"""Hostile notebooks in the sandbox: nothing of the grading can be reached, and what is tried ends with the attempt."""

import contextlib
import json
import os
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from idic_lab.exercises import sandbox
from idic_lab.exercises.run_notebook import Limits, job

pytestmark = pytest.mark.skipif(not sandbox.available(), reason="needs bubblewrap")
LIMITS = Limits(cell_seconds=10, seconds=60, output_characters=50_000, memory_bytes=2 * 2**30)
# Each prints what it reached, after "got", or nothing.
REACHES = {
    "answers": "import glob; print('got', [f for f in glob.glob('{course}/**/*', recursive=True)])",
    "gradebook": "open('{course}/gradebook.db', 'r+b'); print('got it')",
    "writing beside the package": "import idic_lab; open(idic_lab.__path__[0] + '/x', 'w'); print('got it')",
    "writing into Python": "import sys; open(sys.prefix + '/x', 'w'); print('got it')",
    "other processes": (
        "import psutil; print('got', [p.pid for p in psutil.process_iter() if 'pytest' in ' '.join(p.cmdline())])"
    ),
    "killing the grader": "import os; os.kill({grader}, 9); print('got it')",
    "environment of the grader": "print('got', open('/proc/{grader}/environ').read())",
    "network": "import socket; socket.create_connection(('1.1.1.1', 53), timeout=3); print('got it')",
    "the project": "import os; print('got', [d for d in ('{project}/exercises', '{project}/.git') if os.path.exists(d)])",
    "secrets in the environment": "import os; print('got', [k for k in os.environ if 'TOKEN' in k or 'SECRET' in k])",
    "more rights": "import os; os.setuid(0); print('got it')",
    "mounting": "import subprocess; subprocess.run(['mount', '-o', 'remount,rw', '/usr'], check=True); print('got it')",
    "pickles in place of answers": (
        "from IPython.display import display\n"
        "display({{'application/python-pickle': 'cos\\nsystem\\n(S\"id\"\\ntR.', 'text/html': '<script>x</script>'}}, raw=True)"
    ),
}


LEFT_RUNNING = f"sleep {100_000 + os.getpid()}"
HARMS = {
    "leaves work running": f"import subprocess; subprocess.Popen('setsid {LEFT_RUNNING} &', shell=True)",
    "shows pictures without end": (
        "from IPython.display import display\n"
        "for _ in range(100):\n    display({'text/plain': 'x' * 1_000_000}, raw=True)"
    ),
    "fills the disk": "with open('big', 'wb') as f:\n    for _ in range(2000):\n        f.write(b'x' * 2**20)",
    "ends well": "print('still here')",
}


@pytest.fixture(scope="module")
def reached(tmp_path_factory):
    """What each attempt printed, all in one notebook."""
    course = tmp_path_factory.mktemp("course")
    (course / "gradebook.db").write_text("points", encoding="utf-8")
    (course / "answers.py").write_text("secret", encoding="utf-8")
    names = {"course": course, "grader": os.getpid(), "project": Path(__file__).parents[2]}
    cells = [new_code_cell(code.format(**names)) for code in REACHES.values()]
    cells += [new_code_cell(code) for code in HARMS.values()]
    os.environ["A_SECRET_TOKEN"] = "x"
    ran = sandbox.run(job(nbformat.writes(new_notebook(cells=cells)), {}, LIMITS), 120, hidden=(course,))
    del os.environ["A_SECRET_TOKEN"]
    assert ran.why == ""
    assert (course / "gradebook.db").read_text(encoding="utf-8") == "points"
    return dict(zip((*REACHES, *HARMS), json.loads(ran.text)["outputs"], strict=True))


@pytest.mark.parametrize("what", REACHES)
def test_nothing_of_the_grading_can_be_reached(reached, what):
    printed = "".join(output.get("text", "") for output in reached[what])
    assert "got" not in printed or printed.strip() == "got []", printed


def test_only_text_and_pictures_come_out(reached):
    from idic_lab.exercises.grading_steps import _as_data

    kept = [_as_data(output) for output in reached["pickles in place of answers"]]
    assert [output for output in kept if output] == []


def test_work_left_running_ends_with_the_submission(reached):
    commands = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            commands.append(" ".join(process.cmdline()))
    assert reached and not [command for command in commands if LEFT_RUNNING in command]


def test_rich_display_without_end_is_cut_and_a_full_disk_is_the_submission_s_own(reached):
    assert len(json.dumps(reached["shows pictures without end"])) < 1_000_000
    assert "Error" in json.dumps(reached["fills the disk"])
    assert "still here" in json.dumps(reached["ends well"])


@pytest.mark.parametrize(
    "code",
    [
        "import os\nwhile True:\n    os.fork()",
        "import os, psutil\nfor p in psutil.process_iter():\n    p.pid != os.getpid() and p.kill()",
    ],
)
def test_a_bomb_and_a_killer_of_processes_cost_the_submission_only_and_are_named(code):
    begun = time.monotonic()
    notebook = new_notebook(cells=[new_code_cell(code)])
    ran = sandbox.run(job(nbformat.writes(notebook), {}, LIMITS), 60)
    assert time.monotonic() - begun < 90
    assert ran.why or "LeftOut" in ran.text or "Error" in ran.text
