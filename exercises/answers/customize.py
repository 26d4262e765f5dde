"""Expected answers of the assignment on customization."""

import itertools


def _arm(tables, name):
    return tables["campaign_results"].loc[lambda campaign: campaign["arm"] == name]


def customize_q01(tables):
    return _arm(tables, "offer")["converted"].mean() - _arm(tables, "control")["converted"].mean()


def customize_q02(tables):
    offer, control = _arm(tables, "offer"), _arm(tables, "control")
    return offer["margin"].mean() - offer["contact_cost"].mean() - control["margin"].mean()


def customize_q03(tables):
    offer, control = (_arm(tables, name).query("recency_days > 180") for name in ("offer", "control"))
    return offer["converted"].mean() - control["converted"].mean()


def customize_q04(tables):
    variances = (_arm(tables, name)["converted"].astype(float) for name in ("offer", "control"))
    return sum(converted.var(ddof=0) / len(converted) for converted in variances) ** 0.5


def customize_q05(answer, truth):
    gains = truth["campaign"].set_index("customer_id")["expected_gain"]
    chosen = [name for name in answer if name in gains.index]
    if len(chosen) < len(answer):
        return 0.0, f"{len(answer) - len(chosen)} of these are not in the campaign."
    best, everybody = gains.clip(lower=0).mean(), gains.mean()
    reached = gains[chosen].sum() / len(gains)
    said = f"Your list gains {reached:.2f} per customer, treating everybody {everybody:.2f}."
    if reached >= 0.5 * best and reached > everybody:
        return 1.0, said
    credit = max(0.0, min(0.9, reached / best))
    return (round(credit, 2) if credit > 0.1 else 0.0), said


def customize_q06():
    return "many buy anyway: it should go to those whom it changes"


def customize_q07(tables):
    tests = tables["price_tests"].assign(paid=lambda tests: tests["price"] * tests["bought"])
    return 100 * float(tests.groupby("price")["paid"].mean().max())


def customize_q08(tables):
    options = tables["product_options"].query("product_id == 'P071'")
    agreed = tables["survey_responses"].query("survey_id == 'NEEDS'").groupby("question_id")["answer"].mean()
    appeal = dict(zip(options["option_id"], options["serves"].map(agreed).fillna(0), strict=True))
    barred = {frozenset(pair) for pair in options[["option_id", "not_with"]].dropna().to_numpy()}
    modules = [part["option_id"] for _, part in options.groupby("module")]
    possible = [
        sum(map(appeal.get, made))
        for made in itertools.product(*modules)
        if not any(frozenset(pair) in barred for pair in itertools.combinations(made, 2))
    ]
    return sum(possible) / len(possible)


def customize_q09(tables):
    category = tables["products"].set_index("product_id")["category"]
    lines = tables["order_lines"].query("quantity > 0")
    orders = {
        name: set(lines.loc[lines["product_id"].map(category) == name, "order_id"]) for name in ("kitchen", "gifts")
    }
    n = lines["order_id"].nunique()
    return n * len(orders["kitchen"] & orders["gifts"]) / (len(orders["kitchen"]) * len(orders["gifts"]))


def customize_q10(tables, customize_q02):
    gain, arms = customize_q02, [_arm(tables, name) for name in ("offer", "control")]
    error = sum((arm["margin"] - arm["contact_cost"]).var() / len(arm) for arm in arms) ** 0.5
    if abs(gain) <= 1.96 * error:
        return "neither yet: the interval holds both gain and loss"
    return (
        "make the offer to everybody: it gains by more than chance"
        if gain > 0
        else "make it to nobody: it loses by more than chance"
    )


def customize_q11(tables):
    shares = tables["price_tests"].groupby("price")["bought"].mean()
    return 100 * float((shares * (shares.index - 6)).max())


def customize_q12():
    return "both may be bought for one reason: only a test of the discount can tell"


def customize_q13(tables):
    category = tables["products"].set_index("product_id")["category"]
    lines = tables["order_lines"].query("quantity > 0").assign(kind=lambda lines: lines["product_id"].map(category))
    kitchen, before = lines["kind"] == "kitchen", lines["date"] < "2025-01-01"
    gap = set(lines.loc[before, "customer_id"]) - set(lines.loc[before & kitchen, "customer_id"])
    return len(gap & set(lines.loc[~before & kitchen, "customer_id"])) / len(gap)


def customize_q14(tables, customize_q13):
    return 40 * 8 - 100 * customize_q13 * 8 - 50


def customize_q15():
    return "where customers want the same: the questions cost something, and the same suitcase comes out for all"
