"""The customers of a comparison: what methods see of them, from transactions or from a survey, and what became of them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from idic_lab import durability
from idic_lab.customize import offers
from idic_lab.dataframes import collected, given_day
from idic_lab.differentiate import clv, needs, rfm
from idic_lab.errors import DataError, pick
from idic_lab.inference.nulls import Crowd, one_crowd

RFM = ("recency_days", "frequency", "monetary")
GAIN = "campaign_gain"
ENOUGH = 100  # customers in each arm of a campaign, from which a method may learn
ANSWER = "answer "  # prefix of the columns that hold yes/no answers


@dataclass(frozen=True)
class FeatureSpace:
    """How measures become the numbers that clusterers see, the same for every method and every date.

    Counts and amounts enter as logarithms, for they run over several orders of magnitude, and are then standardised by
    the mean and standard deviation of the calibration period. Answers stay 0 and 1, a missing one takes the average.
    """

    columns: tuple[str, ...]
    binary: bool
    centre: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, measures: pd.DataFrame) -> "FeatureSpace":
        """The space of a table: its answers when it has any, else recency, frequency and monetary value."""
        answers = tuple(name for name in measures if name.startswith(ANSWER))
        if answers:
            mean = measures[list(answers)].mean().to_numpy(dtype=float)
            return cls(answers, True, np.nan_to_num(mean), np.ones(len(answers)))
        values = np.log1p(measures[list(RFM)].to_numpy(dtype=float))
        scale = values.std(axis=0)
        return cls(RFM, False, values.mean(axis=0), np.where(scale > 0, scale, 1.0))

    def transform(self, measures: pd.DataFrame) -> np.ndarray:
        values = measures[list(self.columns)].to_numpy(dtype=float)
        if self.binary:
            return np.where(np.isnan(values), self.centre, values)
        return (np.log1p(values) - self.centre) / self.scale


@dataclass(frozen=True)
class Customers:
    """The customers of one data set on the last day a method may see, and what became of them later.

    Attributes:
        measures: One row per customer, in the order of every other attribute: ``customer_id`` and what methods may see.
            From transactions: `RFM`; ``repeat_frequency``, ``recency``, ``T``, ``monetary_value`` (the buy-till-you-die
            summary, in weeks); ``earlier_...`` and ``spend_since`` (RFM at an earlier date, and spend from then on);
            ``campaign_gain``, what contact changed for those of a randomised campaign (a doubly robust score). From a
            survey: one column ``answer ...`` per question.
        descriptors: What is known of a customer on the first day: the means of reaching a segment.
        described: The same as answered, for tables and figures: numbers, and texts with few values, in an order where
            there is one.
        evaluate: What the segment evaluation plot shows: descriptors as ``x``, ``y`` and ``size``.
        holdout_spend: Spend after the last day a method may see.
        later: The same measures at the end of the data.
        campaign: A randomised campaign: ``row`` (position in `measures`), ``treated``, ``profit`` and numeric features.
        planted (ndarray of str or None): The segments a simulation planted. Only the criterion of recovery, which is a
            check, may look at it.
        shop: How the simulated shop of these customers is opened, for criteria that act in it.
    """

    name: str
    measures: pd.DataFrame
    descriptors: pd.DataFrame | None = None
    described: pd.DataFrame | None = None
    holdout_spend: np.ndarray | None = None
    later: pd.DataFrame | None = None
    campaign: pd.DataFrame | None = None
    planted: np.ndarray | None = field(default=None, repr=False)
    shop: dict | None = None
    evaluate: dict = field(default_factory=dict)
    facts: dict = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.measures)

    @property
    def space(self) -> FeatureSpace:
        return FeatureSpace.of(self.measures)

    @cached_property
    def crowd(self) -> Crowd:
        """The same distributions and correlations of what clusterers see, and no segments."""
        return one_crowd(self.measures[list(self.space.columns)])

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything a method or a criterion can see; the cells of a study are keyed by it."""
        digest = hashlib.sha256(repr(self.evaluate).encode() if self.evaluate else b"")
        for table in self._tables().values():
            digest.update(repr(list(table.columns)).encode())
            digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
        for array in (self.holdout_spend, self.planted):
            if array is not None:
                digest.update(pd.util.hash_array(np.asarray(array)).tobytes())
        return digest.hexdigest()

    def _tables(self) -> dict[str, pd.DataFrame]:
        tables = {name: getattr(self, name) for name in ("measures", "descriptors", "described", "later", "campaign")}
        return {name: table for name, table in tables.items() if table is not None}

    def write(self, folder: Path) -> list[Path]:
        """Keep them as files of a folder, under numbers instead of their names; :func:`prepared` reads them back."""
        folder.mkdir(parents=True)
        number = pd.Series(np.arange(1, len(self) + 1).astype(str), index=self.measures["customer_id"])
        known = pd.DataFrame({"holdout_spend": self.holdout_spend, "planted": self.planted})
        for name, table in (self._tables() | {"outcomes": known}).items():
            if "customer_id" in table:
                table = table.assign(customer_id=table["customer_id"].map(number))
            table.to_parquet(folder / f"{name}.parquet", index=False)
        rest = {name: getattr(self, name) for name in ("name", "shop", "evaluate", "facts")}
        durability.write_json(folder / "facts.json", rest)
        return sorted(folder.iterdir())


