"""Policies of the shop that learn: ``idic-lab shop play --policy studies.shop_policies:learnt --out my_game``.

Both read the trial of offers that Meridian ran in its second year, and make offers only where the trial says that one pays.
"""

import pandas as pd

from idic_lab.customize import offers
from idic_lab.differentiate import rfm
from idic_lab.meridian import policies
from idic_lab.meridian.policies import View

SEEN = ["recency_days", "tenure_days", "orders", "spend", "age", "online"]


def learnt(view: View) -> pd.DataFrame:
    """Notebook 42 as a policy: an offer to everybody for whom a model of the trial expects a profit; then questions."""
    trial, today = _trial(view), _seen(view)
    model = offers.XLearner().fit(trial[SEEN], trial["profit"], trial["arm"] == "offer")
    gain = model.predict(today[SEEN])
    return _offers(view, today.index[gain > 0])


def by_segment(view: View) -> pd.DataFrame:
    """Notebook 52 as a policy: an offer to the RFM segments in which it paid in the trial."""
    trial = _trial(view)
    before = view.tables["transactions"].query("date < @trial['date'].iloc[0]")
    segment = rfm.table(before).set_index("customer_id")["segment"]
    arms = (
        trial.assign(segment=trial["customer_id"].map(segment)).groupby(["segment", "arm"])["profit"].mean().unstack()  # noqa: PD010
    )
    paid = arms.index[arms["offer"] > arms["control"]]
    today = rfm.table(view.tables["transactions"])
    return _offers(view, pd.Index(today.loc[today["segment"].isin(paid), "customer_id"]))


def _offers(view: View, whom: pd.Index) -> pd.DataFrame:
    made = policies.actions(
        whom.intersection(policies.by_email(view.tables)), "offer", "email", amount=policies.OFFERED
    )
    return policies.within(view, made, policies.ask_well(view))


def _trial(view: View) -> pd.DataFrame:
    trial = offers.with_profit(view.tables["campaign_results"])
    return trial.assign(online=trial["main_channel"] != "store")


def _seen(view: View) -> pd.DataFrame:
    """What the trial's model looks at, as it is today."""
    known = policies.customers(view.tables)
    bought = view.tables["transactions"]
    today = bought["date"].max()
    records = view.tables["source_records"].dropna(subset=["customer_id", "birth_date"])
    born = records.drop_duplicates("customer_id").set_index("customer_id")["birth_date"]
    age = (today - born).dt.days / 365.25
    main = bought.groupby("customer_id")["channel"].agg(lambda channels: channels.mode().iloc[0])
    return pd.DataFrame(
        {
            "recency_days": known["silent"],
            "tenure_days": (today - known["first"]).dt.days,
            "orders": known["orders"],
            "spend": known["spend"],
            "age": age.reindex(known.index).fillna(age.median()),
            "online": (main != "store").reindex(known.index),
        }
    )
