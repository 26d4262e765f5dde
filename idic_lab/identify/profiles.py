"""The single customer view: which recorded value stands, who may be contacted, and all that is known in one row, without names."""

import numpy as np
import pandas as pd

from idic_lab.dataframes import of_customers
from idic_lab.tables import CHANNELS, CONSENT_CHANNELS

_ADDRESS = ("street", "postcode", "city")
_BY_MAJORITY = ("first_name", "last_name", "birth_date")
_LATEST = ("email", "phone")
FIELDS = (*_BY_MAJORITY, *_LATEST, *_ADDRESS)


def contacts(source_records: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """One name, address, telephone and date of birth per customer: the personal table ``contacts``.

    The rules, which is what **survivorship** means: of names and date of birth, which do not change, the value that most
    records agree on stands, of equally many the one recorded last; of e-mail and telephone that of the record updated
    last; an address moves as a whole, from the last record with a street, else with any part of it. Of records updated on
    one day the higher record number counts as later.

    Returns:
        DataFrame: customer_id, first_name, last_name, birth_date, email, phone, street, postcode, city; one row per
            customer.

    >>> records = pd.DataFrame({"record_id": ["r1", "r2"], "email": ["old@a.example", "new@a.example"],
    ...     "updated": pd.to_datetime(["2024-01-01", "2025-01-01"])})
    >>> contacts(records, pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": "ann"}))["email"].tolist()
    ['new@a.example']
    """
    records = of_customers(source_records, identity_links)
    absent = {name: "datetime64[us]" if name == "birth_date" else "str" for name in FIELDS if name not in records}
    records = records.assign(**dict.fromkeys(absent)).astype(absent)
    records["last"] = last_change(records)
    records = records.sort_values(["last", "record_id"], na_position="first", ignore_index=True)
    table = pd.DataFrame({"customer_id": np.sort(records["customer_id"].unique())}).astype("str")
    latest = [records[["customer_id", name]].dropna().drop_duplicates("customer_id", keep="last") for name in _LATEST]
    for part in (*(_majority(records, name) for name in _BY_MAJORITY), *latest, _address(records)):
        table = table.merge(part, on="customer_id", how="left")
    return table


def last_change(records: pd.DataFrame) -> pd.Series:
    """Day on which each record was last touched; missing where none is recorded."""
    return records.reindex(columns=["created", "updated"]).astype("datetime64[us]").max(axis=1)


def last_updated(records: pd.DataFrame) -> pd.Series:
    """Day of each record's update, or where none is recorded of its opening."""
    days = records.reindex(columns=["created", "updated"]).astype("datetime64[us]")
    return days["updated"].fillna(days["created"])


def _majority(records: pd.DataFrame, name: str) -> pd.DataFrame:
    """The value most of a customer's records hold; records come oldest first."""
    held = records[["customer_id", name]].dropna()
    held["times"] = held.groupby(["customer_id", name])[name].transform("size")
    held = held.sort_values("times", kind="stable").drop_duplicates("customer_id", keep="last")
    return held[["customer_id", name]]


def _address(records: pd.DataFrame) -> pd.DataFrame:
    any_part = records[records[list(_ADDRESS)].notna().any(axis=1)].copy()
    any_part["has_street"] = any_part["street"].notna()
    chosen = any_part.sort_values("has_street", kind="stable").drop_duplicates("customer_id", keep="last")
    return chosen[["customer_id", *_ADDRESS]]


NO_CONSENT_NEEDED = tuple(channel for channel in CHANNELS if channel not in CONSENT_CHANNELS)


def consent_register(source_records: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Every statement about consent that any record holds.

    Returns:
        DataFrame: customer_id, channel, stated ("yes" or "no"), date, record_id, touchpoint; oldest first.

    >>> records = pd.DataFrame({"record_id": ["r1"], "touchpoint": ["app"], "consent_email": ["no"]})
    >>> links = pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]})
    >>> consent_register(records, links)[["customer_id", "channel", "stated"]].values.tolist()
    [['ann', 'email', 'no']]
    """
    records = of_customers(source_records, identity_links)
    asked = [name for channel in CONSENT_CHANNELS if (name := f"consent_{channel}") in records]
    register = records.assign(date=last_updated(records)).melt(
        ["customer_id", "date", "record_id", "touchpoint"], asked, var_name="channel", value_name="stated"
    )
    register["channel"] = register["channel"].str.removeprefix("consent_")
    columns = ["customer_id", "channel", "stated", "date", "record_id", "touchpoint"]
    register = register.dropna(subset=["stated"])[columns].astype({"channel": "str", "stated": "str"})
    return register.sort_values(["date", "record_id"], na_position="first", ignore_index=True)


def consents(
    customer_ids: pd.Series, source_records: pd.DataFrame | None = None, identity_links: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Whether each customer may be contacted on each channel: the table ``consents``.

    The latest statement of any of a customer's records holds; of two on one day, or without a day, the "no". Where
    nobody asked there is no consent. A talk in the shop (``in_person``) needs none.

    Parameters:
        customer_ids (Series of text): Every customer; repeats do no harm.
        source_records, identity_links: As in their contracts; without them nobody has been asked.
    Returns:
        DataFrame: customer_id, channel, allowed, record_id and date of the statement that holds; one row per customer
            and channel.

    >>> consents(pd.Series(["C1"]))[["channel", "allowed"]].to_numpy().tolist()
    [['email', False], ['social', False], ['phone', False], ['web_chat', False], ['in_person', True]]
    """
    people = pd.Series(customer_ids.unique(), dtype="str").sort_values(ignore_index=True)
    grid = pd.MultiIndex.from_product([people, list(CHANNELS)], names=["customer_id", "channel"])
    table = grid.to_frame(index=False).astype({"customer_id": "str", "channel": "str"})
    if source_records is None or identity_links is None:
        kinds = {"record_id": "str", "date": "datetime64[us]"}
        return table.assign(allowed=table["channel"].isin(NO_CONSENT_NEEDED), record_id=None, date=None).astype(kinds)
    register = consent_register(source_records, identity_links)
    register["refused"] = register["stated"] == "no"
    # Of statements of one day the refusal comes last, and so holds.
    register = register.sort_values(["date", "refused", "record_id"], na_position="first", kind="stable")
    latest = register.drop_duplicates(["customer_id", "channel"], keep="last")
    table = table.merge(latest, on=["customer_id", "channel"], how="left")
    table["allowed"] = table["stated"].eq("yes") | table["channel"].isin(NO_CONSENT_NEEDED)
    kinds = {"allowed": bool, "record_id": "str"}
    return table[["customer_id", "channel", "allowed", "record_id", "date"]].astype(kinds)