_MOST_VALUES = 12  # of a text that is worth a figure
_CHANNELS = ("channel",)


def prepared(folder: Path) -> Customers:
    """The customers that :meth:`Customers.write` kept."""
    tables = {file.stem: pd.read_parquet(file) for file in folder.glob("*.parquet")}
    known = {name: column.to_numpy() for name, column in tables.pop("outcomes").dropna(axis=1, how="all").items()}
    return Customers(**tables, **known, **json.loads((folder / "facts.json").read_text(encoding="utf-8")))


def customers_of(
    transactions: pd.DataFrame,
    name: str = "transactions",
    calibration_end=None,
    campaign_results: pd.DataFrame | None = None,
    people: pd.DataFrame | None = None,
) -> Customers:
    """Cut a history in two: methods see the first part, criteria judge by the second.

    Parameters:
        transactions: ``customer_id``, ``date``, ``amount``, of any engine.
        calibration_end: Last day methods may see; the middle of the period when left out.
        campaign_results: A randomised campaign, after its contract, with one treated arm and ``control``.
        people: ``customer_id`` and numeric columns known on the first day, such as the year of birth.
    Raises:
        DataError: When one of the two parts would be empty.

    >>> from idic_lab import datasets
    >>> customers = customers_of(datasets.load("cdnow_sample", quiet=True).transactions, "cdnow_sample", "1997-09-30")
    >>> len(customers), round(float(customers.holdout_spend.sum()))
    (2357, 70976)
    """
    transactions = collected(transactions, ("customer_id", "date", "amount", *_CHANNELS))
    first, last = transactions["date"].min(), transactions["date"].max()
    cut = (given_day(calibration_end, "calibration_end") if calibration_end else first + (last - first) / 2).normalize()
    if not first < cut < last:
        inside = f"must lie inside the data, {first:%Y-%m-%d} to {last:%Y-%m-%d}."
        raise DataError(f"{name}: calibration_end {cut:%Y-%m-%d} {inside}")
    parts = clv.split(transactions, cut, unit_days=7)
    measures = _measures(transactions, cut).merge(_earlier(transactions, first, cut), how="left")
    order = measures["customer_id"]
    campaign = None if campaign_results is None else _campaign(campaign_results, order)
    if campaign is not None and min(campaign["treated"].sum(), (~campaign["treated"]).sum()) >= ENOUGH:
        known = campaign.filter(like="feature_").to_numpy()
        gained = offers.effect_scores(known, campaign["profit"], campaign["treated"], LinearRegression())
        measures[GAIN] = pd.Series(gained, index=campaign["row"]).reindex(measures.index)
    facts = {"customers": len(measures), "calibration": f"{first:%Y-%m-%d} to {cut:%Y-%m-%d}"}
    if campaign is not None:
        facts["campaign"] = f"{campaign['treated'].sum():,} contacted, {(~campaign['treated']).sum():,} not"
    return Customers(
        name,
        measures,
        descriptors=_descriptors(transactions[transactions["date"] <= cut], order, people),
        holdout_spend=parts.holdout.set_index("customer_id")["holdout_spend"].reindex(order).to_numpy(dtype=float),
        later=_measures(transactions, last).set_index("customer_id").reindex(order).reset_index(),
        campaign=campaign,
        facts=facts | {"holdout": f"until {last:%Y-%m-%d}", "newcomers left out": len(parts.newcomers)},
    )


