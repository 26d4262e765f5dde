"""Figures of experiments and learning."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab import figures


def plot_peeking(table: pd.DataFrame, alpha: float = 0.05, ax: figures.Axes | None = None) -> figures.Axes:
    """Chance of a false discovery by the number of looks.

    Parameters
    ----------
    table : DataFrame
        From `peeking_error`.
    alpha : float
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax)
    ax.plot(
        table["looks"],
        table["peeking"],
        "o-",
        color=figures.VERMILION,
        label=f"stop at the first p below {alpha:.0%}",
    )
    ax.plot(table["looks"], table["spending"], "s--", color=figures.BLUE, label="O'Brien-Fleming boundaries")
    ax.set_xticks(table["looks"])
    ax.axhline(alpha, color=figures.GREY, ls=":", label=f"promised: {alpha:.0%}")
    most = table.iloc[-1]
    ax.set_title(f"With {most['looks']:.0f} looks, {most['peeking']:.0%} of tests find what is not there")
    ax.set_xlabel("number of looks at the results, evenly spaced")
    ax.set_ylabel("share of tests called significant\nalthough the arms do not differ")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.set_ylim(bottom=0)
    ax.legend()
    return ax


def plot_regret(
    curves: dict[str, np.ndarray],
    learners: tuple[str, ...] = (),
    currency: str = "",
    ax: figures.Axes | None = None,
) -> figures.Axes:
    """Profit missed so far by each policy, over the customers decided on.

    Parameters
    ----------
    curves : dict of str to array
        From `cumulative_regret`.
    learners : tuple of str
        Names of the curves that learn; the others are fixed, and drawn thinner.
    currency : str
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax, figsize=(8.5, 4.6))
    styles = ["--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 3))]
    final = {name: curve[-1] for name, curve in curves.items()}
    highest, above = max(final.values()), float("inf")
    for at, (name, curve) in enumerate(sorted(curves.items(), key=lambda item: -item[1][-1])):
        learns = name in learners
        x = np.arange(1, len(curve) + 1)
        colour = figures.CYCLE[learners.index(name)] if learns else figures.GREY
        ax.plot(
            x, curve, lw=2.5 if learns else 1.3, color=colour, ls="-" if learns else styles[at % len(styles)]
        )
        above = min(curve[-1], above - 0.045 * highest)  # labels keep a line's distance from each other
        ax.text(
            1.015 * x[-1],
            above,
            f"{name} {curve[-1]:,.0f}",
            va="center",
            fontsize=8,
            color=colour if learns else "#444444",
        )
    lowest = min(learners or curves, key=lambda name: final[name])
    unit = f" {currency}".rstrip()
    behind = [name for name in final if name not in learners and final[name] > final[lowest]]
    told = f"{lowest} missed {final[lowest]:,.0f}{unit} in all"
    if behind:
        rule = min(behind, key=final.get)
        told += f", the best simple rule\n('{rule}') {final[rule]:,.0f}{unit}"
    ax.set_title(told)
    ax.set_xlabel("customers decided on")
    ax.set_ylabel(f"profit missed so far ({currency or 'currency'})")
    ax.margins(x=0.01)
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    return ax


def plot_policy(policy: pd.DataFrame, currency: str = "", ax: figures.Axes | None = None) -> figures.Axes:
    """Expected profit of each offer in each segment, with its interval; the chosen one is filled.

    Parameters
    ----------
    policy : DataFrame
        Table ``policy``.
    currency : str
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    offers = sorted(policy["offer"].unique())
    segments = policy.groupby("segment")["expected_profit"].max().sort_values().index
    ax = figures.axes(ax, figsize=(8, 0.38 * len(segments) + 1.6))
    for at, offer in enumerate(offers):
        mine = policy[policy["offer"] == offer].set_index("segment").loc[segments]
        y = np.arange(len(mine)) + (at - (len(offers) - 1) / 2) * 0.25
        colour = figures.CYCLE[at % len(figures.CYCLE)]
        ax.hlines(y, mine["low"], mine["high"], color=colour, lw=2)
        mark = "osD^v"[at % 5]
        ax.plot(mine["expected_profit"], y, mark, mfc="white", color=colour, ms=7)
        best = mine["chosen"].to_numpy()
        ax.plot(
            mine["expected_profit"][best],
            y[best],
            mark,
            color=colour,
            ms=7,
            label=f"{offer} (filled: chosen)",
        )
    ax.set_yticks(range(len(segments)), segments)
    treated = policy.loc[policy["chosen"] & policy["offer"].ne("control"), "segment"].nunique()
    ax.set_title(f"An offer is chosen for {treated} of {len(segments)} segments")
    ax.set_xlabel(f"profit per customer{f' ({currency})' if currency else ''}, with 95% interval")
    ax.legend(loc="lower right", fontsize="small")
    return ax
