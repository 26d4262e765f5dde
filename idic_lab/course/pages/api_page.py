"""The pages on the package's public names, written from its docstrings.

What a package's ``__init__.py`` lists in ``__all__`` is public, has one place, and stands on one page; the pages are
committed, and a test holds them to the code.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import itertools
import pkgutil
import re
from dataclasses import dataclass

import idic_lab

# The pages in reading order; a package that belongs to none of them is an error.
PAGES = {
    "datasets": "Data sets",
    "tables": "Tables, pipeline and repository",
    "identify": "Identify",
    "differentiate": "Differentiate",
    "interact": "Interact",
    "customize": "Customize",
    "monitor": "Implement and monitor",
    "compare": "The workbench",
    "course": "Running the course",
    "exercises": "Exercises",
}
# Modules of the top level with public names of their own, and the page each stands on.
_SINGLE_MODULES = {
    "idic_lab.pipeline.stages": "tables",
    "idic_lab.repository.store": "tables",
    "idic_lab.pipeline.reviews": "monitor",
    "idic_lab.figures": "course",
    "idic_lab.errors": "course",
}
_UNDERLINE = re.compile(r"^-{3,}$")
# Default values that are objects print their address, which differs from run to run.
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True)
class Entry:
    """One public name: where it stands, how it is called, and its docstring."""

    module: str
    name: str
    signature: str
    docstring: str

    @property
    def summary(self) -> str:
        """The first paragraph of the docstring on one line."""
        return " ".join(self.docstring.split("\n\n")[0].split())

    @property
    def title(self) -> str:
        """As one writes it: the last package and the name, as in ``clv.fit``."""
        return f"{self.module.rpartition('.')[2]}.{self.name}"


def entries(page: str) -> dict[str, list[Entry]]:
    """The public names of one page: module to its names, in the order of ``__all__``.

    Examples
    --------
    >>> [entry.name for entry in entries("datasets")["idic_lab.datasets"]][:3]
    ['Card', 'Dataset', 'add']
    """
    found = {}
    for name in _modules(page):
        module = importlib.import_module(name)
        listed = getattr(module, "__all__", None)
        if listed is None:
            listed = [key for key, value in vars(module).items() if _defined_in(value, name)]
        # A name without a value is a module that is imported when it is asked for.
        described = [_entry(name, key, getattr(module, key)) for key in listed if hasattr(module, key)]
        found[name] = [entry for entry in described if entry is not None]
    return {name: listed for name, listed in found.items() if listed}


def _modules(page: str) -> list[str]:
    packages = [
        found.name
        for found in pkgutil.walk_packages(idic_lab.__path__, "idic_lab.")
        if found.ispkg and found.name.split(".")[1] == page
    ]
    listed = [getattr(importlib.import_module(name), "__all__", ()) for name in packages]
    modules = [
        f"{package}.{name}"
        for package, names in zip(packages, listed, strict=True)
        for name in names
        if f"{package}.{name}" not in packages and _is_module(package, name)
    ]
    return packages + modules + [name for name, where in _SINGLE_MODULES.items() if where == page]


def _is_module(package: str, name: str) -> bool:
    """Whether a listed name means a module: loaded already, or loaded when it is asked for."""
    value = getattr(importlib.import_module(package), name, None)
    return inspect.ismodule(value) or (value is None and bool(importlib.util.find_spec(f"{package}.{name}")))


def _defined_in(value, module: str) -> bool:
    ours = inspect.isclass(value) or inspect.isfunction(value)
    return ours and value.__module__ == module and not value.__name__.startswith("_")


def _entry(module: str, name: str, value) -> Entry | None:
    """None for subpackages, which have headings of their own, and for constants, which have no docstring."""
    if inspect.ismodule(value) or not callable(value):
        return None
    try:
        signature = _ADDRESS.sub("", str(_unquoted(inspect.signature(value))))
    except ValueError:  # classes of the standard library that hide theirs
        signature = "(...)"
    return Entry(module, name, signature, inspect.getdoc(value) or "")


class _AsWritten(str):
    """An annotation that prints without the quotes that postponed evaluation gives it."""

    __repr__ = str.__str__


def _unquoted(signature: inspect.Signature) -> inspect.Signature:
    def plain(annotation):
        return _AsWritten(annotation) if isinstance(annotation, str) else annotation

    return signature.replace(
        parameters=[
            each.replace(annotation=plain(each.annotation)) for each in signature.parameters.values()
        ],
        return_annotation=plain(signature.return_annotation),
    )


def page_text(page: str) -> str:
    """One page as Markdown: a table of names, then each with its signature and docstring."""
    parts = [f"# {PAGES[page]}", "*Written from the docstrings by `make docs`.*"]
    listed = entries(page)
    anchors = _anchors([entry.title for names in listed.values() for entry in names])
    position = 0
    for module, names in listed.items():
        about = (importlib.import_module(module).__doc__ or "").strip().split("\n\n")[0]
        links = anchors[position : position + len(names)]
        position += len(names)
        rows = [
            f"| [`{entry.name}`](#{link}) | {_cell(entry.summary)} |"
            for entry, link in zip(names, links, strict=True)
        ]
        parts += [
            f"## `{module}`",
            _roles(" ".join(about.split())),
            "\n".join(["| name | what it is |", "|---|---|", *rows]),
        ]
        for entry in names:
            parts += [
                f"### `{entry.title}`",
                f"```python\n{_wrapped(entry.name, entry.signature)}\n```",
                markdown(entry.docstring),
            ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _anchors(titles: list[str]) -> list[str]:
    """Where links to headings lead: the rule of GitHub and of the website, small letters without full stops.

    Examples
    --------
    >>> _anchors(["clv.fit", "compare.Method", "compare.method"])
    ['clvfit', 'comparemethod', 'comparemethod-1']
    """
    seen: dict[str, int] = {}
    found = []
    for title in titles:
        slug = re.sub(r"[^\w-]", "", title.lower())
        seen[slug] = seen.get(slug, -1) + 1
        found.append(f"{slug}-{seen[slug]}" if seen[slug] else slug)
    return found


def index_text() -> str:
    """The first page: what there is on each of the others."""
    rows = []
    for page, title in PAGES.items():
        listed = entries(page)
        packages = ", ".join(f"`{name}`" for name in listed)
        rows.append(f"| [{title}]({page}.md) | {packages} | {sum(map(len, listed.values()))} |")
    return "\n".join(
        [
            "# The package",
            "",
            "Every public name of `idic_lab`, from its docstring. Names are imported from the package named in the second",
            "column, as in `from idic_lab.differentiate import clv`. *Written by `make docs`.*",
            "",
            "| page | packages | names |",
            "|---|---|---:|",
            *rows,
            "",
        ]
    )


def markdown(docstring: str) -> str:
    """A numpydoc docstring as Markdown.

    Examples
    --------
    >>> print(markdown("Add.\\n\\nParameters\\n----------\\nx : int\\n    A number."))
    Add.
    <BLANKLINE>
    **Parameters**
    <BLANKLINE>
    - `x` : int<br>
      A number.
    """
    lines = docstring.splitlines()
    starts = [at - 1 for at, line in enumerate(lines) if at and _UNDERLINE.match(line)]
    bounds = [*starts, len(lines)]
    parts = [_roles("\n".join(lines[: bounds[0]]).strip())]
    for start, end in itertools.pairwise(bounds):
        title, body = lines[start].strip(), lines[start + 2 : end]
        shaped = _examples(body) if title == "Examples" else _items(body)
        parts += [f"**{title}**", shaped]
    return "\n\n".join(part for part in parts if part)


def _items(lines: list[str]) -> str:
    """``name : type`` with an indented text below it becomes a list entry; text that is no entry stays."""
    shaped = []
    for line in lines:
        if not line.strip():
            continue
        if line.startswith(" "):
            shaped.append("  " + _roles(line.strip()))
        elif re.match(r"^\*{0,2}\w[\w, *./]*( : .*)?$", line) and not line.endswith("."):
            name, colon, kind = line.partition(" : ")
            shaped.append(f"- `{name}`" + (f" : {_roles(kind)}" if colon else "") + "<br>")
        else:
            shaped.append(_roles(line))
    text = "\n".join(shaped)
    return re.sub(r"<br>(?=\n[^ ]|$)", "", text)


def _examples(lines: list[str]) -> str:
    return "```pycon\n" + "\n".join(lines).strip() + "\n```"


def _roles(text: str) -> str:
    """Sphinx roles and double backquotes as plain code, single backquotes as they are."""
    text = re.sub(r":\w+:`~?([^`<]+)`", r"`\1`", text)
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def _cell(text: str) -> str:
    return _roles(text).replace("|", "\\|")


def _wrapped(name: str, signature: str) -> str:
    """The signature on one line when it fits, else one parameter to a line."""
    flat = name + signature
    if len(flat) <= 100:
        return flat
    depth, piece, pieces = 0, "", []
    closing = signature.rindex(")")
    for character in signature[1:closing]:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            pieces.append(piece.strip())
            piece = ""
        else:
            piece += character
    pieces.append(piece.strip())
    return f"{name}(\n" + "".join(f"    {piece},\n" for piece in pieces if piece) + signature[closing:]


def texts() -> dict[str, str]:
    """File name to content, of all pages."""
    known = {found.name for found in pkgutil.iter_modules(idic_lab.__path__) if found.ispkg}
    if known != set(PAGES):
        raise LookupError(
            f"Packages without a page, or pages without a package: {sorted(known ^ set(PAGES))}"
        )
    return {"index.md": index_text(), **{f"{page}.md": page_text(page) for page in PAGES}}
