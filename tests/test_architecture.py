"""The house stays in order: who may import whom."""

import ast
from pathlib import Path

import pytest

import idic_lab

PACKAGE = Path(idic_lab.__file__).parent
STAGES = ("identify", "differentiate", "interact", "customize", "monitor")


def imported(path: Path) -> set[str]:
    """Dotted names of ours that a module imports, as far as its import statements tell."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "idic_lab":
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names if alias.name.split(".")[0] == "idic_lab"}
    return names


def parts_used(folder: str) -> dict[str, set[str]]:
    """Module to the top-level parts of the package it imports."""
    return {
        path.relative_to(PACKAGE).as_posix(): {name.split(".")[1] for name in imported(path) if "." in name}
        for path in (PACKAGE / folder).rglob("*.py")
    }


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_no_other_stage_and_nothing_above_it(stage):
    above = {"course", "compare", "exercises", "cli", "pipeline", "notebook", "repository"}
    forbidden = set(STAGES) - {stage} | above
    guilty = {module: used & forbidden for module, used in parts_used(stage).items() if used & forbidden}
    assert not guilty


def test_the_contracts_import_nothing_of_ours_but_errors():
    for module, used in parts_used("tables").items():
        assert used <= {"errors", "tables"}, module


def test_intervals_and_tests_import_nothing_of_the_stages():
    for module, used in parts_used("inference").items():
        assert used <= {"errors", "inference", "figures", "dataframes"}, module


def test_the_top_of_the_package_holds_rooms_and_four_modules():
    """A room is a folder; what stands beside the rooms is used by all of them."""
    loose = {path.stem for path in PACKAGE.glob("*.py")}
    assert loose <= {"__init__", "__main__", "cli", "errors", "figures", "dataframes"}


def test_no_module_needs_lifetimes_which_only_the_course_brings():
    importing = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "lifetimes" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "lifetimes")
    }
    assert not importing
