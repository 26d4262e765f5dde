"""What ``make docs`` writes of the stages and contracts: ``docs/tables.md``, and the list of notebooks in ``docs/own_data.md``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from idic_lab import tables
from idic_lab.pipeline import stages as pipeline
from idic_lab.tables import Part

PAGE = Path(__file__).resolve().parents[1] / "docs" / "tables.md"
OWN_DATA = PAGE.with_name("own_data.md")
BEGIN, END = "<!-- written by make docs -->\n", "<!-- until here -->"
GROUPS = {
    "inputs": "What a data set brings",
    "identify": "Made by Identify",
    "differentiate": "Made by Differentiate",
    "interact": "Made by Interact",
    "customize": "Made by Customize",
    "monitor": "Made by Implement and monitor",
}


def text() -> str:
    """The page as Markdown: the stages in order, then the data dictionary of every table."""
    parts = [
        "# Stages and tables",
        "Stages talk through tables: each needs some and makes others, and nothing else passes between them. The first\n"
        "table below is the list that runs the course (`idic_lab.pipeline.stages.STAGES`); the others are the contracts that every\n"
        "table is held to when it is stored (`idic_lab.tables`). *Written by `make docs`.*",
        "## The stages",
        _markdown(_stages()),
    ]
    for group, title in GROUPS.items():
        parts.append(f"## {title}")
        for name in tables.names(group):
            parts += [f"### {name}", _about(name), _markdown(_dictionary(name))]
    return "\n\n".join(parts) + "\n"


def _stages() -> pd.DataFrame:
    columns = {"needs": "needs", "can use": "uses", "makes": "makes"}
    rows = [
        {"step": one.step, "notebook": f"[{one.notebook}](../notebooks/{one.notebook}.ipynb)"}
        | {title: _linked(", ".join(map(str, getattr(one, field)))) for title, field in columns.items()}
        for one in pipeline.STAGES
    ]
    return pd.DataFrame(rows)


def with_notebooks(page: str) -> str:
    """The page on data of one's own, with the list of notebooks between its two marks as the stages have it now."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{_markdown(_opened())}\n\n{END}{rest.split(END)[1]}"


def _opened() -> pd.DataFrame:
    """Each notebook with the tables that somebody has to bring for it, and those with which it says more."""
    brought, rows = tables.names("inputs"), []
    for stage in pipeline.STAGES:
        needs = set().union(*map(_brought, stage.needs)) if stage.needs else set()
        more = {part.table for part in stage.uses if part.table in brought} - needs
        listed = [
            ", ".join(f"[{name}](tables.md#{name})" for name in brought if name in group) for group in (needs, more)
        ]
        title = f"[{stage.notebook}](../notebooks/{stage.notebook}.ipynb)"
        rows.append({"notebook": title, "opens with": listed[0] or "anything", "says more with": listed[1]})
    return pd.DataFrame(rows)


def _brought(part: Part) -> set[str]:
    """The tables of a data set from which a table, or a part of one, is made in the end."""
    if part.table in tables.names("inputs"):
        return {part.table}
    return set().union(*map(_brought, pipeline.maker(part).needs))


def _linked(names: str) -> str:
    return ", ".join(f"[{name}](#{name.partition(':')[0]})" for name in names.split(", ") if name)


def _about(name: str) -> str:
    contract = tables.get(name)
    about = contract.meaning[0].upper() + contract.meaning[1:].removesuffix(".") + "."
    if contract.key:
        about += f" One row per {', '.join(f'`{column}`' for column in contract.key)}."
    if contract.personal:
        about += " Personal: it never leaves the repository."
    return about


def _dictionary(name: str) -> pd.DataFrame:
    dictionary = tables.get(name).dictionary()
    dictionary["column"] = [f"`{column}`" for column in dictionary["column"]]
    return dictionary


def _markdown(table: pd.DataFrame) -> str:
    """A table in Markdown; columns without any content are left out."""
    table = table.loc[:, [bool(table[name].astype(bool).any()) for name in table]]
    rows = [[str(cell).replace("|", "\\|") for cell in row] for row in table.itertuples(index=False)]
    lines = [list(table.columns), ["---"] * table.shape[1], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
    OWN_DATA.write_text(with_notebooks(OWN_DATA.read_text(encoding="utf-8")), encoding="utf-8")
