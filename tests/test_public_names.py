"""Every public name is used where it counts, and shows how: the package stays thin, and each door has an example.

A use is an import or an attribute that leads to the very object, read from the syntax tree: of the notebooks, the exercises,
the code blocks of the docs, the benchmarks, and the other rooms of the package. A name's own room does not count, save the
workbench's, and tests do not. ``python tests/test_public_names.py`` prints what nothing uses, and what has no example.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import inspect
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# How many may be left; these numbers only go down, and at nought the lists themselves are what is tested.
UNUSED, UNREACHED, WITHOUT_EXAMPLE = 95, 30, 90


@cache
def pages():
    """The script that lays out the website knows which names are public."""
    spec = importlib.util.spec_from_file_location("pages", ROOT / "book" / "pages.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def public() -> dict[str, object]:
    """Dotted name to object, of every public function and class; one name for each object, the shortest."""
    found: dict[int, tuple[str, object]] = {}
    for room in pages().ROOMS:
        for module in pages().public_modules(room):
            for name in pages().public_names(module):
                value, dotted = getattr(module, name), f"{module.__name__}.{name}"
                if len(dotted) < len(found.get(id(value), (dotted + " ",))[0]):
                    found[id(value)] = (dotted, value)
    return dict(sorted(found.values()))


def sources() -> Iterator[tuple[str, str]]:
    """Where it stands, and the Python code, of everything whose use counts."""
    for path in [
        *ROOT.glob("idic_lab/**/*.py"),
        *ROOT.glob("exercises/**/*.py"),
        *ROOT.glob("studies/*.py"),
        *ROOT.glob("benchmarks/**/*.py"),
    ]:
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")
    for path in [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("exercises/source/**/*.ipynb")]:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        yield str(path.relative_to(ROOT)), re.sub(r"^\s*[%!].*$", "", code, flags=re.M)
    for path in [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("exercises/*.md")]:
        for block in re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S):
            yield str(path.relative_to(ROOT)), block


def reached(code: str) -> Iterator[object]:
    """The objects of ours that a piece of code imports or reaches through what it imported."""
    tree = ast.parse(code)
    bound: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "idic_lab":
            for alias in node.names:
                bound[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                yield resolved(f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "idic_lab":
                    bound[alias.asname or "idic_lab"] = alias.name if alias.asname else "idic_lab"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            parts = [node.attr]
            while isinstance(node := node.value, ast.Attribute):
                parts.append(node.attr)
            if isinstance(node, ast.Name) and node.id in bound:
                yield resolved(".".join([bound[node.id], *reversed(parts)]))


@cache
def resolved(dotted: str) -> object:
    """The function, class or module behind a dotted path, or None; a function goes before a module of its name."""
    above, _, name = dotted.rpartition(".")
    if not above:
        return importlib.import_module(dotted)
    for attempt in (
        lambda: getattr(resolved(above), name),
        lambda: getattr(importlib.import_module(above), name),
        lambda: importlib.import_module(dotted),
    ):
        with contextlib.suppress(AttributeError, ImportError):
            return attempt()
    return None


@cache
def users() -> dict[int, set[str]]:
    """Identity of an object of ours to the files that use it; a module's use of its own names is not among them."""
    found: dict[int, set[str]] = {}
    for where, code in sources():
        for value in reached(code):
            found.setdefault(id(value), set()).add(where)
    return found


def room_of(name: str) -> str:
    return f"idic_lab/{name.split('.')[1]}"


def entered(value: object) -> bool:
    """Whether a function is entered in a register where it is defined: of methods, criteria, stages, commands or policies."""
    from idic_lab.meridian.policies import POLICIES

    above = inspect.getsource(value).split("def ")[0]
    return value in POLICIES.values() or bool(
        re.search(r"^@.*(method|criterion|stage|kpi|command|callback)\(", above, re.M)
    )


def unused() -> list[str]:
    """Public names that nothing outside their room uses; types that a function gives back or takes are not asked for."""
    found = []
    for name, value in public().items():
        where = {file for file in users().get(id(value), ()) if not file.endswith("__init__.py")}
        if name.startswith("idic_lab.compare."):
            outside = {file for file in where if file != inspect.getsourcefile(value).removeprefix(f"{ROOT}/")}
        else:
            outside = {file for file in where if not file.startswith((f"{room_of(name)}/", f"{room_of(name)}."))}
        if not outside and not inspect.isclass(value) and not entered(value):
            found.append(name)
    return sorted(found)


def dead() -> list[str]:
    """Functions and classes of the whole package, private ones too, that no line outside the tests reaches."""
    found = []
    for path in ROOT.glob("idic_lab/**/*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not (
                node.decorator_list or node.name.startswith("__")
            ):
                inside = {id(each) for each in ast.walk(node)}
                named = any(
                    isinstance(each, ast.Name) and each.id == node.name and id(each) not in inside
                    for each in ast.walk(tree)
                )
                own = f"{path.relative_to(ROOT)}"
                elsewhere = {
                    file
                    for file in users().get(id(resolved(f"{module}.{node.name}")), set()) - {own}
                    if not file.endswith("__init__.py")
                }
                if not named and not elsewhere:
                    found.append(f"{module}.{node.name}")
    return sorted(found)


def without_example() -> list[str]:
    """Public functions whose docstring shows no call; classes are shown by the functions that return them."""
    return sorted(
        name
        for name, value in public().items()
        if inspect.isfunction(value) and ">>>" not in (inspect.getdoc(value) or "")
    )


def without_types() -> list[str]:
    """Public functions with a parameter or a result whose type is not said, so that a type checker is of no help."""
    found = []
    for name, value in public().items():
        if inspect.isfunction(value):
            signature = inspect.signature(value)
            said = [each.annotation for each in signature.parameters.values() if each.kind not in (2, 4)]
            if inspect.Signature.empty in [*said, signature.return_annotation]:
                found.append(name)
    return found


def test_public_names_are_used():
    assert len(unused()) <= UNUSED, unused()
    assert len(dead()) <= UNREACHED, dead()


def test_public_functions_show_how_they_are_called():
    assert len(without_example()) <= WITHOUT_EXAMPLE, without_example()


if __name__ == "__main__":
    for title, names in (
        ("Public, used by nothing outside their room", unused()),
        ("Reached by no line but tests", dead()),
        ("Without an example", without_example()),
        ("Without types", without_types()),
    ):
        print(f"{title}: {len(names)} of {len(public())}", *names, "", sep="\n")
