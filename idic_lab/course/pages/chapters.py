"""The page of each step of IDIC in a report: the figures that serve its decision, drawn from the tables of a run."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from typing import NamedTuple

from idic_lab import figures
from idic_lab.customize import products, service
from idic_lab.differentiate import audit, behaviour, portfolio, rfm
from idic_lab.errors import LabError
from idic_lab.identify import coverage, overlap, plot_coverage, plot_overlap, plot_spend_by_presence
from idic_lab.interact import channels, dialogue
from idic_lab.monitor import kpis, loop, migration
from idic_lab.pipeline.stages import Tables
from idic_lab.repository import Repository

SIZE = (4.4, 2.9)  # inches: as wide as half a page, so that print shows it at its size


class Picture(NamedTuple):
    """A figure of a step: its finding, what is shown as a sentence, and the drawing in base 64."""

    title: str
    caption: str
    svg: str


class Figure(NamedTuple):
    """A figure to draw where the tables it needs are there."""

    step: str
    needs: str
    draw: Callable[[Tables, figures.Axes], object]
    caption: str


def _reach(tables: Tables, ax):
    contacts = channels.outbound_contacts(tables.interactions, tables.identity_links)
    channels.plot_reach(channels.reach(contacts, tables.consents, tables.identity_links["customer_id"]), ax)


def _fatigue(tables: Tables, ax):
    contacts = channels.outbound_contacts(tables.interactions, tables.identity_links)
    channels.plot_fatigue(channels.response_by_recent_contacts(contacts), ax)


def _changes(tables: Tables, ax):
    contacts = tables.those("web_events", "survey_responses", "interactions")
    figure = tables.signals["figure"].mode()[0]
    kpis.plot_weekly(kpis.weekly_figures(tables.transactions, **contacts), tables.signals, figure, ax)


def _kinds(tables: Tables, ax):
    buyers = behaviour.behaviour_segments(behaviour.rhythm(tables.transactions))
    behaviour.plot_behaviour(behaviour.behaviour_summary(buyers, tables.transactions), ax)


FIGURES = (
    Figure("Identify", "source_records", lambda t, ax: plot_coverage(coverage(t.source_records), ax),
           "Of the records of each source, the share in which a column is filled in."),
    Figure("Identify", "identity_links", lambda t, ax: plot_overlap(overlap(t.identity_links), ax),
           "Of the customers known at one source (row), the share also known at another (column)."),
    Figure("Identify", "customers identity_links", lambda t, ax: plot_spend_by_presence(t.customers, ax),
           "Mean spend of customers by the number of touchpoints they are known at."),
    Figure("Differentiate", "rfm", lambda t, ax: rfm.plot_segments(t.rfm, ax),
           "Share of customers and of revenue so far of each segment by recency, frequency and monetary value."),
    Figure("Differentiate", "transactions", lambda t, ax: audit.plot_two_periods(audit.two_periods(t.transactions), ax),
           "From the revenue of one period to that of the next, by what became of the customers of both."),
    Figure("Differentiate", "portfolio cost_rates", lambda t, ax: portfolio.plot_whale_curve(t.portfolio, ax),
           "What customers brought so far after known costs, added up from the most to the least profitable."),
    Figure("Differentiate", "transactions", _kinds, "Customers by their own rhythm of buying, with their share of revenue."),
    Figure("Interact", "interactions identity_links consents", _reach,
           "Customers who may be contacted on each channel, and how many of them ever answered."),
    Figure("Interact", "interactions identity_links", _fatigue,
           "Share of contacts answered, by the number of contacts in the 28 days before; the lines are 95% intervals."),
    Figure("Interact", "interactions identity_links",
           lambda t, ax: dialogue.plot_backlog(dialogue.backlog(t.interactions, t.identity_links), ax),
           "Complaints that stand open, by the days they have waited."),
    Figure("Customize", "policy", lambda t, ax: loop.plot_policy(t.policy, ax),
           "Profit per customer of the offer chosen for each segment and of no offer, with 95% intervals."),
    Figure("Customize", "service_tiers", lambda t, ax: service.plot_tiers(service.tier_summary(t.service_tiers), ax),
           "What each tier of service costs beyond self-service, and what it should bring, by the course's assumptions."),
    Figure("Customize", "order_lines products",
           lambda t, ax: products.plot_complements(products.complements(t.order_lines, compare="own orders"), t.products, ax),
           "Pairs of products found together in orders more often than the same customers' orders let expect."),
    Figure("Implement and monitor", "transactions signals", _changes,
           "The weekly figure with most reports of a change: the line that began it, and the one on which it was found."),
    Figure("Implement and monitor", "kpis", lambda t, ax: kpis.plot_kpi(t.kpis, "retention", ax=ax),
           "Customers of one quarter who bought again in the next, with 95% intervals; grey is what chance alone explains."),
    Figure("Implement and monitor", "return_on_customer",
           lambda t, ax: kpis.plot_return_on_customer(t.return_on_customer, ax),
           "Cash and change in customer equity of each period, as a share of the equity at its start."),
    Figure("Implement and monitor", "segment_history",
           lambda t, ax: migration.plot_flows(migration.moved_since(t.segment_history, "behaviour"), ax=ax),
           "Customers by kind of buyer three reviews ago and now; blue are those who moved."),
)  # fmt: skip


def pictures(repository: Repository) -> dict[str, list[Picture]]:
    """The figures that the tables of a run allow, by step; one whose data are too few to be drawn is left out.

    >>> pictures(Repository())
    {}
    """
    wanted = {name for figure in FIGURES for name in figure.needs.split()} | {"web_events", "survey_responses"}
    held = {name for name in wanted if repository.has(name)}
    tables = Tables({name: data for name in held if len(data := repository.read(name))})
    drawn: dict[str, list[Picture]] = {}
    for figure in FIGURES:
        if set(figure.needs.split()) <= tables.keys():
            for picture in _drawn(figure, tables):
                drawn.setdefault(figure.step, []).append(picture)
    return drawn


def _drawn(figure: Figure, tables: Tables) -> Iterator[Picture]:
    """The title stands beside the picture as text, where it breaks into lines as the page needs."""
    try:
        with figures.plt.rc_context({"font.size": 9}):
            ax = figures.axes(figsize=SIZE)
            figure.draw(tables, ax)
    except LabError:
        figures.plt.close(ax.get_figure())
        return
    title = " ".join((ax.get_title(loc="left") or ax.get_title()).split())
    ax.set_title("")
    ax.set_title("", loc="left")
    written = io.BytesIO()
    ax.get_figure().savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    figures.plt.close(ax.get_figure())
    yield Picture(title, figure.caption, base64.b64encode(written.getvalue()).decode("ascii"))
