"""CSAT and NPS, each with the interval that its number of respondents allows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binomtest, norm

from idic_lab.dataframes import of_customers
from idic_lab.errors import DataError

SATISFIED_FROM = 4  # of 5
PROMOTER_FROM, DETRACTOR_TO = 9, 6  # of 10
GROUPS = ("detractor", "passive", "promoter")


def survey_answers(
    survey_responses: pd.DataFrame, identity_links: pd.DataFrame, question_id: str, latest: bool = True
) -> pd.DataFrame:
    """Answers of customers to one question.

    Parameters
    ----------
    survey_responses, identity_links : DataFrame
        As their contracts say.
    question_id : str
    latest : bool
        Only the latest answer of each customer; otherwise all.

    Returns
    -------
    DataFrame
        ``customer_id``, ``date``, ``answer``, in order of date.

    Raises
    ------
    DataError
        When no known customer answered the question.
    """
    mine = survey_responses[survey_responses["question_id"] == question_id]
    answers = of_customers(mine, identity_links).sort_values(["date", "customer_id"], kind="stable")
    if answers.empty:
        raise DataError(f"survey_responses: no linked customer answered the question '{question_id}'.")
    if latest:
        answers = answers.drop_duplicates("customer_id", keep="last")
    return answers[["customer_id", "date", "answer"]].reset_index(drop=True)


def customer_satisfaction(answers: pd.Series, satisfied_from: float = SATISFIED_FROM) -> pd.DataFrame:
    """CSAT: the share of answers from `satisfied_from` up, with its 95% interval (Wilson), and the mean answer.

    Examples
    --------
    >>> customer_satisfaction(pd.Series([5, 4, 3, 5])).round(2).to_dict("records")
    [{'respondents': 4, 'satisfied': 0.75, 'low': 0.3, 'high': 0.95, 'mean': 4.25}]
    """
    if answers.empty:
        raise DataError("CSAT needs at least one answer.")
    happy = int((answers >= satisfied_from).sum())
    interval = binomtest(happy, len(answers)).proportion_ci(method="wilson")
    return pd.DataFrame(
        {
            "respondents": [len(answers)],
            "satisfied": [happy / len(answers)],
            "low": [interval.low],
            "high": [interval.high],
            "mean": [answers.mean()],
        }
    )


def nps_group(answers: pd.Series) -> pd.Series:
    """Detractor (0 to 6), passive (7, 8) or promoter (9, 10) of each answer.

    Examples
    --------
    >>> nps_group(pd.Series([6, 7, 9])).tolist()
    ['detractor', 'passive', 'promoter']
    """
    number = np.searchsorted((DETRACTOR_TO + 0.5, PROMOTER_FROM - 0.5), answers.to_numpy(dtype=float))
    return pd.Series(np.array(GROUPS, dtype=object)[number], index=answers.index, dtype="str")


def net_promoter_score(answers: pd.Series, confidence: float = 0.95) -> pd.DataFrame:
    """NPS: the share of promoters less the share of detractors, in points, with an interval.

    The interval is an adjusted Wald one: three imaginary answers (a quarter promoters, a quarter detractors) keep it
    from vanishing when few respondents agree.

    Parameters
    ----------
    answers : Series
        Answers from 0 to 10, one per respondent.
    confidence : float

    Returns
    -------
    DataFrame
        ``respondents``, ``promoters``, ``passives``, ``detractors`` (shares), ``nps``, ``low``, ``high`` (points, -100 to
        100). One row.

    Source: Reichheld (2003), The one number you need to grow, Harvard Business Review 81(12); Rocks (2016), Interval
    estimation for the Net Promoter Score, The American Statistician 70(4).

    Examples
    --------
    >>> net_promoter_score(pd.Series([10, 9, 9, 8, 7, 3])).round(1).to_dict("records")
    [{'respondents': 6, 'promoters': 0.5, 'passives': 0.3, 'detractors': 0.2, 'nps': 33.3, 'low': -26.7, 'high': 71.2}]
    """
    if answers.empty:
        raise DataError("NPS needs at least one answer.")
    if not answers.between(0, 10).all():
        raise DataError(f"NPS answers run from 0 to 10, found {answers[~answers.between(0, 10)].iloc[0]!r}.")
    shares = nps_group(answers).value_counts(normalize=True).reindex(GROUPS, fill_value=0.0)
    n = len(answers)
    up, down = ((n * shares[name] + 0.75) / (n + 3) for name in ("promoter", "detractor"))
    half = norm.ppf(0.5 + confidence / 2) * np.sqrt((up + down - (up - down) ** 2) / (n + 3))
    return pd.DataFrame(
        {
            "respondents": [n],
            "promoters": [shares["promoter"]],
            "passives": [shares["passive"]],
            "detractors": [shares["detractor"]],
            "nps": [100 * (shares["promoter"] - shares["detractor"])],
            "low": [100 * max(up - down - half, -1.0)],
            "high": [100 * min(up - down + half, 1.0)],
        }
    )


def nps_noise(answers: pd.Series, sizes=(25, 50, 100, 200, 400, 800), random_state: int = 0) -> pd.DataFrame:
    """How far NPS strays by chance alone when fewer customers are asked.

    Samples of each size are drawn from the answers with replacement, so the customers behind every sample are equally
    content; whatever differs is chance.

    Returns
    -------
    DataFrame
        ``respondents``, ``low``, ``high`` (between them lie 95% of the samples), ``swing``: the median absolute
        difference between two such samples, as between two quarters in which nothing changed. Points.
    """
    values = nps_group(answers).map({"detractor": -1.0, "passive": 0.0, "promoter": 1.0}).to_numpy()
    rng = np.random.default_rng(random_state)
    rows = []
    for size in sizes:
        scores = 100 * rng.choice(values, size=(2_000, size)).mean(axis=1)
        low, high = np.quantile(scores, [0.025, 0.975])
        swing = np.median(np.abs(scores[:1_000] - scores[1_000:]))
        rows.append({"respondents": size, "low": low, "high": high, "swing": swing})
    return pd.DataFrame(rows)
