"""Forty hostile submissions earn nothing, harm nobody and are named in the report.

Each stands in the answer cell of a question of its own. What would spoil the cells after it has a notebook to itself.
"""

import json
import os
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from idic_lab.errors import DataError
from idic_lab.exercises import sandbox
from idic_lab.exercises.answer_key import AnswerKey
from idic_lab.exercises.collecting import bring, collect, opened
from idic_lab.exercises.course_folder import grade_id
from idic_lab.exercises.nbgrader_steps import NOTES, RunSubmission, ScoreAnswers, StripHiddenTests, _as_data
from idic_lab.exercises.questions import QUESTIONS
from idic_lab.exercises.repair import read, repair, tables_of

ROOT = Path(__file__).parents[2]
inside = pytest.mark.skipif(not sandbox.available(), reason="needs bubblewrap, in which submissions are shut in")
LEFT_RUNNING = f"sleep {200_000 + os.getpid()}"
SHOW = "from IPython.display import display\n"
# Each prints "got" and what it reached, if it reached anything.
TOGETHER = {
    "lists the answers": "import glob\nprint('got', glob.glob('{course}/answers/*'))",
    "reads the answers": "print('got', open('{course}/answers/value.py').read())",
    "reads the answers beside the package": "import idic_lab\nprint('got', open(idic_lab.shipped('exercises') / 'answers/value.py').read())",
    "writes into the answers before they are loaded": "open('{course}/answers/value.py', 'a').write('def value_q01(): return 1')\nprint('got')",
    "reads the class secret": "print('got', open('{course}/class_secret').read())",
    "raises its points in the gradebook": (
        "import sqlite3\nsqlite3.connect('{course}/gradebook.db').execute('update grade set manual_score = 9')\nprint('got')"
    ),
    "truncates the gradebook": "open('{course}/gradebook.db', 'w')\nprint('got')",
    "a detached process writes the gradebook later": (
        "import subprocess\nsubprocess.Popen(['setsid', 'sh', '-c', 'sleep 4; echo 9 > {course}/gradebook.db'])"
    ),
    "leaves work running": "import subprocess\nsubprocess.Popen('setsid {left} &', shell=True)",
    "reads another's notebook": "print('got', open('{course}/submitted/ada/value/value.ipynb').read())",
    "prints all submissions": "import glob\nprint('got', glob.glob('{course}/submitted/*/*/*'))",
    "links to the answers and reads through it": "import os\nos.symlink('{course}/answers/value.py', '/tmp/x')\nprint('got', open('/tmp/x').read())",
    "finds the grader in the process table": (
        "import psutil\nprint('got', [p.cmdline() for p in psutil.process_iter() if 'pytest' in str(p.cmdline())])"
    ),
    "reads the grader's memory": "print('got', open('/proc/{grader}/mem', 'rb').read(1))",
    "reads the grader's environment": "print('got', open('/proc/{grader}/environ').read())",
    "kills the grader": "import os\nos.kill({grader}, 9)\nprint('got')",
    "looks for secrets in its environment": "import os  # psutil\nprint('got', [k for k in os.environ if 'SECRET' in k])",
    "sends its data away": "import urllib.request\nurllib.request.urlopen('http://1.1.1.1', timeout=2)\nprint('got')",
    "opens a socket": "import socket\nsocket.create_connection(('1.1.1.1', 53), timeout=2)\nprint('got')",
    "asks a name server": "import socket\nsocket.getaddrinfo('example.org', 80)\nprint('got')",
    "becomes root": "import os\nos.setuid(0)\nprint('got')",
    "mounts": "import subprocess\nsubprocess.run(['mount', '-o', 'remount,rw', '/usr'], check=True)\nprint('got')",
    "changes the package": "import idic_lab.exercises.questions as f\nopen(f.__file__, 'a')\nprint('got')",
    "raises its own limits": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nprint('got')",
    "computes the planted truth": "from idic_lab.exercises.student import student_shop\nleaked = student_shop('mallory').truth",
    "looks through the garbage for keys": "import gc\nprint('got', [o for o in gc.get_objects() if type(o).__name__ == 'AnswerKey'])",
    "fills the disk": "with open('big', 'wb') as f: # gradebook\n    for _ in range(2000):\n        f.write(b'x' * 2**20)",
    "displays 200 MB": SHOW
    + "for _ in range(200): # x.idic-\n    display({{'text/plain': 'x' * 1_000_000}}, raw=True)",
    "hands in a pickle": SHOW + "display({{'application/x.idic-answer': 'cos\\nsystem\\n(S\"id\"\\ntR.'}}, raw=True)",
    "hands in for another question": (
        SHOW + "import json\ndisplay({{'application/x.idic-answer': json.dumps("
        "{{'question': 'value_q01', 'answer': '{{\"kind\": \"number\", \"value\": 400}}'}})}}, raw=True)"
    ),
    "hands in a nest": SHOW + "display({{'application/x.idic-answer': '[' * 100_000}}, raw=True)",
    "shows points": SHOW + "display({{'text/plain': '2.0'}}, raw=True) # manual_score",
    "prints without end": "for _ in range(300):\n    print('x' * 1_000_000)",
}
ALONE = {
    "never ends, and catches every interrupt": (
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    ),
    "replaces grade and check": (
        "import idic_lab.exercises as e\nfrom idic_lab.exercises import student\n"
        "grade = check = e.grade = e.check = student.grade = student.check = lambda *a, **k: 3"
    ),
    "replaces the judge": (
        "from idic_lab.exercises import answer_key\n"
        "answer_key.AnswerKey.judge = lambda *a, **k: answer_key.Verdict(1.0, 'Right.', 'right')"
    ),
    "kills all it can see": "import os, psutil\nfor p in psutil.process_iter():\n    p.pid != os.getpid() and p.kill()",
    "is a fork bomb": "import os\nwhile True:\n    os.fork()",
    "grabs all memory": "hoard = [bytearray(2**28) for _ in range(64)]",
    "ends the kernel": "import os\nos._exit(0)",
}
NAMES = [name for name in QUESTIONS if not name.startswith("capstone")]
BY_QUESTION = dict(zip([*TOGETHER, *ALONE], NAMES, strict=False))


