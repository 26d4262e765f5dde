"""CSAT and NPS with their intervals, weights that let the answers speak for all, and whether the dissatisfied leave."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from idic_lab import figures
from idic_lab.dataframes import given_day, of_customers
from idic_lab.errors import DataError
from idic_lab.inference.intervals import net_promoter, share, wilson
from idic_lab.inference.regression import regression

SATISFIED_FROM = 4  # of 5
LARGEST_WEIGHT = 10.0
PROMOTER_FROM, DETRACTOR_TO = 9, 6  # of 10


def survey_answers(
    survey_responses: pd.DataFrame, identity_links: pd.DataFrame, question_id: str, latest: bool = True
) -> pd.DataFrame:
    """The latest answer of each customer to one question, or all of them: ``customer_id``, ``date``, ``answer``.

    >>> said = pd.DataFrame({"record_id": ["r1", "r1"], "date": pd.to_datetime(["2025-01-01", "2025-02-01"]),
    ...     "question_id": "CSAT", "answer": [2, 4]})
    >>> links = pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]})
    >>> survey_answers(said, links, "CSAT")["answer"].tolist()
    [4]
    """
    mine = survey_responses[survey_responses["question_id"] == question_id]
    answers = of_customers(mine, identity_links).sort_values(["date", "customer_id"], kind="stable")
    if answers.empty:
        raise DataError(f"survey_responses: no linked customer answered the question '{question_id}'.")
    if latest:
        answers = answers.drop_duplicates("customer_id", keep="last")
    return answers[["customer_id", "date", "answer"]].reset_index(drop=True)


def response_features(customers: pd.DataFrame) -> pd.DataFrame:
    """What the single customer view knows of everybody with an order, whether they answered or not, as numbers.

    Returns:
        DataFrame: ``customer_id``, ``log_orders``, ``days_since_last_order`` and, where known for some, ``age`` and
            ``age_unknown``.

    >>> response_features(pd.DataFrame({"customer_id": ["a", "b"], "orders": [1, 0], "days_since_last_order": [30, None]}))
      customer_id  log_orders  days_since_last_order
    0           a         0.0                   30.0
    """
    mine = customers[customers["orders"] > 0].reset_index(drop=True)
    features = mine[["customer_id"]].assign(log_orders=np.log(mine["orders"].astype(float)))
    features["days_since_last_order"] = mine["days_since_last_order"].astype(float)
    if "birth_year" in mine and mine["birth_year"].notna().any():
        age = mine["last_order"].dt.year.max() - mine["birth_year"]
        features["age"] = age.fillna(age.mean()).astype(float)
        features["age_unknown"] = age.isna().astype(float)
    return features


def response_weights(features: pd.DataFrame, respondents: pd.Series) -> pd.DataFrame:
    """How many customers each respondent stands for: inverse probability weights.

    By logistic regression; someone who was half as likely to answer counts double. Weights are scaled to average 1 and
    held below 10, so that nobody speaks for a crowd.

    Parameters:
        features: From :func:`response_features`.
        respondents: Customer ids; those not in `features` are left out.
    Returns:
        DataFrame: ``customer_id``, ``probability`` (of answering), ``weight``; respondents only.

    Source: Little & Rubin (2019), Statistical Analysis with Missing Data, 3rd edition, section 3.3.

    >>> known = pd.DataFrame({"customer_id": list("abcdef"), "orders": [1.0, 1.0, 1.0, 1.0, 9.0, 9.0]})
    >>> response_weights(known, pd.Series(["a", "e", "f"]))["weight"].round(1).tolist()  # one of four, and both of two
    [2.0, 0.5, 0.5]
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    answered = features["customer_id"].isin(respondents)
    if answered.all() or not answered.any():
        raise DataError(f"{int(answered.sum())} of {len(answered)} customers answered: there is nothing to weight by.")
    values = features.drop(columns="customer_id")
    model = make_pipeline(StandardScaler(), LogisticRegression(C=100.0, max_iter=1_000)).fit(values, answered)
    table = features.loc[answered, ["customer_id"]].reset_index(drop=True).astype("str")
    table["probability"] = model.predict_proba(values[answered])[:, 1]
    weight = (1 / table["probability"]) / (1 / table["probability"]).mean()
    weight = weight.clip(upper=LARGEST_WEIGHT)
    return table.assign(weight=weight / weight.mean())


