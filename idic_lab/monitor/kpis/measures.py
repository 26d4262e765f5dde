"""The measures of one review, and of a row of reviews."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from idic_lab import tables
from idic_lab.inference import intervals
from idic_lab.inference.alarms import control_limits
from idic_lab.monitor.kpis.definitions import KPIS
from idic_lab.monitor.kpis.growth import drivers
from idic_lab.monitor.kpis.weekly import basket_visits

QUARTER = pd.Timedelta(days=91)
YEAR = pd.Timedelta(days=365)
ALL = "all"


def measure(
    day: pd.Timestamp,
    previous: pd.Timestamp,
    transactions: pd.DataFrame,
    segments: pd.DataFrame | None = None,
    value_history: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    web_events: pd.DataFrame | None = None,
    identity_links: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The measures of the period that ends on a day, for everybody and for each segment.

    A customer counts in the segment held at the review before: taken from the end of the period, a segment such as
    "champions" would owe its good figures to the purchases that put the customer there.

    Parameters
    ----------
    day, previous : Timestamp
        Last day of the period, and of the one before.
    transactions : DataFrame
    segments : DataFrame, optional
        ``customer_id``, ``scheme``, ``segment`` at the review before.
    value_history : DataFrame, optional
    survey_responses, interactions, web_events : DataFrame, optional
    identity_links : DataFrame, optional
        Whose the answers on spending are.

    Returns
    -------
    DataFrame
        Table ``kpis`` without control limits; a measure that the tables do not allow is left out.
    """
    if value_history is not None:
        value_history = value_history[value_history["review_date"].isin([previous, day])]
    rows = _purchase_measures(transactions, previous, day, transactions["date"].min())
    if value_history is not None:
        rows += _value_measures(value_history, previous, day)
    rows += _voice_measures(survey_responses, interactions, web_events, previous, day)
    if survey_responses is not None and identity_links is not None:
        rows += _wallet(transactions, survey_responses, identity_links, day)
    rows = [(ALL, ALL, *row) for row in rows]
    for scheme, held in segments.groupby("scheme") if segments is not None else ():
        rows += _by_segment(scheme, held, transactions, value_history, previous, day)
    table = pd.DataFrame(rows, columns=["scheme", "segment", "kpi", "value", "observations", "low", "high"])
    return table.assign(
        review_date=day, unit=table["kpi"].map({name: kpi.unit for name, kpi in KPIS.items()})
    )


def _by_segment(scheme, held, transactions, value_history, previous, day) -> list[tuple]:
    """The measures that tell segments apart; each customer's rows are looked up once for all segments."""
    segment_of = held.set_index("customer_id")["segment"]
    since = transactions[
        transactions["date"].gt(min(previous, day - 2 * QUARTER)) & transactions["date"].le(day)
    ]
    values = (
        dict(list(value_history.groupby(value_history["customer_id"].map(segment_of))))
        if value_history is not None
        else {}
    )
    bought = dict(list(since.groupby(since["customer_id"].map(segment_of))))
    began = transactions["date"].min()
    rows = []
    for segment in sorted(held["segment"].unique()):
        mine = bought.get(segment, since.iloc[:0])
        found = [row for row in _purchase_measures(mine, previous, day, began) if row[0] != "new_customers"]
        if segment in values:
            found += [
                row for row in _value_measures(values[segment], previous, day) if row[0] == "customer_equity"
            ]
        rows += [(scheme, segment, *row) for row in found]
    return rows


def kpis(measures: pd.DataFrame) -> pd.DataFrame:
    """Measures of all reviews so far with control limits from the reviews before each.

    Parameters
    ----------
    measures : DataFrame
        Concatenated from `measure`; limits that are there already are made anew.

    Returns
    -------
    DataFrame
        Table ``kpis``.
    """
    empty = tables.get("kpis").empty()
    order = {name: place for place, name in enumerate(KPIS)}
    table = measures.sort_values(
        ["review_date", "scheme", "segment", "kpi"],
        key=lambda column: column.map(order) if column.name == "kpi" else column,
        ignore_index=True,
    )
    parts = [
        control_limits(series["value"], series["observations"], KPIS[kpi].chart)
        for (_, _, kpi), series in table.groupby(["scheme", "segment", "kpi"])
    ]
    table[["lower_limit", "upper_limit"]] = pd.concat(parts).reindex(table.index)
    table["signal"] = table["value"].lt(table["lower_limit"]) | table["value"].gt(table["upper_limit"])
    return table[list(empty)].astype(empty.dtypes)


def kpi_history(
    days: Iterable[pd.Timestamp],
    transactions: pd.DataFrame,
    segment_history: pd.DataFrame,
    value_history: pd.DataFrame,
    schemes: tuple[str, ...] = ("rfm",),
    **sources: pd.DataFrame | None,
) -> pd.DataFrame:
    """The table ``kpis`` of every review but the first.

    Parameters
    ----------
    days : iterable of Timestamp
        The reviews, in order.
    transactions, segment_history, value_history : DataFrame
    schemes : tuple of str
        Segmentations to break the measures down by.
    **sources : DataFrame, optional
        As for `measure`.

    Returns
    -------
    DataFrame
    """
    days = list(days)
    wanted = segment_history[segment_history["scheme"].isin(schemes)]
    parts = [
        measure(
            day,
            previous,
            transactions,
            segments=wanted[wanted["review_date"] == previous],
            value_history=value_history,
            **sources,
        )
        for previous, day in pairwise(days)
    ]
    return kpis(pd.concat(parts, ignore_index=True))


