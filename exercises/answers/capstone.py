"""Expected answers of the capstone, computed from the data the student brings."""

from functools import cache
from itertools import chain

import numpy as np
import pandas as pd

from idic_lab import datasets
from idic_lab.errors import DataError
from idic_lab.exercises.questions import AnyOf

FEWEST_CUSTOMERS, FEWEST_ROWS, FEWEST_DAYS = 100, 300, 180
BUILT_IN = ("cdnow", "meridian")
# What spend has in common in every shop that this package simulates, and its spread over 112 of 400 people (16 seeds of each of
# seven worlds): by neither seed nor ids, dates, currency or a part of the customers does it change.
SPEND_OF_SIMULATED = np.array(
    [
        [0.1032, 0.2161, 0.3606, 0.4985, 0.6247, 0.0499, 0.7602, 0.6799, 0.7424],
        [0.0043, 0.0077, 0.0086, 0.0110, 0.0119, 0.0053, 0.0581, 0.0468, 0.0404],
    ]
)
FEWEST_PAIRS, USUAL_PAIRS, LIKE = 500, 1600, 2.0


def _problem(data):
    if not isinstance(data, pd.DataFrame) or set(data.columns) != {"customer_id", "date", "amount"}:
        return "The columns should be customer_id, date and amount."
    dates = pd.to_datetime(data["date"], errors="coerce")
    amounts = pd.to_numeric(data["amount"], errors="coerce")
    if dates.isna().any() or data["customer_id"].isna().any():
        return "Some dates or customers are missing or cannot be read."
    if not (amounts > 0).all():
        return "All amounts should be numbers above 0: take returns and empty rows out first."
    if data["customer_id"].nunique() < FEWEST_CUSTOMERS or len(data) < FEWEST_ROWS:
        return f"At least {FEWEST_CUSTOMERS} customers and {FEWEST_ROWS} rows are needed."
    if (dates.max() - dates.min()).days < FEWEST_DAYS:
        return f"At least {FEWEST_DAYS} days from the first date to the last are needed."
    return None


def _rhythms(data):
    """Days between the purchases of those with five purchase days or more, which neither new ids, dates nor prices hide."""
    days = pd.DataFrame(
        {"customer_id": data["customer_id"], "day": pd.to_datetime(data["date"]).astype("datetime64[s]")}
    )
    days = days.drop_duplicates().sort_values(["customer_id", "day"])
    begins = np.flatnonzero(~days["customer_id"].duplicated())
    dates = np.split(days["day"].to_numpy().astype("datetime64[D]").astype("int64"), begins[1:])
    return pd.Series([tuple(np.diff(each)) for each in dates if len(each) >= 5], dtype="object")


@cache
def _of_the_course():
    return [_rhythms(datasets.load(name, quiet=True).transactions) for name in BUILT_IN]


def _as_simulated(data):
    """Whether spend varies within and between customers as in simulated shops, to within what chance leaves."""
    days = data.groupby(["customer_id", data["date"].dt.normalize()], as_index=False)["amount"].sum()  # in order
    same = (days["customer_id"] == days["customer_id"].shift()).to_numpy()
    pairs = int(same.sum())
    if pairs < FEWEST_PAIRS:  # too few to tell from a real shop
        return False
    spend, before = days["amount"].to_numpy()[same], days["amount"].shift().to_numpy()[same]
    apart = np.abs(spend - before) / (spend + before)
    tenth, lower, middle, upper, top = np.log(days.groupby("customer_id")["amount"].mean()).quantile(
        [0.1, 0.25, 0.5, 0.75, 0.9]
    )
    told = [*np.quantile(apart, (0.25, 0.5, 0.75, 0.9, 0.97)), (apart < 0.02).mean()]
    told += [top - middle, middle - tenth, upper - lower]
    usual, spread = SPEND_OF_SIMULATED
    off = (np.array(told) - usual) / spread
    return np.sqrt((off**2).mean() * min(1, pairs / USUAL_PAIRS)) < LIKE


def _not_own(data, class_orders):
    """Why data are not a student's own: those of the course or class, or drawn without customers who differ; else None."""
    rhythms = _rhythms(data)
    most = len(rhythms) / 2  # parts of several shops put together are no data of one's own either
    for taken in chain(_of_the_course(), map(_rhythms, class_orders)):
        rhythms = rhythms[~rhythms.isin(set(taken))]
        if len(rhythms) < most:
            return "These are data of this course, or of somebody in your class. Bring your own."
    if _as_simulated(data):
        return "These data follow the laws of the shops that this package simulates. If they are real, tell your instructor whose."
    groups = data.groupby("customer_id")["amount"]
    counts, within = groups.size(), data["amount"] - groups.transform("mean")
    between = data["amount"].var(ddof=0) - (within**2).mean()
    expected = data["amount"].var(ddof=0) * (len(counts) - 1) / (len(data) - 1)
    if counts.var() < 1.5 * counts.mean() and 0.9 * expected < between < 1.1 * expected:
        return "Your customers differ in nothing but chance, as made-up ones do. Bring data of real ones."
    return None


