"""Customers under contract: how long they stay, when one knows who has left (subscriptions, memberships, policies).

Each customer renews, or not, with a chance of their own. What looks like a retention rate that rises with tenure is mostly
the departure of those who were likely to go. In the shifted beta-geometric model a customer's chance never changes; in the
beta-discrete-Weibull it may also rise or fall with tenure itself (c above or below 1).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import betaln, digamma

from idic_lab.dataframes import given_day
from idic_lab.errors import DataError, pick

LONGEST = 20_000  # renewals summed one by one; what comes later is taken by the tail's power law
PERIODS = {"month": 1, "quarter": 3, "year": 12}


class ContractDuration:
    """The likelihood and the survival of the shifted beta-geometric model and, with `ageing`, the beta-discrete-Weibull.

    Survival of t renewals is B(alpha, beta + t^c) / B(alpha, beta), with c = 1 in the shifted beta-geometric model.

    Source: Fader & Hardie (2007), "How to project customer retention", Journal of Interactive Marketing 21(1), eq. 5 to 7;
    Fader, Hardie, Liu, Davin & Steenburgh (2018), "How to project customer retention revisited", ibid. 43, eq. 4.
    """

    time_parameters = ()
    columns = ("tenure", "churned")

    def __init__(self, ageing: bool):
        self.ageing = ageing
        self.parameters = ("alpha", "beta", "c") if ageing else ("alpha", "beta")
        self.all_starts = ageing

    def starts(self, data):
        starts = [np.array([1.0, 1.0, 1.0]), np.array([0.5, 2.0, 1.3]), np.array([4.0, 20.0, 0.8])]
        return starts if self.ageing else [start[:2] for start in starts]

    def log_survival(self, theta, tenure):
        """Log of the share that makes so many renewals."""
        return self._with_gradient(theta, tenure)[0]

    def _with_gradient(self, theta, tenure):
        alpha, beta, *rest = theta
        c = rest[0] if rest else 1.0
        passed = tenure**c
        log_survival = betaln(alpha, beta + passed) - betaln(alpha, beta)
        fall = _digamma_fall(beta + passed, alpha)
        by_alpha = digamma(alpha + beta) - digamma(alpha + beta + passed)
        by_beta = fall - digamma(beta) + digamma(alpha + beta)
        by_c = fall * passed * np.log(np.maximum(tenure, 1.0))
        return log_survival, np.array([by_alpha, by_beta, by_c][: len(theta)])

    def log_likelihood(self, theta, data):
        tenure, left, weights = data["tenure"], data["churned"] > 0, data["weights"]
        logs, slopes = self._with_gradient(theta, tenure)
        before, slopes_before = self._with_gradient(theta, tenure[left] - 1)
        kept = np.exp(logs[left] - before)
        logs[left] = before + np.log1p(-kept)
        slopes[:, left] = (slopes_before - kept * slopes[:, left]) / (1 - kept)
        return np.dot(weights, logs), slopes @ weights

    def flags(self, theta):
        if theta[0] * (theta[2] if self.ageing else 1.0) <= 1:
            yield "survival falls so slowly that the expected lifetime without discounting is infinite"


def _digamma_fall(start, shift):
    """digamma(start) - digamma(start + shift), which are nearly equal far out."""
    far, end = np.maximum(start, 1e4), np.maximum(start, 1e4) + shift
    series = -np.log1p(shift / far) + (1 / end - 1 / far) / 2 + (end**-2 - far**-2) / 12
    return np.where(start > 1e4, series, digamma(start) - digamma(start + shift))


HEADERS = {  # as exports of subscriptions call them, without capitals and signs
    "customer_id": "customerid customer subscriberid subscriber memberid member accountid userid id",
    "start": "start startdate startedat begin begindate joined joindate signupdate createdat since",
    "end": "end enddate endedat cancelledat canceledat cancelled canceled cancellationdate churndate",
}


def as_contracts(table: pd.DataFrame) -> pd.DataFrame:
    """A table of contracts with the columns that `contract_summary` reads, found by what exports of subscriptions call them.

    Raises:
        DataError: A column is not there, or holds a date that cannot be read.

    >>> export = pd.DataFrame({"Subscriber ID": ["ann"], "Start Date": ["2024-01-31"], "Canceled At": ["2024-04-30"]})
    >>> as_contracts(export)["end"].dt.month.tolist()
    [4]
    """
    bare = {"".join(filter(str.isalnum, str(name).lower())): name for name in table.columns}
    found = {}
    for role, told in HEADERS.items():
        names = told.split()
        header = next((bare[name] for name in names if name in bare), None)
        if header is None:
            raise DataError(f"contracts: no column for {role!r}; it may be called one of {', '.join(names)}.")
        found[role] = table[header]
        if role != "customer_id":
            try:
                found[role] = pd.to_datetime(found[role], format=None if found[role].dtype != "object" else "ISO8601")
            except ValueError:
                raise DataError(f"contracts: the column {header!r} should hold dates such as 2024-01-31.") from None
    return pd.DataFrame(found)


def payment_summary(payments: pd.DataFrame, observation_end, period: str = "month") -> pd.DataFrame:
    """The same as `contract_summary`, from a list of payments: who has not paid half a period after it was due has left.

    Payments may thus come late; what is due in the last half period is left undecided. Of who pays again after having left,
    only the last end counts.

    Parameters:
        payments: ``customer_id`` and ``date``.

    >>> paid = pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "date": pd.to_datetime(["2024-01-31", "2024-02-29", "2024-05-15"])})
    >>> payment_summary(paid, "2024-06-01").to_numpy().tolist()
    [['ann', 2, True], ['bob', 0, False]]
    """
    months, last = pick("period", period, PERIODS), given_day(observation_end, "observation_end")
    dated = payments[pd.to_datetime(payments["date"]) <= last]
    spans = dated.groupby("customer_id")["date"].agg(start="min", latest="max").reset_index()
    passed = (spans["latest"] - spans["start"]).dt.days / (365.25 / 12 * months)
    # Counted from the start, so that what began on a 31st is due on the 31st again where the month has one.
    renewed = months * (passed.round().astype("int64") + 1)
    due = [start + pd.DateOffset(months=many) for start, many in zip(spans["start"], renewed, strict=True)]
    decided = last - pd.Timedelta(days=15 * months)
    due = pd.Series(due, index=spans.index).astype(spans["start"].dtype)
    return contract_summary(spans.assign(end=due.where(due <= decided)), decided, period)


def contract_summary(contracts: pd.DataFrame, observation_end, period: str = "month") -> pd.DataFrame:
    """How many periods each contract ran, and whether it has ended: what `fit` needs for "sbg" and "bdw".

    Parameters:
        contracts: ``customer_id``, ``start`` and ``end`` (dates; `end`, the first day no longer paid for, is missing
            while active).
        observation_end (date or str): Last day observed: contracts that end later count as active, those that start
            later are left out.
        period ({"month", "quarter", "year"}): Between two renewals, by the calendar.
    Returns:
        DataFrame: ``customer_id``; ``tenure``: of an active customer the renewals made, of one who left the renewal
            that was not made (1 is the first); ``churned``.
    Raises:
        DataError: A start is missing, or an end comes before its start.

    >>> contracts = pd.DataFrame({"customer_id": ["ann", "bob"], "start": pd.to_datetime(["2024-01-31", "2024-01-15"]),
    ...     "end": pd.to_datetime(["2024-04-30", None])})
    >>> contract_summary(contracts, "2024-06-30").to_numpy().tolist()
    [['ann', 3, True], ['bob', 5, False]]
    """
    months, last = pick("period", period, PERIODS), given_day(observation_end, "observation_end")
    start, end = (pd.to_datetime(contracts[name]) for name in ("start", "end"))
    wrong = start.isna() | (end <= start)
    if wrong.any():
        raise DataError(f"contracts: {wrong.sum():,} rows lack a start, or end no later than they start.")
    seen, churned = start <= last, end.notna() & (end <= last)
    until = end.where(churned, last)
    passed = (until.dt.year - start.dt.year) * 12 + until.dt.month - start.dt.month
    passed -= (until.dt.day < start.dt.day) & ~until.dt.is_month_end  # begun on a 31st, a month ends on the 30th
    whole = passed // months
    tenure = np.where(churned, np.maximum(whole, 1), whole).astype("int64")
    table = pd.DataFrame({"customer_id": contracts["customer_id"], "tenure": tenure, "churned": churned})
    return table[seen].reset_index(drop=True)


def cohort_summary(survivors: Sequence[float]) -> pd.DataFrame:
    """The same of a cohort of which one knows how many were left after 0, 1, 2, ... renewals.

    Returns:
        DataFrame: ``tenure``, ``churned`` and ``customers``, to be given to `fit` as its `weights`.

    >>> cohort_summary([100, 63, 47]).to_dict("list")
    {'tenure': [1, 2, 2], 'churned': [True, True, False], 'customers': [37.0, 16.0, 47.0]}
    """
    left = np.asarray(survivors, dtype=float)
    if len(left) < 2 or (np.diff(left) > 0).any() or not (left >= 0).all():
        raise DataError(
            "survivors should be two or more numbers that never rise: those left after 0, 1, 2, ... renewals."
        )
    last = len(left) - 1
    table = pd.DataFrame({"tenure": [*range(1, last + 1), last], "churned": [True] * last + [False]})
    return table.assign(customers=[*-np.diff(left), left[-1]])


def survival(model, periods: int = 12) -> pd.DataFrame:
    """Share of a cohort that is left after each renewal, and the rate at which those who reach it renew.

    Parameters:
        model (FittedModel): "sbg" or "bdw".
    Returns:
        DataFrame: ``renewals`` (0 to `periods`), ``survival`` (share of all who began), ``retention`` (of those one
            renewal before).

    Source: Fader & Hardie (2007), Journal of Interactive Marketing 21(1), eq. 6 and 8.

    >>> from idic_lab.differentiate import clv
    >>> high_end = clv.from_parameters("sbg", alpha=0.668, beta=3.806)
    >>> survival(high_end, 2).round(3)["retention"].tolist()[1:]
    [0.851, 0.878]
    """
    renewals = np.arange(periods + 1)
    share = np.exp(_contractual(model).log_survival(model.theta, renewals.astype(float)))
    retention = np.append(np.nan, share[1:] / share[:-1])
    return pd.DataFrame({"renewals": renewals, "survival": share, "retention": retention})


def residual_lifetime(
    model, contracts: pd.DataFrame, discount_rate_per_period: float = 0.0, horizon: int | None = None
) -> pd.Series:
    """Renewals still to come of each active customer, each discounted to the next; times a margin, their value.

    The next renewal is about to be due, and is not discounted. Fader and Hardie's n counts the periods in which a customer
    has been active: who has made seven renewals is in the eighth, so that their formula is to be read with n = 8.

    Parameters:
        model (FittedModel): "sbg" or "bdw".
        contracts: ``tenure`` and ``churned``; of who has left, nothing is to come.
        discount_rate_per_period: 0.1 is 10% per period. At 0, the expected residual lifetime: infinite where survival
            falls too slowly.
        horizon: Only so many renewals ahead; all when left out.
    Returns:
        Series of float: ``residual_lifetime``, renewals.

    Source: Fader & Hardie (2010), "Customer-base valuation in a contractual setting", Marketing Science 29(1), eq. 6.

    >>> from idic_lab.differentiate import clv
    >>> high_end = clv.from_parameters("sbg", alpha=0.668, beta=3.806)
    >>> residual_lifetime(high_end, pd.DataFrame({"tenure": [7], "churned": [False]}), 0.1).round(2).tolist()
    [7.53]
    """
    rate = discount_rate_per_period
    if not (np.isfinite(rate) and rate >= 0) or (horizon is not None and horizon < 1):
        raise DataError("discount_rate_per_period should be 0 or more, and horizon a number of renewals of 1 or more.")
    tenures, back = np.unique(contracts["tenure"].to_numpy(dtype=float), return_inverse=True)
    ahead = np.arange(1.0, 1 + (horizon or LONGEST))
    log_survival = _contractual(model).log_survival
    living = np.empty(len(tenures))
    for place, tenure in enumerate(tenures):
        shares = np.exp(log_survival(model.theta, tenure + ahead) - log_survival(model.theta, tenure))
        living[place] = np.dot(shares, (1 + rate) ** -(ahead - 1))
        if horizon is None and rate == 0:
            falls = model.params_["alpha"] * model.params_.get("c", 1.0)  # survival goes as tenure^-falls
            beyond = (tenure + LONGEST + 0.5) * shares[-1] / (falls - 1) if falls > 1 else np.inf
            living[place] += beyond
    left = contracts["churned"].to_numpy(dtype=bool)
    return pd.Series(np.where(left, 0.0, living[back]), index=contracts.index, name="residual_lifetime")


def _contractual(model) -> ContractDuration:
    if getattr(model, "model", None) not in ("sbg", "bdw"):
        raise DataError('A model of contracts is needed: clv.fit(summary, "sbg") or "bdw".')
    return model.likelihood
