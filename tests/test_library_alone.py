"""The library without its extras: it loads, quickly, and says in one sentence what an extra would bring."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ROOMS = [
    "identify",
    "differentiate",
    "interact",
    "customize",
    "monitor",
    "datasets",
    "meridian",
    "inference",
    "tables",
    "repository",
    "pipeline",
    "compare",
]
# Modules that only extras bring.
EXTRAS = (
    *("splink", "stepmix", "kmedoids", "mlxtend", "openpyxl", "babel", "charset_normalizer", "python_calamine"),
    *("filelock", "jinja2", "yaml", "tqdm", "typer", "IPython", "ipywidgets", "nbformat", "nbclient", "nbconvert"),
    *("papermill", "lifetimes", "nbgrader", "dask", "distributed", "pyspark", "polars"),
)


def alone(code: str) -> subprocess.CompletedProcess:
    """Run code where no extra is installed."""
    blocked = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS}))\n"
    return subprocess.run([sys.executable, "-c", blocked + code], capture_output=True, text=True, check=False)


def test_the_library_alone_has_ten_dependencies():
    assert len(PROJECT["dependencies"]) <= 10


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_loads_without_any_extra(room):
    walk = f"""
import importlib, pkgutil
def load(name):
    module = importlib.import_module(name)
    for found in pkgutil.iter_modules(getattr(module, "__path__", [])):
        load(f"{{name}}.{{found.name}}")
load("idic_lab.{room}")
"""
    done = alone(walk)
    assert done.returncode == 0, done.stderr[-600:]


def test_lifetime_value_and_rfm_load_little():
    """What takes long to load waits until it is used."""
    done = alone("from idic_lab.differentiate import clv, rfm\nprint(*sys.modules)")
    loaded = set(done.stdout.split())
    assert not loaded & {"sklearn", "matplotlib.pyplot", "pandera", "statsmodels.api", "scipy.stats"}, done.stderr


def test_cdnow_is_valued_by_the_library_alone():
    done = alone(
        "from idic_lab import datasets\n"
        "from idic_lab.differentiate import clv, rfm\n"
        "bought = datasets.load('cdnow_sample', quiet=True).transactions\n"
        "summary = clv.summarise(bought, observation_end='1997-09-30', unit_days=7)\n"
        "print(round(clv.fit(summary, model='bg_nbd').params_['r'], 3), len(rfm.table(bought)))"
    )
    assert done.stdout == "0.243 2357\n", done.stderr[-600:]


def test_what_an_extra_brings_is_one_sentence_with_the_command():
    done = alone(
        "import runpy; sys.argv = ['idic-lab', 'run', 'cdnow']; runpy.run_module('idic_lab', run_name='__main__')"
    )
    assert re.fullmatch(r"Error: .* not installed: pip install 'idic-lab\[\w+\]'\n", done.stderr), done.stderr