def _between(table: pd.DataFrame, previous: pd.Timestamp, day: pd.Timestamp) -> pd.DataFrame:
    return table[table["date"].gt(previous) & table["date"].le(day)]


def _count(kpi: str, value: float) -> tuple:
    return (kpi, float(value), int(value), np.nan, np.nan)


def _purchase_measures(
    transactions: pd.DataFrame, previous: pd.Timestamp, day: pd.Timestamp, began: pd.Timestamp
) -> list[tuple]:
    bought = transactions[transactions["amount"] > 0]
    part = _between(bought, previous, day)
    moved = drivers(transactions, previous + pd.Timedelta(days=1), day)
    first = bought.loc[bought["date"] <= day].groupby("customer_id")["date"].min()
    rows = [
        _count("active_customers", moved["customers"]),
        _count("new_customers", first.gt(previous).sum()),
        ("revenue", moved["revenue"], len(part), np.nan, np.nan),
    ]
    if len(part):
        per_customer = part.groupby("customer_id").size()
        value, low, high = intervals.mean(per_customer)
        rows.append(("orders_per_customer", value, len(per_customer), low, high))
        value, low, high = intervals.mean(part["amount"])
        rows.append(("order_value", value, len(part), low, high))
        if "delivery_days" in part and part["delivery_days"].notna().any():
            delivered = part["delivery_days"].dropna()
            value, low, high = intervals.mean(delivered)
            rows.append(("delivery_days", value, len(delivered), low, high))
    return rows + _retention(bought, day, began)


def _retention(bought: pd.DataFrame, day: pd.Timestamp, began: pd.Timestamp) -> list[tuple]:
    earlier = _between(bought, day - 2 * QUARTER, day - QUARTER)["customer_id"].unique()
    if not len(earlier) or began > day - 2 * QUARTER:
        return []
    later = _between(bought, day - QUARTER, day)["customer_id"].unique()
    share, low, high = intervals.share(np.isin(earlier, later).sum(), len(earlier))
    return [
        ("retention", share, len(earlier), low, high),
        ("churn", 1 - share, len(earlier), 1 - high, 1 - low),
    ]


def _value_measures(value_history: pd.DataFrame, previous: pd.Timestamp, day: pd.Timestamp) -> list[tuple]:
    now = value_history[value_history["review_date"] == day]
    before = value_history[value_history["review_date"] == previous]
    if now.empty:
        return []
    rows = [("customer_equity", float(now["equity"].sum()), len(now), np.nan, np.nan)]
    start = before["equity"].sum()
    if start > 0:
        cash = now["margin_to_date"].sum() - before["margin_to_date"].sum()
        earned = (cash + now["equity"].sum() - start) / start
        rows.append(("return_on_customer", float(earned), len(now), np.nan, np.nan))
    return rows


def _voice_measures(survey_responses, interactions, web_events, previous, day) -> list[tuple]:
    rows = []
    if survey_responses is not None:
        answers = _between(survey_responses, previous, day)
        csat = answers.loc[answers["question_id"] == "CSAT", "answer"]
        nps = answers.loc[answers["question_id"] == "NPS", "answer"]
        rows += _share("csat", csat.ge(4))
        if len(nps):
            value, low, high = intervals.mean(100.0 * (nps.ge(9).astype(int) - nps.le(6)))
            rows.append(("nps", value, len(nps), low, high))
    if interactions is not None:
        sent = _between(interactions[interactions["direction"] == "outbound"], previous, day)
        rows += _share("response_rate", sent["responded"].astype("bool"))
    if web_events is not None:
        rows += _share("basket_share", basket_visits(_between(web_events, previous, day))["basket"])
    return rows


def _share(kpi: str, hits: pd.Series) -> list[tuple]:
    if not len(hits):
        return []
    share, low, high = intervals.share(hits.sum(), len(hits))
    return [(kpi, float(share), len(hits), float(low), float(high))]


def _wallet(transactions, survey_responses, identity_links, day) -> list[tuple]:
    """Of those who told what they spend anywhere and have been customers for a year: how much of it comes here."""
    told = survey_responses[survey_responses["question_id"].eq("WALLET") & survey_responses["date"].le(day)]
    told = told.merge(
        identity_links[["record_id", "customer_id"]].drop_duplicates("record_id"), on="record_id"
    )
    told = told.sort_values("date", kind="stable").groupby("customer_id")["answer"].last()
    first = transactions.groupby("customer_id")["date"].min()
    told = told[told.gt(0) & told.index.map(first).to_series(index=told.index).le(day - YEAR)]
    if len(told) < 10:
        return []
    recent = _between(transactions, day - YEAR, day).groupby("customer_id")["amount"].sum()
    value, low, high = intervals.ratio(recent.reindex(told.index).fillna(0.0), told)
    return [("share_of_wallet", value, len(told), low, high)]
