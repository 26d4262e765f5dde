"""The contracts of the planted answers, and the one function that reads them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from idic_lab.meridian.campaign import KINDS
from idic_lab.meridian.channels import TIMES_OF_DAY
from idic_lab.meridian.files import default_folder, read_tables
from idic_lab.meridian.products import CATEGORIES
from idic_lab.meridian.settings import SEGMENTS
from idic_lab.tables import CHANNELS, CONSENT_CHANNELS, ROLES, Column, Table

_SEGMENT_NAMES = (*SEGMENTS, "none")
_customer = Column("text", "customer")


def _response(channel: str):
    return Column(
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
        "household": Column(
            "text", "household shared with another customer; missing when alone", nullable=True
        ),
        "twin": Column("flag", "the other one is a twin: same name, home and day of birth"),
        "purchase_rate": Column(
            "number", "orders per day while a customer (BG/NBD lambda)", unit="1/day", minimum=0
        ),
        "dropout_probability": Column(
            "number",
            "chance of leaving after each repeat order (BG/NBD p)",
            minimum=0,
            maximum=1,
        ),
        "mean_spend": Column(
            "number", "expected amount of an order (Gamma-Gamma p/nu)", unit="currency", minimum=0
        ),
        "alive": Column("flag", "still a customer on the last day"),
        "need_segment": Column("text", "need segment", choices=_SEGMENT_NAMES),
        "satisfaction": Column(
            "number", "satisfaction; mean 0, standard deviation 1", unit="standard deviations"
        ),
        "preferred_channel": Column("text", "preferred channel", choices=CHANNELS),
    }
    | {f"response_{channel}": _response(channel) for channel in CHANNELS}
    | {
        "time_of_day": Column("text", "best time of day", choices=tuple(TIMES_OF_DAY)),
    }
    | {
        f"consent_{channel}": Column("flag", f"consent to contact by {channel.replace('_', ' ')} in force")
        for channel in CONSENT_CHANNELS
    }
    | {
        "return_rate": Column("number", "chance that an order line comes back", minimum=0, maximum=1),
        "heavy_caller": Column("flag", "asks much of customer service"),
        "spend_here": Column("number", "amount of orders in the last 52 weeks", unit="currency", minimum=0),
        "category_spend": Column(
            "number", "spend on such goods anywhere in the last 52 weeks", unit="currency", minimum=0
        ),
        "share_of_wallet": Column("number", "spend_here / category_spend", minimum=0, maximum=1),
        "most_growable": Column("flag", "among the 15% alive with most category spend that goes elsewhere"),
        "gross_margin": Column(
            "number", "revenue less cost of goods and write-downs over the two years", unit="currency"
        ),
        "cost_to_serve": Column(
            "number", "orders, delivery, returns and contacts", unit="currency", minimum=0
        ),
        "profit": Column("number", "gross_margin - cost_to_serve", unit="currency"),
        "below_zero": Column("flag", "profit is negative"),
    },
    key=("customer_id",),
)

record_owners = Table(
    "record_owners",
    "Which person each record is of.",
    {
        "record_id": Column("text", "record in source_records"),
        "customer_id": _customer,
    },
    key=("record_id",),
)

need_items = Table(
    "need_items",
    "Chance of a yes to each question of the needs battery.",
    {
        "segment": Column("text", "need segment", choices=_SEGMENT_NAMES),
        "question_id": Column("text", "question"),
        "probability": Column("number", "chance of a yes", minimum=0, maximum=1),
    },
    key=("segment", "question_id"),
)

category_shares = Table(
    "category_shares",
    "Expected share of order lines in each category, before complements.",
    {
        "segment": Column("text", "need segment", choices=_SEGMENT_NAMES),
        "category": Column("text", "product category", choices=CATEGORIES),
        "share": Column("number", "expected share of lines", minimum=0, maximum=1),
    },
    key=("segment", "category"),
)

complements = Table(
    "complements",
    "Products that belong together: the second is added to the first.",
    {
        "product_id": Column("text", "product bought first"),
        "complement_id": Column("text", "product added to it"),
        "probability": Column(
            "number", "chance that the next line of the order becomes it", minimum=0, maximum=1
        ),
    },
    key=("product_id",),
)

product_quality = Table(
    "product_quality",
    "How good each product is, as reviews feel it.",
    {
        "product_id": Column("text", "product"),
        "quality": Column("number", "quality around the average of 0"),
    },
    key=("product_id",),
)

review_sentiment = Table(
    "review_sentiment",
    "What each review means, whatever its words.",
    {
        "review_id": Column("text", "review"),
        "sentiment": Column("text", "meaning", choices=("negative", "mixed", "positive")),
        "negated": Column("flag", "says so by negation"),
        "sarcastic": Column("flag", "says the opposite of what it means"),
    },
    key=("review_id",),
)

campaign = Table(
    "campaign",
    "What the offer would have done to each customer in campaign_results.",
    {
        "customer_id": _customer,
        "kind": Column("text", "reaction to the offer", choices=KINDS),
        "effect": Column("count", "conversions gained by the offer", minimum=-1, maximum=1),
        "gain": Column("number", "profit gained by the offer, its cost deducted", unit="currency"),
        "profit_without": Column("number", "profit without the offer", unit="currency"),
        "expected_effect": Column(
            "number", "expected conversions gained given what is seen", minimum=-1, maximum=1
        ),
        "expected_gain": Column("number", "expected profit gained given what is seen", unit="currency"),
        "treat_if_kind_known": Column("flag", "best policy if the kind were known"),
        "treat_by_features": Column("flag", "best policy on what is seen"),
    },
    key=("customer_id",),
)

campaign_policies = Table(
    "campaign_policies",
    "True value of reference policies over the customers in campaign_results.",
    {
        "policy": Column("text", "whom to give the offer"),
        "treated_share": Column("number", "share of customers given the offer", minimum=0, maximum=1),
        "profit_per_customer": Column("number", "profit per customer, cost deducted", unit="currency"),
        "gain_per_customer": Column("number", "the same beyond giving it to nobody", unit="currency"),
    },
    key=("policy",),
)

prices = Table(
    "prices",
    "Price sensitivity of each need segment for the delivery pass.",
    {
        "segment": Column("text", "need segment", choices=_SEGMENT_NAMES),
        "intercept": Column("number", "log odds of buying at price 0"),
        "slope": Column("number", "fall of the log odds per unit of price", minimum=0),
        "best_price": Column("number", "price of greatest profit", unit="currency", minimum=0),
    },
    key=("segment",),
)

weekly_changes = Table(
    "weekly_changes",
    "The changes planted in the weekly figures.",
    {
        "figure": Column("text", "figure that changes"),
        "kind": Column("text", "sudden or gradual", choices=("step", "drift")),
        "starts": Column("date", "first day of the change"),
        "ends": Column("date", "first day on which it is complete"),
        "before": Column("number", "expected value before"),
        "after": Column("number", "expected value once complete"),
        "meaning": Column("text", "how the figure is counted"),
    },
    key=("figure",),
)

account_members = Table(
    "account_members",
    "The people in each account.",
    {
        "account_id": Column("text", "account"),
        "customer_id": _customer,
        "role": Column("text", "part in buying", choices=ROLES),
    },
    key=("account_id", "customer_id"),
)

parameters = Table(
    "parameters",
    "The numbers that the simulation was made with.",
    {
        "parameter": Column("text", "name"),
        "value": Column("number", "value"),
        "unit": Column("text", "unit of measurement", nullable=True),
        "meaning": Column("text", "what it is"),
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
