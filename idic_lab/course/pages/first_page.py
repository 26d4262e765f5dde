"""What a report says and draws from the tables of a run: the first page, and the figures of each step of IDIC.

Every sentence is computed; what the tables cannot tell is named once and otherwise left out.
"""

from __future__ import annotations

import base64
import contextlib
import io
import itertools
import textwrap
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.customize import products, service
from idic_lab.differentiate import audit, behaviour, clv, portfolio, rfm
from idic_lab.errors import DataError, LabError
from idic_lab.identify import coverage, overlap, plot_coverage, plot_overlap, plot_spend_by_presence
from idic_lab.inference import experiments
from idic_lab.interact import channels, dialogue
from idic_lab.monitor import kpis, loop, migration
from idic_lab.monitor.kpis.measures import FALSE_ALARM
from idic_lab.monitor.plan import NONE, UNKNOWN, plan_at, total
from idic_lab.pipeline import all_stages
from idic_lab.pipeline.stages import Tables
from idic_lab.repository import Repository

SIZE = (4.4, 3.3)  # inches: as wide as half a page, so that print shows it at its size


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


def _contacts(tables: Tables) -> pd.DataFrame:
    return channels.outbound_contacts(tables.interactions, tables.identity_links)


def _changes(tables: Tables, ax):
    contacts = tables.those("web_events", "survey_responses", "interactions")
    figure = tables.signals["figure"].mode()[0]
    kpis.plot_weekly(kpis.weekly_figures(tables.transactions, **contacts), tables.signals, figure, ax)


def _segments(tables: Tables, ax):
    rfm.plot_segments(tables.rfm, ax)
    figures.plt.setp(ax.texts, fontsize=7)  # two numbers a segment, of up to eleven


def _two_periods(tables: Tables, ax):
    audit.plot_two_periods(audit.two_periods(tables.transactions), ax)
    figures.plt.setp(ax.texts, fontsize=7)
    ax.set_xticks(ax.get_xticks(), [label.get_text().replace(" ", "\n") for label in ax.get_xticklabels()], rotation=0)


def _backlog(tables: Tables, ax):
    dialogue.plot_backlog(dialogue.backlog(tables.interactions, tables.identity_links), ax)
    ax.tick_params(axis="x", labelsize=7)