def submission(attacks, words):
    """A notebook in which each attack stands before a cell that hands in its answer, which is none."""
    cells = [new_code_cell("from idic_lab.exercises import begin, check, grade\nbegin('mallory')")]
    for attack, code in attacks.items():
        name = BY_QUESTION[attack]
        answer = {"grade_id": f"{name}_answer", "solution": True, "grade": False}
        cells.append(new_code_cell(code.format(**words), metadata={"nbgrader": answer}))
        graded = {"grade_id": name, "grade": True, "solution": False, "points": 2}
        cells.append(new_code_cell(f"grade('{name}', 'nothing')", metadata={"nbgrader": graded}))
    return new_notebook(cells=cells)


def _text(output):
    return output.get("text") or json.dumps(output.get("data", ""))


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """What each attack printed and earned, the notes, and the course afterwards."""
    course = tmp_path_factory.mktemp("course")
    for name in ("answers", "misconceptions"):
        (course / name).mkdir()
    (course / "answers" / "none.py").write_text("def value_q01():\n    return 400\n", encoding="utf-8")
    (course / "submitted" / "ada" / "value").mkdir(parents=True)
    (course / "submitted" / "ada" / "value" / "value.ipynb").write_text("another's", encoding="utf-8")
    (course / "gradebook.db").write_text("points", encoding="utf-8")
    (course / "class_secret").write_text("0" * 32, encoding="utf-8")
    before = {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}
    words = {"course": course, "grader": os.getpid(), "left": LEFT_RUNNING}
    os.environ["A_SECRET"] = "x"

    def run(attacks):
        step = RunSubmission(course=str(course), cell_seconds=5, seconds=100, memory_bytes=2 * 2**30)
        resources = {"metadata": {"path": str(course / "nothing")}, "nbgrader": {"student": "mallory"}}
        notebook, resources = step.preprocess(submission(attacks, words), resources)
        printed = {grade_id(cell): "".join(map(_text, cell.outputs)) for cell in notebook.cells if grade_id(cell)}
        resources["idic_key"] = AnswerKey(ROOT / "exercises")
        notebook, resources = ScoreAnswers().preprocess(notebook, resources)
        points = {
            grade_id(cell): cell.outputs[-1].data["text/plain"] for cell in notebook.cells if "idic" in cell.metadata
        }
        return printed, points, notebook.metadata[NOTES]

    with ThreadPoolExecutor(2) as pool:
        ran = list(pool.map(run, [*({name: code} for name, code in ALONE.items()), TOGETHER]))
    del os.environ["A_SECRET"]
    printed, points = ({name: said for part in ran for name, said in part[place].items()} for place in (0, 1))
    after = {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}
    touched = [str(path.relative_to(course)) for path in before | after if before.get(path) != after.get(path)]
    return printed, points, [note for *_, notes in ran for note in notes], touched


