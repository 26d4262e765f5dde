"""The report of a run: one self-contained page, whose first part is for who has one minute, and a page per notebook.

Every sentence of that part is computed from the run's tables; a question they cannot answer is left out.
"""

from __future__ import annotations

import html
from collections.abc import Collection, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path

import jinja2
import nbformat
import pandas as pd

from idic_lab.course.pages import findings
from idic_lab.course.runs import run_folder
from idic_lab.course.runs.manifest import Manifest
from idic_lab.durability import whole_files
from idic_lab.monitor.plan import Total, total
from idic_lab.pipeline import stages
from idic_lab.repository import REPOSITORY_FILE, Repository

# What a browser may do with a page of ours: show it. Nothing is fetched, no script runs, no form is sent.
CONTENT_POLICY = "default-src 'none'; img-src data:; font-src data:; style-src 'unsafe-inline'; form-action 'none'"
_FOLDER = Path(__file__).parent / "templates"
_TEMPLATES = jinja2.Environment(loader=jinja2.FileSystemLoader(_FOLDER), autoescape=True, trim_blocks=True)
_TIERS = ("most valuable", "most growable", "below zero")


def publish(folder: Path, card, state: Manifest, made: Collection[str] = ()) -> Path:
    """Write ``results.json``, ``report.html`` and a page per executed notebook into a run folder.

    Parameters
    ----------
    card : Card
        Of the data set.
    made : collection of str
        Notebooks whose pages stand already.

    Returns
    -------
    Path
        Of the report.
    """
    executed = {
        stage.notebook: run_folder.executed(folder, stage.notebook)
        for stage in stages.STAGES
        if stage.notebook in state.done
    }
    found = {name: findings.headlines(notebook) for name, notebook in executed.items()}
    whole_files.write_json(folder / "results.json", found)
    for name in executed:
        if name not in made:
            make_page(folder, name, executed)
    return write(folder, card, executed, state)


def write(folder: Path, card, executed: dict[str, nbformat.NotebookNode], state: Manifest) -> Path:
    """Write ``report.html`` into a run folder, from notebook name to executed notebook, in order."""
    sections = [
        findings.section(stage, executed[stage.notebook]) for stage in stages.STAGES if stage.notebook in executed
    ]
    in_one_minute = summary(Repository(folder / REPOSITORY_FILE), card.currency, card)
    said = [sentence for _, sentences in in_one_minute for sentence in sentences]
    said += [sentence for part in sections for sentence in [part.title, *part.sentences]]
    page = _TEMPLATES.get_template("report.html").render(
        card=card,
        steps=_by_step(sections),
        further=[part for part in sections if part.further],
        record=state,
        failed=state.failed,
        not_run=findings.not_run(state),
        summary=in_one_minute,
        terms=findings.terms_in(said),
    )
    whole_files.write(folder / "report.html", page)
    return folder / "report.html"


def make_page(folder: Path, name: str, beside: Collection[str]) -> None:
    """Write the page of an executed notebook, and mend the notebook's links to those that stand, or will stand, beside it."""
    path = folder / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    if findings.mend_cells(notebook, beside):
        whole_files.write(path, nbformat.writes(notebook))
    page = findings.lead_within_the_run(notebook_page(findings.as_in_the_course(notebook), name), beside)
    whole_files.write(path.with_suffix(".html"), page)


def notebook_page(notebook: nbformat.NotebookNode, name: str) -> str:
    """An executed notebook as one page of HTML that asks for nothing else."""
    resources = {"metadata": {"name": html.escape(name)}, "content_policy": CONTENT_POLICY}
    body, _ = _exporter().from_notebook_node(notebook, resources=resources)
    return findings.with_words_for_pictures(body, notebook)


@cache
def _exporter():
    from nbconvert import HTMLExporter

    return HTMLExporter(
        extra_loaders=[jinja2.FileSystemLoader(_FOLDER)],
        template_name="lab",
        template_file="page.html.j2",
        embed_images=True,
    )


def _by_step(sections: list[findings.Section]) -> list[tuple[str, str, list[findings.Section]]]:
    """Step of IDIC, what it asks, and the notebooks of it that were run."""
    grouped = groupby(sections, key=lambda part: part.step)
    return [(step, findings.STEPS.get(step, ""), list(parts)) for step, parts in grouped]


def summary(repository: Repository, currency: str = "", card=None) -> list[tuple[str, list[str]]]:
    """Question and sentences, for the questions that the tables of a run answer.

    Parameters
    ----------
    currency : str
        Written after amounts.
    card : Card, optional
        Of the data set, for what could not be used.

    Examples
    --------
    >>> summary(Repository())
    []
    """
    desk = _Desk(repository, f" {currency}".rstrip())
    answers = {
        "Who are the customers?": desk.who(),
        "What are they worth?": desk.worth(),
        "What should be done?": desk.actions(),
        "What does it return?": desk.returns(),
        "What changed?": desk.changes(),
        "How sure is this?": desk.sure(card) if card is not None else iter(()),
    }
    told = [(question, list(sentences)) for question, sentences in answers.items()]
    return [(question, sentences) for question, sentences in told if sentences]


