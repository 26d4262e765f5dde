"""Mass customization: products put together from modules, to a need, under the rules of what goes with what."""

from __future__ import annotations

import itertools
from collections.abc import Collection

import numpy as np
import pandas as pd

from idic_lab.errors import DataError, UnknownName

MOST_COMBINATIONS = 200_000
MOST_OPTIONS = 15  # subsets of up to so many extra options are all tried


def options_of(product_options: pd.DataFrame, product_id: str) -> pd.DataFrame:
    """The options of one product; UnknownName when it cannot be configured."""
    options = product_options[product_options["product_id"] == product_id]
    if options.empty:
        raise UnknownName("configurable product", product_id, product_options["product_id"].unique())
    return options.reset_index(drop=True)


def refusals(product_options: pd.DataFrame, chosen: Collection[str]) -> list[str]:
    """Why a choice of options cannot be made; empty when it can.

    Parameters
    ----------
    product_options : DataFrame
        ``option_id``, ``product_id``, ``module``, ``option``, ``not_with``.
    chosen : collection of str
        Option numbers of one product.

    Returns
    -------
    list of str
        One sentence per breach: two options of a module, a module without an option, or two that do not go together.

    Examples
    --------
    >>> options = pd.DataFrame({"option_id": ["a", "b", "c"], "product_id": "p", "module": ["size", "size", "lid"],
    ...                         "option": ["small", "large", "steel"], "not_with": [None, "c", None]})
    >>> refusals(options, ["b", "c"])
    ['large does not go with steel.']
    >>> refusals(options, ["a", "c"])
    []
    """
    known = product_options.set_index("option_id")
    for option in chosen:
        if option not in known.index:
            raise UnknownName("option", option, known.index)
    picked = known.loc[list(chosen)]
    if len(picked["product_id"].unique()) > 1:
        return ["These options belong to different products."]
    reasons = []
    all_options = known[known["product_id"].isin(picked["product_id"])]
    for module in all_options["module"].unique():
        names = picked.loc[picked["module"] == module, "option"].tolist()
        if not names:
            reasons.append(f"Nothing is chosen for {module}.")
        if len(names) > 1:
            reasons.append(f"Only one of {' and '.join(names)} can be had as {module}.")
    for option, other in picked["not_with"].dropna().items():
        if other in picked.index:
            reasons.append(f"{known.loc[option, 'option']} does not go with {known.loc[other, 'option']}.")
    return reasons


def combinations(product_options: pd.DataFrame, product_id: str) -> pd.DataFrame:
    """Every way to put a product together that the rules allow.

    Parameters
    ----------
    product_options : DataFrame
    product_id : str

    Returns
    -------
    DataFrame
        One column per module with the option number; ``extra_price``, ``extra_cost`` (currency).

    Raises
    ------
    DataError
        When there are more than 200,000 combinations.
    """
    options = options_of(product_options, product_id)
    modules = {name: group["option_id"].tolist() for name, group in options.groupby("module", sort=False)}
    size = int(np.prod([len(choices) for choices in modules.values()]))
    if size > MOST_COMBINATIONS:
        raise DataError(
            f"Product {product_id} has {size:,} combinations; at most {MOST_COMBINATIONS:,} are tried."
        )
    table = pd.DataFrame(list(itertools.product(*modules.values())), columns=list(modules))
    holds = contains(table, options)
    allowed = np.ones(len(table), dtype=bool)
    position = pd.Index(options["option_id"])
    not_with = options["not_with"] if "not_with" in options else pd.Series(None, index=options.index)
    for row, other in not_with.dropna().items():
        if other in position:
            allowed &= ~(holds[:, row] & holds[:, position.get_loc(other)])
    table = table.assign(
        extra_price=holds @ options["extra_price"].to_numpy(),
        extra_cost=holds @ options["extra_cost"].to_numpy(),
    )
    return table[allowed].reset_index(drop=True)


def contains(table: pd.DataFrame, options: pd.DataFrame) -> np.ndarray:
    """Whether each combination holds each option, shape (combinations, options)."""
    modules = options["module"].unique()
    return np.column_stack(
        [np.any([table[module] == option for module in modules], axis=0) for option in options["option_id"]]
    )


