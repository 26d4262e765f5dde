"""Misconceptions of the assignment customize: the wrong way, and the hint that a student reads who took it."""

from __future__ import annotations

from idic_lab.exercises.answer_key import Misconception, chose


def _converted(tables, query=None):
    campaign = tables["campaign_results"]
    return (campaign.query(query) if query else campaign).groupby("arm")["converted"]


def _profit(tables, columns):
    means = tables["campaign_results"].groupby("arm")[["margin", "contact_cost"]].mean()
    values = means["margin"] - (means["contact_cost"] if columns == "both" else 0)
    return values


def _variances(tables):
    arms = _converted(tables).agg(["mean", "size"])
    return arms["mean"] * (1 - arms["mean"]), arms["size"]


def _appeal(tables, of_answers="mean"):
    """The appeal of each option of the suitcase, by module."""
    agreed = tables["survey_responses"].query("survey_id == 'NEEDS'").groupby("question_id")["answer"].agg(of_answers)
    options = tables["product_options"].query("product_id == 'P071'")
    return options["serves"].map(agreed).fillna(0).groupby(options["module"])


def _filled(tables, also=""):
    """The share of customers with a gap in kitchen who fill it later; among them too those without a purchase, or without a gap."""
    lines = tables["order_lines"].query("quantity > 0").merge(tables["products"], on="product_id")
    early, kitchen = lines["date"] < "2025-01-01", lines["category"] == "kitchen"
    counted, owners = set(lines.loc[early, "customer_id"]), set(lines.loc[early & kitchen, "customer_id"])
    if also == "newcomers":
        counted = set(lines["customer_id"])
    counted -= set() if also == "owners" else owners
    return len(counted & set(lines.loc[~early & kitchen, "customer_id"])) / len(counted)


def _together(tables):
    """Shares of orders with kitchen, with gifts and with both; and both lift among customers."""
    lines = tables["order_lines"].query("quantity > 0").merge(tables["products"], on="product_id")
    found = {}
    for unit in ("order_id", "customer_id"):
        has = {name: set(lines.loc[lines["category"] == name, unit]) for name in ("kitchen", "gifts")}
        found[unit] = (has["kitchen"], has["gifts"], lines[unit].nunique())
    return found


def _per_price(tables, left=0.0):
    """Of each tested price: what 100 customers who saw it bring, less what a sold pass costs, and the share who bought."""
    tests = tables["price_tests"].assign(left=lambda shown: (shown["price"] - left) * shown["bought"])
    return (
        tests.groupby("price")
        .agg(left=("left", "mean"), bought=("bought", "mean"))
        .assign(left=lambda by: 100 * by["left"])
    )


def _lift(kitchen, gifts, n):
    return n * len(kitchen & gifts) / (len(kitchen) * len(gifts))


def _confidence(kitchen, gifts, _):
    return len(kitchen & gifts) / len(kitchen)