class _Desk:
    """The tables of one run, read when they are wanted; each method gives the sentences of one question."""

    def __init__(self, repository: Repository, unit: str):
        self.repository, self.unit = repository, unit

    def _table(self, name: str) -> pd.DataFrame | None:
        if not self.repository.has(name):
            return None
        data = self.repository.read(name)
        return data if len(data) else None

    def who(self) -> Iterator[str]:
        transactions, scored = self._table("transactions"), self._table("rfm")
        if transactions is None:
            return
        last = transactions["date"].max()
        recent = transactions.loc[transactions["date"] > last - pd.Timedelta(days=91), "customer_id"].nunique()
        everybody = transactions["customer_id"].nunique()
        yield (
            f"{everybody:,} customers bought until {last:%Y-%m-%d}; {recent / everybody:.0%} of them in the last "
            "three months."
        )
        if scored is not None:
            ranked = scored["monetary"].sort_values(ascending=False)
            share = ranked.head(max(len(ranked) // 5, 1)).sum() / ranked.sum() if ranked.sum() else 0.0
            yield f"The fifth that spent most brought {share:.0%} of revenue."
        needs = self._table("need_segments")
        if needs is not None:
            largest = needs["segment"].value_counts(normalize=True)
            yield (
                f"By what they want they fall into {len(largest)} groups; the largest, '{largest.index[0]}', "
                f"is {largest.iloc[0]:.0%}."
            )

    def worth(self) -> Iterator[str]:
        value, portfolio = self._table("customer_value"), self._table("portfolio")
        if value is not None:
            total = value["residual_value"].sum()
            yield (
                f"Together they are expected still to bring a margin of {total:,.0f}{self.unit}, "
                f"{value['residual_value'].mean():,.2f}{self.unit} each on average."
            )
        if portfolio is not None:
            share = portfolio["tier"].value_counts(normalize=True)
            told = [f"{share[tier]:.0%} are {tier}" for tier in _TIERS if share.get(tier, 0) > 0]
            if told:
                yield f"Of the customers {', '.join(told)}."

    def actions(self) -> Iterator[str]:
        plan = self._table("action_plan")
        if plan is None:
            return
        for row in plan[plan["expected_profit"] > 0].head(3).itertuples():
            yield (
                f"{row.segment[:1].upper()}{row.segment[1:]} ({row.reachable:,} customers): {row.tactic}. Owner: "
                f"{row.owner}; reviewed on {row.review_date:%Y-%m-%d}."
            )

    def returns(self) -> Iterator[str]:
        plan, returns = self._table("action_plan"), self._table("return_on_customer")
        if plan is not None:
            whole = total(plan)
            if whole.customers:
                yield (
                    f"The actions expected to pay should return {whole.expected_return:,.0f}{self.unit} at a cost of "
                    f"{whole.cost:,.0f}{self.unit}, each of their {whole.customers:,} customers counted once, in the action "
                    f"that promises most. {self._rests_on(whole)}"
                )
        if returns is not None:
            last = returns[returns["group"] == "all"].sort_values("review_date").iloc[-1]
            yield (
                f"In the period to {last['review_date']:%Y-%m-%d} the customer base returned "
                f"{last['return_on_customer']:.1%} of its value: {last['cash_flow']:,.0f}{self.unit} of margin and "
                f"{last['customer_change']:+,.0f}{self.unit} of customer equity by what customers did; "
                f"{last['re_estimation']:+,.0f}{self.unit} more because the models have learnt."
            )

    def _rests_on(self, whole: Total) -> str:
        if not whole.estimated:
            return "All of that rests on assumptions."
        rest = whole.expected_return - whole.estimated
        return (
            f"Of that {whole.estimated:,.0f}{self.unit} is estimated from a trial, possibly too high because the same "
            f"estimates chose whom to treat; {rest:,.0f}{self.unit} is assumed."
        )

    def sure(self, card) -> Iterator[str]:
        if card.kind.startswith("simulated"):
            yield "The data are simulated: nobody in them exists."
        if card.rows_read:
            yield (
                f"{card.rows_rejected:,} of {card.rows_read:,} rows could not be used; tables/rejects.parquet lists them."
                if card.rows_rejected
                else f"All {card.rows_read:,} rows could be used."
            )
        if self._table("customer_value") is not None:
            yield "What customers are worth is a forecast, made as if they went on as they have begun."
        plan = self._table("action_plan")
        if plan is not None:
            guesses = plan[plan["expected_profit"].gt(0) & plan["basis"].eq("assumed")]
            safest = guesses["break_even"].max() if len(guesses) else None
            if safest is not None:
                yield (
                    f"{len(guesses)} of {len(plan)} actions rest on an assumed effect; each still pays if "
                    f"{safest:.0%} of it comes true."
                )

    def changes(self) -> Iterator[str]:
        kpis, signals = self._table("kpis"), self._table("signals")
        if kpis is not None:
            judged = kpis[kpis["whole"] & kpis["segment"].eq("all")]
            last = judged[judged["review_date"] == judged["review_date"].max()]
            above = last["value"].gt(last["upper_limit"]).map({True: "above", False: "below"})
            outside = (last["kpi"].str.replace("_", " ") + " (" + above + ")")[last["signal"]].tolist()
            if last["upper_limit"].notna().any():  # early reviews have no past to make limits from
                yield (
                    f"Outside their control limits at the last review: {', '.join(outside)}."
                    if outside
                    else "At the last review every measure lay within its control limits."
                )
        if signals is not None:
            for row in signals.drop_duplicates("figure").itertuples():
                yield (
                    f"{row.figure.replace('_', ' ').capitalize()} went {row.direction} from about {row.started:%Y-%m-%d}, "
                    f"found on {row.found_on:%Y-%m-%d}."
                )