def answers_by_customer(survey_responses: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Answers with the customer who gave them; of several to one question the latest.

    Parameters
    ----------
    survey_responses : DataFrame
        ``record_id``, ``date``, ``question_id``, ``answer``.
    identity_links : DataFrame
        ``record_id``, ``customer_id``.

    Returns
    -------
    DataFrame
        ``customer_id``, ``question_id``, ``answer``.
    """
    joined = survey_responses.merge(identity_links[["record_id", "customer_id"]], on="record_id")
    latest = joined.sort_values("date", kind="stable").drop_duplicates(
        ["customer_id", "question_id"], keep="last"
    )
    columns = ["customer_id", "question_id", "answer"]
    return latest.sort_values(columns[:2])[columns].reset_index(drop=True)


def option_fit(
    product_options: pd.DataFrame, answers: pd.DataFrame, groups: pd.DataFrame | None = None
) -> pd.DataFrame:
    """How much more, or less, a need segment wants what an option answers to than customers in general do.

    Parameters
    ----------
    product_options : DataFrame
        ``option_id``, ``serves`` (question; missing for none).
    answers : DataFrame
        ``customer_id``, ``question_id``, ``answer`` (1 yes, 0 no).
    groups : DataFrame, optional
        ``customer_id``, ``segment``; without it every customer is in the one segment "all".

    Returns
    -------
    DataFrame
        ``segment``, ``option_id``, ``fit``: share of yes in the segment less the share among all who answered, so
        between -1 and 1; 0 for an option that answers to no question. In the one segment "all" it is the share of yes
        less one half.
    """
    asked = answers[answers["question_id"].isin(product_options["serves"].dropna())]
    if groups is None:
        groups = pd.DataFrame({"customer_id": asked["customer_id"].unique(), "segment": "all"})
    joined = asked.merge(groups[["customer_id", "segment"]], on="customer_id")
    if joined.empty:
        raise DataError("Nobody in a need segment has answered a question that an option serves.")
    share = joined.groupby(["segment", "question_id"])["answer"].mean()
    overall = joined.groupby("question_id")["answer"].mean() if len(joined["segment"].unique()) > 1 else 0.5
    lift = (share - overall).rename("fit").reset_index()
    every = pd.MultiIndex.from_product(
        [sorted(joined["segment"].unique()), product_options["option_id"]], names=["segment", "option_id"]
    ).to_frame(index=False)
    every["question_id"] = every["option_id"].map(product_options.set_index("option_id")["serves"])
    found = every.merge(lift, on=["segment", "question_id"], how="left")
    return found.fillna({"fit": 0.0})[["segment", "option_id", "fit"]]


def best_configurations(
    product_options: pd.DataFrame,
    products: pd.DataFrame,
    fit: pd.DataFrame,
    groups: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """For each configurable product and need the allowed combination that fits best; of equals the cheapest.

    Parameters
    ----------
    product_options : DataFrame
    products : DataFrame
        ``product_id``, ``list_price``, ``unit_cost``.
    fit : DataFrame
        From `option_fit`.
    groups : DataFrame, optional
        ``customer_id``, ``segment``, to count the customers of each need.

    Returns
    -------
    DataFrame
        The table ``configurations``: ``product_id``, ``need``, ``option_ids`` and ``options`` (joined by " + "),
        ``fit``, ``price``, ``cost``, ``margin``, ``standard_margin`` (of the cheapest combination), ``customers``.
    """
    known, rows = products.set_index("product_id"), []
    weight = fit.set_index(["segment", "option_id"])["fit"]
    counts = {} if groups is None else groups["segment"].value_counts().to_dict()
    for product in product_options["product_id"].unique():
        options = options_of(product_options, product)
        table = combinations(product_options, product)
        holds = contains(table, options)
        price, cost = known.loc[product, ["list_price", "unit_cost"]].astype(float)
        margin = price - cost + table["extra_price"] - table["extra_cost"]
        cheapest = table["extra_price"].idxmin()
        for need in fit["segment"].unique():
            total = np.round(holds @ weight.loc[need].reindex(options["option_id"]).to_numpy(), 9)
            best = np.lexsort((table["extra_price"], -total))[0]
            rows.append(
                {
                    "product_id": product,
                    "need": need,
                    "option_ids": " + ".join(options["option_id"][holds[best]]),
                    "options": " + ".join(options["option"][holds[best]]),
                    "fit": float(total[best]),
                    "price": price + table["extra_price"][best],
                    "cost": cost + table["extra_cost"][best],
                    "margin": float(margin[best]),
                    "standard_margin": float(margin[cheapest]),
                    "customers": int(counts.get(need, 0)),
                }
            )
    return pd.DataFrame(rows).astype(dict.fromkeys(["product_id", "need", "option_ids", "options"], "str"))


def coverage(product_options: pd.DataFrame, answers: pd.DataFrame, product_id: str) -> pd.DataFrame:
    """How many customers a growing set of options serves as well as the whole set would.

    The cheapest option of each module is always there. A customer is *covered* when some allowed combination of the
    options kept meets as many of that customer's wishes (questions answered with yes) as the best of all combinations.
    For each number of further options the best set is found by trying all sets.

    Parameters
    ----------
    product_options, answers : DataFrame
        As in `option_fit`.
    product_id : str

    Returns
    -------
    DataFrame
        ``extra_options`` (0, 1, ...), ``covered`` (share of customers), ``combinations`` (that can be made),
        ``options`` (names of the extra options kept, joined by commas).
    """
    options, table = options_of(product_options, product_id), combinations(product_options, product_id)
    holds = contains(table, options)
    wishes = answers[answers["question_id"].isin(options["serves"].dropna())].pivot_table(
        index="customer_id", columns="question_id", values="answer", aggfunc="max", fill_value=0
    )
    wanted = wishes.reindex(columns=options["serves"].fillna("")).fillna(0).to_numpy()
    met = wanted @ holds.T
    best = met.max(axis=1)
    base = options.groupby("module", sort=False)["extra_price"].idxmin().to_numpy()
    extra = np.setdiff1d(np.arange(len(options)), base)
    if len(extra) > MOST_OPTIONS:
        raise DataError(
            f"Product {product_id} has {len(extra)} extra options; sets of at most {MOST_OPTIONS} are tried."
        )
    rows = []
    for size in range(len(extra) + 1):
        found = []
        for kept in itertools.combinations(extra, size):
            possible = ~holds[:, np.setdiff1d(extra, kept)].any(axis=1)
            share = (met[:, possible].max(axis=1) >= best).mean()
            found.append((share, int(possible.sum()), kept))
        share, possible, kept = max(found, key=lambda entry: (entry[0], entry[1]))
        rows.append((size, float(share), possible, ", ".join(options["option"].iloc[list(kept)])))
    return pd.DataFrame(rows, columns=["extra_options", "covered", "combinations", "options"])