def disagreement(source_records: pd.DataFrame, identity_links: pd.DataFrame) -> pd.Series:
    """Of the people with several records, the share whose records hold different values, by field.

    >>> records = pd.DataFrame({"record_id": ["r1", "r2"], "first_name": ["Ann", "Anna"], "email": ["a@x", "a@x"]})
    >>> links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": "c1"})
    >>> disagreement(records, links).to_dict()
    {'first_name': 1.0, 'email': 0.0}
    """
    named = ["first_name", "last_name", "birth_date", "email", "phone", "street"]
    fields = [name for name in named if name in source_records]
    by_person = of_customers(source_records, identity_links).groupby("customer_id")
    values = by_person[fields].nunique()[by_person.size() > 1]
    return (values > 1).mean().rename("people whose records disagree")


# What a single customer view can be made from; transactions are all that is needed.
PROFILE_TABLES = (
    "transactions", "identity_links", "source_records", "order_lines", "products", "web_events", "interactions",
    "survey_responses", "reviews", "account_roles", "demographics",
)  # fmt: skip
AGE_BANDS = {0: "under 25", 25: "25-34", 35: "35-44", 45: "45-54", 55: "55-64", 65: "65 and over"}
_DESCRIBING = (
    "first_order", "main_channel", "favourite_category", "birth_year", "city", "postcode_area", "has_email",
    "has_phone", "has_address", "main_device", "usual_channel", "surveys_answered",
)  # fmt: skip


