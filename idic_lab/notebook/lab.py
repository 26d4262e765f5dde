"""What a notebook works with: its data set, the run's repository, and its headline numbers."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
from IPython import get_ipython
from IPython.display import display
from matplotlib.figure import Figure

from idic_lab import datasets, figures, tables
from idic_lab.errors import pick
from idic_lab.notebook import decisions, questions
from idic_lab.pipeline import stages
from idic_lab.repository import CARD_FILE, REPOSITORY_FILE, Repository, pseudonyms

WIDGET = "application/vnd.jupyter.widget-view+json"
HEADLINE = "application/x.idic-headline+json"
FIGURE = "Figure: "  # begins the words that stand for a picture


def start(notebook: str, dataset: str = "meridian", run_dir: str = "", quiet: bool = False) -> "Lab":
    """Open the data set, and the run it belongs to, for one notebook.

    Parameters:
        notebook: Name of the notebook, for the history of the repository.
        dataset: A data set's name (``idic-lab datasets list``) or the path of a file.
        run_dir: Folder of the run. Empty when a notebook is opened alone: its tables then live in memory, and what
            earlier notebooks would have made is made when it is asked for.
        quiet: Do not show the data set's card, a line that unfolds.

    >>> lab = start("21_differentiate_value_rfm", dataset="cdnow_sample", quiet=True)
    >>> lab.table("transactions")["customer_id"].nunique()
    2357
    """
    figures.use_style()
    if get_ipython() is not None:
        # The words that go with a picture: for readers who cannot see it, and for the report.
        plain = get_ipython().display_formatter.formatters["text/plain"]
        plain.for_type(Figure, lambda figure, printer, cycle: printer.text(f"{FIGURE}{figures.described(figure)}"))
        for kind, form in ((float, ",.4g"), (np.float64, ",.4g"), (np.int64, ",")):  # numbers as a reader wants them
            plain.for_type(kind, lambda number, printer, cycle, form=form: printer.text(format(number, form)))
    folder = Path(run_dir) if run_dir else None
    repository = Repository(folder / REPOSITORY_FILE if folder else None)
    if folder and (folder / CARD_FILE).exists():
        card = datasets.Card.from_dict(json.loads((folder / CARD_FILE).read_text(encoding="utf-8")))
    else:
        loaded = datasets.load(dataset, quiet=True)
        card = gather(pseudonyms.protect(loaded, repository), repository)
    figures.use_currency(card.currency)
    if not quiet:
        print(card.line) if get_ipython() is None else display(card.folded(), raw=True)
    return Lab(notebook, card, repository)


def gather(dataset: str | datasets.Dataset, repository: Repository) -> datasets.Card:
    """Write every table of a data set into the repository and return the data set's card."""
    if not isinstance(dataset, datasets.Dataset):
        dataset = datasets.load(dataset, quiet=True)
    for name, data in dataset.tables.items():
        repository.write(name, data, made_by=f"data set {dataset.name}")
    return dataset.card


class Lab:
    """The desk of one notebook: read tables, save tables, state headline numbers; `card` is what is known of the data."""

    def __init__(self, notebook: str, card: datasets.Card, repository: Repository):
        self.notebook, self.card, self.repository = notebook, card, repository

    def has(self, name: str) -> bool:
        """Whether the data set has a table, or an earlier stage can make it from what there is."""
        return self.repository.has(name) or tables.Part.of(name) in stages.can_be_made(self.repository.names())

    def table(self, name: str) -> pd.DataFrame:
        """One table; made first, with every earlier table it needs, when it is not there yet.

        Raises:
            idic_lab.errors.DataError: When neither the data set nor a stage provides it.
        """
        stages.build(self.repository, name, keep=self.card.kind.endswith("built in"))
        return self.repository.read(tables.Part.of(name).table)

    def get(self, name: str) -> pd.DataFrame | None:
        """One table, made first if need be; None where these data have none, or where no earlier round has left it."""
        stage = next((one for one in stages.STAGES if one.notebook == self.notebook), None)
        remembered = stage is not None and tables.Part.of(name) in stage.remembers
        there = self.repository.has(name) if remembered else self.has(name)
        return self.table(name) if there else None

    def those(self, *names: str) -> dict[str, pd.DataFrame]:
        """Of these tables, the ones that there are or that can be made, by name."""
        return {name: self.table(name) for name in names if self.has(name)}

    def save(self, name: str, data: pd.DataFrame) -> None:
        """Check a table against its contract and store it for the stages that follow."""
        needs = next((stage.needs for stage in stages.STAGES if stage.notebook == self.notebook), ())
        self.repository.write(name, data, made_by=self.notebook, made_from=map(str, needs))
        print(f"Saved {name}: {len(data):,} rows × {data.shape[1]} columns, kept to its contract.")

    def dictionary(self, name: str) -> pd.DataFrame:
        """The data dictionary of a table: columns with type, unit, range and meaning."""
        return tables.get(name).dictionary()

    def decide(self, decision_id: str, choice: str = "", **numbers: object) -> None:
        """Show the options of a decision and keep the one taken; see :func:`idic_lab.notebook.decisions.decide`."""
        decisions.decide(self.repository, decision_id, choice, **{"unit": self.card.currency, **numbers})

    def decisions(self) -> pd.DataFrame:
        """The decisions of all notebooks that can run, with what was taken; see :func:`idic_lab.notebook.decisions.log`."""
        lacking = [planned.stage.notebook[:2] for planned in stages.plan(self.repository.names()) if planned.lacks]
        log = decisions.log(self.repository)
        return log[~log["notebook"].isin(lacking)]

    def headline(self, name: str, value: float, sentence: str = "", **numbers: object) -> None:
        """State one headline number: shown here, and collected into the run's report and results.

        Parameters:
            name: Key in ``results.json``.
            sentence: One sentence with a place for the value in the manner of ``str.format``. Without it, that under
                ``headlines`` in the notebook's file of texts, where ``{value}``, ``{unit}`` (the currency) and the
                names of `numbers` have their places; of several, ``none`` where there are none, ``unknown`` where the
                value is missing, else ``some``.

        >>> start("00_start_here", dataset="cdnow_sample", quiet=True).headline(
        ...     "top_fifth_share", 0.6174, "The best fifth of customers brings {:.0%} of revenue."
        ... )
        The best fifth of customers brings 62% of revenue.
        """
        # What is kept has five significant digits: enough to check, and the same on every machine.
        rounded = None if np.isnan(value) else float(f"{value:.5g}")
        told = sentence or self._sentence(name)
        forms = told if isinstance(told, dict) else {"some": told}
        told = forms["some"] if numbers.get("of", value) else forms.get("none", forms["some"])
        if np.isnan(value):
            told = forms.get("unknown", f"These data cannot tell: {name.replace('_', ' ')}.")
        text = told.format(value, **{"value": value, "unit": self.card.currency, **numbers})
        text = re.sub(r"[+-]?\bnan\b%?", "not known", text)
        text = questions.closed_up(text)
        if get_ipython() is None:
            print(text)
            return
        stated = {"name": name, "value": rounded, "sentence": text}
        display({"text/plain": text, "text/markdown": f"**{text}**", HEADLINE: stated}, raw=True)

    def _sentence(self, name: str) -> str:
        return pick("headline", name, questions.content(self.notebook[:2]).get("headlines", {}))
