"""A need segment for everybody: from the answers where there are some, else from what is known of the customer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from idic_lab import tables
from idic_lab.dataframes import of_customers
from idic_lab.differentiate.needs.answers import profiles, segment_names, stable_order
from idic_lab.errors import DataError
from idic_lab.inference.intervals import share

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def descriptors(
    transactions: pd.DataFrame | None = None,
    order_lines: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
    web_events: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    identity_links: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
    demographics: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row of numbers per customer who bought, or where nobody did, who is described; each table adds its own.

    Parameters:
        transactions: ``customer_id``, ``date``, ``amount``, and ``channel`` where known. Adds ``log_order_amount`` (log
            of the mean amount), ``log_orders``, ``tenure_days``, and the share of orders per channel.
        order_lines, products: Together add the share of lines per category and per price tier.
        web_events, interactions: With `identity_links` (``record_id``, ``customer_id``) add the share of visits' views
            per category with the number of visits and the device, and the share of contacts the customer began per
            channel and of offers answered per channel.
        customers: Where it has them, ``birth_year`` adds ``age`` (years) and ``city`` adds ``log_city_customers`` (log
            of the customers who live there); a missing value takes the median, with a column that says so.
        demographics: ``customer_id`` and any columns: numbers, and a column of 0 and 1 for each answer that a text
            column has at most a dozen of.
    Returns:
        DataFrame: ``customer_id`` and numbers without gaps. Shares are drawn towards everybody's, as if two
            observations at the average had been made of each customer, so that one purchase does not look like a firm
            taste.

    >>> days = pd.to_datetime(["2024-01-01", "2024-01-31", "2024-01-31"])
    >>> buys = pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "date": days, "amount": [1.0, 1.0, 1.0]})
    >>> descriptors(buys)
      customer_id  log_order_amount  log_orders  tenure_days
    0         ann               0.0    0.693147         30.0
    1         bob               0.0    0.000000          0.0
    """
    if transactions is None and demographics is None:
        raise DataError("descriptors: neither transactions nor demographics say anything of customers.")
    parts, end = [], None
    if transactions is None:
        known = pd.DataFrame(index=pd.Index(demographics["customer_id"].unique(), name="customer_id"))
    else:
        bought, end = transactions[transactions["amount"].ge(0)], transactions["date"].max()
        if bought.empty:
            raise DataError("descriptors: no transaction has an amount of 0 or more.")
        by = bought.groupby("customer_id")
        known = pd.DataFrame({"log_order_amount": np.log(by["amount"].mean()), "log_orders": np.log(by.size())})
        known["tenure_days"] = (bought["date"].max() - by["date"].min()).dt.days.astype("float64")
        if "channel" in transactions and transactions["channel"].notna().any():
            parts.append(_shares(bought, "channel", "orders"))
    if order_lines is not None and products is not None:
        lines = order_lines[order_lines["quantity"].gt(0)].merge(products, on="product_id", how="left")
        parts += [_shares(lines, name, "lines") for name in ("category", "tier") if name in lines]
    if web_events is not None and identity_links is not None:
        parts += _visits(of_customers(web_events, identity_links), products)
    if interactions is not None and identity_links is not None:
        contacts = of_customers(interactions, identity_links)
        for direction, what in (("inbound", "own_contacts"), ("outbound", "answered_contacts")):
            rows = contacts[contacts["direction"].eq(direction) & contacts["responded"]]
            parts += [_shares(rows, "channel", what)] if len(rows) else []
    if customers is not None and end is not None:
        parts += _person(customers, known.index, end)
    if demographics is not None:
        people = demographics.drop_duplicates("customer_id").set_index("customer_id")
        numbers = people.select_dtypes(["number", "bool"]).astype("float64")
        other = people.columns.difference(numbers.columns, sort=False)
        texts = [name for name in other if people[name].nunique() <= 12]
        parts += [numbers, *([pd.get_dummies(people[texts], prefix_sep=": ", dtype="float64")] if texts else [])]
    for part in parts:
        known = known.join(part.reindex(known.index))
    # who never visited, called or was contacted is described by the average, as who did so without a leaning would be
    return known.fillna(known.mean()).rename_axis("customer_id").reset_index().astype({"customer_id": "str"})


