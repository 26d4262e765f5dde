"""Weekly figures that should stand still while nothing changes, and the changes found in them.

They are shares and means, not totals that follow the season.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab import figures, tables
from idic_lab.inference import alarms

KINDS = ("step", "drift")


def weekly_figures(
    transactions: pd.DataFrame,
    web_events: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    minimum: int = 5,
) -> pd.DataFrame:
    """The figures that the tables allow, week by week (Monday to Sunday, whole weeks only).

    Parameters:
        transactions: ``date`` and, where known, ``delivery_days``.
        minimum: Weeks with fewer observations are left out.
    Returns:
        DataFrame: ``week`` (its Monday), ``figure``, ``value``, ``observations``, ``share`` (flag). Figures:
            ``delivery_days`` (mean), ``basket_share`` (visits without a checkout in which something is put into the
            basket), ``csat`` (answers of 4 or 5), ``response_rate`` (outbound contacts answered).

    >>> buys = pd.DataFrame({"date": pd.to_datetime(["2024-01-01"] * 5 + ["2024-01-07"]), "amount": 1.0, "delivery_days": 3.0})
    >>> weekly_figures(buys)[["figure", "value", "observations"]].values.tolist()
    [['delivery_days', 3.0, 6]]
    """
    parts = []
    if "delivery_days" in transactions:
        delivered = transactions.dropna(subset="delivery_days")
        parts.append(_by_week(delivered["date"], delivered["delivery_days"], "delivery_days"))
    if web_events is not None and len(web_events):
        visits = basket_visits(web_events)
        parts.append(_by_week(visits["date"], visits["basket"], "basket_share"))
    if survey_responses is not None:
        answers = survey_responses[survey_responses["question_id"] == "CSAT"]
        parts.append(_by_week(answers["date"], answers["answer"] >= 4, "csat"))
    if interactions is not None:
        sent = interactions[interactions["direction"] == "outbound"]
        parts.append(_by_week(sent["date"], sent["responded"].astype("bool"), "response_rate"))
    columns = {"week": "datetime64[us]", "figure": "str", "value": "float64", "observations": "int64"}
    empty = pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in {**columns, "share": "bool"}.items()})
    table = pd.concat([empty, *parts], ignore_index=True).astype({"share": "bool", **columns})
    return table[table["observations"] >= minimum].reset_index(drop=True)


def basket_visits(web_events: pd.DataFrame) -> pd.DataFrame:
    """Visits without a checkout: ``date``, ``basket`` (something was put into the basket), ``record_id`` where known.

    >>> basket_visits(pd.DataFrame({"session_id": ["v", "v"], "date": ["2024-01-01"] * 2, "event": ["view", "basket"]}))
             date  basket
    0  2024-01-01    True
    """
    events = web_events.assign(basket=web_events["event"].eq("basket"), checkout=web_events["event"].eq("checkout"))
    wanted = {"date": ("date", "min"), "basket": ("basket", "any"), "checkout": ("checkout", "any")}
    whose = {"record_id": ("record_id", "first")} if "record_id" in events else {}
    visits = events.groupby("session_id").agg(**wanted, **whose)
    return visits.loc[~visits["checkout"], ["date", "basket", *whose]].reset_index(drop=True)


def _by_week(date: pd.Series, value: pd.Series, figure: str) -> pd.DataFrame:
    monday = date - pd.to_timedelta(date.dt.day_of_week, unit="D")
    table = value.astype(float).groupby(monday.rename("week")).agg(["mean", "size"]).reset_index()
    table.columns = ["week", "value", "observations"]
    if len(date):
        first = date.min() + pd.to_timedelta((7 - date.min().weekday()) % 7, unit="D")
        table = table[table["week"].ge(first) & (table["week"] + pd.Timedelta(days=6)).le(date.max())]
    return table.assign(figure=figure, share=value.dtype == bool)


def find_changes(weekly: pd.DataFrame, false_alarm: float = 0.05, at_most: int = 12) -> pd.DataFrame:
    """Changes of every figure, as they would have been reported week by week.

    After a report the level is learnt anew, from the week in which the change began; what is known of season and spread
    stays.

    A step of three standard deviations of a week, after 60 weeks, is told within 13 weeks in 97 cases of a hundred, one of
    two in 42; a drift of three over 13 weeks within 17 in 85. How often the alarm is false: ``docs/inference.md``.

    Parameters:
        weekly: ``week`` (first day), ``figure``, ``value``, ``observations``, ``share`` (flag: the value is a share).
        false_alarm: Chance of one or more reports, in all figures over the whole series, although nothing changes.
        at_most: Reports per figure.
    Returns:
        DataFrame: Table ``signals``.

    >>> rng = np.random.default_rng(3)
    >>> weeks = pd.date_range("2024-01-01", periods=60, freq="7D").as_unit("us")
    >>> late = pd.DataFrame({"week": weeks, "figure": "delivery_days", "observations": 50, "share": False,
    ...     "value": rng.normal(3, 0.1, 60) + 0.5 * (np.arange(60) >= 40)})
    >>> find_changes(late)[["figure", "started", "kind", "direction"]].astype(str).values.tolist()
    [['delivery_days', '2024-10-07', 'step', 'up']]
    """
    rows, watched = [], weekly["figure"].nunique()
    for figure, series in weekly.groupby("figure", sort=True):
        series = series.sort_values("week")
        limit = alarms.threshold(len(series), false_alarm, watched)
        rows += _changes_of(str(figure), series, limit, at_most)
    empty = tables.get("signals").empty()
    if not rows:
        return empty
    found = pd.DataFrame(rows).assign(false_alarm=float(false_alarm))
    return found.sort_values(["found_on", "figure"], ignore_index=True)[empty.columns].astype(empty.dtypes)


def one_way(signals: pd.DataFrame) -> pd.DataFrame:
    """The latest changes of one figure that went the same way.

    >>> one_way(pd.DataFrame({"direction": ["down", "up", "up"]}))["direction"].tolist()
    ['up', 'up']
    """
    turned = signals["direction"].ne(signals["direction"].iloc[-1]).to_numpy().nonzero()[0]
    return signals.iloc[turned.max(initial=-1) + 1 :]


def _changes_of(figure: str, series: pd.DataFrame, limit: float, at_most: int) -> list[dict]:
    weeks = series["week"].to_numpy()
    value, weight = series["value"].to_numpy(float), series["observations"].to_numpy(float)
    scaled = alarms.steady(value, weight) if series["share"].iloc[0] else value
    rows, begun, reported = [], [0], -1
    while len(rows) < at_most:
        surprise = alarms.surprises(scaled, weight, forget=tuple(begun))
        surprise[: reported + 1] = 0.0  # one change is told once: a further report rests on later weeks
        fit, ago, gradual = alarms.likelihood_ratios(surprise)
        over = np.flatnonzero(np.abs(fit) > limit)
        if not len(over):
            break
        found = reported = over[0]
        start = max(found - ago[found] + 1, begun[-1] + 1)
        rows.append(
            {
                "figure": figure,
                "found_on": pd.Timestamp(weeks[found]) + pd.Timedelta(days=6),
                "started": pd.Timestamp(weeks[start]),
                "kind": KINDS[int(gradual[found])],
                "direction": "up" if fit[found] > 0 else "down",
                "before": float(np.average(value[begun[-1] : start], weights=weight[begun[-1] : start])),
                "since": float(np.average(value[start : found + 1], weights=weight[start : found + 1])),
                "statistic": float(abs(fit[found])),
                "threshold": limit,
            }
        )
        begun.append(start)
    return rows


def plot_weekly(
    weekly: pd.DataFrame, signals: pd.DataFrame, figure: str, ax: figures.Axes | None = None
) -> figures.Axes:
    """One weekly figure with the changes found in it.

    >>> weeks = pd.date_range("2024-01-01", periods=3, freq="7D")
    >>> still = pd.DataFrame({"week": weeks, "figure": "csat", "observations": 9, "value": 0.5, "share": True})
    >>> plot_weekly(still, tables.get("signals").empty(), "csat").get_title()
    'CSAT: no change found'
    """
    ax = figures.axes(ax)
    series = weekly[weekly["figure"] == figure].sort_values("week")
    found = signals[signals["figure"] == figure].sort_values("found_on")
    ax.plot(series["week"], series["value"], "o-", ms=3, lw=1, color=figures.BLUE)
    for place, row in enumerate(found.itertuples()):
        label = ("most probable beginning", "found") if place == 0 else (None, None)
        ax.axvline(row.started, color=figures.GREY, ls="--", lw=1.2, label=label[0])
        ax.axvline(row.found_on, color=figures.VERMILION, lw=1.2, label=label[1])
    words = figure.replace("_", " ").replace("csat", "CSAT")
    title = f"{words[:1].upper()}{words[1:]}: no change found"
    if len(found):
        first = found.iloc[0]
        weeks = round(((first["found_on"] - first["started"]).days + 1) / 7)
        again = "" if len(found) == 1 else f" ({len(found)} reports)"
        title = (
            f"{words[:1].upper()}{words[1:]} went {first['direction']} from {first['started']:%Y-%m-%d}, found after "
            f"{weeks} {'week' if weeks == 1 else 'weeks'}{again}"
        )
    ax.tick_params(axis="x", labelrotation=30)
    share = series["share"].any()
    up = f"{words} of the week ({'share' if share else 'mean'})"
    legend = {"loc": "best", "fontsize": "small"} if len(found) else False
    return figures.finish(ax, title, "week", up, y_format="percent" if share else None, legend=legend)


def plot_changes(weekly: pd.DataFrame, signals: pd.DataFrame, at_most: int = 2) -> list[figures.Axes]:
    """The weekly figures in which most changes were reported, one above the other; the first one where none was.

    >>> axes = plot_changes(tables.get("signals").empty().assign(week=[], value=[], share=[]), tables.get("signals").empty())
    >>> axes[0].get_title(loc="left")
    'These data hold no figure to watch by the week'
    """
    chosen = list(signals["figure"].unique()[:at_most]) or list(weekly["figure"].unique()[:1])
    figures.use_style()
    _, axes = figures.plt.subplots(max(len(chosen), 1), 1, figsize=(7.5, 3 * len(chosen) or 0.5), squeeze=False)
    for ax, figure in zip(axes[:, 0], chosen, strict=False):
        plot_weekly(weekly, signals, figure, ax=ax)
    if not chosen:
        figures.finish(axes[0, 0], "These data hold no figure to watch by the week").axis("off")
    return list(axes[:, 0])