def customers(
    transactions: pd.DataFrame,
    identity_links: pd.DataFrame | None = None,
    source_records: pd.DataFrame | None = None,
    consents: pd.DataFrame | None = None,
    order_lines: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
    web_events: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    reviews: pd.DataFrame | None = None,
    account_roles: pd.DataFrame | None = None,
    demographics: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per customer: the table ``customers``.

    Parameters:
        transactions: As in its contract; all that is needed.
        identity_links, source_records, ... (DataFrame, optional): As in their contracts. What is not given leaves its
            columns out. Tables kept by record reach a customer through `identity_links`, and are left out without it.
    Returns:
        DataFrame: As in the contract ``customers``, in the order of customer_id. Everybody is there who has ordered or
            has a record. It holds no name, e-mail address, telephone number or street.

    >>> bought = {"customer_id": ["a", "a"], "date": pd.to_datetime(["2024-01-02", "2024-03-01"]).as_unit("us")}
    >>> view = customers(pd.DataFrame(bought | {"amount": [20.0, 10.0]}).astype({"customer_id": "str"}))
    >>> view[["customer_id", "orders", "spend", "days_since_last_order"]].to_numpy().tolist()
    [['a', 2, 30.0, 0.0]]
    """
    makers = (_browsing, _contact_history, _surveys, _reviews)
    kept = zip(makers, (web_events, interactions, survey_responses, reviews), strict=True)
    by_record = {
        made: of_customers(data, identity_links)
        for made, data in kept
        if data is not None and identity_links is not None
    }
    dated = [transactions, *by_record.values()]
    end = max(data["date"].max() for data in dated if len(data))
    parts = [_purchases(transactions, end)]
    if "channel" in transactions:
        bought = transactions[transactions["amount"] >= 0]
        parts.append(_most_common(bought, "channel").rename("main_channel"))
    if order_lines is not None and products is not None:
        lines = order_lines[order_lines["amount"] > 0].merge(products[["product_id", "category"]], on="product_id")
        parts.append(_most_common(lines, "category", "amount").rename("favourite_category"))
    if identity_links is not None and source_records is not None:
        parts += [_demographics(source_records, identity_links, end), _presence(source_records, identity_links)]
    if consents is not None:
        yes = consents[consents["allowed"]].sort_values(["customer_id", "channel"])
        parts.append(yes.groupby("customer_id")["channel"].agg(" ".join).rename("channels_allowed"))
    parts += [made(data) for made, data in by_record.items()]
    if account_roles is not None and identity_links is not None:
        parts.append(roles_of_customers(account_roles, identity_links).set_index("customer_id"))
    ids = [transactions["customer_id"]] + ([] if identity_links is None else [identity_links["customer_id"]])
    everyone = pd.Index(np.sort(pd.concat(ids).dropna().unique()), dtype="str", name="customer_id")
    view = pd.DataFrame(index=everyone).join(parts)
    if demographics is not None:
        about = demographics.drop_duplicates("customer_id").set_index("customer_id")
        view = view.join(about[about.columns.difference([*view, *_FIRST_COLUMNS], sort=False)])
    return _finished(view, dated, source_records, identity_links)


def _purchases(transactions: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    bought = transactions[transactions["amount"] >= 0]
    by = bought.groupby("customer_id")
    orders = (
        by["amount"].agg(orders="size", average_order="mean").join(by["date"].agg(first_order="min", last_order="max"))
    )
    money = transactions.groupby("customer_id")["amount"].sum().rename("spend").to_frame()
    money["returns"] = transactions["amount"].lt(0).groupby(transactions["customer_id"]).sum()
    table = money.join(orders)
    return table.assign(days_since_last_order=(end - table["last_order"]).dt.days.astype("float64"))


def _most_common(data: pd.DataFrame, name: str, weight: str | None = None) -> pd.Series:
    """Each customer's most frequent (or heaviest) value; of equals the first in alphabetical order."""
    held = data.dropna(subset=[name])
    grouped = held.groupby(["customer_id", name])
    size = grouped.size() if weight is None else grouped[weight].sum()
    first = size.rename("size").reset_index().sort_values(["customer_id", "size", name], ascending=[True, False, True])
    return first.drop_duplicates("customer_id").set_index("customer_id")[name]


def _demographics(source_records, identity_links, end: pd.Timestamp) -> pd.DataFrame:
    known = contacts(source_records, identity_links).set_index("customer_id")
    born = known["birth_date"]
    before_birthday = (end.month * 100 + end.day) < (born.dt.month * 100 + born.dt.day)
    age = end.year - born.dt.year - before_birthday
    band = pd.cut(age, [*AGE_BANDS, 150], right=False, labels=list(AGE_BANDS.values())).astype("str")
    table = pd.DataFrame({"birth_year": born.dt.year.astype("float64"), "age_band": band.where(age.between(0, 149))})
    return table.assign(
        city=known["city"],
        postcode_area=known["postcode"].str[:2],
        has_email=known["email"].notna(),
        has_phone=known["phone"].notna(),
        has_address=known["street"].notna() & known["postcode"].notna(),
    )


def _presence(source_records: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    grouped = identity_links.groupby("customer_id")["touchpoint"]
    where = identity_links[["customer_id", "touchpoint"]].drop_duplicates().sort_values(["customer_id", "touchpoint"])
    known = where.groupby("customer_id")["touchpoint"].agg(" ".join)
    return pd.DataFrame({"records": grouped.size().astype("float64"), "touchpoints": known})


def _browsing(web_events: pd.DataFrame) -> pd.DataFrame:
    grouped = web_events.groupby("customer_id")
    counts = {"session_id": "visits", "product_id": "products_viewed"}
    table = grouped[list(counts)].nunique().astype("float64").rename(columns=counts)
    table["last_visit"] = grouped["date"].max()
    if "device" in web_events:
        table["main_device"] = _most_common(web_events.drop_duplicates("session_id"), "device")
    return table


def _contact_history(interactions: pd.DataFrame) -> pd.DataFrame:
    made = interactions["direction"] == "inbound"
    count = {"contacts_received": ~made, "contacts_made": made, "complaints": interactions["purpose"] == "complaint"}
    table = pd.DataFrame(count).groupby(interactions["customer_id"]).sum().astype("float64")
    table["usual_channel"] = _most_common(interactions[made | interactions["responded"]], "channel")
    return table


def _surveys(survey_responses: pd.DataFrame) -> pd.Series:
    answered = survey_responses.drop_duplicates(["customer_id", "survey_id", "date"])
    return answered.groupby("customer_id").size().astype("float64").rename("surveys_answered")


def _reviews(reviews: pd.DataFrame) -> pd.DataFrame:
    grouped = reviews.groupby("customer_id")["stars"]
    return pd.DataFrame({"reviews_written": grouped.size().astype("float64"), "mean_stars": grouped.mean()})


_ZERO_WHEN_ABSENT = (
    "orders", "spend", "returns", "visits", "products_viewed", "contacts_received", "contacts_made", "complaints",
    "surveys_answered", "reviews_written", "records",
)  # fmt: skip
_FIRST_COLUMNS = (
    "customer_id", "kind", "first_seen", "last_seen", "orders", "spend", "returns", "average_order", "first_order",
    "last_order", "days_since_last_order", "main_channel", "favourite_category", "birth_year", "age_band", "city",
    "postcode_area", "records", "touchpoints",
)  # fmt: skip


def _finished(view: pd.DataFrame, dated: list[pd.DataFrame], source_records, identity_links) -> pd.DataFrame:
    view = view.fillna(dict.fromkeys(_ZERO_WHEN_ABSENT, 0))
    for name in {"has_email", "has_phone", "has_address"} & set(view):
        view[name] = view[name].eq(True)
    view[["orders", "returns"]] = view[["orders", "returns"]].astype("int64")
    view["spend"] = view["spend"].round(2)
    bought = view.index.isin(dated[0]["customer_id"])  # a return is the trace of an order before the data began
    view["kind"] = pd.Series(np.where(bought, "customer", "prospect"), index=view.index, dtype="str")
    seen = [data.groupby("customer_id")["date"].agg(["min", "max"]) for data in dated]
    if source_records is not None and identity_links is not None:
        by = of_customers(source_records, identity_links).groupby("customer_id")
        seen += [by[name].agg(["min", "max"]).dropna() for name in ("created", "updated") if name in source_records]
    days = pd.concat(seen).groupby(level=0).agg({"min": "min", "max": "max"})
    view["first_seen"], view["last_seen"] = days["min"], days["max"]
    about = view[[name for name in _DESCRIBING if name in view]]
    view["completeness"] = (about.notna() & ~about.isin([False])).mean(axis=1).round(4)  # no survey is 0, like False
    view = view.reset_index()
    kinds = {name: "str" for name in view if view[name].dtype == object}
    days_of = ("first_seen", "last_seen", "first_order", "last_order", "last_visit")
    view = view.astype(kinds | {name: "datetime64[us]" for name in days_of if name in view})
    ordered = [name for name in _FIRST_COLUMNS if name in view]
    rest = [name for name in view if name not in ordered and name != "completeness"]
    return view[[*ordered, *rest, "completeness"]]


_COUNTED = {"user": "users", "decision_maker": "decision_makers", "influencer": "influencers"}
STRONGEST_FIRST = ("decision_maker", "influencer", "user")


def roles_of_customers(account_roles: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Each customer's account and role; the strongest role where there are several.

    One row per customer who acts for an organisation: customer_id, account_id, account_role.
    """
    roles = of_customers(account_roles, identity_links)
    roles["rank"] = roles["role"].map({role: place for place, role in enumerate(STRONGEST_FIRST)})
    roles = roles.sort_values(["customer_id", "rank", "account_id"]).drop_duplicates("customer_id")
    return roles.rename(columns={"role": "account_role"})[["customer_id", "account_id", "account_role"]]


def account_profiles(
    accounts: pd.DataFrame,
    account_roles: pd.DataFrame,
    identity_links: pd.DataFrame,
    transactions: pd.DataFrame,
    consents: pd.DataFrame,
) -> pd.DataFrame:
    """One row per organisation: the table ``account_profiles``.

    People are counted once per account, in whatever records they appear. Orders count when they were charged to the
    account; what the same people bought privately does not.

    Returns:
        DataFrame: account_id, users, decision_makers, influencers, orders, spend, last_order, decision_maker_reachable.

    >>> roles = pd.DataFrame({"account_id": "firm", "record_id": ["r1", "r2"], "role": ["user", "decision_maker"]})
    >>> links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": ["ann", "bob"]})
    >>> orders = pd.DataFrame({"account_id": ["firm", None], "date": pd.to_datetime(["2024-01-01"] * 2), "amount": [9.0, 5.0]})
    >>> yes = pd.DataFrame({"customer_id": ["bob"], "channel": ["email"], "allowed": [True]})
    >>> account_profiles(pd.DataFrame({"account_id": ["firm"]}), roles, links, orders, yes).iloc[0, 1:6].tolist()
    [1.0, 1.0, 0.0, 1.0, 9.0]
    """
    people = of_customers(account_roles, identity_links).drop_duplicates(["account_id", "customer_id", "role"])
    counts = pd.crosstab(people["account_id"], people["role"]).rename(columns=_COUNTED)
    charged = transactions.reindex(columns=["account_id", "date", "amount"]).dropna(subset=["account_id"])
    bought = charged.assign(orders=charged["amount"] >= 0).groupby("account_id")
    bought = bought.agg(orders=("orders", "sum"), spend=("amount", "sum"), last_order=("date", "max"))
    table = accounts[["account_id"]].join(counts.reindex(columns=list(_COUNTED.values())), on="account_id")
    table = table.join(bought, on="account_id")
    numbers = [*_COUNTED.values(), "orders"]
    table[numbers] = table[numbers].fillna(0).astype("int64")
    table["spend"] = table["spend"].fillna(0.0).round(2)
    table["last_order"] = table["last_order"].astype("datetime64[us]")
    allowed = consents[consents["allowed"] & consents["channel"].isin(["email", "phone"])]["customer_id"]
    deciders = people[(people["role"] == "decision_maker") & people["customer_id"].isin(allowed)]
    table["decision_maker_reachable"] = table["account_id"].isin(deciders["account_id"])
    return table
