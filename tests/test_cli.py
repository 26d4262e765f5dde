"""The command line answers a mistake with one line and a status, not with a traceback."""

import subprocess
import sys

import pytest


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


def test_the_list_of_data_sets_names_cdnow():
    assert "cdnow_sample" in idic_lab("datasets", "list").stdout
