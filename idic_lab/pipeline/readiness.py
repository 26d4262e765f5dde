"""Ready? What a firm thinks of itself and what its customers think of it, step by step of IDIC, and what its money says.

It stands beside the list of stages because it looks at all of them.

Source: Peppers, Rogers & Dorf (1999), Is your company ready for one-to-one marketing?, Harvard Business Review 77(1), 151-160,
for the thought of asking managers, staff and customers the same; the questions are our own.
"""

from __future__ import annotations

import tomllib
from importlib import resources

import pandas as pd

from idic_lab import figures
from idic_lab.differentiate import portfolio
from idic_lab.errors import DataError
from idic_lab.interact import dialogue
from idic_lab.pipeline.reviews import known_on

ROLES = {"manager": (figures.VERMILION, "D"), "staff": (figures.GREY, "s"), "customer": (figures.BLUE, "o")}
YEAR = pd.Timedelta(days=365)


def questions() -> pd.DataFrame:
    """What is asked: ``step``, ``question_id``, and the wording for the ``firm`` and for the ``customer``.

    >>> questions().groupby("step", sort=False).size().to_dict()
    {'identify': 4, 'differentiate': 4, 'interact': 4, 'customize': 4}
    """
    told = tomllib.loads(resources.files(__package__).joinpath("readiness.toml").read_text(encoding="utf-8"))
    rows = [
        (step, f"{step}-{number}", *both)
        for step, sides in told.items()
        for number, both in enumerate(zip(sides["firm"], sides["customer"], strict=True), 1)
    ]
    return pd.DataFrame(rows, columns=["step", "question_id", "firm", "customer"])


