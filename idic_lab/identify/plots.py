"""Figures of the identify stage, each beside nothing but the numbers it is given."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.errors import DataError, UnknownName
from idic_lab.inference import intervals


def plot_coverage(shares: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Which source fills in which column, as a table of shades, from what :func:`coverage` gives.

    >>> plot_coverage(pd.DataFrame({"email": [1.0], "street": [0.5]}, index=["app"])).get_title()
    'No source has everything: street is missing most often'
    """
    columns, rows = (shares.mean(axis=axis).sort_values(ascending=False).index for axis in (0, 1))
    emptiest = shares.mean().idxmin().replace("_", " ")
    ax = _shades(shares.loc[rows, columns], ax)
    return figures.finish(ax, f"No source has everything: {emptiest} is missing most often", x="column", y="source")


def plot_overlap(shares: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Of the customers known at one touchpoint, how many are known at another, from what :func:`overlap` gives.

    >>> plot_overlap(pd.DataFrame([[1.0, 0.5], [0.2, 1.0]], index=["app", "shop"], columns=["app", "shop"])).get_title()
    'Most are also known at shop (50%), fewest at app (20%)'
    """
    off = shares.where(~np.eye(len(shares), dtype=bool))
    ax, also = _shades(off, ax), off.mean()
    if len(shares) < 2:
        return figures.finish(ax, f"All are known at one source only: {shares.index[0]}".replace("_", " "))
    most, least = also.idxmax(), also.idxmin()
    title = f"Most are also known at {most} ({also[most]:.0%}), fewest at {least} ({also[least]:.0%})"
    return figures.finish(ax, title.replace("_", " "), x="share also known at", y="of those known at")


def _shades(shares: pd.DataFrame, ax: figures.Axes | None) -> figures.Axes:
    ax = figures.axes(ax, figsize=(7.5, 0.55 * len(shares) + 1.8))
    image = ax.imshow(shares, vmin=0, vmax=1, aspect="auto", cmap=figures.SEQUENTIAL)
    figures.in_cells(ax, image, "{:.0%}".format, fontsize=9)
    ax.set_xticks(range(shares.shape[1]), [str(name).replace("_", "\n") for name in shares.columns], fontsize=8)
    ax.set_yticks(range(len(shares)), [str(name).replace("_", " ") for name in shares.index])
    return ax


def plot_weights(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """What each level of agreement counts for, in bits, from what :func:`weights` gives.

    >>> table = pd.DataFrame({"comparison": ["email"] * 2, "level": ["Exact match on email", "All other comparisons"],
    ...     "weight": [12.0, -2.0]})
    >>> plot_weights(table).get_title()
    'The strongest evidence: email, the same'
    """
    ax = figures.axes(ax, figsize=(7.5, 0.27 * len(table) + 1.2))
    labels = table["comparison"].str.replace("_", " ") + ": " + table["level"].map(_plain_level)
    _bars(ax, table["weight"], labels, fontsize=8).invert_yaxis()
    best = table.loc[table["weight"].idxmax()]
    title = f"The strongest evidence: {best['comparison'].replace('_', ' ')}, {_plain_level(best['level'])}"
    return figures.finish(ax, title, x="weight (bits): right of 0 speaks for one person, left of it against")


def _bars(ax: figures.Axes, bits: pd.Series, labels: pd.Series, **look) -> figures.Axes:
    """One bar for each piece of evidence, in the colour of what it speaks for."""
    ax.barh(range(len(bits)), bits, color=np.where(bits > 0, figures.BLUE, figures.VERMILION))
    ax.set_yticks(range(len(bits)), labels, **look)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.grid(False, axis="y")
    return ax


def _plain_level(level: str) -> str:
    if level.startswith("Exact"):
        return "the same"
    if level.startswith(("Jaro", "Levenshtein")):
        return "nearly the same"
    return "different" if level.startswith("All other") else level


def plot_evidence(pairs: pd.DataFrame, record_a: str, record_b: str, ax: figures.Axes | None = None) -> figures.Axes:
    """What each field says of one pair of records, in bits, from the pairs that :func:`score` gives.

    >>> pairs = pd.DataFrame({"record_a": ["r1"], "record_b": ["r2"], "probability": [0.99], "email": [-2.0], "home": [9.0]})
    >>> plot_evidence(pairs, "r1", "r2").get_title()
    'Loudest for one person: home; against: email'
    """
    one = pairs[(pairs["record_a"] == record_a) & (pairs["record_b"] == record_b)]
    if one.empty:
        raise DataError(f"The records {record_a!r} and {record_b!r} were not compared.")
    bits = one.iloc[0].drop(["record_a", "record_b", "probability"]).astype(float).sort_values()
    ax = _bars(figures.axes(ax, figsize=(7.5, 0.4 * len(bits) + 1.2)), bits, bits.index.str.replace("_", " "))
    probability = one["probability"].iloc[0]
    verdict = "over 99.9%" if probability > 0.999 else f"{probability:.1%}"
    ax.annotate(f"all together: one person, {verdict}", (1, 0.05), xycoords="axes fraction", ha="right")
    against = bits.index[0].replace("_", " ") if bits.iloc[0] < 0 else "nothing"
    title = f"Loudest for one person: {bits.index[-1].replace('_', ' ')}; against: {against}"
    return figures.finish(ax, title, x="bits: right of 0 for one person, left of it against")


def plot_cost(curve: pd.DataFrame, threshold: float, ax: figures.Axes | None = None) -> figures.Axes:
    """What the mistakes cost at every threshold of :func:`threshold_curve`, with the chosen one and the cheapest marked.

    >>> plot_cost(pd.DataFrame({"threshold": [0.2, 0.8], "cost": [90.0, 120.0]}), 0.8).get_title()
    'Mistakes cost 120 at 0.80; at best 90, at 0.20'
    """
    ax, best = figures.axes(ax), curve.loc[curve["cost"].idxmin()]
    at = curve.iloc[min(np.searchsorted(curve["threshold"], threshold), len(curve) - 1)]
    ax.plot(curve["threshold"], curve["cost"], color=figures.GREEN, drawstyle="steps-pre")
    chosen = ("chosen", threshold, at["cost"], "o", figures.GREEN, 8)
    cheapest = ("cheapest", best["threshold"], best["cost"], "D", figures.VERMILION, -14)
    for name, x, y, mark, colour, lift in (chosen, cheapest):
        ax.plot(x, y, mark, color=colour)
        ax.annotate(name, (x, y), ha="right" if x > 0.5 else "left", xytext=(-4, lift), textcoords="offset points")
    ax.axvline(threshold, color=figures.GREY, linewidth=1)
    limits = (0, 3 * max(at["cost"], best["cost"], 1))
    cheap = f"at best {best['cost']:,.0f}, at {best['threshold']:.2f}"
    title = f"Mistakes cost {at['cost']:,.0f} at {threshold:.2f}; {cheap}"
    return figures.finish(ax, title, x="threshold (probability)", y="cost of mistakes", ylim=limits)


_CARD = (
    ("age_band", "Age {}"), ("city", "lives in {}"), ("kind", "{}"), ("touchpoints", "known at {}"),
    ("channels_allowed", "may be contacted: {}"), ("main_channel", "buys mostly in {}"),
    ("favourite_category", "prefers {}"), ("visits", "{:,.0f} visits"), ("complaints", "{:,.0f} complaints"),
    ("account_role", "{} in an organisation"), ("completeness", "{:.0%} of the profile filled in"),
)  # fmt: skip


def plot_spend_by_presence(view: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Mean spend of those who have ordered, by at how many touchpoints they are known; by orders where none are recorded.

    Parameters:
        view: The table ``customers``.

    >>> view = pd.DataFrame({"kind": "customer", "touchpoints": ["app", "app web_shop"], "orders": 1, "spend": [9.0, 7.0]})
    >>> plot_spend_by_presence(view).get_title()
    'One touchpoint: 9 on average; more than one: 7'
    """
    buyers = view[view["kind"] == "customer"]
    what = "touchpoint" if "touchpoints" in view else "order"
    many = buyers["touchpoints"].str.split().str.len() if what == "touchpoint" else buyers["orders"].clip(1, 6)
    spend, more = buyers.groupby(many)["spend"].mean(), buyers.loc[many > 1, "spend"].mean()
    sure = np.array([intervals.mean(group) for _, group in buyers.groupby(many)["spend"]])
    ax = figures.axes(ax)
    names = spend.index.astype(int).astype(str) + np.where((spend.index == 6) & (what == "order"), "+", "")
    ax.vlines(names, sure[:, 1], sure[:, 2], color=figures.BLUE, linewidth=2)
    ax.plot(names, spend, "o", color=figures.BLUE, markersize=7)
    title, y = f"One {what}: {spend.iloc[0]:,.0f} on average; more than one: {more:,.0f}", "mean spend, 95% interval"
    return figures.finish(ax, title, x=f"number of {what}s", y=f"{y} ({{currency}})", y_format="count", ylim=(0, None))


def plot_card(
    view: pd.DataFrame, transactions: pd.DataFrame, customer_id: str, ax: figures.Axes | None = None
) -> figures.Axes:
    """One customer's card: what is known in words, and every order as a line on the time axis.

    Parameters:
        view: The table ``customers``.
        transactions: As in its contract.
    Raises:
        UnknownName: When there is no such customer.

    >>> orders = pd.DataFrame({"customer_id": ["a"], "date": pd.to_datetime(["2024-01-02"]), "amount": [20.0]})
    >>> view = pd.DataFrame({"customer_id": ["a"], "orders": [1], "spend": [20.0], "city": ["Dunmere"]})
    >>> print(plot_card(view, orders, "a").get_title())
    a: 1 orders, 20.00 in all
    lives in Dunmere
    """
    found = view[view["customer_id"] == customer_id]
    if found.empty:
        raise UnknownName("customer", customer_id, view["customer_id"].head(5))
    row = found.iloc[0]
    ax = figures.axes(ax, figsize=(8.5, 3.8))
    mine = transactions[transactions["customer_id"] == customer_id]
    ax.vlines(mine["date"], 0, mine["amount"], color=figures.BLUE, linewidth=2)
    ax.plot(mine["date"], mine["amount"], "o", color=figures.BLUE, markersize=4)
    ax.axhline(0, color="black", linewidth=0.8)
    if mine.empty:
        ax.set_yticks([])
    margin, days = pd.Timedelta(days=14), transactions["date"]
    span = (days.min() - margin, days.max() + margin)
    figures.finish(ax, customer_id, x="date", y="order ({currency})", xlim=span)
    told = {name: _words(row[name]) if isinstance(row[name], str) else row[name] for name in row.dropna().index}
    known = [text.format(told[name]) for name, text in _CARD if name in told]
    title = f"{customer_id}: {row['orders']:,} orders, {row['spend']:,.2f} in all\n"
    ax.set_title(title + textwrap.fill("; ".join(known), 95), fontsize=9.5, fontweight="normal")
    return ax


def _words(text: str) -> str:
    """A list of names as words; places and bands stay as they are written."""
    names = text.split(" ")
    listed = ", ".join(names) if all(name.islower() or "_" in name for name in names) else text
    return listed.replace("_", " ")
