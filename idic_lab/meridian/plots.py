"""Each table of Meridian beside what was planted in it, as figures for the page on the data set.

These plots open the planted answers; they are a check, not an analysis.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.meridian import draws, policies
from idic_lab.meridian.settings import SEGMENTS
from idic_lab.meridian.shop import Meridian, simulate

_START = pd.Timestamp(draws.START.astype("datetime64[us]"))


def _owned(shop: Meridian, name: str) -> pd.DataFrame:
    return shop.tables[name].merge(shop.truth["record_owners"], on="record_id", validate="many_to_one")


def _week(dates: pd.Series) -> pd.Series:
    return _START + pd.to_timedelta((dates - _START).dt.days // 7 * 7, unit="D")


def _needs(shop, ax):
    answers = _owned(shop, "survey_responses").query("survey_id == 'NEEDS'")
    answers = answers.merge(shop.truth["people"][["customer_id", "need_segment"]], on="customer_id")
    share = answers.pivot_table(index="need_segment", columns="question_id", values="answer").reindex(SEGMENTS)
    image = ax.imshow(share, vmin=0, vmax=1, aspect="auto", cmap=figures.SEQUENTIAL)
    figures.in_cells(ax, image, "{:.0%}".format, fontsize=7)
    ax.set_xticks(range(share.shape[1]), share.columns)
    ax.set_yticks(range(share.shape[0]), share.index)
    ax.tick_params(length=0)
    x = "question of the needs battery; share of yes among those who answered"
    return figures.finish(ax, "Every need segment has its own questions", x, "planted segment")


def _weekly_changes(shop, ax):
    visits = shop.tables["web_events"]
    bought = set(visits.loc[visits["event"] == "checkout", "session_id"])
    browsing = visits[~visits["session_id"].isin(bought)]
    filled = browsing.assign(filled=browsing["event"] == "basket").groupby("session_id")
    filled = filled.agg(date=("date", "first"), filled=("filled", "any"))
    baskets = filled.groupby(_week(filled["date"]))["filled"].mean() / draws.STEP_BEFORE
    orders = shop.tables["transactions"].dropna(subset=["delivery_days"])
    delivery = orders.groupby(_week(orders["date"]))["delivery_days"].mean() / draws.DELIVERY_DAYS
    ax.plot(baskets.index, baskets, color=figures.SKY, label="baskets per visit without a checkout")
    ax.plot(delivery.index, delivery, color=figures.VERMILION, linestyle="--", label="days to delivery")
    for change in shop.truth["weekly_changes"].itertuples():
        ax.axvline(change.starts, color=figures.GREY, linestyle=":")
        ax.text(change.starts, 0.15, f" {change.kind}", color=figures.BLACK)
    title, y = "One step and one drift, at known dates", "multiple of the planted level before"
    return figures.finish(ax, title, x="week", y=y, legend={"loc": "upper left"}, ylim=(0, None))


_DRAWN = _needs, _weekly_changes  # what no notebook shows beside what was planted
FIGURES = {plot.__name__[1:]: plot for plot in _DRAWN}
_SIZES = {"needs": (10, 3.2)}


def plot_quarters(games: dict[str, pd.DataFrame], ax: figures.Axes | None = None) -> figures.Axes:
    """Cash of each quarter, one line for each game as :meth:`Shop.play` returns it; the first is the yardstick."""
    ax = figures.axes(ax)
    for colour, (name, played) in zip(figures.CYCLE, games.items(), strict=False):
        ax.plot(played["quarter"], played["cash"], marker="o", color=colour)
        ax.annotate(name, (played["quarter"].iloc[-1], played["cash"].iloc[-1]), (6, 0), textcoords="offset points",
                    color=colour, va="center")  # fmt: skip
    (first, alone), *others = games.items()
    title = f"{first}: from {alone['cash'].iloc[0]:,.0f} a quarter to {alone['cash'].iloc[-1]:,.0f}"
    if others:
        name, last = others[-1]
        title = f"{name}: {last['cash'].sum():,.0f} in all, {first.lower()}: {alone['cash'].sum():,.0f}"
    low = min(0, *(played["cash"].min() for played in games.values()))
    ax.margins(x=0.22)
    return figures.finish(ax, title, x="quarter", y="cash in the quarter (EUR)", y_format="count", ylim=(low, None))


def plot_costs(costs: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """What a quarter brought and cost, by activity."""
    told = costs[costs["amount"] != 0].sort_values("amount")
    ax = figures.axes(ax)
    ax.barh(told["activity"], told["amount"], color=np.where(told["amount"] > 0, figures.BLUE, figures.ORANGE))
    for place, amount in enumerate(told["amount"]):
        ax.annotate(f"{amount:,.0f}", (max(amount, 0), place), (4, 0), textcoords="offset points", va="center")
    ax.margins(x=0.15)
    return figures.finish(ax, f"The quarter left {costs['amount'].sum():,.0f}", x="EUR", x_format="count")


def plot_plan(view: policies.View, parts: Sequence[str], ax: figures.Axes | None = None) -> figures.Axes:
    """What a plan out of reference policies would cost, by action, beside the budget of the quarter."""
    made = policies.within(view, policies.actions(), *(policies.POLICIES[part](view) for part in parts))
    told = policies.summary(made)
    ax = figures.axes(ax)
    ax.barh(told["action"], told["cost"], color=figures.BLUE)
    for place, (customers, cost) in enumerate(zip(told["customers"], told["cost"], strict=True)):
        ax.annotate(f"{customers:,} customers", (cost, place), (4, 0), textcoords="offset points", va="center")
    ax.margins(x=0.25)
    title = f"The plan costs {told['cost'].sum():,.0f} of the {view.budget:,.0f} that the quarter has"
    return figures.finish(ax, title, x="cost (EUR)", x_format="count", xlim=(0, None))


def plot_standing(standing: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Scores of plans and of the reference policies; the oracle, who knows what is planted, as a number in the title."""
    best = standing.loc[standing["policy"] == "oracle", "score"].iloc[0]
    told = standing[standing["policy"] != "oracle"].sort_values("score")
    yours, alone = (told.loc[told["policy"] == name, "score"].iloc[0] for name in ("your plans", "nobody"))
    ax = figures.axes(ax)
    colours = np.where(told["policy"] == "your plans", figures.ORANGE, figures.GREY)
    ax.barh(told["policy"].str.replace("_", " "), told["score"] - alone, color=colours)
    ax.axvline(0, color=figures.BLACK, linewidth=0.8)
    title = f"Your plans: {yours - alone:+,.0f} against leaving everybody alone; all knowing: {best - alone:+,.0f}"
    return figures.finish(ax, title, x="score above leaving everybody alone (EUR)", x_format="count")


def write_figures(folder: str | Path, shop: Meridian | None = None) -> list[Path]:
    """Draw every figure of the page on Meridian as ``meridian_<name>.svg``; the sample unless a shop is given."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shop = simulate() if shop is None else shop
    paths = []
    with mpl.rc_context():
        figures.use_style()
        for name, plot in FIGURES.items():
            drawn = plot(shop, figures.axes(None, figsize=_SIZES.get(name))).figure
            paths.append(folder / f"meridian_{name}.svg")
            drawn.savefig(paths[-1], metadata={"Date": None})
            plt.close(drawn)
    return paths