def _shares(rows: pd.DataFrame, column: str, of: str) -> pd.DataFrame:
    counts = pd.crosstab(rows["customer_id"], rows[column]).astype("float64")
    everybody = counts.sum() / counts.to_numpy().sum()
    shares = (counts + 2.0 * everybody).div(counts.sum(axis=1) + 2.0, axis=0)
    return shares.rename(columns=lambda value: f"{of}_{column}_{value}")


def _visits(events: pd.DataFrame, products: pd.DataFrame | None) -> list[pd.DataFrame]:
    if events.empty:
        return []
    visits = events.groupby("customer_id")["session_id"].nunique()
    parts = [np.log1p(visits).rename("log_visits").to_frame()]
    if "device" in events and events["device"].notna().any():
        parts.append(_shares(events.drop_duplicates("session_id"), "device", "visits"))
    if products is not None:
        seen = events[events["event"].ne("checkout")].merge(products, on="product_id")
        parts += [_shares(seen, name, "views") for name in ("category", "tier") if name in seen]
    return parts


def _person(customers: pd.DataFrame, index: pd.Index, end: pd.Timestamp) -> list[pd.DataFrame]:
    people, parts = customers.drop_duplicates("customer_id").set_index("customer_id").reindex(index), []
    if "birth_year" in people and people["birth_year"].notna().any():
        age = end.year - people["birth_year"]
        parts.append(pd.DataFrame({"age": age.fillna(age.median()), "age_unknown": age.isna().astype("float64")}))
    if "city" in people and people["city"].notna().any():
        size = np.log(people["city"].map(people["city"].value_counts()))
        unknown = size.isna().astype("float64")
        parts.append(pd.DataFrame({"log_city_customers": size.fillna(size.median()), "city_unknown": unknown}))
    return parts


FOLDS = 5


@dataclass(frozen=True)
class TypingTool:
    """A fitted typing tool with its accuracy out of sample.

    Attributes:
        features: Descriptors it uses.
        accuracy: Share of customers typed as their answers say, each by a model that did not see them.
        accuracy_low, accuracy_high: 95% interval (Wilson).
        base_rate: Share of the largest segment: what naming it for everybody would score.
        held_out: ``customer_id``, ``segment`` (from the answers), ``typed`` (out of sample).
    """

    model: Pipeline
    features: tuple[str, ...]
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    base_rate: float
    held_out: pd.DataFrame

    def assign(self, descriptors: pd.DataFrame) -> pd.DataFrame:
        """``customer_id``, ``segment`` and its ``probability`` for each customer of a table of descriptors."""
        chance = self.model.predict_proba(descriptors[list(self.features)])
        named = pd.array(np.asarray(self.model.classes_)[chance.argmax(axis=1)], dtype="str")
        typed = pd.DataFrame({"customer_id": descriptors["customer_id"].to_numpy(), "segment": named})
        return typed.assign(probability=chance.max(axis=1)).astype({"customer_id": "str"})


def fit_typing_tool(members: pd.DataFrame, descriptors: pd.DataFrame, random_state: int = 0) -> TypingTool:
    """Learn to tell segments by descriptors, and how well that works on customers not learnt from.

    A multinomial logit on standardised descriptors; its accuracy is that of 5-fold cross-validation. Where there is only one
    segment, everybody is in it, and the tool says so.

    Parameters:
        members: ``customer_id``, ``segment`` of those who answered.

    Source: Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, step 7 (describing segments).

    >>> members = pd.DataFrame({"customer_id": [str(i) for i in range(40)], "segment": ["x"] * 20 + ["y"] * 20})
    >>> tool = fit_typing_tool(members, members[["customer_id"]].assign(age=range(40)))
    >>> bool(tool.accuracy > tool.base_rate), tool.assign(pd.DataFrame({"customer_id": ["new"], "age": [50]}))["segment"][0]
    (True, 'y')
    """
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known = members[["customer_id", "segment"]].merge(descriptors, on="customer_id")
    sizes = known["segment"].value_counts()
    if sizes.empty or sizes.min() < FOLDS:
        found = ", ".join(f"{name}: {size}" for name, size in sizes.items()) or "none"
        raise DataError(f"The typing tool needs {FOLDS} described customers of each segment, found {found}.")
    features = [name for name in descriptors.columns.drop("customer_id") if known[name].std() > 0]
    learner = LogisticRegression(C=0.1, max_iter=2_000) if len(sizes) > 1 else DummyClassifier()
    model = make_pipeline(StandardScaler(), learner)
    X, y = known[features], known["segment"].to_numpy(dtype=object)
    typed = cross_val_predict(model, X, y, cv=StratifiedKFold(FOLDS, shuffle=True, random_state=random_state))
    accuracy = share(int((typed == y).sum()), len(known))
    held_out = known[["customer_id", "segment"]].assign(typed=pd.array(typed, dtype="str"))
    return TypingTool(model.fit(X, y), tuple(features), *accuracy, float(sizes.iloc[0] / len(known)), held_out)


