"""The links of an executed notebook, and of its page, where neither the glossary nor the exercises stand beside them."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection

import nbformat

_LINK = re.compile(r'<a\b[^>]*?\bhref="(?P<address>[^"]*)"[^>]*>(?P<text>.*?)</a>', re.S)
_NOTEBOOK = re.compile(r"(?P<name>[^/]+)\.ipynb(?P<place>#.*)?")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#", re.I)  # a web address, or a place on the page itself
_MARKDOWN_LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<address>[^)\s]+)\)")
_COURSE_TEXT = "text_in_the_course"  # in the metadata of a cell: the text before its links were mended


def mend_cells(notebook: nbformat.NotebookNode, executed: Collection[str]) -> bool:
    """Let the links in the text of an executed notebook lead to what stands beside it; in place.

    A link to a notebook of the run stays. Of others the words stay; where they led into the project, the path follows in
    brackets. The text of the course is kept in the cell's metadata, so that a notebook executed later gets its link.

    Parameters
    ----------
    notebook : NotebookNode
    executed : collection of str
        Names of the notebooks that stand beside it.

    Returns
    -------
    bool
        Whether anything was changed.

    Examples
    --------
    >>> text = "[Value](21_value.ipynb), [Glossary](../docs/glossary.md)"
    >>> notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    >>> mend_cells(notebook, [])
    True
    >>> notebook.cells[0].source
    'Value, Glossary (in the project: docs/glossary.md)'
    >>> mend_cells(notebook, ["21_value"])
    True
    >>> notebook.cells[0].source
    '[Value](21_value.ipynb), Glossary (in the project: docs/glossary.md)'
    """

    def mended(link: re.Match) -> str:
        address = link["address"]
        named = _NOTEBOOK.fullmatch(address)
        if _ELSEWHERE.match(address) or (named and named["name"] in executed):
            return link[0]
        return link["text"] + ("" if named else f" (in the project: {address.removeprefix('../')})")

    changed = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            course = cell.metadata.get(_COURSE_TEXT, cell.source)
            text = _MARKDOWN_LINK.sub(mended, course)
            changed |= text != cell.source
            cell.source = text
            if text != course:
                cell.metadata[_COURSE_TEXT] = course
    return changed


def as_in_the_course(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy of an executed notebook with the links that :func:`mend_cells` took out."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.source = cell.metadata.get(_COURSE_TEXT, cell.source)
    return notebook


def lead_within_the_run(page: str, executed: Collection[str]) -> str:
    """The page of a notebook whose links lead to what stands in the folder of the run.

    A link to a notebook of the run leads to its page. A link to another notebook, to the glossary or to the exercises
    leads nowhere from here: its words stay, and pointing at them tells where the thing is. Web addresses and places on
    the page are left as they are.

    Parameters
    ----------
    page : str
        HTML.
    executed : collection of str
        Names of the notebooks that have a page beside this one.

    Returns
    -------
    str

    Examples
    --------
    >>> lead_within_the_run('<a href="21_value.ipynb">value</a>', ["21_value"])
    '<a href="21_value.html">value</a>'
    >>> lead_within_the_run('<a href="../docs/glossary.md">Glossary</a>', [])
    '<span title="In the project: docs/glossary.md">Glossary</span>'
    """

    def mended(link: re.Match) -> str:
        address = link["address"]
        if not address or _ELSEWHERE.match(address):
            return link[0]
        notebook = _NOTEBOOK.fullmatch(address)
        if notebook and notebook["name"] in executed:
            return link[0].replace(
                f'href="{address}"', f'href="{notebook["name"]}.html{notebook["place"] or ""}"', 1
            )
        if notebook:
            return f'<span title="Not executed in this run: {address}">{link["text"]}</span>'
        return f'<span title="In the project: {address.removeprefix("../")}">{link["text"]}</span>'

    return _LINK.sub(mended, page)