def _measures(transactions: pd.DataFrame, end) -> pd.DataFrame:
    """RFM and the buy-till-you-die summary side by side; the latter's frequency under a name of its own."""
    scores = rfm.summarise(transactions, end)[["customer_id", *RFM]]
    summary = clv.summarise(transactions, end, unit_days=7).rename(columns={"frequency": "repeat_frequency"})
    return scores.merge(summary, on="customer_id").sort_values("customer_id", ignore_index=True)


def _earlier(transactions: pd.DataFrame, first, cut) -> pd.DataFrame:
    """RFM in the middle of the calibration period and the spend since, for methods that learn from an outcome."""
    middle = (first + (cut - first) / 2).normalize()
    before = rfm.summarise(transactions, middle)[["customer_id", *RFM]]
    since = transactions[transactions["date"].gt(middle) & transactions["date"].le(cut) & transactions["amount"].ge(0)]
    spend = since.groupby("customer_id")["amount"].sum()
    before["spend_since"] = spend.reindex(before["customer_id"]).fillna(0.0).to_numpy()
    return before.rename(columns={measure: f"earlier_{measure}" for measure in RFM})


def _descriptors(history: pd.DataFrame, order: pd.Series, people: pd.DataFrame | None) -> pd.DataFrame:
    """Of the first purchase: its amount, its day of the week and year, its channel; with what `people` brings."""
    bought = history[history["amount"] >= 0].sort_values(["date"], kind="stable")
    first = bought.drop_duplicates("customer_id").set_index("customer_id").reindex(order)
    day, table = first["date"].dt, pd.DataFrame({"first_amount": np.log1p(first["amount"].astype(float))})
    angle = 2 * np.pi * day.day_of_year / 365.25
    table = table.assign(first_month_sine=np.sin(angle), first_month_cosine=np.cos(angle))
    table["first_on_weekend"] = (day.day_of_week >= 5).astype(float)
    for column in [name for name in _CHANNELS if name in first]:
        for value in sorted(first[column].dropna().unique()):
            table[f"first_{column}_{value}"] = first[column].eq(value).astype(float)
    if people is not None:
        known = people.drop_duplicates("customer_id").set_index("customer_id").reindex(order).select_dtypes("number")
        known = known.astype(float).where(np.isfinite).dropna(axis=1, how="all")
        table[list(known)] = known.fillna(known.mean())
    return table.reset_index(drop=True)


def _campaign(results: pd.DataFrame, order: pd.Series) -> pd.DataFrame | None:
    """The customers of one campaign that are among ours, with the profit of each: margin less the cost of contact."""
    arms = [arm for arm in results["arm"].unique() if arm != "control"]
    if len(arms) != 1 or "control" not in set(results["arm"]):
        return None
    row = pd.Series(np.arange(len(order)), index=order.to_numpy())
    known = results[results["customer_id"].isin(row.index)].reset_index(drop=True)
    features = known.select_dtypes("number").drop(columns=["margin", "contact_cost"]).add_prefix("feature_")
    rows = pd.DataFrame({"row": row.loc[known["customer_id"]].to_numpy(), "treated": known["arm"].ne("control")})
    profit = (known["margin"] - known["contact_cost"]).astype(float)
    return rows.assign(profit=profit).join(features.fillna(features.mean()))


