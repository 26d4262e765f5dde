"""``python -m kills.page faults.json docs/trust.md``: write the figures of a full run into the page that states them."""

from __future__ import annotations

import json
import re
import sys
import textwrap
from pathlib import Path

_BETWEEN = re.compile(r"(<!-- kills: begin -->\n).*?(<!-- kills: end -->)", re.DOTALL)


def table(said: dict) -> str:
    """The figures of a run of the kills as Markdown.

    Examples
    --------
    >>> row = {"kind": "study", "kills": 2, "random": 1, "operation": 1, "appears": 0, "resumed": 2, "violations": 0}
    >>> row |= {"parent alone": 1, "second kills": 0, "too late": 0}
    >>> print(table({"kills": 2, "seconds": 61, "seed": 7, "violations": 0, "not begun": 0, "kinds": [row]}))
    The last full run: 2 kills in 1 minute (seed 7), of which 1 hit the parent alone and 0 were second kills. 2 of the 2
    were resumed, and none violated any of the four sentences.
    <BLANKLINE>
    | work | kills | at random | at a file operation | as a file appeared | resumed | violations |
    |---|--:|--:|--:|--:|--:|--:|
    | study | 2 | 1 | 1 | 0 | 2 | 0 |
    """
    total = {
        name: sum(row[name] for row in said["kinds"])
        for name in ("parent alone", "second kills", "resumed", "too late")
    }
    kills, minutes = said["kills"], round(said["seconds"] / 60)
    text = (
        f"The last full run: {kills} kills in {minutes} minute{'s' * (minutes != 1)} (seed {said['seed']}), of which "
        f"{total['parent alone']} hit the parent alone and {total['second kills']} were second kills. "
        f"{total['resumed']} of the {kills} were resumed, and {said['violations'] or 'none'} violated any of the four sentences."
    )
    if total["too late"]:
        further = f"{total['too late']} further case{'s' * (total['too late'] != 1)}"
        text += f" In {further} the work had ended before each kill."
    if said["not begun"]:
        text += f" {said['not begun']} cases were not begun, for want of time."
    lines = [
        *textwrap.wrap(text, 118),
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
