"""Contracts of the tables the implement-and-monitor stage makes: the plan, the measures, and their history."""

from __future__ import annotations

from idic_lab.tables.contract import Table, column

_review = column("date", "last day that the review knew of")
_customer = column("text", "customer")

action_plan = Table(
    "action_plan",
    "What will be done for whom, by whom, until when, what it should change, what it costs and what it should return.",
    {
        "action_id": column("text", "action"),
        "scheme": column("text", "segmentation that the segment belongs to"),
        "segment": column("text", "segment or tier the action is for"),
        "customers": column("count", "customers in the segment", minimum=1),
        "reachable": column("count", "of them, those who may be contacted", minimum=0),
        "goal": column("text", "what is to change"),
        "tactic": column("text", "what will be done"),
        "channel": column("text", "channel that most of the reachable prefer"),
        "offer": column("text", "offer made; none when the tactic needs none"),
        "owner": column("text", "who answers for it"),
        "kpi": column("text", "measure that tells whether it works"),
        "unit": column("text", "unit of baseline and target"),
        "baseline": column("number", "the measure today", unit="see unit"),
        "target": column("number", "the measure on the review date, if the plan works", unit="see unit"),
        "starts": column("date", "first day"),
        "review_date": column("date", "day on which the result is reviewed"),
        "expected_return": column("number", "margin the action should bring", unit="currency"),
        "cost": column("number", "cost of the action", unit="currency", minimum=0),
        "expected_profit": column("number", "expected return less cost", unit="currency"),
        "break_even": column(
            "number",
            "share of the expected return that pays the cost; missing without a return",
            minimum=0,
            nullable=True,
        ),
        "basis": column(
            "text",
            "where the expected return comes from: estimated from a trial, or assumed",
            values=("estimated", "assumed"),
        ),
        "counted_customers": column(
            "count",
            "customers who count in this action in a total: of all paying actions it promises most for them",
            minimum=0,
        ),
        "counted_return": column("number", "expected return from them", unit="currency"),
        "counted_cost": column("number", "cost of the action for them", unit="currency", minimum=0),
    },
    key=("action_id",),
)

value_history = Table(
    "value_history",
    "What each customer was worth at each review, by what was known on that day.",
    {
        "review_date": _review,
        "customer_id": _customer,
        "probability_alive": column("number", "probability of still being a customer", minimum=0, maximum=1),
        "equity": column("number", "residual lifetime value", unit="currency", minimum=0),
        "revenue_to_date": column("number", "amount of all purchases so far", unit="currency"),
        "margin_to_date": column("number", "margin on them", unit="currency"),
    },
    key=("review_date", "customer_id"),
    partition="review_date",
)

segment_history = Table(
    "segment_history",
    "The segment of each customer at each review, in each scheme.",
    {
        "review_date": _review,
        "customer_id": _customer,
        "scheme": column("text", "name of the segmentation"),
        "segment": column("text", "the customer's segment in it"),
    },
    key=("review_date", "customer_id", "scheme"),
    partition="review_date",
)

segment_migration = Table(
    "segment_migration",
    "How many customers moved from each segment to each other between two reviews.",
    {
        "review_date": _review,
        "previous_date": column("date", "the review before"),
        "scheme": column("text", "name of the segmentation"),
        "before": column("text", 'segment at the review before; "new" when not yet a customer'),
        "after": column("text", 'segment at the review; "gone" when no longer listed'),
        "customers": column("count", "customers who went that way", minimum=1),
        "share": column("number", "share of the customers of `before`", minimum=0, maximum=1),
    },
    key=("review_date", "scheme", "before", "after"),
)

return_on_customer = Table(
    "return_on_customer",
    "What the customer base earned and how its value changed between two reviews.",
    {
        "review_date": _review,
        "previous_date": column("date", "the review before"),
        "group": column("text", "customers concerned", values=("existing", "newly acquired", "all")),
        "customers": column("count", "customers in the group at the review", minimum=0),
        "equity_start": column("number", "equity at the review before", unit="currency", minimum=0),
        "cash_flow": column("number", "margin earned between the two", unit="currency"),
        "equity_end": column("number", "equity at the review", unit="currency", minimum=0),
        "equity_change": column("number", "equity_end - equity_start", unit="currency"),
        "return_on_customer": column(
            "number", "(cash_flow + equity_change) / equity of all customers at the review before"
        ),
    },
    key=("review_date", "group"),
)

kpis = Table(
    "kpis",
    "The measures of each review, with an interval, and with control limits from the reviews before.",
    {
        "review_date": _review,
        "kpi": column("text", "measure"),
        "scheme": column("text", 'segmentation; "all" for everybody'),
        "segment": column("text", 'segment at the review before; "all" for everybody'),
        "value": column("number", "value of the period that ends on the review date", unit="see unit"),
        "unit": column("text", "unit of the value"),
        "observations": column("count", "answers, customers, orders or visits behind the value", minimum=0),
        "low": column("number", "lower end of the 95% interval; missing for a count", nullable=True),
        "high": column("number", "upper end of the 95% interval; missing for a count", nullable=True),
        "lower_limit": column("number", "lower control limit; missing without enough past", nullable=True),
        "upper_limit": column("number", "upper control limit; missing without enough past", nullable=True),
        "signal": column("flag", "the value lies outside its control limits"),
    },
    key=("review_date", "kpi", "scheme", "segment"),
    partition="review_date",
)

signals = Table(
    "signals",
    "Changes found in the weekly figures, in the order in which they were found.",
    {
        "figure": column("text", "weekly figure"),
        "found_on": column("date", "last day of the week in which the change was found"),
        "started": column("date", "first day of the week in which it most probably began"),
        "kind": column(
            "text", "sudden or gradual, as far as could be told that day", values=("step", "drift")
        ),
        "direction": column("text", "which way", values=("up", "down")),
        "before": column("number", "mean of the figure before"),
        "since": column("number", "mean of the figure since it began"),
        "statistic": column("number", "how far off, in standard deviations", minimum=0),
        "threshold": column("number", "value above which a change is reported", minimum=0),
        "false_alarm": column(
            "number", "chance of a report over the whole series when nothing changes", minimum=0, maximum=1
        ),
    },
    key=("figure", "found_on"),
)

policy = Table(
    "policy",
    "Which offer each segment should get next, as learned from results; read by the next round.",
    {
        "scheme": column("text", "segmentation"),
        "segment": column("text", "segment"),
        "offer": column("text", 'arm of the campaign; "control" is nothing'),
        "probability": column(
            "number", "share of the segment to give it: the probability that it is best", minimum=0, maximum=1
        ),
        "expected_profit": column("number", "profit per customer it is given to", unit="currency"),
        "low": column("number", "lower end of the 95% interval", unit="currency"),
        "high": column("number", "upper end of the 95% interval", unit="currency"),
        "observations": column("count", "customers of the segment who were given it", minimum=0),
        "chosen": column("flag", "the most probable best; one per segment"),
    },
    key=("scheme", "segment", "offer"),
    partition="scheme",
)

TABLES = (
    action_plan,
    value_history,
    segment_history,
    segment_migration,
    return_on_customer,
    kpis,
    signals,
    policy,
)
