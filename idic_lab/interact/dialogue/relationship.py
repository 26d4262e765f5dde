"""The learning relationship: whether customers stay because of what they taught the firm, or only seem to.

Source: Pine, Peppers & Rogers (1995), Do you want to keep your customers forever?, Harvard Business Review 73(2): who has
taught a firm something loses it by leaving.
"""

from __future__ import annotations

import pandas as pd

from idic_lab import figures
from idic_lab.inference import intervals


def talkers(responses: pd.DataFrame, links: pd.DataFrame, transactions: pd.DataFrame, days: int = 182) -> pd.DataFrame:
    """Who had answered a survey before a day, and who bought after it; the day lies `days` before the end of the data.

    Returns:
        DataFrame: Of each customer who had bought by then: ``customer_id``, ``orders`` (days with a purchase up to the
            day), ``answered`` (before it) and ``stayed`` (bought after it).

    >>> bought = pd.DataFrame({"customer_id": ["a", "b", "a"], "date": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-12-31"])})
    >>> said = pd.DataFrame({"record_id": ["r1"], "date": pd.to_datetime(["2024-01-05"])})
    >>> links = pd.DataFrame({"record_id": ["r1"], "customer_id": ["b"]})
    >>> talkers(said, links, bought)[["answered", "stayed"]].to_numpy().tolist()
    [[False, True], [True, False]]
    """
    day = transactions["date"].max() - pd.Timedelta(days=days)
    bought = transactions[["customer_id", "date"]].drop_duplicates()
    orders = bought[bought["date"] <= day].groupby("customer_id").size()
    said = responses.loc[responses["date"] <= day, ["record_id"]].merge(links, on="record_id")["customer_id"]
    later = bought.loc[bought["date"] > day, "customer_id"]
    table = orders.rename("orders").reset_index()
    return table.assign(answered=table["customer_id"].isin(said), stayed=table["customer_id"].isin(later))


def staying(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """How many more stayed among those for whom a column is true, with the 95% interval of the difference.

    Parameters:
        table: ``stayed`` (bool) and the column `by` (bool). The difference is what the column *does* only where a lot
            decided it.
    Returns:
        DataFrame: One row: ``by``, ``customers`` and ``others`` (numbers), ``stayed`` and ``others_stayed`` (shares),
            ``difference``, ``low`` and ``high``.

    >>> trial = pd.DataFrame({"asked": [True] * 4 + [False] * 4, "stayed": [True, True, True, False] * 2})
    >>> staying(trial, "asked")["difference"].item()
    0.0
    """
    these, others = table.loc[table[by], "stayed"], table.loc[~table[by], "stayed"]
    estimate = intervals.difference_of_shares(these.sum(), len(these), others.sum(), len(others))
    columns = ["by", "customers", "others", "stayed", "others_stayed", "difference", "low", "high"]
    return pd.DataFrame([(by, len(these), len(others), these.mean(), others.mean(), *estimate)], columns=columns)


def plot_staying(compared: dict[str, pd.DataFrame], ax: figures.Axes | None = None) -> figures.Axes:
    """Differences of :func:`staying` under each other, by name, with their intervals.

    >>> trial = pd.DataFrame({"asked": [True, False] * 60, "stayed": [True, False] * 60})
    >>> plot_staying({"by lot": staying(trial, "asked")}).get_title()
    'More stay, beyond chance: by lot'
    """
    ax = figures.axes(ax, figsize=(6.4, 1.2 + 0.5 * len(compared)))
    for place, table in enumerate(compared.values()):
        row = table.iloc[0]
        away = row["low"] > 0 or row["high"] < 0
        reach = [[row["difference"] - row["low"]], [row["high"] - row["difference"]]]
        colour = figures.BLUE if away else figures.GREY
        ax.errorbar(row["difference"], place, xerr=reach, fmt="o", color=colour, capsize=3)
    ax.set_yticks(range(len(compared)), list(compared))
    ax.invert_yaxis()
    ax.axvline(0, color="black", lw=0.8)
    clear = [name for name, table in compared.items() if table["low"].iloc[0] > 0]
    title = f"More stay, beyond chance: {'; '.join(clear) or 'in none of them'}"
    return figures.finish(ax, title, x="more of them stayed (share of customers)", x_format="percent")


def worth_of_an_answer(trial: pd.DataFrame, worth_of_staying: float) -> pd.DataFrame:
    """What the firm may give for one answer: how many more stay of those asked, times what one who stays is worth, per answer.

    Parameters:
        trial: ``asked`` (by lot), ``answers`` (how many) and ``stayed``.
        worth_of_staying: What a customer who stays is worth more than one who left (currency).
    Returns:
        DataFrame: One row: ``answers`` (per customer asked), ``worth``, ``low`` and ``high`` (currency per answer; the
            interval is that of the difference in staying).

    >>> trial = pd.DataFrame({"asked": [True] * 50 + [False] * 50, "answers": [2] * 50 + [0] * 50,
    ...     "stayed": [True] * 30 + [False] * 20 + [True] * 20 + [False] * 30})
    >>> round(float(worth_of_an_answer(trial, 40.0)["worth"].iloc[0]), 2)
    4.0
    """
    answers = trial.loc[trial["asked"], "answers"].mean()
    difference = staying(trial, "asked")[["difference", "low", "high"]].iloc[0]
    return pd.DataFrame(
        [(answers, *(difference * worth_of_staying / answers))], columns=["answers", "worth", "low", "high"]
    )