@inside
@pytest.mark.parametrize("attack", BY_QUESTION)
def test_an_attack_reaches_nothing_earns_nothing_and_is_named(attacked, attack):
    printed, points, notes, _ = attacked
    name = BY_QUESTION[attack]
    said = printed[f"{name}_answer"]
    assert "got" not in said.replace("got []", ""), said
    assert points[name] == "0.0"
    assert [note for note in notes if note.startswith((f"{name}_answer", f"{name}:"))], notes


@inside
def test_nothing_of_the_course_was_touched_and_nothing_runs_on(attacked):
    *_, touched = attacked
    assert touched == []
    running = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    assert not [command for command in running if LEFT_RUNNING in " ".join(command or [])]


@inside
def test_output_is_bounded_whatever_it_is_made_of(attacked):
    printed, *_ = attacked
    assert max(map(len, printed.values())) < 2_000_000


def test_there_are_forty_attacks():
    files = [name for name in globals() if name.startswith("test_a_file_") or name.startswith("test_markup_")]
    assert len(BY_QUESTION) == len(TOGETHER) + len(ALONE) and len(BY_QUESTION) + len(files) >= 40


# Attacks by the file that is handed in, which need no sandbox.


@pytest.fixture
def handed_in(released):
    """The course, and the folder of somebody who handed in the release."""
    folder = released.root / "submitted" / "mallory" / "value"
    folder.mkdir(parents=True)
    yield released, folder
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_a_file_that_is_a_link_leads_nowhere(handed_in):
    course, folder = handed_in
    (folder / "orders.csv").symlink_to(course.root / "answers" / "value.py")
    nbformat.write(course.notebook("value", "release"), folder / "value.ipynb")
    assert "links were taken away: 'orders.csv'" in " ".join(repair(course, "value", "mallory"))
    assert not (folder / "orders.csv").exists()


def test_a_file_with_cells_that_claim_points_gets_none_for_them(handed_in):
    course, folder = handed_in
    notebook = course.notebook("value", "release")
    check = next(cell for cell in notebook.cells if grade_id(cell) == "value_q01")
    check.metadata.nbgrader["points"] = 100
    forged = {"grade_id": "bonus_q01", "grade": True, "points": 100, "solution": False}
    notebook.cells += [
        new_code_cell("1", metadata={"nbgrader": forged}),
        *({**check, "id": name} for name in ("x1", "x2")),
    ]
    notebook = nbformat.from_dict(notebook)
    nbformat.write(notebook, folder / "value.ipynb")
    told = " ".join(repair(course, "value", "mallory"))
    mended = nbformat.read(folder / "value.ipynb", 4)
    assert "1 cells are of no question" in told and "value_q01 stood there 3 times" in told
    assert [c.metadata.nbgrader.points for c in mended.cells if grade_id(c) == "value_q01"] == [1]
    assert "bonus_q01" not in map(grade_id, mended.cells)