def respondents_of(
    tables: dict[str, pd.DataFrame],
    name: str = "survey",
    planted: dict[str, pd.DataFrame] | None = None,
    order: Mapping[str, Sequence[str]] | None = None,
) -> Customers:
    """One row per respondent: the answers, and what the respondent bought where the two are linked.

    Parameters:
        tables: ``survey_responses`` and ``survey_questions``; with ``identity_links`` and ``transactions``, the recency,
            frequency and monetary value of the customer behind a record are added; ``demographics`` describe respondents.
        planted: What a simulation planted (``people``, ``record_owners``), for ``Customers.planted`` and nothing else.
        order: The values of a descriptor from the lowest to the highest.
    """
    responses = tables["survey_responses"]
    links = tables.get("identity_links")
    if links is None:  # without links every record stands for itself
        links = pd.DataFrame({"record_id": responses["record_id"].unique()})
        links["customer_id"] = links["record_id"]
    answers = needs.battery(responses, links, tables["survey_questions"])
    measures = answers.rename(columns={c: f"{ANSWER}{c}" for c in answers if c != "customer_id"})
    if "identity_links" in tables and "transactions" in tables:
        bought = rfm.summarise(tables["transactions"])[["customer_id", *RFM]]
        measures = measures.merge(bought, on="customer_id", how="left")
    truth = None if planted is None else _planted_segments(measures["customer_id"], links, planted)
    about, described = None, None
    if "demographics" in tables:
        described = _described(tables["demographics"], measures["customer_id"], order or {})
        known = needs.descriptors(demographics=tables["demographics"]).set_index("customer_id")
        about = known.reindex(measures["customer_id"]).fillna(known.mean()).reset_index(drop=True)
    facts = {"customers": len(measures), "questions": len(answers.columns) - 1}
    return Customers(name, measures, about, described, planted=truth, facts=facts)


def _described(people: pd.DataFrame, ids: pd.Series, order: Mapping[str, Sequence[str]]) -> pd.DataFrame | None:
    """Numbers, texts that are numbers (as in "I love it!+5"), and texts of few values."""
    known = people.drop_duplicates("customer_id").set_index("customer_id").reindex(ids).reset_index(drop=True)
    for column in order:
        pick("descriptor of this survey", column, list(known))
    columns = {}
    for name, values in known.items():
        if name in order:
            lacking = sorted(set(values.dropna().astype("str")) - set(order[name]))
            if lacking:
                raise DataError(f"The order of {name} lacks {lacking[0]!r}; it should name every value.")
            columns[name] = pd.Categorical(values, list(order[name]), ordered=True)
        elif pd.api.types.is_numeric_dtype(values):
            columns[name] = values.astype(float)
        else:
            at_end = values.dropna().astype("str").str.extract(r"([+-]?\d+(?:\.\d+)?)$")[0]
            if len(at_end) and at_end.notna().all():
                columns[name] = at_end.astype(float).reindex(values.index)
            elif values.nunique() <= _MOST_VALUES:
                columns[name] = pd.Categorical(values)
    return pd.DataFrame(columns) if columns else None


def _planted_segments(ids: pd.Series, links: pd.DataFrame, planted: dict[str, pd.DataFrame]) -> np.ndarray:
    """The one place where a comparison reads planted segments."""
    owners = planted["record_owners"].set_index("record_id")["customer_id"]
    segment = planted["people"].set_index("customer_id")["need_segment"]
    record = links.drop_duplicates("customer_id").set_index("customer_id")["record_id"]
    return segment.reindex(owners.reindex(record.reindex(ids))).to_numpy(dtype=object).astype(str)
