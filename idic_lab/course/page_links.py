"""The links of a notebook's page in a run folder, where neither the glossary nor the exercises stand beside it."""

from __future__ import annotations

import re
from collections.abc import Collection

_LINK = re.compile(r'<a\b[^>]*?\bhref="(?P<address>[^"]*)"[^>]*>(?P<text>.*?)</a>', re.S)
_NOTEBOOK = re.compile(r"(?P<name>[^/]+)\.ipynb(?P<place>#.*)?")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|#", re.I)  # a web address, or a place on the page itself


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