def balance(features: pd.DataFrame, weights: pd.DataFrame) -> pd.DataFrame:
    """Means of each feature: of everybody, of those who answered, and of these weighted.

    Returns:
        DataFrame: ``feature``, ``everybody``, ``respondents``, ``weighted``, and the differences of the last two from
            everybody in standard deviations: ``bias``, ``bias_left``.

    >>> known = pd.DataFrame({"customer_id": list("abc"), "orders": [1.0, 1.0, 4.0]})
    >>> weights = pd.DataFrame({"customer_id": ["a", "c"], "weight": [2.0, 1.0]})
    >>> balance(known, weights)[["everybody", "respondents", "weighted"]].to_numpy().tolist()
    [[2.0, 2.5, 2.0]]
    """
    values = features.set_index("customer_id")
    theirs = values.loc[weights["customer_id"]]
    spread = values.std(ddof=0).replace(0.0, 1.0)
    means = pd.DataFrame({"everybody": values.mean(), "respondents": theirs.mean()})
    means["weighted"] = theirs.mul(weights["weight"].to_numpy(), axis=0).sum() / weights["weight"].sum()
    means["bias"] = (means["respondents"] - means["everybody"]) / spread
    means["bias_left"] = (means["weighted"] - means["everybody"]) / spread
    return means.rename_axis("feature").reset_index()


def customer_satisfaction(answers: pd.Series, weights: pd.Series | None = None) -> pd.DataFrame:
    """CSAT: the share of answers of 4 and 5 (Wilson), and the mean answer, with their 95% intervals.

    Parameters:
        answers: One per respondent.
        weights: How many customers each respondent stands for. Unequal weights tell less than as many equal ones: the
            intervals are those of the effective number of respondents.
    Returns:
        DataFrame: ``respondents``, ``effective_respondents``, ``satisfied``, ``low``, ``high``, ``mean``, ``mean_low``,
            ``mean_high``. One row.

    Source: Kish (1965), Survey Sampling, section 11.7, for the effective number.

    >>> customer_satisfaction(pd.Series([5, 4, 3, 5]))[["satisfied", "low", "high", "mean"]].round(2).to_dict("records")
    [{'satisfied': 0.75, 'low': 0.3, 'high': 0.95, 'mean': 4.25}]
    >>> customer_satisfaction(pd.Series([5, 4, 3, 5]), weights=[4, 1, 1, 1])["effective_respondents"].round(2).item()
    2.58
    """
    if answers.empty:
        raise DataError("CSAT needs at least one answer.")
    said = answers.to_numpy(float)
    weight = np.ones(len(said)) if weights is None else np.asarray(weights, dtype=float)
    effective = weight.sum() ** 2 / (weight**2).sum()
    satisfied = share(np.average(said >= SATISFIED_FROM, weights=weight) * effective, effective)
    mean = np.average(said, weights=weight)
    spread = np.sqrt(np.average((said - mean) ** 2, weights=weight) / max(effective - 1, 1))
    half = stats.t.ppf(0.975, max(effective - 1, 1)) * spread
    found = {"respondents": len(said), "effective_respondents": effective, "satisfied": satisfied.value}
    found |= {"low": satisfied.low, "high": satisfied.high, "mean": mean}
    return pd.DataFrame([found | {"mean_low": mean - half, "mean_high": mean + half}])


