"""What each review knew: value and segment of every customer at the end of each period, without hindsight.

A review in March may use nothing that happened in April, so the models are fitted again for each, to the data up to that
day. One thing is taken from today: which records belong to whom.
"""

from collections.abc import Callable

import pandas as pd

from idic_lab import tables
from idic_lab.datasets import Dataset
from idic_lab.differentiate import behaviour, clv, rfm
from idic_lab.errors import DataError, FitError, pick
from idic_lab.monitor import kpis, loop, migration
from idic_lab.pipeline import all_stages, stages
from idic_lab.repository import Repository

ENDS = {"month": "ME", "quarter": "QE", "week": "W-SUN"}
MINIMUM_CUSTOMERS = 50  # with fewer, and with fewer repeat buyers, the models of lifetime value are not fitted


def review_dates(transactions: pd.DataFrame, every: str = "month", first: int = 3) -> list[pd.Timestamp]:
    """The days of the reviews: the end of each period, the last one moved to the last day observed.

    Parameters:
        transactions: ``date``.
        every ({"month", "quarter", "week"})
        first: The period at whose end the first review stands, where there are more; earlier ones have too little to
            look back on.
    Raises:
        UnknownName: For another period.
        DataError: When the data cover fewer than two reviews.

    >>> days = pd.DataFrame({"date": pd.to_datetime(["2024-01-05", "2024-05-20"])})
    >>> [str(day.date()) for day in review_dates(days)]
    ['2024-03-31', '2024-04-30', '2024-05-20']
    """
    begin, end = transactions["date"].min(), transactions["date"].max()
    ends = [day for day in pd.date_range(begin, end, freq=pick("period", every, ENDS)) if day < end] + [end]
    ends = [day.as_unit("us") for day in (ends[first - 1 :] if len(ends) > first else ends)]
    if len(ends) < 2:
        raise DataError(
            f"The data run from {begin:%Y-%m-%d} to {end:%Y-%m-%d}: too short for two reviews, one every {every}."
        )
    return ends