HINTS = {
    "customize_q01": (
        Misconception(
            "response_read_as_uplift",
            "This is the share that bought with the offer. Some of them would have bought without: take off what the "
            "control shows.",
            lambda tables: _converted(tables).mean()["offer"],
        ),
        Misconception(
            "sign_turned",
            "The sign is turned: offer minus control.",
            lambda tables: _converted(tables).mean()["control"] - _converted(tables).mean()["offer"],
            credit=0.5,
        ),
        Misconception(
            "relative_for_absolute",
            "This is the effect relative to the control. The question asks for the difference of shares.",
            lambda tables: _converted(tables).mean()["offer"] / _converted(tables).mean()["control"] - 1,
            credit=0.5,
        ),
    ),
    "customize_q02": (
        Misconception(
            "cost_of_contact_forgotten",
            "The offer was free here. Take off contact_cost.",
            lambda tables: _profit(tables, "margin")["offer"] - _profit(tables, "margin")["control"],
            credit=0.5,
        ),
        Misconception(
            "profit_read_as_gain",
            "This is the profit of those with the offer. Part of it would have come without: compare with the control.",
            lambda tables: _profit(tables, "both")["offer"],
        ),
    ),
    "customize_q03": (
        Misconception(
            "response_read_as_uplift",
            "This is the share that bought with the offer. Compare with the silent customers of the control.",
            lambda tables: _converted(tables, "recency_days > 180").mean()["offer"],
        ),
        Misconception(
            "subgroup_against_everybody",
            "Silent customers with the offer were compared with everybody in the control. Compare like with like.",
            lambda tables: (
                _converted(tables, "recency_days > 180").mean()["offer"] - _converted(tables).mean()["control"]
            ),
        ),
        Misconception(
            "effect_of_everybody",
            "This is the effect among all customers. Keep to those with recency_days above 180.",
            lambda tables: _converted(tables).mean()["offer"] - _converted(tables).mean()["control"],
            credit=0,
        ),
    ),
    "customize_q04": (
        Misconception(
            "standard_errors_added",
            "The standard errors of the arms were added. Their squares add up; take the root at the end.",
            lambda tables: ((_variances(tables)[0] / _variances(tables)[1]) ** 0.5).sum(),
            credit=0.5,
        ),
        Misconception(
            "sample_size_forgotten",
            "This does not get smaller with more customers: divide each variance by the size of its arm.",
            lambda tables: _variances(tables)[0].sum() ** 0.5,
        ),
    ),
    "customize_q05": (
        Misconception(
            "everybody_treated",
            "Nearly everybody is on this list. Some buy anyway, and some are put off: the offer loses money on them.",
            lambda answer, tables: len(answer) >= 0.97 * len(tables["campaign_results"]),
            credit=0.2,
        ),
        Misconception(
            "converters_listed",
            "These are the customers who bought in the campaign. Buying after an offer is not buying because of it, "
            "and tomorrow's customers have no result yet.",
            lambda answer, tables: (
                set(answer)
                == set(tables["campaign_results"].loc[lambda campaign: campaign["converted"], "customer_id"])
            ),
            credit=0.2,
        ),
    ),
    "customize_q06": (
        Misconception(
            "response_read_as_uplift",
            "Who would have bought without the offer brings an order, and no more than before.",
            chose("nothing: those most likely to buy bring"),
            credit=0,
        ),
        Misconception(
            "discount_for_the_sure",
            "A larger discount for those who buy anyway gives away more.",
            chose("the discount: those most likely to buy"),
            credit=0,
        ),
    ),
    "customize_q07": (
        Misconception(
            "most_buyers_for_most_revenue",
            "At the price that you took most customers buy, but each pays little. Multiply by the price.",
            lambda tables: _per_price(tables).sort_values("bought")["left"].iloc[-1],
        ),
        Misconception(
            "highest_price",
            "This is what the highest price brings. Hardly anybody buys at it.",
            lambda tables: _per_price(tables)["left"].iloc[-1],
            credit=0,
        ),
        Misconception(
            "all_prices_together",
            "This is the mean over all customers, whatever price they saw. Compare the prices.",
            lambda tables: 100 * (tables["price_tests"]["price"] * tables["price_tests"]["bought"]).mean(),
            credit=0,
        ),
    ),
    "customize_q08": (
        Misconception(
            "exclusions_forgotten",
            "This is the mean over every combination, also those that not_with rules out.",
            lambda tables: _appeal(tables).mean().sum(),
            credit=0.5,
        ),
        Misconception(
            "options_added",
            "This adds the appeal of all options. A suitcase has one option of each module.",
            lambda tables: _appeal(tables).sum().sum(),
        ),
        Misconception(
            "best_of_each_module",
            "This takes the option with the most appeal in each module. Asked was the mean of all that are possible.",
            lambda tables: _appeal(tables).max().sum(),
            credit=0,
        ),
    ),
    "customize_q09": (
        Misconception(
            "confidence_for_lift",
            "This is the share of kitchen orders that hold gifts too. How often would chance alone bring that about?",
            lambda tables: _confidence(*_together(tables)["order_id"]),
        ),
        Misconception(
            "customers_for_orders",
            "This counts customers who ever bought both. The question is about one order.",
            lambda tables: _lift(*_together(tables)["customer_id"]),
            credit=0.5,
        ),
    ),
    "customize_q11": (
        Misconception(
            "cost_forgotten",
            "This is the revenue of the best price. What is left of it after the cost of a pass?",
            lambda tables: _per_price(tables)["left"].max(),
            0.25,
        ),
        Misconception(
            "cost_of_all_who_saw_it",
            "Only a pass that is sold costs 6, not one that is shown.",
            lambda tables: _per_price(tables)["left"].max() - 600,
            0.25,
        ),
        Misconception(
            "price_chosen_by_revenue",
            "This is the profit at the price with the highest revenue. Another price leaves more.",
            lambda tables: _per_price(tables, 6)["left"].loc[_per_price(tables)["left"].idxmax()],
            0.5,
        ),
    ),
    "customize_q12": (
        Misconception(
            "lift_read_as_effect",
            "If Christmas makes people buy both, what does a discount on the one in July do to the other?",
            lambda answer: not answer.startswith("both may"),
            0.0,
        ),
    ),
    "customize_q13": (
        Misconception(
            "newcomers_counted_in",
            "This counts customers who had bought nothing at all by then. Only who had bought something had a gap.",
            lambda tables: _filled(tables, "newcomers"),
            credit=0.5,
        ),
        Misconception(
            "owners_counted_in",
            "This also counts customers who had kitchen already. They had no gap to fill.",
            lambda tables: _filled(tables, "owners"),
            credit=0.5,
        ),
    ),
    "customize_q14": (
        Misconception(
            "response_taken_for_effect",
            "This credits the letter with all who bought. Some of them would have come unasked.",
            lambda: 100 * (0.40 * 8 - 0.50),
            credit=0.25,
        ),
        Misconception(
            "letters_forgotten",
            "This is what the letter adds. What is left of it after a hundred letters at 0.50?",
            lambda tables: 100 * (0.40 - _filled(tables)) * 8,
            credit=0.5,
        ),
    ),
    "customize_q15": (
        Misconception(
            "dialogue_valued_in_itself",
            "If everybody's suitcase comes out the same, what did the questions buy?",
            lambda answer: answer.startswith("never"),
            0.0,
        ),
        Misconception(
            "difference_taken_for_a_reason_against",
            "Differences are what customizing earns from. Where are there none?",
            lambda answer: answer.startswith("where customers differ"),
            0.0,
        ),
    ),
}