def _pairs(tables: Tables, ax):
    found = products.complements(tables.order_lines, compare="own orders")
    if found.empty:
        raise DataError("No pair of products is found together more often than chance explains.")
    products.plot_complements(found, tables.products, ax)


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
    Figure("Differentiate", "rfm", _segments,
           "Share of customers and of revenue so far of each segment by recency, frequency and monetary value."),
    Figure("Differentiate", "transactions", _two_periods,
           "From the revenue of one period to that of the next, by what became of the customers of both."),
    Figure("Differentiate", "portfolio cost_rates", lambda t, ax: portfolio.plot_whale_curve(t.portfolio, ax),
           "What customers brought so far after known costs, added up from the most to the least profitable."),
    Figure("Differentiate", "transactions", _kinds, "Customers by their own rhythm of buying, with their share of revenue."),
    Figure("Interact", "interactions identity_links consents",
           lambda t, ax: channels.plot_reach(channels.reach(_contacts(t), t.consents, t.identity_links["customer_id"]), ax),
           "Customers who may be contacted on each channel, and how many of them ever answered."),
    Figure("Interact", "interactions identity_links",
           lambda t, ax: channels.plot_fatigue(channels.response_by_recent_contacts(_contacts(t)), ax),
           "Share of contacts answered, by the number of contacts in the 28 days before; the lines are 95% intervals."),
    Figure("Interact", "interactions identity_links", _backlog,
           "Complaints that stand open, by the days they have waited."),
    Figure("Customize", "policy", lambda t, ax: loop.plot_policy(t.policy, ax),
           "Profit per customer of the offer chosen for each segment and of no offer, with 95% intervals."),
    Figure("Customize", "service_tiers", lambda t, ax: service.plot_tiers(service.tier_summary(t.service_tiers), ax),
           "What each tier of service costs beyond self-service, and what it should bring, by the course's assumptions."),
    Figure("Customize", "order_lines products", _pairs,
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
    tables = Tables({name: data for name in wanted if (data := _read(repository, name)) is not None})
    drawn: dict[str, list[Picture]] = {}
    for figure in FIGURES:
        if set(figure.needs.split()) <= tables.keys():
            with contextlib.suppress(LabError):
                drawn.setdefault(figure.step, []).append(_drawn(figure, tables))
    return drawn


def _drawn(figure: Figure, tables: Tables) -> Picture:
    """The title stands beside the picture as text, where it breaks into lines as the page needs."""
    with figures.plt.rc_context({"font.size": 9}):
        ax = figures.axes(figsize=SIZE)
        try:
            figure.draw(tables, ax)
            title = " ".join((ax.get_title(loc="left") or ax.get_title()).split())
            ax.set_title("")
            ax.set_title("", loc="left")
            _fit(ax)
        finally:
            figures.plt.close(ax.get_figure())
    written = io.BytesIO()
    ax.get_figure().savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return Picture(title, figure.caption, base64.b64encode(written.getvalue()).decode("ascii"))


def _fit(ax) -> None:
    """Make room in half a page: long labels break, and a legend stands above the picture rather than on it."""
    across, up = ax.get_xlabel(), ax.get_ylabel()
    broken = "\n".join(textwrap.fill(line, 48) for line in across.split("\n"))  # some begin with empty lines
    ax.set(xlabel=broken, ylabel=textwrap.fill(up, 36))
    legend = ax.get_legend()
    if legend:
        names = [text.get_text() for text in legend.get_texts()]
        handles, labels = ax.get_legend_handles_labels()
        drawn = dict(zip(names, legend.legend_handles, strict=True)) | dict(zip(labels, handles, strict=True))
        legend.remove()
        columns = 1 if len("".join(names)) > 40 else len(names)
        look = {"loc": "outside upper left", "ncols": columns, "frameon": False, "fontsize": "small"}
        ax.get_figure().legend([drawn[name] for name in names], names, **look)


QUARTER = pd.Timedelta(days=91)
_SOURCES = {  # what a run may lack, by the table that would tell
    "consent": "source_records",
    "costs to serve": "cost_rates",
    "what customers spend elsewhere and how satisfied they are": "survey_responses",
    "what an offer changes": "campaign_results",
}


class Tile(NamedTuple):
    """One figure of the business with a small chart: "columns" over time or "bars", each a name and a share of the whole."""

    name: str
    value: str
    note: str
    kind: str
    drawn: list[tuple[str, float]]
    words: str

    @property
    def year_before(self) -> str:
        """The month a year before the last."""
        last = self.drawn[-1][0]
        return f"{int(last[:4]) - 1}{last[4:]}"


def changed(before: float, now: float) -> str:
    """A change in words, as a share of what was before.

    >>> changed(100, 74), changed(100, 100.2), changed(0, 5)
    ('down by 26%', 'unchanged', 'up from nothing')
    """
    if before <= 0:
        return "up from nothing" if now > 0 else "unchanged"
    share = round(100 * (now / before - 1))
    return f"{'up' if share > 0 else 'down'} by {abs(share)}%" if share else "unchanged"


def _plural(number: float, one: str) -> str:
    return f"{number:,.0f} {one}" + ("" if round(number) == 1 else "s")


def _listed(say: Callable) -> cached_property:
    return cached_property(lambda page: list(say(page)))


class FirstPage:
    """The first page of the report of a run, from its tables and the card of its data; whatever they do not tell is empty.

    >>> FirstPage(Repository()).situation
    ''
    """

    def __init__(self, repository: Repository, currency: str = "", card=None):
        self.unit, self.card, self.table = f" {currency}".rstrip(), card, cache(lambda name: _read(repository, name))

    @property
    def last_day(self) -> pd.Timestamp | None:
        """Of the last whole period."""
        measures = self.table("kpis")
        known = measures is not None and self.table("transactions") is not None
        return measures.loc[measures["whole"], "review_date"].max() if known and measures["whole"].any() else None

    def _trade(self, when: str = "value") -> tuple[float, float] | None:
        """Customers who bought in the last whole period, or in the same days a year before, and their revenue."""
        now = kpis.latest(self.table("kpis")).set_index("kpi")[when].reindex(["active_customers", "revenue"])
        return None if now.isna().any() else tuple(now)

    def _equity_interval(self, now: float) -> str:
        """The bounds of what the models do not know of the customers' equity, or why there are none."""
        summary = self.table("btyd_summary")
        if summary is None:
            return "no interval: the run has no summary of purchases"
        settings = {"annual_discount_rate": all_stages.ANNUAL_DISCOUNT_RATE, "margin": all_stages.MARGIN}
        try:
            models = clv.fit(summary, model="bg_nbd"), clv.fit(summary, model="gamma_gamma")
            found = clv.equity_interval(*models, summary, horizon_days=None, **settings).iloc[0]
        except LabError:
            return "no interval: its models cannot be fitted to these customers"
        if not np.isclose(found["clv"], now, rtol=0.01):
            return "no interval: the run had a margin, rate or model of its own"
        held = ", taking how many leave as found" if models[0].open_ else ""
        return f"95% interval {found['expected_low']:,.0f} to {found['expected_high']:,.0f}{held}"

    @cached_property
    def situation(self) -> str:
        if self.last_day is None:
            return ""
        plan, value = self.table("action_plan"), self.table("customer_value")
        now, before = self._trade(), self._trade("year_before")
        said = f"In the last whole period, to {self.last_day:%Y-%m-%d}, {_plural(now[0], 'customer')} bought for "
        said += f"{now[1]:,.0f}{self.unit}"
        if before:
            said += f", revenue {changed(before[1], now[1])} on the same days a year before"
        if value is not None:
            said += f"; all customers are still expected to bring a profit of {value['residual_value'].sum():,.0f}{self.unit}"
        whole = total(plan) if plan is not None else None
        if whole and whole.customers:
            said += f", and the plan should add {whole.profit:,.0f}{self.unit} after its cost"
        elif plan is not None and plan["verdict"].eq("ask").any():
            said += ", and before anybody may be written to somebody must ask for consent"
        return f"{said}."

    @_listed
    def tiles(self) -> Iterator[Tile]:
        if self.last_day is not None:
            now, before = self._trade(), self._trade("year_before")
            measures = (("Customers active", "active_customers", ""), ("Revenue", "revenue", self.unit))
            for place, (name, kpi, unit) in enumerate(measures):
                note = f"{changed(before[place], now[place])} on the same days a year before" if before else ""
                yield self._over_time(name, f"{now[place]:,.0f}{unit}", note or "no year before", kpi)
        value = self.table("customer_value")
        if value is not None:
            worth = value["residual_value"].sum()
            note = self._equity_interval(worth)
            yield self._over_time("Customer equity", f"{worth:,.0f}{self.unit}", note, "customer_equity")
        scored = self.table("rfm")
        if scored is not None and scored["monetary"].sum() > 0:
            share = rfm.top_share(scored["monetary"])
            drawn = [("of customers", 0.2), ("of revenue", share)]
            yield _bars("Top fifth of customers", f"{share:.0%}", "of all revenue is theirs", drawn)
        portfolio = self.table("portfolio")
        if portfolio is not None and portfolio["cost_to_serve"].sum() > 0:
            below = portfolio["past_value"] < 0
            coming = portfolio.loc[below, "actual_value"].gt(0).sum()
            drawn = [("of customers", below.mean()), ("of them, will pay", coming / max(below.sum(), 1))]
            note = f"{_plural(below.sum(), 'customer')}; {coming:,} will bring more than they cost"
            yield _bars("Below zero so far", f"{below.mean():.0%}", note, drawn)
        consents, bought = self.table("consents"), self.table("transactions")
        if consents is not None and bought is not None and consents["date"].notna().any():  # somebody was asked
            may = consents[consents["customer_id"].isin(bought["customer_id"])]
            share = may.groupby("channel")["allowed"].mean().sort_values(ascending=False)
            anyhow = may.groupby("customer_id")["allowed"].any().mean()
            drawn = [(name.replace("_", " "), part) for name, part in share.items()]
            yield _bars("May be contacted", f"{anyhow:.0%}", "of customers, by one channel or more", drawn)

    def _over_time(self, name: str, value: str, note: str, kpi: str) -> Tile:
        measures, drawn = self.table("kpis"), []
        if measures is not None:
            mine = measures.query("kpi == @kpi and segment == 'all' and whole").sort_values("review_date").tail(25)
            if len(mine) > 1 and mine["value"].max() > 0:  # one column shows nothing
                shares = (mine["value"] / mine["value"].max()).clip(lower=0.0)
                drawn = list(zip(mine["review_date"].dt.strftime("%Y-%m"), shares, strict=True))
        words = f"{name} at {len(drawn)} reviews, {drawn[0][0]} to {drawn[-1][0]}" if drawn else ""
        return Tile(name, value, note, "columns", drawn, words)

    @cached_property
    def findings(self) -> list[str]:
        """What matters most, as far as the tables tell, in order."""
        return list(itertools.islice(self._findings(), 3))

    def _findings(self) -> Iterator[str]:
        yield from self._slow_change()
        bought, portfolio = self.table("transactions"), self.table("portfolio")
        if bought is None:
            return
        if portfolio is not None:
            best = portfolio.loc[portfolio["tier"].eq("most valuable"), ["customer_id", "actual_value"]]
            days = bought[bought["amount"] >= 0].groupby("customer_id")["date"].max()
            silent = best[~best["customer_id"].map(days).gt(bought["date"].max() - QUARTER)]
            if len(silent):
                share = silent["actual_value"].sum() / max(portfolio["actual_value"].clip(lower=0).sum(), 1e-9)
                said = f"Of the {_plural(len(best), 'most valuable customer')} {len(silent):,} {'has' if len(silent) == 1 else 'have'}"
                yield f"{said} not bought for a quarter, with {share:.0%} of what customers are expected to bring."
        with contextlib.suppress(DataError):
            moved = audit.two_periods(bought).set_index("group")
            before, after, days = moved["before"].sum(), moved["after"].sum(), audit.periods(bought).days
            if before > 0:
                new = moved.loc["new", "change"]
                come = f"new ones brought {new:,.0f}" if new else "and nobody new is in the data to make up for them"
                yield (
                    f"From one period of {days} days to the next revenue went from {before:,.0f} to {after:,.0f}{self.unit}: "
                    f"customers who were lost took {-moved.loc['lost', 'change']:,.0f} with them, {come}."
                )
        once = bought[bought["amount"] >= 0].groupby("customer_id")["date"].nunique().eq(1)
        yield f"{once.mean():.0%} of the customers have bought on one day only."

    def _slow_change(self) -> Iterator[str]:
        signals = self.table("signals")
        for _, found in () if signals is None else signals.groupby("figure"):
            if len(found) > 1 and len(kpis.one_way(found)) == len(found):
                yield f"{_went(found, 'step by step since')}, {_levels(found)}."

    @_listed
    def plan(self) -> Iterator[dict[str, str]]:
        """The rows of the plan, as a meeting reads them."""
        plan = self.table("action_plan")
        for row in () if plan is None else plan.assign(half=plan_at(plan, 0.5)["expected_return"]).itertuples():
            sure, asks = row.basis == "estimated", row.verdict == "ask"
            fewer = f"; {row.reachable:,} may be contacted" if row.reachable < row.customers else ""
            fewer = "; consent not known" if asks and row.consent_unknown == row.customers else fewer
            returned = f"{row.expected_return:,.0f}" if sure else f"{row.half:,.0f} to {row.expected_return:,.0f}"
            yield {
                "For whom": f"{_sentence(row.segment)} ({_plural(row.customers, 'customer')}{fewer})",
                "What": f"Ask for consent, then {row.tactic}" if asks else _sentence(row.tactic),
                "Channel": "not known yet" if row.channel in (NONE, UNKNOWN) else row.channel.replace("_", " "),
                "Owner": row.owner,
                "Cost": "–" if asks else f"{row.cost:,.0f}",
                "Expected return": "–" if asks else returned,
                "Evidence": "a trial" if sure else "assumed",
                "Test": "ask a sample first" if asks else _test(row),
                "Review": f"{row.review_date:%Y-%m-%d}",
                "Verdict": row.verdict,
            }

    @_listed
    def plan_says(self) -> Iterator[str]:
        plan = self.table("action_plan")
        if plan is None:
            return
        whole = total(plan)
        if not whole.customers:
            yield "No return can be told before it is known who may be contacted."
            return
        yield (
            f"The actions expected to pay should return {whole.expected_return:,.0f}{self.unit} at a cost of "
            f"{whole.cost:,.0f}{self.unit}, each of their {_plural(whole.customers, 'customer')} counted once, in what "
            f"is done for them next; {whole.estimated:,.0f}{self.unit} of the return is estimated from a trial, the rest assumed."
        )
        if plan["basis"].eq("assumed").any():
            yield "A return that is assumed is written from half the assumed effect to the whole of it; it has no interval."
        if plan["basis"].eq("estimated").any():
            yield "One from a trial may be too high, since the same estimates chose whom to treat; its interval is not known here."

    @_listed
    def changes(self) -> Iterator[str]:
        measures, signals = self.table("kpis"), self.table("signals")
        if signals is not None:
            for _, found in signals.groupby("figure", sort=False):
                steps = kpis.one_way(found)
                last, number = steps.iloc[-1], len(steps)
                again = f", in {number} steps, the latest from about {last['started']:%Y-%m-%d}" if number > 1 else ""
                yield f"{_went(steps, 'from about')}{again}: {_levels(steps)}."
            alarm = f"{signals['false_alarm'].iloc[0]:.0%} in the whole time"
            yield f"Had nothing changed, one or more of these reports would come with a chance of {alarm}."
        if measures is None:
            return
        now = measures[measures["whole"] & measures["segment"].eq("all")]
        now = now[now["review_date"] == now["review_date"].max()]
        if now["upper_limit"].notna().any():  # early reviews have no past to make limits from
            way = now["value"].gt(now["upper_limit"]).map({True: "above", False: "below"})
            outside = ", ".join((now["kpi"].map(_spoken).str.lower() + " (" + way + ")")[now["signal"]])
            said = f"outside at the last review: {outside}" if outside else "none lay outside at the last review"
            yield (
                f"Of {now['upper_limit'].notna().sum()} measures with control limits, {said}; had nothing changed, "
                f"{FALSE_ALARM:.0%} of reviews would show one outside."
            )
        else:
            yield "There are too few reviews so far to tell a change of the measures from chance."

    @_listed
    def sure(self) -> Iterator[str]:
        card = self.card
        if card is not None and card.kind.startswith("simulated"):
            yield "The data are simulated: nobody in them exists."
        if card is not None and card.rows_read:
            some = f"{card.rows_rejected:,} of {card.rows_read:,} rows could not be used; tables/rejects.parquet lists them."
            yield some if card.rows_rejected else f"All {card.rows_read:,} rows could be used."
        if self.table("customer_value") is not None:
            yield "What customers will bring is a forecast, made as if they went on as they have begun."
        plan = self.table("action_plan")
        if plan is not None:
            assumed = plan["basis"].eq("assumed")
            paying = plan.loc[assumed & plan["expected_profit"].gt(0), "break_even"]
            still = f"; the {len(paying)} of them that should pay still do if {paying.max():.0%} of it comes true"
            rest = f"{assumed.sum()} of {_plural(len(plan), 'action')} rest on an assumed effect"
            yield f"{rest}{still if len(paying) else ''}."
        lacking = [what for what, table in _SOURCES.items() if self.table(table) is None]
        if lacking and self.table("transactions") is not None:
            yield f"Not known, since the data do not tell: {'; '.join(lacking)}."


def _read(repository: Repository, name: str) -> pd.DataFrame | None:
    data = repository.read(name) if repository.has(name) else None
    return None if data is None or data.empty else data


def _bars(name: str, value: str, note: str, drawn: list[tuple[str, float]]) -> Tile:
    return Tile(name, value, note, "bars", drawn, "; ".join(f"{part} {share:.0%}" for part, share in drawn))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _spoken(measure: str) -> str:
    return _sentence(measure.replace("_", " ").replace("csat", "CSAT").replace("nps", "NPS"))


def _went(steps: pd.DataFrame, since: str) -> str:
    first = steps.iloc[0]
    return f"{_spoken(first['figure'])} went {first['direction']} {since} {first['started']:%Y-%m-%d}"


def _levels(steps: pd.DataFrame) -> str:
    form = "{:.1f}" if steps["figure"].iloc[0] == "delivery_days" else "{:.0%}"
    return f"from {form.format(steps['before'].iloc[0])} to {form.format(steps['since'].iloc[-1])}"


def _test(row) -> str:
    """How a trial would tell whether the action works, and whether its segment is large enough for one round."""
    if row.scheme == "conversations":
        return "answer all; draw the order by lot"
    if row.basis == "estimated":
        return "leave a tenth out, by lot"
    lift = (row.target - row.baseline) * row.customers / max(row.reachable, 1)
    if not row.unit.startswith("share") or not 0 < row.baseline < row.baseline + lift < 1:
        return "leave half out, by lot"
    needed = 2 * experiments.sample_size(row.baseline, lift)
    return f"leave half out, by lot; {'enough' if row.reachable >= needed else f'too few: needs {needed:,}'}"
