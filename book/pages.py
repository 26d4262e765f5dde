"""Lay out the sources of the website: `python book/pages.py FOLDER` gathers what exists, in the order of the course."""

import html
import importlib
import inspect
import json
import pkgutil
import re
import shutil
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
# Each part of the contents: its title, and the pages in it. Named pages come first, the rest as they sort.
PARTS = {
    "Start": ["notebooks/0*.ipynb"],
    "Identify": ["notebooks/1*.ipynb"],
    "Differentiate": ["notebooks/2*.ipynb"],
    "Interact": ["notebooks/3*.ipynb"],
    "Customize": ["notebooks/4*.ipynb"],
    "Implement and monitor": ["notebooks/5*.ipynb"],
    "Compare": ["notebooks/6*.ipynb"],
    "For you": ["docs/students.md", "docs/instructors.md", "docs/researchers.md", "docs/own_data.md"],
    "Exercises": ["exercises/STUDENTS.md", "exercises/README.md"],
    "Reference": ["docs/glossary.md", "docs/*.md"],
    "Data sets": ["datasets/README.md", "datasets/meridian/README.md", "datasets/*/README.md"],
    "The package": ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"],
}
# The rooms of the package that a program imports from, in the order of their pages; the others are machinery.
ROOMS = (
    *("identify", "differentiate", "interact", "customize", "monitor", "compare", "datasets", "meridian"),
    *("inference", "tables", "repository", "pipeline", "notebook", "figures", "dataframes", "errors"),
)
FIGURE = "Figure: "  # begins the words that stand for a picture
ALSO = ["LICENSE", "LICENSE-texts-and-data", "studies/*.yaml"]  # linked to, not pages


def public_modules(room: str) -> list[ModuleType]:
    """The modules of a room whose names are public: those it lists, and all where it offers no names of its own."""
    top = importlib.import_module(f"idic_lab.{room}")
    found, offered = [top], getattr(top, "__all__", public_names(top) if hasattr(top, "__path__") else [])
    for module in pkgutil.iter_modules(getattr(top, "__path__", []), f"{room}."):
        name = module.name.rpartition(".")[2]
        if (name in offered or not offered) and not callable(getattr(top, name, None)):
            found += public_modules(module.name)
    return found


def public_names(module: ModuleType) -> list[str]:
    """Functions and classes that a module lists in `__all__`; without a list those it defines, or a package imports of its room."""
    listed = getattr(module, "__all__", None)
    if listed is None:
        home = ".".join(module.__name__.split(".")[:2]) if hasattr(module, "__path__") else module.__name__
        own = {name: getattr(module, name) for name in dir(module) if not name.startswith("_")}
        listed = [name for name, value in own.items() if f"{getattr(value, '__module__', '')}.".startswith(f"{home}.")]
    return [name for name in listed if callable(getattr(module, name, None))]


def reference(room: str) -> str:
    """The page of a room: what each of its public modules is for, its names in a table, then each with its docstring."""
    parts = [f"{room.capitalize()}\n{'=' * len(room)}\n"]
    for module in public_modules(room):
        name, names = module.__name__, public_names(module)
        if names:
            parts.append(f"{name}\n{'-' * len(name)}\n\n{inspect.getdoc(module)}\n\n.. currentmodule:: {name}\n")
            parts.append(
                "\n".join([".. autosummary::", "   :nosignatures:", "", *(f"   {each}" for each in names), ""])
            )
            parts += [f".. auto{_kind(module, each)}:: {each}\n" for each in names]
    return "\n".join(parts)


def _kind(module: ModuleType, name: str) -> str:
    return "class" if inspect.isclass(getattr(module, name)) else "function"


def page_of(notebook: dict, file: str) -> dict:
    """A stored notebook as a page on which nothing can be moved: its pictures told in words, and a way to the file itself."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = "\n\n".join(map(_at_rest, "".join(cell["source"]).split("\n\n")))
            cell["source"] = text.splitlines(keepends=True)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            words = "".join(data.get("text/plain", ""))
            if "image/png" in data and words.startswith(FIGURE):
                cell["metadata"].setdefault("mystnb", {})["image"] = {"alt": html.escape(words.removeprefix(FIGURE))}
            if words.startswith("Controls: "):
                data["text/html"] = (
                    f"<p><em>{words.partition('.')[0]}: they move in the notebook, which you can download.</em></p>"
                )
    way = f"{{download}}`Download this notebook </download/{file}>` and open it with [IDIC Lab](../README.md): there controls move. "
    way += _binder(f"notebooks/{file}")
    notebook["cells"].insert(1, {"id": "download", "cell_type": "markdown", "metadata": {}, "source": [way]})
    return notebook


def _binder(path: str) -> str:
    """The way to run a notebook on Binder: at once where the project names its address, else with what Binder asks for."""
    address = (
        tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        .get("urls", {})
        .get("Repository")
    )
    opened = f"v2/git/{quote(address, safe='')}/HEAD?urlpath=lab/tree/{path}" if address else ""
    button = f'<a class="download" href="https://mybinder.org/{opened}">Run it on Binder</a>'
    return button if address else f"{button}, which asks for the address of the repository and the path `{path}`."


def _at_rest(paragraph: str) -> str:
    """What asks the reader to move something, marked as for the notebook."""
    if not re.search(r"\*\*Try it\.\*\*|[Mm]ove the slider|with the slider|[Tt]he slider", paragraph):
        return paragraph
    text = paragraph.removeprefix("**Try it.** ")
    return f"```{{admonition}} To try in the notebook\n:class: tip\n{text}\n```"


def _titled(page: Path, name: str) -> str:
    """An entry of the contents; a notebook with its number."""
    if page.suffix != ".ipynb":
        return name
    first = "".join(json.loads(page.read_text(encoding="utf-8"))["cells"][0]["source"]).splitlines()[0]
    return f"{page.name[:2]} {first.removeprefix('# ')} <{name}>"


def lay_out(folder: Path) -> None:
    """Copy every page into `folder` as it lies in the repository, so that links between pages hold, and write the contents."""
    shutil.rmtree(folder, ignore_errors=True)
    contents, seen = [], set()
    for title, patterns in PARTS.items():
        pages = []
        for pattern in patterns:
            pages += [page for page in sorted(ROOT.glob(pattern)) if page not in seen]
            seen.update(pages)
        names = [_titled(page, str(page.relative_to(ROOT).with_suffix(""))) for page in pages]
        if title == "The package":
            names += [f"package/{room}" for room in ROOMS]
        if names:
            contents.append("\n".join(["```{toctree}", f":caption: {title}", ":hidden:", "", *names, "```"]))
    for page in [*seen, *(path for pattern in ALSO for path in ROOT.glob(pattern))]:
        copy = folder / page.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if page.suffix == ".ipynb":
            (folder / "download").mkdir(exist_ok=True)
            shutil.copyfile(page, folder / "download" / page.name)
            shown = page_of(json.loads(page.read_text(encoding="utf-8")), page.name)
            copy.write_text(json.dumps(shown), encoding="utf-8")
        else:
            shutil.copyfile(page, copy)
    (folder / "package").mkdir()
    for room in ROOMS:
        (folder / "package" / f"{room}.rst").write_text(reference(room), encoding="utf-8")
    shutil.copytree(ROOT / "docs" / "figures", folder / "docs" / "figures")
    welcome = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    (folder / "index.md").write_text(welcome + "\n" + "\n\n".join(contents) + "\n", encoding="utf-8")
    shutil.copyfile(ROOT / "book" / "conf.py", folder / "conf.py")
    shutil.copytree(ROOT / "book" / "static", folder / "static")


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]))
