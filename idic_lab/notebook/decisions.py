"""Where a notebook ends: two or three options, what the evidence says for each, and a choice that the review reads.

The options stand with the notebook's questions (``notebooks/texts/NN.yaml``, under ``decide``). A choice is kept in
the table ``decisions`` of the repository; a notebook executed by itself leaves the decision open.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from idic_lab.errors import DataError, pick
from idic_lab.notebook.questions import closed_up, content, folder, inline

if TYPE_CHECKING:
    from idic_lab.repository import Repository

OPEN = "open"


class Option(NamedTuple):
    """One thing that could be done: what the evidence says for it, and what would change one's mind."""

    key: str
    text: str
    evidence: str
    change: str
    none: str = "These data do not say."  # instead, where a number is missing, or there are none of what `of` counts


class Decision(NamedTuple):
    """What a notebook asks its reader to decide."""

    id: str
    text: str
    options: tuple[Option, ...]


def decision(decision_id: str) -> Decision:
    """One decision by its id, as in ``"21-look-after"``; UnknownName with the nearest when there is none.

    >>> [option.key for option in decision("21-look-after").options]
    ['a', 'b', 'c']
    """
    entries = content(decision_id.partition("-")[0]).get("decide", [])
    entry = pick("decision", decision_id, {entry["id"]: entry for entry in entries})
    options = tuple(Option(**option) for option in entry["options"])
    if len(options) < 2 or len({option.key for option in options}) != len(options):
        raise DataError(f"Decision {decision_id!r}: it needs two options or more, each with a key of its own.")
    return Decision(decision_id, entry["text"].strip(), options)


def log(repository: Repository) -> pd.DataFrame:
    """Every decision that the course asks for, in its order, with what was taken so far.

    Returns:
        DataFrame: ``notebook`` (its number), ``decision_id``, ``question``, ``option`` (key; "open" before it is
            taken), ``taken``.

    >>> from idic_lab.repository import Repository
    >>> log(Repository())["option"].unique().tolist()
    ['open']
    """
    rows, taken = [], _taken(repository)
    for file in sorted(folder().glob("*.yaml")):
        for entry in content(file.stem).get("decide", []):
            asked = decision(entry["id"])
            texts, chosen = _texts(asked), taken.get(asked.id, OPEN)
            chosen = chosen if chosen in texts else OPEN  # the options may have changed since
            rows.append((file.stem, asked.id, asked.text, chosen, texts[chosen]))
    return pd.DataFrame(rows, columns=["notebook", "decision_id", "question", "option", "taken"])


def page(asked: Decision, chosen: str = OPEN, **numbers: object) -> str:
    """The options as cards in HTML: what each is, what the evidence says, what would change one's mind.

    Parameters:
        chosen: Key of the option taken so far.
        **numbers: For the places in the evidence, in the manner of ``str.format``.
    """
    cards = "".join(
        f'<div style="flex:1 1 14em;border:{2 if option.key == chosen else 1}px solid '
        f'{"#0072B2" if option.key == chosen else "#8C8C8C"};border-radius:4px;padding:.5em .8em">'
        f"<p><strong>({option.key}) {inline(option.text)}</strong>{' (taken)' if option.key == chosen else ''}</p>"
        f"<p>{inline(_evidence(option, numbers))}</p>"
        f"<p><em>What would change it:</em> {inline(closed_up(option.change.format(**numbers)))}</p></div>"
        for option in asked.options
    )
    return (
        f'<div role="group" aria-label="Decision"><p><strong>{inline(asked.text)}</strong></p>'
        f'<div style="display:flex;flex-wrap:wrap;gap:.8em">{cards}</div></div>'
    )


def _evidence(option: Option, numbers: dict[str, object]) -> str:
    said = closed_up(option.evidence.format(**numbers))
    return option.none.format(**numbers) if re.search(r"\bnan\b", said) or not numbers.get("of", True) else said


def decide(repository: Repository, decision_id: str, choice: str = "", **numbers: object) -> None:
    """Show the options of a decision, and keep which one is taken.

    Parameters:
        repository: Receives the table ``decisions``; a choice made before stays until another is made.
        choice: Key of an option, to decide in code; without it by the buttons beneath the cards.
        **numbers: What the notebook computed, for the places in the evidence.
    Raises:
        idic_lab.errors.UnknownName: For a decision or an option that does not exist.
    """
    import ipywidgets as widgets
    from IPython.display import display

    from idic_lab.notebook.showing import live

    asked = decision(decision_id)
    keys = [option.key for option in asked.options]
    chosen = pick("option", choice, keys) if choice else _taken(repository).get(decision_id, OPEN)
    _keep(repository, asked, chosen)
    cards = display({"text/html": page(asked, chosen, **numbers), "text/plain": asked.text}, raw=True, display_id=True)
    options, style = [("still open", OPEN), *((f"({key})", key) for key in keys)], {"button_width": "auto"}
    buttons = widgets.ToggleButtons(options=options, value=chosen, description="I take", style=style)

    def take(change) -> None:
        _keep(repository, asked, change["new"])
        cards.update({"text/html": page(asked, change["new"], **numbers), "text/plain": asked.text}, raw=True)

    buttons.observe(take, names="value")
    still = "<p><em>In JupyterLab, buttons beneath the cards keep your choice for the review.</em></p>"
    display(live(buttons, {"text/html": still, "text/plain": f"Taken: {chosen}"}), raw=True)


def _taken(repository: Repository) -> dict[str, str]:
    if not repository.has("decisions"):
        return {}
    return repository.read("decisions").set_index("decision_id")["option"].to_dict()


def _keep(repository: Repository, asked: Decision, chosen: str) -> None:
    row = {"decision_id": asked.id, "question": asked.text, "option": chosen, "taken": _texts(asked)[chosen]}
    repository.write("decisions", pd.DataFrame([row]), made_by=f"decision {asked.id}")


def _texts(asked: Decision) -> dict[str, str]:
    return {option.key: option.text for option in asked.options} | {OPEN: "not decided yet"}