def weighted_satisfaction(answers: pd.DataFrame, weights: pd.DataFrame) -> dict[str, float]:
    """The mean answer of the average customer: one answer per customer, weighted to speak for all.

    Parameters:
        answers: ``customer_id``, ``answer``; as many per customer as there are.
        weights: As :func:`response_weights` gives them.
    Returns:
        dict: ``value``, ``low`` and ``high`` (95%), ``respondents``, and ``effective``, as how many of equal weight
            they tell.

    >>> answers = pd.DataFrame({"customer_id": ["a", "a", "b"], "answer": [5.0, 3.0, 2.0]})
    >>> weighted_satisfaction(answers, pd.DataFrame({"customer_id": ["a", "b"], "weight": [0.5, 1.5]}))["value"]
    2.5
    """
    of_each = answers.groupby("customer_id")["answer"].mean().loc[weights["customer_id"]]
    told = customer_satisfaction(of_each, weights["weight"]).iloc[0]
    found = {"value": told["mean"], "low": told["mean_low"], "high": told["mean_high"]}
    found |= {"respondents": told["respondents"], "effective": told["effective_respondents"]}
    return {name: float(number) for name, number in found.items()}


def net_promoter_score(answers: pd.Series, confidence: float = 0.95) -> pd.DataFrame:
    """NPS: the share of promoters (9, 10) less the share of detractors (0 to 6), in points, with an interval.

    Returns:
        DataFrame: ``respondents``, ``promoters``, ``passives``, ``detractors`` (shares), ``nps``, ``low``, ``high``
            (points, -100 to 100; adjusted Wald). One row.

    Source: Reichheld (2003), The one number you need to grow, Harvard Business Review 81(12).

    >>> net_promoter_score(pd.Series([10, 9, 9, 8, 7, 3])).round(1).to_dict("records")
    [{'respondents': 6, 'promoters': 0.5, 'passives': 0.3, 'detractors': 0.2, 'nps': 33.3, 'low': -26.7, 'high': 71.2}]
    """
    if answers.empty:
        raise DataError("NPS needs at least one answer.")
    if not answers.between(0, 10).all():
        raise DataError(f"NPS answers run from 0 to 10, found {answers[~answers.between(0, 10)].iloc[0]!r}.")
    n, counts = len(answers), _nps_side(answers).value_counts().reindex([1.0, 0.0, -1.0], fill_value=0)
    shares = dict(zip(("promoters", "passives", "detractors"), counts / n, strict=True))
    bounds = net_promoter(counts[1.0], counts[-1.0], n, confidence)
    points = {name: 100 * number for name, number in zip(("nps", "low", "high"), bounds, strict=True)}
    return pd.DataFrame([{"respondents": n, **shares, **points}])


def _nps_side(answers: pd.Series) -> pd.Series:
    """1 for promoters, 0 for passives, -1 for detractors."""
    return answers.ge(PROMOTER_FROM - 0.5).astype(float) - answers.le(DETRACTOR_TO + 0.5).astype(float)


def nps_noise(answers: pd.Series, sizes=(25, 50, 100, 200, 400, 800), random_state: int = 0) -> pd.DataFrame:
    """How far NPS strays by chance alone when fewer customers are asked: samples are drawn from the same answers.

    Returns:
        DataFrame: ``respondents``, ``low``, ``high`` (between them lie 95% of the samples), ``swing``: the median
            absolute difference between two such samples, as between two quarters in which nothing changed. Points.

    >>> nps_noise(pd.Series([10, 9, 8, 3]), sizes=(25, 100))["swing"].round().tolist()
    [16.0, 8.0]
    """
    values = _nps_side(answers).to_numpy()
    rng = np.random.default_rng(random_state)
    rows = []
    for size in sizes:
        scores = 100 * rng.choice(values, size=(2_000, size)).mean(axis=1)
        low, high = np.quantile(scores, [0.025, 0.975])
        swing = np.median(np.abs(scores[:1_000] - scores[1_000:]))
        rows.append({"respondents": size, "low": low, "high": high, "swing": swing})
    return pd.DataFrame(rows)


