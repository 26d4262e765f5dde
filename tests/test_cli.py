"""The command line answers a mistake with one line and a status, not with a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

EXERCISES = Path(__file__).resolve().parents[1] / "exercises"


def idic_lab(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "idic_lab", *arguments], capture_output=True, text=True, check=False, **options
    )


def test_help_names_the_commands():
    shown = idic_lab("--help")
    assert shown.returncode == 0
    assert "run" in shown.stdout and "datasets" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["run", "cdnoww"], "Did you mean 'cdnow'?"),
        (["run", "--data", "no_such_file.csv"], "no_such_file.csv"),
        (["run"], "--data"),
        (["run", "cdnow_sample", "-p", "calibration_ennd=1997-09-30"], "Did you mean 'calibration_end'?"),
        (["run", "cdnow_sample", "--only", "77"], "77"),
        (["datasets", "show", "cdnow_sampel"], "Did you mean 'cdnow_sample'?"),
    ],
)
def test_a_mistake_is_one_clear_line(arguments, answer, tmp_path):
    result = idic_lab(*arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("Error: ") and answer in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "runs").exists()


def test_a_mistyped_name_is_answered_before_the_course_is_loaded(tmp_path):
    (tmp_path / "study.yaml").write_text("datasets: [cdnow_sample]\nmethods: [k_meens]\n")
    script = (
        "import sys\nfrom idic_lab import cli\nsys.argv[1:] = {!r}\n"
        "try: cli.main()\nfinally: print(sorted({{'papermill', 'nbconvert', 'nbgrader'}} & set(sys.modules)))"
    )
    for arguments in (
        ["run", "cdnoww"],
        ["run", "cdnow", "--only", "99"],
        ["run", "cdnow", "-p", "calibration_ennd=1997-06-30"],
        ["run", "--data", "missing.csv"],
        ["run", "missing.csv"],
        ["forget", "C1", "--run", "runs/meridan"],
        ["exercises", "begin", "valu", "--course", str(EXERCISES)],
        ["compare", "study.yaml"],
    ):
        ran = [sys.executable, "-c", script.format(arguments)]
        shown = subprocess.run(ran, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert shown.returncode == 2 and shown.stderr.startswith("Error: "), shown.stderr
        assert shown.stdout.endswith("[]\n"), arguments


def test_the_list_of_data_sets_names_cdnow():
    assert "cdnow_sample" in idic_lab("datasets", "list").stdout


def test_the_course_is_laid_out_in_a_folder_and_never_over_what_is_there(tmp_path):
    laid = idic_lab("course", "mine", cwd=tmp_path)
    assert laid.returncode == 0 and "mine/notebooks/00_start_here.ipynb" in laid.stdout
    assert (tmp_path / "mine" / "studies" / "quick.yaml").exists()
    assert (tmp_path / "mine" / "exercises" / "value.ipynb").exists()
    assert not list((tmp_path / "mine").rglob("answers"))
    again = idic_lab("course", "mine", cwd=tmp_path)
    assert again.returncode == 2 and "is there already" in again.stderr


def test_a_bare_list_of_orders_is_audited_into_one_page(tmp_path):
    lines = [f"{number % 31},2024-0{1 + number % 3}-{1 + number % 27:02d},{5 + number % 40}" for number in range(200)]
    (tmp_path / "orders.csv").write_text("Customer,Order Date,Total\n" + "\n".join(lines), encoding="utf-8")
    result = idic_lab("audit", "orders.csv", "--html", "page.html", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "1 31 customers bought" in result.stdout
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("<section>") == 5
