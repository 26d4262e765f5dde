"""Nothing is unpickled, evaluated or fetched; no shell, template or YAML file can be made to run code."""

import ast
import re
import subprocess
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml

import idic_lab
from idic_lab.course.pages import report
from idic_lab.course.runs import notebooks
from idic_lab.notebook import show

PACKAGE = Path(idic_lab.__file__).parent
ROOT = PACKAGE.parent
NOTEBOOKS = sorted(notebooks.folder().glob("[0-9]*.ipynb"))

UNPICKLES = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle"}
FETCHES = {"requests", "urllib.request", "http.client", "httpx", "aiohttp", "socket", "ftplib", "smtplib", "pooch"}
CALLS = {
    *("eval", "exec", "compile", "__import__", "os.system", "os.popen", "joblib.load", "pd.read_pickle"),
    *("pandas.read_pickle", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "jinja2.Template", "Template"),
}
# What is allowed, where, and why.
ALLOWED = {
    ("datasets/online_retail.py", "pooch"): "its download, asked for by the user, checked by its hash",
    ("datasets/hillstrom.py", "pooch"): "its download, asked for by the user, checked by its hash",
    ("course/runs/kernels.py", "socket"): "a line within the machine to the process that forks the kernels",
    ("exercises/course_checks.py", "exec"): "the course's own setup cells, when an instructor checks the course",
    ("exercises/course_checks.py", "eval"): "the course's own wrong answers, when an instructor checks the course",
    ("exercises/course_folder.py", "exec"): "the course's own cells",
    (
        "customize/communication.py",
        "Template",
    ): "that of the module string, which puts a value in its place and no more",
    ("compare/study.py", "exec"): "the module of one's own that a study names",
    ("compare/study.py", "compile"): "the same module, so that an error in it is shown with its line",
    (
        "exercises/answer_key.py",
        "exec",
    ): "the course's own answers, from the source that their digest is of and from no bytecode",
    ("notebook/questions.py", "yaml.load"): "the safe loader, in C; the course's own questions",
    ("exercises/answer_key.py", "compile"): "the same answers, so that an error in one is shown with its line",
}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def dangers(source: str) -> set[str]:
    """What a piece of Python could do that it must not."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported = {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported = {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
        else:
            imported = set()
        found |= imported & (UNPICKLES | FETCHES)
        if isinstance(node, ast.Call):
            if dotted(node.func) in CALLS:
                found.add(dotted(node.func))
            for keyword in node.keywords:
                if keyword.arg in ("shell", "allow_pickle") and getattr(keyword.value, "value", None) is not False:
                    found.add(keyword.arg)
                if keyword.arg == "autoescape" and getattr(keyword.value, "value", None) is not True:
                    found.add("autoescape")
            if dotted(node.func).endswith("Environment") and "autoescape" not in {k.arg for k in node.keywords}:
                found.add("Environment without autoescape")
    return found


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from urllib.request import urlopen", "eval('1')", "yaml.load(text)", "run('ls', shell=True)",
     "np.load(path, allow_pickle=True)", "joblib.load(path)", "jinja2.Environment()", "os.system('ls')"],
)  # fmt: skip
def test_the_search_for_dangers_finds_them(source):
    assert dangers(source)


def test_the_package_unpickles_evaluates_and_fetches_nothing():
    found = {
        (path.relative_to(PACKAGE).as_posix(), danger)
        for path in modules()
        for danger in dangers(path.read_text(encoding="utf-8"))
    }
    assert found <= set(ALLOWED), found - set(ALLOWED)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_a_notebook_evaluates_and_fetches_nothing(path):
    code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    for source in code:
        assert not re.search(r"^\s*[!%]", source, re.MULTILINE), "a shell or magic command"
        assert not dangers(source)
        assert not re.search(r"https?://(?!\S+\)?$)", source), "an address in code"


def test_yaml_is_read_by_the_safe_loader_only(tmp_path):
    from idic_lab.compare import study
    from idic_lab.errors import LabError

    trap = tmp_path / "owned"
    file = tmp_path / "study.yaml"
    file.write_text(f"name: !!python/object/apply:os.mkdir ['{trap}']\n")
    with pytest.raises((LabError, yaml.YAMLError)):
        study.read(file)
    with pytest.raises((LabError, yaml.YAMLError)):
        yaml.safe_load(file.read_text())
    notebooks.parse_parameter(f"seed=!!python/object/apply:os.mkdir ['{trap}']")
    assert not trap.exists()


HOSTILE = '<script>alert(1)</script><img src="https://evil.example/x.png">'


def _hostile_notebook() -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell("1")
    cell.outputs = [nbformat.v4.new_output("stream", text=HOSTILE)]
    cell.outputs += [nbformat.v4.new_output("display_data", data={"text/html": HOSTILE, "text/plain": "x"})]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A page"), cell])


FETCHING = re.compile(r"""(?:src|href)\s*=\s*["']?https?:|@import|url\(\s*["']?https?:|import\s*\(""", re.IGNORECASE)


def test_the_page_of_a_notebook_fetches_nothing():
    for path in NOTEBOOKS[:3]:
        page = report.notebook_page(nbformat.read(path, as_version=4), path.stem)
        head = page.partition("</head>")[0]
        assert "cdnjs" not in page and "unpkg" not in page
        assert not FETCHING.search(head)
        assert f'content="{report.CONTENT_POLICY}"' in head.replace("&#39;", "'")


def test_a_page_forbids_what_its_data_ask_for():
    page = report.notebook_page(_hostile_notebook(), "hostile")
    assert page.index("Content-Security-Policy") < page.index("<style") < page.index("evil.example")
    assert "&lt;script&gt;alert(1)" in page, "printed text is shown as it is"


@pytest.mark.parametrize("template", sorted(PACKAGE.rglob("templates/*.html")), ids=lambda path: path.name)
def test_every_report_has_the_policy_and_fetches_nothing(template):
    text = template.read_text(encoding="utf-8")
    assert not FETCHING.search(text.replace("<a href", "<a "))
    if not text.lower().startswith("<!doctype"):
        return  # a part of a page, which has the policy
    # A study's table is sorted by one script of its own, which the policy names by its hash; no other runs.
    only_its_own = "script-src 'sha256-{{ script_hash }}'; "
    assert report.CONTENT_POLICY in text.replace(only_its_own, "")
    assert text.count("<script") == text.count(only_its_own) <= 1


def test_a_table_shows_markup_as_text():
    shown = show(pd.DataFrame({HOSTILE: [HOSTILE], "n": [1]}, index=[HOSTILE]), index=True).to_html()
    assert "<script" not in shown and "<img" not in shown and shown.count("&lt;script&gt;") == 3


def test_every_requirement_is_pinned_by_hash_and_none_by_address():
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    pinned = [line for line in lines if line.strip() and not line.startswith("#")]
    assert len(pinned) > 100
    for line in pinned:
        assert re.match(r"[\w.\[\],-]+==[\w.+!]+( ;.*?)?\s+--hash=sha256:[0-9a-f]{64}", line), line[:80]
        assert "://" not in line and set(re.findall(r"--([a-z-]+)", line)) == {"hash"}, line[:80]


def test_every_way_to_install_enforces_the_hashes():
    for name in ("Makefile", "environment.yml", "postBuild", ".ci/run"):
        text = (ROOT / name).read_text(encoding="utf-8")
        for line in text.splitlines():
            if re.search(r"pip install.*(-r |--requirement )", line):
                assert "--require-hashes" in line, f"{name}: {line}"
    assert "--require-hashes" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_nothing_in_the_repository_is_pickled():
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = [name for name in files.stdout.split("\0") if name]
    assert not [name for name in names if re.search(r"\.(pkl|pickle|joblib|npy|npz|dill)$", name)]