def satisfaction_and_leaving(
    answers: pd.DataFrame, transactions: pd.DataFrame, landmark: pd.Timestamp, horizon_days: int
) -> pd.DataFrame:
    """Customers who answered before a day, and whether they bought in the time after it.

    Dividing time at one day for all (a landmark) keeps the order of cause and effect. No purchase within the horizon
    counts as having left.

    Returns:
        DataFrame: ``customer_id``, ``answer`` (the latest before the landmark), ``purchases`` before the landmark,
            ``days_since_purchase`` at the landmark, ``left``.

    >>> day = pd.to_datetime(["2025-01-01", "2025-03-01"])
    >>> said = pd.DataFrame({"customer_id": ["ann"], "date": day[:1], "answer": [5]})
    >>> bought = pd.DataFrame({"customer_id": ["ann", "bob"], "date": day})
    >>> satisfaction_and_leaving(said, bought, pd.Timestamp("2025-02-01"), 28)["left"].tolist()
    [True]
    """
    end = given_day(landmark, "landmark") + pd.Timedelta(days=horizon_days)
    if transactions["date"].max() < end - pd.Timedelta(days=1):
        last = f"{transactions['date'].max():%Y-%m-%d}"
        raise DataError(f"The purchases end on {last}, before the horizon {end:%Y-%m-%d}.")
    before = transactions[transactions["date"] < landmark]
    after = transactions[transactions["date"].ge(landmark) & transactions["date"].lt(end)]
    said = answers[answers["date"] < landmark].sort_values("date", kind="stable")
    said = said.drop_duplicates("customer_id", keep="last")[["customer_id", "answer"]]
    if said.empty:
        raise DataError(f"Nobody answered before {landmark:%Y-%m-%d}.")
    days = before.groupby("customer_id")["date"].agg(purchases="nunique", last="max").reset_index()
    table = said.merge(days, on="customer_id").reset_index(drop=True)
    table["days_since_purchase"] = (given_day(landmark, "landmark") - table["last"]).dt.days
    table["left"] = ~table["customer_id"].isin(after["customer_id"])
    return table.drop(columns="last")


def leaving_odds(table: pd.DataFrame) -> pd.DataFrame:
    """Odds of leaving by satisfaction, with and without what the past purchases already say.

    Returns:
        DataFrame: ``model`` ("satisfaction alone", "with past purchases"), ``term``, ``odds_ratio``, ``low``, ``high``
            (95%). The odds ratio of ``answer`` is per point of the scale.

    >>> rng = np.random.default_rng(0)
    >>> seen = pd.DataFrame({"customer_id": range(400), "answer": rng.integers(1, 6, 400), "purchases": rng.integers(1, 9, 400),
    ...     "days_since_purchase": rng.integers(1, 99, 400)}).assign(left=lambda t: rng.random(400) < 0.9 - 0.15 * t["answer"])
    >>> bool(leaving_odds(seen)["odds_ratio"].iloc[0] < 1)  # the content leave less
    True
    """
    numbers = table[["answer", "purchases", "days_since_purchase"]].astype(float)
    features = pd.DataFrame(
        {"constant": 1.0, "answer": numbers["answer"], "log_purchases": np.log(numbers["purchases"])}
    )
    features["log_days_since_purchase"] = np.log1p(numbers["days_since_purchase"])
    parts = []
    for model, columns in (("satisfaction alone", 2), ("with past purchases", 4)):
        found = regression(features.iloc[:, :columns], table["left"], table["customer_id"]).iloc[1:]
        odds = np.exp(found[["estimate", "low", "high"]]).set_axis(["odds_ratio", "low", "high"], axis=1)
        parts.append(pd.concat([found[["term"]], odds], axis=1).assign(model=model))
    table = pd.concat(parts, ignore_index=True)[["model", "term", "odds_ratio", "low", "high"]]
    return table.astype({"model": "str"})


def leaving_by_answer(table: pd.DataFrame) -> pd.DataFrame:
    """Share that left by answer: ``answer``, ``customers``, ``left``, ``low``, ``high`` (95%, Wilson).

    >>> leaving_by_answer(pd.DataFrame({"answer": [1, 1, 5], "left": [True, False, False]}))["left"].tolist()
    [0.5, 0.0]
    """
    counts = table.groupby("answer")["left"].agg(customers="size", gone="sum").reset_index()
    low, high = wilson(counts["gone"], counts["customers"])
    return counts.assign(left=counts["gone"] / counts["customers"], low=low, high=high).drop(columns="gone")


