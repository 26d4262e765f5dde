"""The contracts of the planted answers, and the one function that reads them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from idic_lab.meridian.campaign import KINDS
from idic_lab.meridian.channels import TIMES_OF_DAY
from idic_lab.meridian.files import default_folder, read_tables
from idic_lab.meridian.products import CATEGORIES
from idic_lab.meridian.settings import SEGMENTS
from idic_lab.tables import Table, column
from idic_lab.tables.organisations import ROLES
from idic_lab.tables.touchpoints import CHANNELS, CONSENT_CHANNELS

_SEGMENT_NAMES = (*SEGMENTS, "none")
_customer = column("text", "customer")


def _response(channel: str):
    return column(
        "number",
        f"chance of a response by {channel.replace('_', ' ')} at the right time of day, when rested",
        minimum=0,
        maximum=1,
    )


people = Table(
    "people",
    "One row per person: what drives them and what they are worth.",
    {
        "customer_id": _customer,
        "household": column(
            "text", "household shared with another customer; missing when alone", nullable=True
        ),
        "twin": column("flag", "the other one is a twin: same name, home and day of birth"),
        "purchase_rate": column(
            "number", "orders per day while a customer (BG/NBD lambda)", unit="1/day", minimum=0
        ),
        "dropout_probability": column(
            "number",
            "chance of leaving after each repeat order (BG/NBD p)",
            minimum=0,
            maximum=1,
        ),
        "mean_spend": column(
            "number", "expected amount of an order (Gamma-Gamma p/nu)", unit="currency", minimum=0
        ),
        "alive": column("flag", "still a customer on the last day"),
        "need_segment": column("text", "need segment", values=_SEGMENT_NAMES),
        "satisfaction": column(
            "number", "satisfaction; mean 0, standard deviation 1", unit="standard deviations"
        ),
        "preferred_channel": column("text", "preferred channel", values=CHANNELS),
    }
    | {f"response_{channel}": _response(channel) for channel in CHANNELS}
    | {
        "time_of_day": column("text", "best time of day", values=tuple(TIMES_OF_DAY)),
    }
    | {
        f"consent_{channel}": column("flag", f"consent to contact by {channel.replace('_', ' ')} in force")
        for channel in CONSENT_CHANNELS
    }
    | {
        "return_rate": column("number", "chance that an order line comes back", minimum=0, maximum=1),
        "heavy_caller": column("flag", "asks much of customer service"),
        "spend_here": column("number", "amount of orders in the last 52 weeks", unit="currency", minimum=0),
        "category_spend": column(
            "number", "spend on such goods anywhere in the last 52 weeks", unit="currency", minimum=0
        ),
        "share_of_wallet": column("number", "spend_here / category_spend", minimum=0, maximum=1),
        "most_growable": column("flag", "among the 15% alive with most category spend that goes elsewhere"),
        "gross_margin": column(
            "number", "revenue less cost of goods and write-downs over the two years", unit="currency"
        ),
        "cost_to_serve": column(
            "number", "orders, delivery, returns and contacts", unit="currency", minimum=0
        ),
        "profit": column("number", "gross_margin - cost_to_serve", unit="currency"),
        "below_zero": column("flag", "profit is negative"),
    },
    key=("customer_id",),
)

record_owners = Table(
    "record_owners",
    "Which person each record is of.",
    {
        "record_id": column("text", "record in source_records"),
        "customer_id": _customer,
    },
    key=("record_id",),
)

need_items = Table(
    "need_items",
    "Chance of a yes to each question of the needs battery.",
    {
        "segment": column("text", "need segment", values=_SEGMENT_NAMES),
        "question_id": column("text", "question"),
        "probability": column("number", "chance of a yes", minimum=0, maximum=1),
    },
    key=("segment", "question_id"),
)

category_shares = Table(
    "category_shares",
    "Expected share of order lines in each category, before complements.",
    {
        "segment": column("text", "need segment", values=_SEGMENT_NAMES),
        "category": column("text", "product category", values=CATEGORIES),
        "share": column("number", "expected share of lines", minimum=0, maximum=1),
    },
    key=("segment", "category"),
)

complements = Table(
    "complements",
    "Products that belong together: the second is added to the first.",
    {
        "product_id": column("text", "product bought first"),
        "complement_id": column("text", "product added to it"),
        "probability": column(
            "number", "chance that the next line of the order becomes it", minimum=0, maximum=1
        ),
    },
    key=("product_id",),
)

product_quality = Table(
    "product_quality",
    "How good each product is, as reviews feel it.",
    {
        "product_id": column("text", "product"),
        "quality": column("number", "quality around the average of 0"),
    },
    key=("product_id",),
)

review_sentiment = Table(
    "review_sentiment",
    "What each review means, whatever its words.",
    {
        "review_id": column("text", "review"),
        "sentiment": column("text", "meaning", values=("negative", "mixed", "positive")),
        "negated": column("flag", "says so by negation"),
        "sarcastic": column("flag", "says the opposite of what it means"),
    },
    key=("review_id",),
)

campaign = Table(
    "campaign",
    "What the offer would have done to each customer in campaign_results.",
    {
        "customer_id": _customer,
        "kind": column("text", "reaction to the offer", values=KINDS),
        "effect": column("count", "conversions gained by the offer", minimum=-1, maximum=1),
        "gain": column("number", "profit gained by the offer, its cost deducted", unit="currency"),
        "profit_without": column("number", "profit without the offer", unit="currency"),
        "expected_effect": column(
            "number", "expected conversions gained given what is seen", minimum=-1, maximum=1
        ),
        "expected_gain": column("number", "expected profit gained given what is seen", unit="currency"),
        "treat_if_kind_known": column("flag", "best policy if the kind were known"),
        "treat_by_features": column("flag", "best policy on what is seen"),
    },
    key=("customer_id",),
)

campaign_policies = Table(
    "campaign_policies",
    "True value of reference policies over the customers in campaign_results.",
    {
        "policy": column("text", "whom to give the offer"),
        "treated_share": column("number", "share of customers given the offer", minimum=0, maximum=1),
        "profit_per_customer": column("number", "profit per customer, cost deducted", unit="currency"),
        "gain_per_customer": column("number", "the same beyond giving it to nobody", unit="currency"),
    },
    key=("policy",),
)

prices = Table(
    "prices",
    "Price sensitivity of each need segment for the delivery pass.",
    {
        "segment": column("text", "need segment", values=_SEGMENT_NAMES),
        "intercept": column("number", "log odds of buying at price 0"),
        "slope": column("number", "fall of the log odds per unit of price", minimum=0),
        "best_price": column("number", "price of greatest profit", unit="currency", minimum=0),
    },
    key=("segment",),
)

weekly_changes = Table(
    "weekly_changes",
    "The changes planted in the weekly figures.",
    {
        "figure": column("text", "figure that changes"),
        "kind": column("text", "sudden or gradual", values=("step", "drift")),
        "starts": column("date", "first day of the change"),
        "ends": column("date", "first day on which it is complete"),
        "before": column("number", "expected value before"),
        "after": column("number", "expected value once complete"),
        "meaning": column("text", "how the figure is counted"),
    },
    key=("figure",),
)

account_members = Table(
    "account_members",
    "The people in each account.",
    {
        "account_id": column("text", "account"),
        "customer_id": _customer,
        "role": column("text", "part in buying", values=ROLES),
    },
    key=("account_id", "customer_id"),
)

parameters = Table(
    "parameters",
    "The numbers that the simulation was made with.",
    {
        "parameter": column("text", "name"),
        "value": column("number", "value"),
        "unit": column("text", "unit of measurement", nullable=True),
        "meaning": column("text", "what it is"),
    },
    key=("parameter",),
)

TABLES = (
    people,
    record_owners,
    need_items,
    category_shares,
    complements,
    product_quality,
    review_sentiment,
    campaign,
    campaign_policies,
    prices,
    weekly_changes,
    account_members,
    parameters,
)
CONTRACTS = {table.name: table for table in TABLES}


def truth(folder: str | Path | None = None) -> dict[str, pd.DataFrame]:
    """The planted answers of a simulated data set. Only checks may call this.

    No analysis reads these tables: what they hold is what analyses are to find out. Tests and the cells of notebooks
    that are tagged ``check`` compare with them.

    Parameters
    ----------
    folder : path, optional
        Folder of the data set; by default that of the sample data. The answers are in its folder ``truth``.

    Returns
    -------
    dict of str to DataFrame
    """
    return read_tables(default_folder(folder) / "truth", CONTRACTS)
