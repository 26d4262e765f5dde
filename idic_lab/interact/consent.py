"""Consent: what a yes costs when it is bought, and how long it lasts by how it is used.

Source: Peppers & Rogers (2022), Managing Customer Experience and Relationships, 4th ed., for the explicit bargain; Kaplan & Meier
(1958), Journal of the American Statistical Association 53(282), for how long consent lasts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.inference import intervals


def price_of_consent(trial: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """What one more consent costs by each reward, beyond those that the next lower reward would have brought.

    Where a reward rises by d and the share that agrees from p to q, each consent more costs the reward, and d for each of the
    p / (q - p) who would have agreed for less. The bounds are those of q / p, of which alone the price depends.

    Parameters:
        trial: ``reward`` (by lot; the lowest is what the others are compared with) and ``agreed``.
    Returns:
        DataFrame: A row per reward: ``reward``, ``asked``, ``agreed`` (share), ``price``, ``low``, ``high`` (currency per consent more;
            infinite where none may have been gained).

    >>> trial = pd.DataFrame({"reward": [0.0] * 1000 + [2.0] * 1000, "agreed": [True] * 200 + [False] * 800 + [True] * 300 + [False] * 700})
    >>> price_of_consent(trial).round(1).iloc[1].tolist()
    [2.0, 1000.0, 0.3, 6.0, 4.7, 9.0]
    """
    arms = trial.groupby("reward")["agreed"].agg(["size", "sum"])
    rows = [(arms.index[0], arms["size"].iloc[0], arms["sum"].iloc[0] / arms["size"].iloc[0], *[np.nan] * 3)]
    for before, now in zip(arms.itertuples(), arms.iloc[1:].itertuples(), strict=False):
        found = intervals.ratio_of_shares(now.sum, now.size, before.sum, before.size, confidence)
        bounds = np.maximum((found.value, found.high, found.low), 1.0)
        with np.errstate(divide="ignore"):
            price = now.Index + (now.Index - before.Index) / (bounds - 1)
        rows.append((now.Index, now.size, now.sum / now.size, *price))
    return pd.DataFrame(rows, columns=["reward", "asked", "agreed", "price", "low", "high"])


def plot_price(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Prices of :func:`price_of_consent` beside what is paid to each customer; an arrow where the interval has no end.

    >>> rows = [(0.0, 100, 0.2, *[np.nan] * 3), (2.0, 100, 0.3, 6.0, 4.0, 9.0)]
    >>> plot_price(pd.DataFrame(rows, columns=["reward", "asked", "agreed", "price", "low", "high"])).get_title()
    'One more consent costs 6.00, not 2.00'
    """
    from matplotlib.ticker import LogLocator

    bought = table.dropna(subset="price").reset_index(drop=True)
    ax = figures.axes(ax, figsize=(7, 1.4 + 0.5 * len(bought)))
    end = 2 * bought[["price", "low", "high"]].replace(np.inf, np.nan).max(axis=None)
    for place, row in bought.iterrows():
        ax.plot([row["low"], min(row["high"], end)], [place] * 2, color=figures.BLUE, lw=2)
        ax.plot(row["reward"], place, "o", color=figures.GREY, mfc="white")
        ax.annotate(f"{row['price']:,.2f}", (row["price"], place), (0, 7), textcoords="offset points", ha="center")
    ax.plot(bought["price"], bought.index, "o", color=figures.BLUE)
    endless = bought[bought["high"] > end]
    ax.plot([end] * len(endless), endless.index, ">", color=figures.BLUE)
    ax.set_yticks(bought.index, [f"voucher of {reward:,.0f}" for reward in bought["reward"]])
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    cheap = bought.iloc[0]
    title = f"One more consent costs {cheap['price']:,.2f}, not {cheap['reward']:,.2f}"
    if not np.isfinite(cheap["high"]):
        title = f"A voucher of {cheap['reward']:,.0f} may gain nobody: the price has no upper end"
    x = "{currency} per consent more, with 95% interval (logarithmic scale); circle: the voucher"
    return figures.finish(ax, title, x=x, x_format="count", ylim=(len(bought) - 0.4, -0.6))


def plot_lives(lives: pd.DataFrame, by: str, ax: figures.Axes | None = None) -> figures.Axes:
    """Share of consents still in force by days since they were given, with its 95% interval, for each group.

    Parameters:
        lives: ``days`` that each consent was watched, ``withdrawn`` (after so many days, or not yet), and the groups.
        by: Their column, named as the title is to name it.

    >>> lives = pd.DataFrame({"days": [90, 365, 30, 60] * 9, "withdrawn": [True, False, True, True] * 9, "a month": [1, 1, 4, 4] * 9})
    >>> plot_lives(lives, "a month").get_title()
    'At 4 a month 0% of consents last 365 days, at 1 50%'
    """
    ax, holds, end = figures.axes(ax), {}, lives["days"].max()
    for colour, (name, part) in zip(figures.CYCLE, lives.groupby(by), strict=False):
        curve = intervals.lasting(part["days"].clip(lower=1), part["withdrawn"])
        curve = pd.concat([curve, curve.tail(1).assign(days=end)])
        ax.step(curve["days"], curve["share"], where="post", color=colour)
        ax.fill_between(curve["days"], curve["low"], curve["high"], step="post", color=colour, alpha=0.2, lw=0)
        holds[name] = curve["share"].iloc[-1]
    height = 2.0
    for colour, (name, share) in sorted(zip(figures.CYCLE, holds.items(), strict=False), key=lambda held: -held[1][1]):
        height = min(share, height - 0.05)  # labels of curves that end together stand below each other
        ax.annotate(
            f"{name}: {share:.0%}", (end, height), (5, 0), textcoords="offset points", va="center", color=colour
        )
    least, most = (choose(holds, key=holds.get) for choose in (min, max))
    title = f"At {least} {by} {holds[least]:.0%} of consents last {end:.0f} days, at {most} {holds[most]:.0%}"
    labels = {"x": "days since consent was given", "y": "consents still in force"}
    return figures.finish(ax, title, **labels, y_format="percent", ylim=(0, 1.02))