def _read(brought):
    problem = _problem(brought)
    if problem:
        raise DataError(problem)
    return brought.assign(date=pd.to_datetime(brought["date"]), amount=brought["amount"].astype("float"))


def _cut(brought):
    """Orders up to the split day, and later orders of the customers known by then."""
    data = _read(brought)
    days = (data["date"].max() - data["date"].min()).days
    split_day = data["date"].min() + pd.Timedelta(days=int(days * 2 / 3))
    early = data["date"] <= split_day
    later = data[~early & data["customer_id"].isin(data.loc[early, "customer_id"])]
    return data[early], later


def capstone_q01(answer, class_orders):
    problem = _problem(answer) or _not_own(_read(answer), class_orders)
    return (0.0, problem) if problem else (1.0, "These data can be worked with.")


def capstone_q02(brought):
    data = _read(brought)
    days = (data["date"].max() - data["date"].min()).days
    return pd.Series({"customers": data["customer_id"].nunique(), "rows": len(data), "days": days})


def capstone_q03(brought):
    days = _read(brought).groupby("customer_id")["date"].agg(["min", "max"])
    return (days["max"] > days["min"]).mean()


def capstone_q04(brought):
    spend = _read(brought).groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    places = np.arange(1, len(spend) + 1) / len(spend)
    exact = np.interp(0.2, np.r_[0, places], np.r_[0, spend.cumsum() / spend.sum()])
    whole = (spend.head(size).sum() / spend.sum() for size in (len(spend) // 5, len(spend) // 5 + 1))
    return AnyOf([exact, *whole])


def capstone_q05(brought):
    data = _read(brought)
    return (data["date"].max() - data.groupby("customer_id")["date"].max()).dt.days.median()


def capstone_q06(brought):
    return _cut(brought)[1]["amount"].sum()


def capstone_q07(answer, brought):
    early, later = _cut(brought)
    spend = early.groupby("customer_id")["amount"].sum()
    places = int(0.2 * len(spend))
    if len(answer) > places:
        return 0.0, f"There are {places} invitations; your list has {len(answer)}."
    if not set(answer) <= set(spend.index):
        return 0.0, "Some of these customers were not known at the split day."
    total = later["amount"].sum()
    reached = later.loc[later["customer_id"].isin(answer), "amount"].sum() / total
    usual = later.loc[later["customer_id"].isin(spend.nlargest(places).index), "amount"].sum() / total
    best = later.groupby("customer_id")["amount"].sum().nlargest(places).sum() / total
    if best - usual > 0.1 and reached > (usual + best) / 2:
        return 0.0, "Your list brings more than what came before can tell: it was made from the outcome."
    said = f"Your list brings {reached:.0%} of the later spend; past spend alone brings {usual:.0%}."
    return (1.0 if reached >= 0.95 * usual else round(min(0.9, reached / usual), 2)), said


def capstone_q08(answer, brought):
    early, later = _cut(brought)
    known = early["customer_id"].unique()
    labels = answer.reindex(known)
    if labels.isna().any():
        return 0.0, f"{int(labels.isna().sum())} known customers have no segment."
    if not 3 <= labels.nunique() <= 8:
        return 0.0, f"Three to eight segments are asked for; these are {labels.nunique()}."
    spend = later.groupby("customer_id")["amount"].sum().reindex(known, fill_value=0).to_numpy()
    past = early.groupby("customer_id").agg(spend=("amount", "sum"), n=("amount", "size"), last=("date", "max"))
    ranks = past.reindex(known).rank().assign(one=1.0).to_numpy()
    outcome = pd.Series(spend).rank().to_numpy()
    told = ranks @ np.linalg.lstsq(ranks, outcome)[0]
    by_segment = pd.Series(outcome).groupby(labels.to_numpy()).transform("mean")
    if by_segment.var() > (np.var(told) + np.var(outcome)) / 2:
        return 0.0, "Your segments tell more of the later spend than what came before can: they were made from it."
    codes, random = pd.factorize(labels.astype("str"))[0], np.random.default_rng(0)
    ours = _between(codes, spend)
    chance = [_between(random.permutation(codes), spend) for _ in range(200)]
    better = np.mean([ours > value for value in chance])
    said = f"Later spend differs more between your segments than between {better:.0%} of random ones."
    return (1.0 if better >= 0.95 else 0.3 if better >= 0.8 else 0.0), said


def _between(codes, values):
    sizes = np.bincount(codes)
    means = np.bincount(codes, values) / sizes
    return (sizes * (means - values.mean()) ** 2).sum()


def capstone_q09(brought):
    early, later = _cut(brought)
    known = early.groupby("customer_id").agg(spend=("amount", "sum"), last=("date", "max"))
    after = later.groupby("customer_id")["amount"].sum().reindex(known.index, fill_value=0.0)
    shares = []
    for order in (["spend"], ["last", "spend"]):
        chosen = known.sort_values(order, ascending=False).index[: int(0.2 * len(known))]
        shares.append(after[chosen].sum() / after.sum())
    if abs(shares[0] - shares[1]) <= 0.01:
        return "both the same, within one point"
    return "those who spent most so far" if shares[0] > shares[1] else "those who bought last"
