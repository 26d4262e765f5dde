"""Trust: whether what a firm promises its customers is kept in every table, and what it costs not to use a field.

It stands beside the list of stages because a promise holds for all of them.

Source: Peppers & Rogers (2022), Managing Customer Experience and Relationships, 4th ed., chapter 4, for trust as the condition of
every learning relationship; the promises are our own.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from idic_lab import figures
from idic_lab.customize import offers
from idic_lab.dataframes import allowing, of_customers
from idic_lab.interact import channels, dialogue

PLANNED, PAST = "from now on", "last 365 days"


def pledge(tables: dict[str, pd.DataFrame], cap: int = 2) -> pd.DataFrame:
    """A privacy pledge, held against what is planned for every customer and against what was done in the last 365 days.

    Parameters:
        tables: ``consents``, ``conversations``, ``greetings``, ``offers``, ``messages``, ``next_questions``,
            ``survey_responses``, ``interactions`` and ``identity_links``, by name.
        cap: Contacts promised at most within 28 days.
    Returns:
        DataFrame: ``promise``, ``when``, ``checked`` (rows), ``broken`` (of them), ``customers`` (whom that concerned).

    >>> from idic_lab import tables
    >>> names = "consents conversations greetings offers messages next_questions survey_responses interactions"
    >>> pledge({name: tables.get(name).empty() for name in (*names.split(), "identity_links")})["broken"].sum()
    np.int64(0)
    """
    consents, links = tables["consents"], tables["identity_links"]
    made = tables["offers"][tables["offers"]["made"]].assign(channel="email")
    waiting = tables["conversations"].loc[tables["conversations"]["open_complaints"] > 0, "customer_id"]
    lines, asked = tables["messages"], tables["next_questions"]
    said = of_customers(tables["survey_responses"], links)[["customer_id", "question_id"]].drop_duplicates()
    again = asked.merge(said, how="left", indicator="said")["said"].eq("both").to_numpy()

    contacts = of_customers(tables["interactions"].query("direction == 'outbound'"), links)
    sent = contacts[contacts["date"] > tables["interactions"]["date"].max() - pd.Timedelta(days=365)]
    told = sent.merge(consents, on=["customer_id", "channel"], how="left", suffixes=("", "_said"))
    refused = told["allowed"].eq(False) & told["date_said"].lt(told["date"])
    often = channels.recent_contacts(sent, contacts) > cap
    offered = sent[sent["purpose"] == "offer"]
    owed = dialogue.broken_rules(tables["interactions"], links)
    owed = owed.rename(columns={"offer_date": "date", "offer_channel": "channel"})[["customer_id", "date", "channel"]]
    owing = offered.merge(owed.drop_duplicates(), how="left", indicator="owed")["owed"].eq("both").to_numpy()

    def without_a_yes(table: pd.DataFrame):
        found = table.merge(consents, on=["customer_id", "channel"], how="left", suffixes=("", "_said"))
        return table, ~found["allowed"].eq(True).to_numpy()

    held = [
        ("no greeting without a yes", PLANNED, *without_a_yes(tables["greetings"])),
        ("no offer without a yes to e-mail", PLANNED, *without_a_yes(made)),
        ("no message without a yes", PLANNED, *without_a_yes(lines.drop_duplicates(["customer_id", "channel"]))),
        ("no question without a yes", PLANNED, asked, ~asked["customer_id"].isin(allowing(consents)["customer_id"])),
        ("no offer while a complaint is open", PLANNED, made, made["customer_id"].isin(waiting)),
        ("no question while a complaint is open", PLANNED, asked, asked["customer_id"].isin(waiting)),
        ("nobody is asked the same twice", PLANNED, asked, again),
        ("each fact in a line says where it is from", PLANNED, lines, lines["fact"].notna() & lines["source"].isna()),
        ("no contact after a no", PAST, told, refused),
        ("no offer while a complaint is open", PAST, offered, owing),
        (f"{cap} contacts in 28 days at most", PAST, sent, often),
    ]
    rows = [
        (promise, when, len(rows), int(sum(broken)), rows.loc[list(broken), "customer_id"].nunique())
        for promise, when, rows, broken in held
    ]
    return pd.DataFrame(rows, columns=["promise", "when", "checked", "broken", "customers"])


def learnt_without(
    results: pd.DataFrame, fields: Iterable[str], regressor=None, random_state: int = 0, method: str = "X-learner"
) -> dict[str, pd.Series]:
    """The best arm for each customer as learnt from others: with all fields, under "", and without each field, under its name.

    >>> from sklearn.linear_model import LinearRegression
    >>> trial = pd.DataFrame({"customer_id": range(80), "orders": [1, 2, 3, 4] * 20, "arm": ["offer"] * 40 + ["control"] * 40})
    >>> trial["profit"] = (trial["orders"] - 2.5) * (trial["arm"] == "offer")
    >>> learnt_without(trial, [], LinearRegression())[""].head(4).tolist()
    ['control', 'control', 'offer', 'offer']
    """

    def learnt(known: pd.DataFrame) -> pd.Series:
        return offers.best_arm(offers.uplift(known, "profit", method, regressor, random_state=random_state))

    return {"": learnt(results), **{field: learnt(results.drop(columns=field)) for field in fields}}


def worth_of_fields(
    results: pd.DataFrame, policies: dict[str, pd.Series], regressor=None, random_state: int = 0
) -> pd.DataFrame:
    """What each field adds to the profit from an offer: the policy learnt with all fields against that learnt without it.

    Both policies are learnt from customers other than those they are tried on; the interval is that of the difference between
    these two, on the same customers.

    Parameters:
        results: ``campaign_results`` with the column ``profit``.
        policies: As :func:`learnt_without` gives them.
        regressor: As for :func:`idic_lab.customize.offers.expected_outcomes`.
    Returns:
        DataFrame: ``field``, ``worth``, ``low``, ``high`` (currency per customer, 95% interval), ``changed`` (share of customers
            for whom the policy without it decides otherwise).

    >>> from sklearn.linear_model import LinearRegression
    >>> trial = pd.DataFrame({"customer_id": range(80), "orders": [1, 2, 3, 4] * 20, "noise": [1, 1, 2, 2] * 20,
    ...     "arm": ["offer"] * 40 + ["control"] * 40})
    >>> trial["profit"] = (trial["orders"] - 2.5) * (trial["arm"] == "offer")
    >>> policies = learnt_without(trial, ["noise"], LinearRegression())
    >>> worth_of_fields(trial, policies, LinearRegression())["worth"].round(2).tolist()
    [0.0]
    """
    expected = offers.expected_outcomes(results, "profit", regressor, random_state=random_state)
    whole, rows = policies[""], []
    for field, without in policies.items():
        if field:
            found = offers.policy_value(results, whole, expected, against=without)
            rows.append((field, found["value"], found["low"], found["high"], (whole != without).mean()))
    return pd.DataFrame(rows, columns=["field", "worth", "low", "high", "changed"])


def plot_fields(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """What each field adds, with its interval, most first; in grey what cannot be told from nothing.

    Parameters:
        table: As :func:`worth_of_fields` gives.

    >>> plot_fields(pd.DataFrame({"field": ["age"], "worth": [0.1], "low": [-0.2], "high": [0.4]})).get_title()
    'No field is worth more than chance'
    """
    ax = figures.axes(ax, figsize=(7, 0.45 * len(table) + 1.3))
    table = table.sort_values("worth", ignore_index=True)
    clear = table["low"] > 0
    for rows, colour in ((table[clear], figures.BLUE), (table[~clear], figures.GREY)):
        around = [rows["worth"] - rows["low"], rows["high"] - rows["worth"]]
        ax.errorbar(rows["worth"], rows.index, xerr=around, fmt="o", color=colour, capsize=3)
    ax.axvline(0, color=figures.BLACK, lw=1)
    ax.set_yticks(range(len(table)), table["field"])
    found = ", ".join(table.loc[clear, "field"][::-1])
    title = f"Worth more than chance: {found}" if found else "No field is worth more than chance"
    return figures.finish(ax, title, x="profit lost per customer without it ({currency}; lines: 95% intervals)")