def plot_nps(answers: pd.Series, ax: figures.Axes | None = None) -> figures.Axes:
    """The answers to the recommendation question, by the three groups that NPS makes of them.

    >>> plot_nps(pd.Series([10, 9, 9, 8, 7, 3])).get_title()
    'NPS +33 points, with a 95% interval from -27 to +71'
    """
    ax = figures.axes(ax)
    shares = answers.round().value_counts(normalize=True).reindex(range(11), fill_value=0.0)
    groups = (
        ("detractors", range(DETRACTOR_TO + 1), figures.VERMILION, "//"),
        ("passives", range(DETRACTOR_TO + 1, PROMOTER_FROM), figures.GREY, ""),
        ("promoters", range(PROMOTER_FROM, 11), figures.BLUE, ""),
    )
    for name, numbers, colour, hatch in groups:
        part = shares.loc[list(numbers)]
        ax.bar(part.index, part, color=colour, hatch=hatch, label=f"{name}: {part.sum():.0%}")
    ax.set_xticks(range(11))
    ax.grid(axis="x", visible=False)
    score = net_promoter_score(answers).iloc[0]
    title = f"NPS {score['nps']:+z.0f} points, with a 95% interval from {score['low']:+z.0f} to {score['high']:+z.0f}"
    across = "answer: how likely to recommend us (0 to 10)"
    return figures.finish(ax, title, across, "share of respondents", y_format="percent", legend={"loc": "upper left"})


def plot_nps_noise(noise: pd.DataFrame, score: float, ax: figures.Axes | None = None) -> figures.Axes:
    """The funnel of NPS from :func:`nps_noise`: where 95% of samples fall when nothing changed; `score` is that of all.

    >>> noise = pd.DataFrame({"respondents": [25, 50], "low": [-36, -24], "high": [32, 22], "swing": [16, 12]})
    >>> plot_nps_noise(noise, -1).get_title()
    'With 25 respondents, NPS moves by 16 points without a cause'
    """
    ax = figures.axes(ax)
    size, edge = noise["respondents"], {"marker": "o", "color": figures.BLUE}
    ax.fill_between(size, noise["low"], noise["high"], color=figures.SKY, alpha=0.4, linewidth=0)
    ax.plot(size, noise["low"], **edge)
    ax.plot(size, noise["high"], label="95% of samples lie between", **edge)
    ax.axhline(score, color="black", linestyle="--", linewidth=1, label="all respondents")
    ax.set_xscale("log")
    ax.set_xticks(size, [f"{n:,}" for n in size])
    ax.minorticks_off()
    few = noise.iloc[0]
    title = f"With {few['respondents']:.0f} respondents, NPS moves by {few['swing']:.0f} points without a cause"
    return figures.finish(ax, title, "respondents in a sample (logarithmic scale)", "NPS (points)", legend=True)


def plot_leaving(table: pd.DataFrame, horizon_days: int, ax: figures.Axes | None = None) -> figures.Axes:
    """Share that bought nothing in the horizon, by the last answer before it, from :func:`leaving_by_answer`.

    >>> seen = leaving_by_answer(pd.DataFrame({"answer": [1, 1, 5], "left": [True, True, False]}))
    >>> plot_leaving(seen, 180).get_title()
    '100% of the least satisfied left, 0% of the most satisfied'
    """
    ax = figures.axes(ax)
    errors = figures.spread(table, "left")
    ax.errorbar(table["answer"], table["left"], yerr=errors, fmt="o-", color=figures.VERMILION, capsize=4)
    for row in table.itertuples():
        ax.annotate(f"n = {row.customers:,}", (row.answer, 0.03), ha="center", color="#555555")
    ax.set_xticks(table["answer"], [f"{answer:.0f}" for answer in table["answer"]])
    worst, best = table.iloc[0], table.iloc[-1]
    title = f"{worst['left']:.0%} of the least satisfied left, {best['left']:.0%} of the most satisfied"
    across = "last answer to: how satisfied are you? (5 is best)"
    up = f"bought nothing in the next {horizon_days} days"
    return figures.finish(ax, title, across, up, y_format="percent", ylim=(0, 1))
