"""``python -m kills.page faults.json docs/trust.md``: write the figures of a full run into the page that states them."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

_BETWEEN = re.compile(r"(<!-- kills: begin -->\n).*?(<!-- kills: end -->)", re.DOTALL)


def table(said: dict) -> str:
    """The figures of a run of the kills as Markdown.

    Examples
    --------
    >>> row = {"kind": "study", "kills": 2, "random": 1, "operation": 1, "appears": 0, "resumed": 2, "violations": 0}
    >>> print(table({"kills": 2, "seconds": 61, "seed": 7, "violations": 0, "kinds": [row]}))
    In the last full run 2 kills (seed 7, 1 minutes) violated nothing.
    <BLANKLINE>
    | work | kills | at random | at a file operation | as a file appeared | resumed | violations |
    |---|--:|--:|--:|--:|--:|--:|
    | study | 2 | 1 | 1 | 0 | 2 | 0 |
    """
    found = f"violated an invariant {said['violations']} times" if said["violations"] else "violated nothing"
    lines = [
        f"In the last full run {said['kills']} kills (seed {said['seed']}, {said['seconds'] / 60:.0f} minutes) {found}.",
        "",
        "| work | kills | at random | at a file operation | as a file appeared | resumed | violations |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in said["kinds"]:
        cells = (row[name] for name in ("kills", "random", "operation", "appears", "resumed", "violations"))
        lines.append(f"| {row['kind']} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main() -> None:
    """Put the table between its two marks."""
    source, page = map(Path, sys.argv[1:])
    text, written = _BETWEEN.subn(
        lambda marks: marks[1] + table(json.loads(source.read_text())) + "\n" + marks[2], page.read_text()
    )
    if not written:
        sys.exit(f"{page.name} has no place for the figures: <!-- kills: begin --> ... <!-- kills: end -->")
    page.write_text(text)


if __name__ == "__main__":
    main()
