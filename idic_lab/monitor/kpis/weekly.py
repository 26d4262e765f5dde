"""Weekly figures that should stand still while nothing changes: shares and means, not totals that follow the season."""

from __future__ import annotations

import pandas as pd


def weekly_figures(
    transactions: pd.DataFrame,
    web_events: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    minimum: int = 5,
) -> pd.DataFrame:
    """The figures that the tables allow, week by week (Monday to Sunday, whole weeks only).

    Parameters
    ----------
    transactions : DataFrame
        ``date`` and, where known, ``delivery_days``.
    web_events, survey_responses, interactions : DataFrame, optional
    minimum : int
        Weeks with fewer observations are left out.

    Returns
    -------
    DataFrame
        ``week`` (its Monday), ``figure``, ``value``, ``observations``, ``share`` (flag). Figures: ``delivery_days``
        (mean), ``basket_share`` (visits without a checkout in which something is put into the basket), ``csat``
        (answers of 4 or 5), ``response_rate`` (outbound contacts answered).

    Examples
    --------
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
    empty = pd.DataFrame(
        {name: pd.Series([], dtype=kind) for name, kind in {**columns, "share": "bool"}.items()}
    )
    table = pd.concat([empty, *parts], ignore_index=True).astype({"share": "bool", **columns})
    return table[table["observations"] >= minimum].reset_index(drop=True)


def basket_visits(web_events: pd.DataFrame) -> pd.DataFrame:
    """Visits without a checkout: ``date`` and ``basket`` (something was put into the basket)."""
    events = web_events.assign(
        basket=web_events["event"].eq("basket"), checkout=web_events["event"].eq("checkout")
    )
    visits = events.groupby("session_id").agg(
        date=("date", "min"), basket=("basket", "any"), checkout=("checkout", "any")
    )
    return visits.loc[~visits["checkout"], ["date", "basket"]].reset_index(drop=True)


def _by_week(date: pd.Series, value: pd.Series, figure: str) -> pd.DataFrame:
    monday = date - pd.to_timedelta(date.dt.day_of_week, unit="D")
    table = value.astype(float).groupby(monday.rename("week")).agg(["mean", "size"]).reset_index()
    table.columns = ["week", "value", "observations"]
    if len(date):
        first = date.min() + pd.to_timedelta((7 - date.min().weekday()) % 7, unit="D")
        table = table[table["week"].ge(first) & (table["week"] + pd.Timedelta(days=6)).le(date.max())]
    return table.assign(figure=figure, share=value.dtype == bool)