def gaps(answers: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """What each side answers on average, by step, and how much better managers find the firm than its customers do.

    A person gives one number for a step, the mean of his answers: several answers of one person are not several persons. The
    intervals (Welch's, each at the level of Bonferroni) hold for all steps at once, so also for the step picked afterwards.

    Parameters:
        answers: The table ``readiness_answers``.
    Returns:
        DataFrame: One row per step: ``step``, ``manager``, ``staff``, ``customer`` (mean answers, 1 to 5), ``gap`` (manager less
            customer), ``low``, ``high``.
    Raises:
        DataError: Where fewer than two managers or two customers answered on a step.

    >>> answers = pd.DataFrame({"respondent_id": list("abcd"), "role": ["manager", "manager", "customer", "customer"],
    ...     "step": "interact", "answer": [5, 4, 2, 3]})
    >>> gaps(answers)[["manager", "customer", "gap"]].to_numpy().tolist()
    [[4.5, 2.5, 2.0]]
    """
    from scipy import stats

    people = answers.groupby(["step", "role", "respondent_id"])["answer"].mean()
    means = people.reset_index().pivot_table("answer", "step", "role").reindex(columns=list(ROLES))
    steps, rows = [step for step in questions()["step"].unique() if step in means.index], []
    for step in steps:
        managers, customers = (people.get((step, role), people.iloc[:0]) for role in ("manager", "customer"))
        if min(len(managers), len(customers)) < 2:
            raise DataError(
                f"The gap on '{step}' needs two managers and two customers or more; "
                f"{len(managers)} and {len(customers)} answered."
            )
        compared = stats.ttest_ind(managers, customers, equal_var=False)
        rows.append(compared.confidence_interval(1 - (1 - confidence) / len(steps)))
    table = means.loc[steps].assign(gap=lambda table: table["manager"] - table["customer"])
    table[["low", "high"]] = rows
    return table.rename_axis(columns=None).reset_index()


def plot_gaps(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """What managers, staff and customers answer, by step; beside it the gap with its interval.

    Parameters:
        table: As :func:`gaps` gives.

    >>> row = {"step": "interact", "manager": 4.0, "staff": 3.0, "customer": 2.0, "gap": 2.0, "low": 1.0, "high": 3.0}
    >>> plot_gaps(pd.DataFrame([row])).get_title()
    'Managers find the firm better than customers do: interact'
    """
    ax = figures.axes(ax, figsize=(7.5, 3.6))
    for place, row in enumerate(table.itertuples()):
        ax.plot([row.manager, row.customer], [place, place], color=figures.GREY, lw=1.2, zorder=1)
        words = f"{row.gap:+z.1f} ({row.low:+z.1f} to {row.high:+z.1f})"
        ax.text(5.05, place, words, va="center", weight="bold" if row.low > 0 or row.high < 0 else "normal")
    for role, (colour, marker) in ROLES.items():
        ax.scatter(table[role], range(len(table)), color=colour, marker=marker, s=55, label=role, zorder=2)
    ax.text(5.05, -0.6, "gap (interval)", va="center", color="#555555")
    clear = ", ".join(table.loc[table["low"] > 0, "step"])
    title = f"Managers find the firm better than customers do: {clear}" if clear else "Managers and customers agree"
    ax.set_yticks(range(len(table)), table["step"])
    legend = {"loc": "upper left", "bbox_to_anchor": (0, -0.18), "ncols": 3}
    form = {"xlim": (1, 6.4), "ylim": (len(table) - 0.5, -0.9), "xticks": range(1, 6), "legend": legend}
    return figures.finish(ax, title, x="mean answer (1 never, 5 always)", **form)


def costs(
    interactions: pd.DataFrame,
    source_records: pd.DataFrame,
    transactions: pd.DataFrame,
    order_lines: pd.DataFrame,
    products: pd.DataFrame,
    cost_rates: pd.DataFrame,
) -> pd.DataFrame:
    """What the last 365 days say of each step, from what the firm can tell before any record is linked to another.

    Whose a contact is, is known where its record carries the customer number.

    Returns:
        DataFrame: One row per step: ``step``, ``measure`` (what is counted), ``share``, ``amount`` (currency), ``kind`` ("spent",
            "lost", or "at stake": earned with people who may leave, which nobody has lost yet).

    >>> from idic_lab import meridian
    >>> found = costs(**{name: meridian.load_tables()[name] for name in costs.__annotations__ if name != "return"})
    >>> found.set_index("step")["kind"].to_dict()
    {'identify': 'spent', 'differentiate': 'lost', 'interact': 'at stake', 'customize': 'spent'}
    """
    end = max(transactions["date"].max(), interactions["date"].max())
    day = end - YEAR
    links = source_records.loc[source_records["customer_id"].notna(), ["record_id", "customer_id"]]
    lately = interactions[interactions["date"] > day]
    unknown = ~lately["record_id"].isin(links["record_id"])

    dated = {"transactions": transactions, "order_lines": order_lines, "interactions": interactions}
    told = {"products": products, "cost_rates": cost_rates, "identity_links": links}
    then = portfolio.value_to_date(**{name: known_on(table, day) for name, table in dated.items()}, **told)
    now = portfolio.value_to_date(**dated, **told).set_index("customer_id")
    before = then.set_index("customer_id").reindex(now.index).fillna(0.0)
    below = before["past_value"] < 0
    since = now - before

    talks = dialogue.conversations(interactions, links, end)
    late = talks.loc[talks["longest_open_days"].gt(28).fillna(False)]
    complaints = interactions["purpose"].eq("complaint") & interactions["record_id"].isin(links["record_id"])

    returned = order_lines[order_lines["quantity"].lt(0) & order_lines["date"].gt(day)]
    rates = cost_rates.set_index("activity")["rate"]
    unit_costs = products.set_index("product_id")["unit_cost"]
    goods = -returned["quantity"] * returned["product_id"].map(unit_costs).astype(float)
    back = rates.get("return_handling", 0) * len(returned) + rates.get("return_write_down", 0) * goods.sum()
    sold = (order_lines["quantity"].gt(0) & order_lines["date"].gt(day)).sum()
    counted = {
        "identify": ("contacts with nobody we know", lately["cost"][unknown].sum() / lately["cost"].sum()),
        "differentiate": ("customers below zero a year ago", below.sum() / len(then)),
        "interact": ("complaints open for over 28 days", late["open_complaints"].sum() / max(complaints.sum(), 1)),
        "customize": ("goods that came back", len(returned) / max(sold, 1)),
    }
    waiting = since["gross_margin"].reindex(late["customer_id"]).clip(lower=0)
    amounts = [lately["cost"][unknown].sum(), -since.loc[below, "past_value"].clip(upper=0).sum(), waiting.sum(), back]
    table = pd.DataFrame(counted.values(), columns=["measure", "share"])
    table.insert(0, "step", list(counted))
    return table.assign(amount=amounts, kind=["spent", "lost", "at stake", "spent"])


def plot_costs(table: pd.DataFrame, gaps: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """What each step cost in a year, beside the gap that managers do not see.

    Parameters:
        table: As :func:`costs` gives.
        gaps: As :func:`gaps` gives.

    >>> money = pd.DataFrame({"step": ["identify", "interact"], "measure": "", "amount": [900.0, 100.0], "kind": "spent"})
    >>> plot_costs(money, pd.DataFrame({"step": ["identify", "interact"], "gap": [0.1, 1.0]})).get_title()
    'The widest gap is in interact, the largest amount in identify'
    """
    ax = figures.axes(ax, figsize=(7.5, 3.4))
    both = table.merge(gaps, on="step")
    sure = both["kind"] != "at stake"
    colours = sure.map({True: figures.BLUE, False: "white"})
    ax.barh(both["step"], both["amount"], color=colours, edgecolor=figures.BLUE)
    for row in both.itertuples():
        words = f" {row.amount:,.0f} {row.kind}, gap {row.gap:+z.1f}\n {row.measure}"
        ax.text(row.amount, row.step, words, va="center", fontsize="small")
    ax.invert_yaxis()
    widest, dearest = (both.loc[both[column].idxmax(), "step"] for column in ("gap", "amount"))
    title = f"The widest gap is in {widest}, the largest amount in {dearest}"
    if widest == dearest:
        title = f"The widest gap and the largest amount are in {widest}"
    reach = 1.75 * max(both["amount"].max(), 1)
    return figures.finish(ax, title, x="in the last 365 days ({currency})", x_format="count", xlim=(0, reach))