NO_SEGMENTS = "no need segments"


def segment_battery(
    answers: pd.DataFrame,
    n_segments: int,
    questions: dict[str, str] | None = None,
    method: str = "latent_classes",
    random_state: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Segments of those who answered, named by their markers, and the profiles of the segments.

    Returns:
        members (DataFrame): ``customer_id``, ``segment``, ``probability`` (of belonging to it given the answers; 1
            where the method gives none), ``basis`` ("answers").
        profile (DataFrame): As :func:`profiles`, with the names as segments, largest first.

    >>> answers = pd.DataFrame({"customer_id": list("abcd"), "Q1": [1.0, 1, 0, 0], "Q2": [0.0, 0, 1, 1]})
    >>> members, profile = segment_battery(answers, 2, {"Q1": "I wait.", "Q2": "I hurry."}, method="k_means")
    >>> members["segment"].value_counts().to_dict()
    {'wait': 2, 'hurry': 2}
    """
    from idic_lab.differentiate.needs.methods import segmenter

    items = answers.drop(columns="customer_id")
    found = segmenter(method, n_segments, random_state).fit(items)
    numbered = stable_order(found.labels_, items)
    profile = profiles(answers, numbered, questions)
    names = {"0": NO_SEGMENTS} if n_segments == 1 else segment_names(profile)
    sure = found.predict_proba(items).max(axis=1) if hasattr(found, "predict_proba") else 1.0
    members = answers[["customer_id"]].assign(segment=[names[str(number)] for number in numbered])
    members = members.assign(probability=sure, basis="answers").reset_index(drop=True)
    profile["segment"] = profile["segment"].map(names).astype("str")
    return members.astype({"customer_id": "str", "segment": "str", "basis": "str"}), profile


def place_everybody(members: pd.DataFrame, descriptors: pd.DataFrame, tool: TypingTool) -> pd.DataFrame:
    """The table ``need_segments``: a segment for everybody described, with its ``basis``, "answers" or "typing tool".

    >>> answered = pd.DataFrame({"customer_id": list("abcde"), "segment": "x", "probability": 0.9, "basis": "answers"})
    >>> known = pd.DataFrame({"customer_id": list("abcdef"), "orders": [1, 2, 3, 4, 5, 6]})
    >>> place_everybody(answered, known, fit_typing_tool(answered, known))["basis"].tolist()[-2:]
    ['answers', 'typing tool']
    """
    others = descriptors[~descriptors["customer_id"].isin(members["customer_id"])]
    typed = members.iloc[:0] if others.empty else tool.assign(others)
    typed = typed.assign(basis=pd.Series("typing tool", index=typed.index, dtype="str"))
    everybody = pd.concat([members, typed], ignore_index=True).sort_values("customer_id", ignore_index=True)
    return tables.check("need_segments", everybody)


def scheme_rows(table: pd.DataFrame, scheme: str) -> pd.DataFrame:
    """Rows of the table ``segments`` (``customer_id``, ``scheme``, ``segment``) under one scheme.

    >>> scheme_rows(pd.DataFrame({"customer_id": ["a"], "segment": ["budget"]}), "price_tier").iloc[0].tolist()
    ['a', 'price_tier', 'budget']
    """
    rows = table[["customer_id", "segment"]].reset_index(drop=True)
    rows.insert(1, "scheme", pd.Series(scheme, index=rows.index, dtype="str"))
    return tables.check("segments", rows)