def known_on(table: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """The rows that were known at the end of a day, by the table's ``date`` (or ``created``); all without one.

    >>> known_on(pd.DataFrame({"date": pd.to_datetime(["2024-01-05", "2024-02-01"])}), pd.Timestamp("2024-01-31"))
            date
    0 2024-01-05
    """
    when = next((name for name in ("date", "created") if name in table), None)
    return table if when is None else table[~table[when].gt(day)].reset_index(drop=True)


def value_at(
    transactions: pd.DataFrame,
    day: pd.Timestamp,
    margin: float = 0.30,
    annual_discount_rate: float = 0.15,
    previous: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """What each customer is worth by what is known on a day; the rows of ``value_history`` of that review.

    Parameters:
        transactions: ``customer_id``, ``date``, ``amount``; later rows are not looked at.
        margin: Share of revenue that is profit.
        previous: The review before, whose base is valued again by the models of this one (``equity_restated``).
    Returns:
        DataFrame: Table ``value_history``; no row when there are too few customers for the models to be fitted.
    """
    known = known_on(transactions, day)
    summary = clv.summarise(known, observation_end=day, unit_days=7)
    if len(summary) < MINIMUM_CUSTOMERS or summary["frequency"].gt(0).sum() < MINIMUM_CUSTOMERS // 2:
        return tables.get("value_history").empty()
    try:
        purchases, spend = (clv.fit(summary, model=model) for model in ("bg_nbd", "gamma_gamma"))
    except FitError:
        return tables.get("value_history").empty()

    def worth_of(base):  # the residual value alone, so no horizon before the end
        return clv.value(purchases, spend, base, None, annual_discount_rate=annual_discount_rate, margin=margin)

    worth = worth_of(summary).rename(columns={"residual_value": "equity"})
    worth["equity_restated"] = float("nan")
    if previous is not None:
        base = worth_of(clv.summarise(known_on(known, previous), observation_end=previous, unit_days=7))
        then = base.set_index("customer_id")["residual_value"]
        worth["equity_restated"] = worth["customer_id"].map(then).fillna(0.0)
    revenue = known.groupby("customer_id")["amount"].sum().rename("revenue_to_date").reset_index()
    table = worth[["customer_id", "probability_alive", "equity", "equity_restated"]].merge(revenue, on="customer_id")
    table["margin_to_date"] = margin * table["revenue_to_date"]
    table.insert(0, "review_date", day)
    return table


def segments_at(transactions: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """The segments that purchases alone decide, ``rfm`` and ``behaviour``, by what is known on a day.

    Returns:
        DataFrame: Rows of ``segment_history`` of that review.
    """
    known = known_on(transactions, day)
    schemes = {"rfm": rfm.table(known, day), "behaviour": behaviour.behaviour_segments(behaviour.rhythm(known, day))}
    rows = [table.assign(scheme=scheme)[["customer_id", "scheme", "segment"]] for scheme, table in schemes.items()]
    segments = pd.concat(rows, ignore_index=True).astype("str")
    segments.insert(0, "review_date", day)
    return segments


def histories(
    transactions: pd.DataFrame,
    every: str = "month",
    margin: float = 0.30,
    annual_discount_rate: float = 0.15,
    remembered: tuple[pd.DataFrame | None, pd.DataFrame | None] = (None, None),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Value and segments at every review of the time observed.

    Parameters:
        every ({"month", "quarter", "week"})
        remembered: The same two tables from an earlier round; taken as they are where both are there.
    Returns:
        tuple of DataFrame: Tables ``value_history`` and ``segment_history``.
    """
    if all(table is not None for table in remembered):
        return remembered
    days = review_dates(transactions, every)
    pairs = zip([None, *days], days, strict=False)
    values = [value_at(transactions, day, margin, annual_discount_rate, before) for before, day in pairs]
    values = pd.concat([part for part in values if len(part)] or values[:1], ignore_index=True)
    return values, pd.concat([segments_at(transactions, day) for day in days], ignore_index=True)


def over_a_year(
    transactions: pd.DataFrame, value_history: pd.DataFrame, margin: float = 0.30, annual_discount_rate: float = 0.15
) -> pd.DataFrame:
    """What became of customer equity between the review a year ago and the last, both valued by the models of today.

    Returns:
        DataFrame: As :func:`idic_lab.monitor.kpis.return_on_customer` returns, by group; missing numbers where there is
            no year.
    """
    days = sorted(value_history["review_date"].unique())
    before = [day for day in days if day <= days[-1] - pd.Timedelta(days=360)]
    if not before:
        return kpis.return_on_customer(value_history.iloc[:0]).set_index("group").reindex(kpis.GROUPS)
    valued = value_at(transactions, days[-1], margin, annual_discount_rate, previous=before[-1])
    then = value_history[value_history["review_date"] == before[-1]]
    return kpis.return_on_customer(pd.concat([then, valued])).set_index("group")


SCHEME = "rfm"  # the segmentation that measures are broken down by, and that offers are learnt for
_MARK = "segment_history"  # written last: a review that has its rows is whole, and a replay that was killed goes on behind it
_MEASURED = ("survey_responses", "interactions", "web_events", "identity_links")
_PLANNED = {"transactions", "order_lines", "products", "cost_rates"}


def replay(
    dataset: Dataset, repository: Repository, every: str = "month", tell: Callable[[str], None] = print
) -> list[pd.Timestamp]:
    """Write what each review would have seen and planned into a repository, and return the reviews made now.

    Parameters:
        repository: Holds the tables of the data set. Receives ``value_history``, ``segment_history``, ``kpis``,
            ``segment_migration``, ``return_on_customer``, ``policy`` and the ``action_plan`` of the last review;
            reviews that it holds already are left as they are.
        every ({"week", "month", "quarter"})
        tell: Receives one line per review.
    """
    days = review_dates(dataset.transactions, every)
    if "source_records" in dataset.tables:
        stages.build(repository, "identity_links")
    made = []
    whole = set(repository.read(_MARK)["review_date"]) if repository.has(_MARK) else set()
    for place, (previous, day) in enumerate(zip([None, *days], days, strict=False), 1):
        if day not in whole:
            _review(dataset, repository, previous, day)
            made.append(day)
            tell(f"review {place} of {len(days)}, {day:%Y-%m-%d}: done")
    values, segments = repository.read("value_history"), repository.read("segment_history")
    _write(repository, "segment_migration", migration.segment_migration(segments))
    _write(repository, "return_on_customer", kpis.return_on_customer(values))
    return made


def _known(dataset: Dataset, day: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Every table of a data set cut to what was known at the end of a day; those then still empty are left out."""
    cut = {name: known_on(data, day) for name, data in dataset.tables.items()}
    return {name: data for name, data in cut.items() if len(data)}


def _review(dataset: Dataset, repository: Repository, previous: pd.Timestamp | None, day: pd.Timestamp) -> None:
    at_hand = _known(dataset, day)
    transactions = at_hand["transactions"]
    segments = segments_at(transactions, day)
    _write(repository, "value_history", value_at(transactions, day, previous=previous))
    if previous is not None:
        _plan(repository, at_hand)
        _measure(repository, at_hand, previous, day)
    if "campaign_results" in at_hand and repository.has(_MARK):
        results = at_hand["campaign_results"]
        log = loop.campaign_log(results, repository.read(_MARK), SCHEME)
        learnt = loop.learn_policy(log, *loop.economics(results), SCHEME, random_state=all_stages.SEED)
        _write(repository, "policy", learnt)
    _write(repository, _MARK, segments)


def _plan(repository: Repository, at_hand: dict[str, pd.DataFrame]) -> None:
    """The plan of a review, from purchases."""
    desk = Repository()
    for name in at_hand.keys() & _PLANNED:
        desk.write(name, at_hand[name])
    stages.build(desk, "portfolio")
    stages.build(desk, "action_plan")
    _write(repository, "action_plan", desk.read("action_plan"))


def _measure(repository: Repository, at_hand: dict, previous: pd.Timestamp, day: pd.Timestamp) -> None:
    held = repository.read("segment_history").query("scheme == @SCHEME")
    sources = {name: at_hand[name] for name in _MEASURED if name in at_hand}
    if repository.has("identity_links"):
        sources["identity_links"] = repository.read("identity_links")
    values = repository.read("value_history")
    now = kpis.measure(day, previous, at_hand["transactions"], segments=held, value_history=values, **sources)
    before = [repository.read("kpis").query("review_date < @day")] if repository.has("kpis") else []
    table = kpis.kpis(pd.concat([*before, now], ignore_index=True))
    _write(repository, "kpis", table[table["review_date"] == day])


def _write(repository: Repository, name: str, data: pd.DataFrame) -> None:
    repository.write(name, data, made_by="periodic run", made_from=("transactions",))
