"""Expected answers of the assignment on needs and portfolio."""

import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from idic_lab.differentiate import rfm

LAST_DAY = pd.Timestamp("2025-12-28")
COLUMNS = ["recency_days", "frequency", "monetary"]


def _needs(tables):
    survey = tables["survey_responses"]
    return survey[survey["survey_id"] == "NEEDS"]


def _battery(tables):
    return _needs(tables).pivot_table(index="record_id", columns="question_id", values="answer")


def _summary(tables):
    return rfm.summarise(tables["transactions"], LAST_DAY)


def needs_and_portfolio_q01(tables):
    return len(_battery(tables))


def needs_and_portfolio_q02(tables):
    return _battery(tables).mean()


def needs_and_portfolio_q03(tables):
    variances = _summary(tables)[COLUMNS].var()
    return variances.max() / variances.sum()


def needs_and_portfolio_q04(answer, tables):
    summary = _summary(tables)
    if not summary["customer_id"].isin(answer.index).all():
        return 0.0, "Some customers of summary have no label."
    said, agreements = answer[summary["customer_id"]].astype("str"), []
    for scaler in (StandardScaler(), MinMaxScaler()):  # both let each column count equally
        scaled = scaler.fit_transform(summary[COLUMNS])
        ours = KMeans(n_clusters=4, n_init=10, random_state=0).fit_predict(scaled)
        agreements.append(adjusted_rand_score(ours, said))
    if max(agreements) > 0.98:
        return 1.0, "Right."
    return (0.0, f"These groups agree with the expected ones only to {agreements[0]:.2f} (adjusted Rand index).")


def needs_and_portfolio_q05(answer, tables, truth):
    battery = _battery(tables)
    owner = truth["record_owners"].set_index("record_id")["customer_id"]
    planted = owner[battery.index].map(truth["people"].set_index("customer_id")["need_segment"])
    said = answer.reindex(battery.index)
    if said.isna().any():
        return 0.0, f"{int(said.isna().sum())} respondents have no segment."
    if said.nunique() != 5:
        return 0.0, f"Five segments are asked for; these are {said.nunique()}."
    ours = KMeans(n_clusters=5, n_init=20, random_state=0).fit_predict(battery)
    reference = max(adjusted_rand_score(planted, ours), 0.05)
    found = adjusted_rand_score(planted, said.astype("str"))
    credit = min(1.0, max(0.0, found / (0.75 * reference)))
    return (1.0 if credit > 0.99 else round(credit, 2) if credit > 0.2 else 0.0), (
        f"Agreement with the planted segments {found:.2f}; a careful k-means reaches {reference:.2f}."
    )


def needs_and_portfolio_q06():
    return "the data do not dictate five: segments are partly made, and may be useful"


def _left(tables, returns=True):
    """What each customer leaves after costs; with or without those of returns."""
    rates = tables["cost_rates"].set_index("activity")["rate"]
    lines, orders = tables["order_lines"], tables["transactions"]
    unit_cost = lines["product_id"].map(tables["products"].set_index("product_id")["unit_cost"])
    came_back = -lines["quantity"].clip(upper=0)
    margin = lines["amount"] - unit_cost * lines["quantity"]
    if returns:
        margin = margin - rates["return_write_down"] * unit_cost * came_back
        margin = margin - rates["return_handling"] * (came_back > 0)
    serving = rates["order_handling"] + rates["delivery"] * (orders["channel"] != "store")
    return margin.groupby(lines["customer_id"]).sum() - serving.groupby(orders["customer_id"]).sum()


def needs_and_portfolio_q07(tables):
    return int((_left(tables) < 0).sum())


def needs_and_portfolio_q08(tables):
    records = tables["source_records"].dropna(subset=["email"])
    email = records["email"].str.lower()
    numbers = records["customer_id"].groupby(email).agg(["nunique", "first"])
    number = numbers.loc[numbers["nunique"] == 1, "first"]
    survey = tables["survey_responses"]
    wallet = survey[survey["question_id"] == "WALLET"].assign(
        customer_id=lambda d: d["record_id"].map(email.set_axis(records["record_id"])).map(number)
    )
    wallet = wallet[wallet["customer_id"].notna()]
    orders = tables["transactions"]
    spend = orders[orders["date"] >= "2025-01-01"].groupby("customer_id")["amount"].sum()
    ours = spend.reindex(wallet["customer_id"]).fillna(0).to_numpy()
    return pd.Series(ours / wallet["answer"].to_numpy()).median()


def needs_and_portfolio_q09(tables):
    found = 0
    for _, dates in tables["transactions"].groupby("customer_id")["date"]:
        days = dates.drop_duplicates().sort_values()
        if len(days) >= 3:
            found += (LAST_DAY - days.iloc[-1]).days > 3 * days.diff().dt.days.mean()
    return found


def needs_and_portfolio_q10(tables, needs_and_portfolio_q07):
    return needs_and_portfolio_q07 - int((_left(tables, returns=False) < 0).sum())


def needs_and_portfolio_q11(tables):
    left, spend = _left(tables), _summary(tables).sort_values("monetary", ascending=False)
    big = spend["customer_id"].head(int(0.2 * len(spend)))
    return len(set(big) & set(left.index[left < 0]))


def needs_and_portfolio_q12():
    return "see whether they are found again among respondents who were left out"
