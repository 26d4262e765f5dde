"""What each customer, and each account, has brought so far, after goods and service; and what they spend elsewhere."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab import tables
from idic_lab.dataframes import of_customers
from idic_lab.errors import DataError

ACTIVITIES = ("order_handling", "delivery", "return_handling", "return_write_down")


def value_to_date(
    transactions: pd.DataFrame,
    order_lines: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
    cost_rates: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    identity_links: pd.DataFrame | None = None,
    margin: float = 1.0,
) -> pd.DataFrame:
    """Revenue, gross margin, cost to serve and what is left, per customer, as far as the tables tell.

    Parameters:
        transactions: ``customer_id``, ``amount`` and where known ``delivery_days`` (missing when nothing was
            delivered).
        order_lines, products: With ``unit_cost`` in products, gross margin is what was paid less what the goods cost; a
            returned line (negative quantity) gives its amount back. Without them it is `margin` times the amount.
        cost_rates: ``activity``, ``rate``: order_handling (per order), delivery (per delivered order), return_handling
            (per returned line), return_write_down (share of the unit cost of returned goods).
        interactions, identity_links: Contacts with their ``cost``, and whose they are.
        margin: Share of the amount that is earned where costs of goods are not known; 1 counts revenue as value.
    Returns:
        DataFrame: ``customer_id``, ``revenue``, ``gross_margin`` (after write-downs), ``order_cost``, ``return_cost``,
            ``contact_cost``, ``cost_to_serve`` (the three together), ``past_value`` (gross margin less cost to serve);
            in currency.

    >>> buys = pd.DataFrame({"customer_id": ["a", "b", "b"], "amount": [10.0, 8.0, -9.0]})
    >>> value_to_date(buys, margin=0.5)[["customer_id", "revenue", "past_value"]].values.tolist()
    [['a', 10.0, 5.0], ['b', -1.0, -0.5]]
    """
    rates = _rates(cost_rates)
    orders = transactions[transactions["amount"].ge(0)]
    delivered = orders["delivery_days"].notna() if "delivery_days" in orders else pd.Series(False, index=orders.index)
    per_order = rates["order_handling"] + rates["delivery"] * delivered
    table = pd.DataFrame(index=pd.Index(sorted(transactions["customer_id"].unique()), name="customer_id"))
    costed = products is not None and "unit_cost" in products and products["unit_cost"].notna().any()
    if order_lines is not None and costed:
        table = table.join(_goods(order_lines, products, rates["return_write_down"]))
    else:
        table["revenue"] = transactions.groupby("customer_id")["amount"].sum()
        table["gross_margin"] = margin * table["revenue"]
        table["returned_lines"] = transactions[transactions["amount"].lt(0)].groupby("customer_id").size()
    table["order_cost"] = per_order.groupby(orders["customer_id"]).sum()
    table["return_cost"] = rates["return_handling"] * table.pop("returned_lines").fillna(0)
    table["contact_cost"] = 0.0
    if interactions is not None and identity_links is not None:
        table["contact_cost"] = of_customers(interactions, identity_links).groupby("customer_id")["cost"].sum()
    table = table.fillna(0.0)
    table["cost_to_serve"] = table[["order_cost", "return_cost", "contact_cost"]].sum(axis=1)
    table["past_value"] = table["gross_margin"] - table["cost_to_serve"]
    return table.reset_index().astype({"customer_id": "str"})


def alike_in_revenue(so_far: pd.DataFrame) -> pd.DataFrame:
    """Two customers of nearly the same revenue, among those above the median, of whom most differs in what is left.

    >>> so_far = pd.DataFrame({"customer_id": list("abcd"), "revenue": [1.0, 100.0, 100.5, 2.0], "past_value": [1.0, 30, -5, 2]})
    >>> alike_in_revenue(so_far)["customer_id"].tolist()
    ['b', 'c']
    """
    ordered = so_far[so_far["revenue"].ge(so_far["revenue"].median())].sort_values(["revenue", "customer_id"])
    near = ordered["revenue"].diff().le(0.01 * ordered["revenue"])
    apart = (ordered["past_value"].diff().abs() / ordered["revenue"]).where(near, -1.0).to_numpy()
    at = int(apart[1:].argmax()) + 1 if len(ordered) > 1 else 0
    return ordered.iloc[max(at - 1, 0) : at + 1].reset_index(drop=True)


def _rates(cost_rates: pd.DataFrame | None) -> dict[str, float]:
    rates = {} if cost_rates is None else dict(zip(cost_rates["activity"], cost_rates["rate"], strict=True))
    if unknown := sorted(set(rates) - set(ACTIVITIES)):
        lost = f"activity {', '.join(map(repr, unknown))} is not known here and its cost would be lost"
        raise DataError(f"cost_rates: {lost}. Known: {', '.join(ACTIVITIES)}.")
    return dict.fromkeys(ACTIVITIES, 0.0) | rates


def _goods(order_lines: pd.DataFrame, products: pd.DataFrame, write_down: float) -> pd.DataFrame:
    lines = order_lines.merge(products[["product_id", "unit_cost"]], on="product_id", how="left")
    uncosted = lines["unit_cost"].isna()
    if uncosted.any():
        lacking = f"{uncosted.sum():,} order lines are of products without a unit cost"
        first = lines.loc[uncosted, "product_id"].iloc[0]
        raise DataError(f"products: {lacking}, the first {first!r}; margins cannot be told.")
    back = lines["quantity"].lt(0)
    lost = write_down * lines["unit_cost"] * -lines["quantity"].where(back, 0.0)
    earned = lines["amount"] - lines["unit_cost"] * lines["quantity"] - lost
    told = pd.DataFrame({"revenue": lines["amount"], "gross_margin": earned, "returned_lines": back})
    return told.groupby(lines["customer_id"]).sum()


def account_values(
    transactions: pd.DataFrame, account_roles: pd.DataFrame | None = None, identity_links: pd.DataFrame | None = None
) -> pd.DataFrame:
    """What each account brings, and what each person in it ordered for it and bought privately.

    The person who decides may order nothing; an account's value read off whoever types the orders in would miss them.

    Parameters:
        transactions: ``customer_id``, ``amount``, ``account_id`` (missing when private).
        account_roles: ``account_id``, ``record_id``, ``role``.
        identity_links: ``record_id``, ``customer_id``.
    Returns:
        DataFrame: ``account_id``, ``customer_id``, ``role``, ``account_value``, ``ordered``, ``private_value``
            (currency); the most valuable account first. Without rows when nobody buys for an organisation, or the
            tables that would tell are not there.

    >>> orders = pd.DataFrame({"customer_id": ["a", "a"], "amount": [90.0, 10.0], "account_id": ["firm", None]})
    >>> roles = pd.DataFrame({"account_id": "firm", "record_id": ["r1", "r2"], "role": ["user", "decision_maker"]})
    >>> links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": ["a", "b"]})
    >>> account_values(orders, roles, links)[["role", "account_value", "ordered", "private_value"]].to_numpy().tolist()
    [['user', 90.0, 90.0, 10.0], ['decision_maker', 90.0, 0.0, 0.0]]
    """
    if account_roles is None or identity_links is None or "account_id" not in transactions:
        return tables.get("account_values").empty()
    people = of_customers(account_roles, identity_links).drop_duplicates(["account_id", "customer_id"])
    private = transactions["account_id"].isna()
    charged = transactions[~private]
    ordered = charged.groupby(["account_id", "customer_id"], as_index=False)["amount"].sum()
    ordered, keys = ordered.rename(columns={"amount": "ordered"}), ["account_id", "customer_id"]
    table = people[[*keys, "role"]].merge(ordered, on=keys, how="left")
    table.insert(3, "account_value", table["account_id"].map(charged.groupby("account_id")["amount"].sum()))
    table["private_value"] = table["customer_id"].map(transactions[private].groupby("customer_id")["amount"].sum())
    table = table.fillna({"account_value": 0.0, "ordered": 0.0, "private_value": 0.0})
    by = {"account_value": False, "account_id": True, "ordered": False, "customer_id": True}
    table = table.sort_values(list(by), ascending=list(by.values()), ignore_index=True)
    return tables.check("account_values", table.astype({"account_id": "str", "customer_id": "str", "role": "str"}))


def value_by_role(accounts: pd.DataFrame) -> pd.DataFrame:
    """Per role of :func:`account_values`: ``people``, and means of the rest (currency); who orders most first.

    >>> accounts = pd.DataFrame({"customer_id": ["a", "b"], "role": ["influencer", "user"], "ordered": [0.0, 90.0],
    ...     "private_value": 0.0, "account_value": 90.0})
    >>> value_by_role(accounts)["role"].tolist()
    ['user', 'influencer']
    """
    means = {name: (name, "mean") for name in ("ordered", "private_value", "account_value")}
    table = accounts.groupby("role", as_index=False).agg(people=("customer_id", "size"), **means)
    return table.sort_values("ordered", ascending=False, ignore_index=True)


QUESTION = "WALLET"
FOLDS, FEWEST = 5, 50


@dataclass(frozen=True)
class Wallets:
    """Category spend and share of wallet of every customer, with the accuracy of what is estimated.

    Attributes:
        table: ``customer_id``, ``spend_here`` (currency in the last 365 days), ``category_spend`` (currency a year),
            ``share_of_wallet``, ``wallet_basis`` ("answered" or "estimated"); None when too few were asked.
        held_out: ``customer_id``, ``answered``, ``estimated`` (by a model that did not see the answer); currency a
            year.
        r_squared: Of the logarithm of category spend, out of sample.
        median_factor: Half of the estimates are within this factor of the answer, out of sample; 1 is perfect.
        baseline_factor: The same if everybody were given the median answer.
    """

    table: pd.DataFrame | None
    held_out: pd.DataFrame
    r_squared: float
    median_factor: float
    baseline_factor: float


def known_wallets(
    transactions: pd.DataFrame,
    customer_value: pd.DataFrame,
    survey_responses: pd.DataFrame | None,
    identity_links: pd.DataFrame | None,
    random_state: int = 0,
) -> Wallets:
    """Category spend as customers said it, and for those not asked as a model would guess it from their purchases.

    The model is a ridge regression of the logarithm of category spend on what is known of everybody: spend and orders
    here, order amount, time since the first and the last order, and the purchases expected. Its accuracy is that of
    5-fold cross-validation, beside giving everybody the median answer. No guess lies beyond the least and the most that
    anybody answered. It takes 50 answers; with fewer, nobody's wallet is known.

    Parameters:
        transactions: ``customer_id``, ``date``, ``amount``.
        customer_value: ``customer_id``, ``probability_alive``, ``expected_purchases``, ``expected_spend``.
        survey_responses: ``record_id``, ``date``, ``question_id``, ``answer``: yearly category spend in currency.
        identity_links: ``record_id``, ``customer_id``.

    >>> customers, day = [f"c{i}" for i in range(60)], pd.Timestamp("2024-01-01")
    >>> buys = pd.DataFrame({"customer_id": customers, "date": day, "amount": np.arange(1.0, 61)})
    >>> worth = pd.DataFrame({"customer_id": customers, "probability_alive": 0.5, "expected_purchases": 1.0,
    ...     "expected_spend": buys["amount"]})
    >>> said = pd.DataFrame({"record_id": customers, "date": day, "question_id": "WALLET", "answer": 3 * buys["amount"]})
    >>> found = known_wallets(buys, worth, said, pd.DataFrame({"record_id": customers, "customer_id": customers}))
    >>> bool(found.median_factor < found.baseline_factor), float(found.table["share_of_wallet"].median().round(2))
    (True, 0.33)
    """
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    nobody = Wallets(None, pd.DataFrame({"answered": [], "estimated": []}), np.nan, np.nan, np.nan)
    if survey_responses is None or identity_links is None:
        return nobody
    asked = survey_responses["question_id"].eq(QUESTION) & survey_responses["answer"].gt(0)
    said = of_customers(survey_responses[asked], identity_links).sort_values(["date", "record_id"])
    said = said.drop_duplicates("customer_id", keep="last").set_index("customer_id")["answer"]
    if len(said) < FEWEST:
        return nobody
    features = _features(transactions, customer_value)
    answered = said.reindex(features.index).dropna()
    if len(answered) < FEWEST:
        return nobody
    X, y = features.loc[answered.index], np.log(answered)
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 3, 11)))
    guess = cross_val_predict(model, X, y, cv=KFold(FOLDS, shuffle=True, random_state=random_state))
    # A logarithm grows without bound where someone spends more than anybody who was asked.
    estimated = pd.Series(np.exp(model.fit(X, y).predict(features).clip(y.min(), y.max())), features.index)
    spend = answered.reindex(features.index).fillna(estimated)
    # nobody spends less on such goods than what they spend here
    table = features[["spend_here"]].assign(category_spend=np.maximum(spend, features["spend_here"]))
    table["share_of_wallet"] = table["spend_here"] / table["category_spend"]
    table["wallet_basis"] = np.where(features.index.isin(answered.index), "answered", "estimated")
    table = table.rename_axis("customer_id").reset_index().astype({"customer_id": "str", "wallet_basis": "str"})
    held_out = pd.DataFrame({"answered": answered, "estimated": np.exp(guess)}).rename_axis("customer_id").reset_index()
    r_squared = 1 - ((guess - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    factors = (np.exp(np.abs(y - other).median()) for other in (guess, y.median()))
    return Wallets(table, held_out, float(r_squared), *map(float, factors))


def _features(transactions: pd.DataFrame, customer_value: pd.DataFrame) -> pd.DataFrame:
    bought, end = transactions[transactions["amount"].ge(0)], transactions["date"].max()
    by = bought.groupby("customer_id")
    recent = transactions[transactions["date"].gt(end - pd.Timedelta(days=365))]
    here = recent.groupby("customer_id")["amount"].sum().reindex(by.size().index).fillna(0.0).clip(lower=0.0)
    value = customer_value.set_index("customer_id").reindex(by.size().index)
    # purchases expected of the customer while one, so that a lapse does not shrink the wallet itself
    pace = (value["expected_purchases"] + 0.01) / value["probability_alive"].clip(lower=0.05)
    table = pd.DataFrame(
        {
            "spend_here": here,
            "log_spend_here": np.log1p(here),
            "log_order_amount": np.log(by["amount"].mean()),
            "log_orders": np.log(by.size()),
            "log_tenure": np.log1p((end - by["date"].min()).dt.days),
            "log_silence": np.log1p((end - by["date"].max()).dt.days),
            "log_pace": np.log(pace),
            "log_expected_amount": np.log(pace * value["expected_spend"].clip(lower=0.01)),
        }
    )
    if table.isna().any(axis=None):
        raise DataError("wallets: customer_value does not hold every customer of the transactions.")
    return table