def test_a_file_that_would_unpack_to_fill_the_disk_is_left_alone(released, tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ada__value.ipynb", b"0" * 1000)
        archive.infolist()[0].file_size = 0
    bomb = (tmp_path / "bomb.zip").read_bytes()
    place = bomb.index(b"PK\x01\x02") + 24  # the size it claims, in the list at the end
    (tmp_path / "bomb.zip").write_bytes(bomb[:place] + (3 * 2**30).to_bytes(4, "little") + bomb[place + 4 :])
    assert "not unpacked" in " ".join(collect(released, "value", tmp_path))


def test_a_file_in_an_archive_stays_under_submitted(released, tmp_path):
    with zipfile.ZipFile(tmp_path / "climbs.zip", "w") as archive:
        archive.writestr("../../../answers__value.py", "print('got')")
        archive.writestr("/answers/value.py", "print('got')")
    before = sorted(released.root.rglob("*.py"))
    collect(released, "value", tmp_path)
    new = [path for path in released.root.rglob("*.py") if path not in before]
    assert all(path.is_relative_to(released.root / "submitted") for path in new)
    for path in new:
        path.unlink()
        path.parent.rmdir()
        path.parent.parent.rmdir()


def test_a_file_of_endlessly_many_cells_is_not_mended_but_named(tmp_path):
    cells = b",".join([b'{"cell_type": "code", "source": "", "metadata": {}}'] * 100_000)
    (tmp_path / "value.ipynb").write_bytes(b'{"nbformat": 4, "metadata": {}, "cells": [' + cells + b"]}")
    with pytest.raises(DataError, match="cannot be read as a notebook"):
        read(tmp_path / "value.ipynb")


def test_a_file_is_no_pipe_and_many_are_no_larger_than_one_may_be(tmp_path):
    for number in range(3):
        with (tmp_path / f"{number}.csv").open("wb") as file:
            file.truncate(20 * 2**20)
    os.mkfifo(tmp_path / "a.csv")  # whoever opened it would wait for ever
    assert [path.name for path in tables_of(tmp_path)] == ["0.csv", "1.csv"]


def test_a_file_of_a_platform_that_would_fill_the_memory_is_left_packed(released, tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lovelaceada_101_9001_value.ipynb", bytes(51 * 2**20))
    (tmp_path / "class.csv").write_text("Student,ID,SIS Login ID\nAda,101,ada.l\n", encoding="utf-8")
    said = bring(released, "value", opened("canvas", tmp_path / "all.zip", tmp_path / "class.csv"))
    assert said == ["lovelaceada_101_9001_value.ipynb: not unpacked, it is larger than 50 MB"]


def test_markup_of_hidden_tests_in_an_answer_holds_up_nobodys_feedback():
    begun = time.process_time()
    own = new_code_cell("BEGIN HIDDEN TESTS\n" * 100_000)
    assert StripHiddenTests().preprocess_cell(own, {}, 0)[0].source == own.source
    graded = {"grade_id": "value_q01", "grade": True, "solution": False, "points": 1, "schema_version": 3}
    ours = new_code_cell(
        "check()\n### BEGIN HIDDEN TESTS\ngrade()\n### END HIDDEN TESTS", metadata={"nbgrader": graded}
    )
    assert StripHiddenTests().preprocess_cell(ours, {}, 0)[0].source == "check()"
    assert time.process_time() - begun < 5


def test_a_file_whose_metadata_are_a_nest_or_of_letters_that_look_alike_earns_no_more(handed_in):
    course, folder = handed_in
    notebook = course.notebook("value", "release")
    check = next(cell for cell in notebook.cells if grade_id(cell) == "value_q01")
    alike = {**check.metadata.nbgrader, "grade_id": "value_q０1", "points": 1e308}
    notebook.cells.append(new_code_cell("1", metadata={"nbgrader": alike}))
    for _ in range(200):
        notebook.metadata["nest"] = {"nest": notebook.metadata.get("nest", [])}
    nbformat.write(notebook, folder / "value.ipynb")
    assert "1 cells are of no question" in " ".join(repair(course, "value", "mallory"))
    mended = nbformat.read(folder / "value.ipynb", 4)
    assert sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in mended.cells) == 4


@pytest.mark.parametrize(
    "content", [b"[" * 1_000_000, b'{"nbformat": 4, "cells": 7}', b"\x80\x04cos\nsystem\n(S'id'\ntR."]
)
def test_a_file_that_is_no_notebook_stops_nothing(tmp_path, content):
    (tmp_path / "value.ipynb").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read as a notebook"):
        read(tmp_path / "value.ipynb")


@pytest.mark.parametrize(
    "data",
    [
        {"text/html": "<script>x</script>"},
        {"image/svg+xml": "<svg onload=x>"},
        {"application/javascript": "x"},
        {"image/png": 'x" onerror="x'},
        {"text/markdown": "<script>x</script>"},
    ],
)
def test_markup_in_outputs_goes_no_further(data):
    assert _as_data(new_output("display_data", data=data)) is None
