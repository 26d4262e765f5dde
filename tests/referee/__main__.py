"""Try every statement at length and write docs/inference.md: ``make referee``."""

from __future__ import annotations

import argparse
from pathlib import Path

import statements
from proving import AT_LEAST, KINDS, STATEMENTS, Finding, tried
from tqdm import tqdm

PAGE = Path(__file__).parents[2] / "docs" / "inference.md"
FEW = 0.05  # twice the error from which "kept" would say nothing
HEAD = """\
# How sure is "sure"?

Intervals, tests and alarms of the package are tried on simulated data whose truth is known: on the ground they were made
for, which is the first line of each, and on ground where an assumption does not hold. What is not tried is listed at the
end, with the reason. An interval is stated to hold the truth in so many cases out of a hundred; a test to find something, and an
alarm to sound, where there is nothing in at most so many. This page is written by `make referee`, which tries each statement
up to 2,000 times; slow ones are tried less often. `make test` tries the same in short, and refuses a function that states
how sure it is and is not listed here.

A rate within two points of what an interval states is taken as kept; behind ± stands twice the Monte Carlo error. "Not kept"
on a ground it was not made for is no fault in the software but a warning for its user, and an interval that is wider than
need be is "not kept" too. Where ± is above five points, nothing is said of a rate that may be kept.

| function | what it states | used in | ground | stated | found | |
|---|---|---|---|---|---|---|
"""


def row(finding: Finding, first: bool) -> str:
    """One line of the table; what a statement is stands on its first line only."""
    one = finding.statement
    name = f"`{one.function.removeprefix('idic_lab.')}`" if first else ""
    bound = "" if one.kind == "interval" else "at least " if one.kind in AT_LEAST else "at most "
    stated = f"{(KINDS | AT_LEAST)[one.kind]}: {bound}{one.nominal:.0%}"
    word = "**not kept**" if not finding.keeps else "kept" if finding.error <= FEW / 2 else "too few tries"
    return (
        f"| {name} | {one.states if first else ''} | {one.used if first else ''} | {finding.ground} | {stated} | "
        f"{finding.rate:.1%} ± {2 * finding.error:.1%} | {word} |\n"
    )


def main() -> None:
    """Try all statements, or those whose name holds a word, and write the page when all were tried."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a part of a function's name; the page is then not written")
    parser.add_argument("--repeats", type=int, help="fewer repetitions than a statement asks for")
    parser.add_argument("--jobs", type=int, default=-1)
    given = parser.parse_args()
    chosen = [one for one in STATEMENTS if given.only in one.function]
    rows = []
    for one in tqdm(chosen):
        found = tried(one, repeats=given.repeats, jobs=given.jobs)
        rows += [row(finding, position == 0) for position, finding in enumerate(found)]
        tqdm.write("".join(rows[-len(found) :]).rstrip())
    if given.only:
        return
    untried = "".join(f"| `{name.removeprefix('idic_lab.')}` | {why} |\n" for name, why in statements.NOT_TRIED.items())
    tail = f"\n## Not tried\n\n| function | why |\n|---|---|\n{untried}" if untried else ""
    PAGE.write_text(HEAD + "".join(rows) + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
