"""Comparing methods: over data sets, on one of them, and by several criteria at once (criterion 11, with knock-outs and weights)."""

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution
from scipy.stats import friedmanchisquare, studentized_range
from scipy.stats import t as student_t

from idic_lab.compare.registry import baselines
from idic_lab.errors import DataError, LabError, pick
from idic_lab.inference.resampling import simultaneous

ENOUGH_DATA_SETS = 10  # from about here on, rank tests over data sets have power worth the name

SEED = ", seed "  # between the name of a world and the seed of one data set drawn from it


def world(dataset: str) -> str:
    """What a data set was drawn from, which is the unit: the name that simulations with several seeds share, else its own.

    >>> world("silent, seed 7"), world("cdnow")
    ('silent', 'cdnow')
    """
    return dataset.partition(SEED)[0]


def scores_by_dataset(results: pd.DataFrame, criterion: str, measure: str) -> pd.DataFrame:
    """Means over seeds and numbers of segments, a row per world, a column per method that has a value wherever any has."""
    pick("criterion of this study", criterion, sorted(results["criterion"].unique()))
    found = results[results["criterion"].eq(criterion) & results["measure"].eq(measure) & results["status"].eq("ok")]
    found = found[~found["method"].isin(baselines())]
    by_k = found.groupby(["dataset", "method", "k"], dropna=False)["value"].mean()
    table = by_k.groupby(["dataset", "method"]).mean().unstack("method").dropna(axis=1)  # noqa: PD010
    return table.groupby(world, sort=False).mean()


def left_out(results: pd.DataFrame, criterion: str) -> dict[str, str]:
    """The methods that a criterion has no score for on all data sets, and why.

    >>> rows = [("x", "a", "ok", {}), ("x", "b", "ok", {}), ("y", "a", "ok", {}), ("y", "b", "failed", {"reason": "no memory"})]
    >>> table = pd.DataFrame(rows, columns=["dataset", "method", "status", "extra"]).assign(criterion="c")
    >>> left_out(table, "c")
    {'b': 'failed on 1 of 2 data sets: no memory'}
    """
    here = results[results["criterion"].eq(criterion) & ~results["method"].isin(baselines())]
    judged = here.loc[here["status"] == "ok", "dataset"].unique()
    here, told = here[here["dataset"].isin(judged)], {}
    for method, part in here.groupby("method", sort=False):
        lacking = part[~part["status"].eq("ok").groupby(part["dataset"]).transform("any")]
        if len(lacking):
            reasons = " or ".join(lacking["extra"].map(lambda extra: extra.get("reason", "").rstrip(".")).unique())
            on = lacking["dataset"].nunique()
            of = f" on {on} of {len(judged)} data sets" if len(judged) > 1 else ""
            told[method] = f"{lacking['status'].iloc[0]}{of}: {reasons}".removesuffix(": ")
    return told


class Friedman(NamedTuple):
    """Friedman's test, and the less conservative F of Iman and Davenport."""

    chi_squared: float
    p_value: float
    f: float
    f_p_value: float
    datasets: int
    methods: int


def friedman(table: pd.DataFrame) -> Friedman:
    """Do the methods (columns, at least three) differ at all over data sets (rows)?

    Source: Demšar (2006), Statistical comparisons of classifiers over multiple data sets, JMLR 7, section 3.2.2; Iman &
    Davenport (1980), Communications in Statistics 9(6).
    """
    n, k = table.shape
    if k < 3 or n < 2:
        raise DataError(f"Friedman's test needs three methods and two data sets or more; found {k} and {n}.")
    values = table.to_numpy(dtype=float)
    if (values == values[:, :1]).all():
        return Friedman(0.0, 1.0, 0.0, 1.0, n, k)
    chi, p = friedmanchisquare(*values.T)
    most = n * (k - 1)
    f = np.inf if np.isclose(chi, most) else (n - 1) * chi / (most - chi)
    return Friedman(float(chi), float(p), float(f), float(f_distribution.sf(f, k - 1, (k - 1) * (n - 1))), n, k)


def critical_difference(methods: int, datasets: int) -> float:
    """By how much two mean ranks must differ to differ beyond chance at 5% (Nemenyi).

    Source: Demšar (2006), section 3.2.2.

    >>> round(critical_difference(methods=4, datasets=14), 2)
    1.25
    """
    q = studentized_range.ppf(0.95, methods, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(methods * (methods + 1) / (6 * datasets)))


def against_none(results: pd.DataFrame, dataset: str, criterion: str, confidence: float = 0.95) -> pd.DataFrame:
    """What every method gains over no segmentation at all, with intervals that hold for all methods at once.

    Customers are resampled with their segments held, the same draws for every method: the intervals say what other customers
    of the kind would show, and hold for the best method too, although the same data picked it.

    Parameters:
        criterion: ``holdout_value``, ``campaign_profit``, or one that gives ``draws``, ``none`` and ``none_draws``.
    Returns:
        DataFrame: ``method``, ``score``, ``none`` (the score without segments), ``gain``, ``low``, ``high``; best
            first. No row where the criterion did not apply.

    >>> noise = np.random.default_rng(0).normal(0, 0.01, 200)
    >>> rows = [{"dataset": "d", "method": "m", "k": 3, "seed": 1, "criterion": "c", "value": 0.4, "status": "ok",
    ...     "extra": {"draws": 0.4 + noise, "none": 0.2, "none_draws": [0.2] * 200}}]
    >>> against_none(pd.DataFrame(rows), "d", "c").round(2).values.tolist()
    [['m', 0.4, 0.2, 0.2, 0.18, 0.22]]
    """
    scores, none, draws, none_draws = _drawn(results, dataset, criterion)
    if scores.empty:
        return pd.DataFrame(columns=["method", "score", "none", "gain", "low", "high"])
    found = simultaneous(scores - none, draws - none_draws, confidence)
    table = pd.DataFrame({"score": scores, "none": none, "gain": found["value"]}).join(found[["low", "high"]])
    return table.sort_values("gain", ascending=False, kind="stable").rename_axis("method").reset_index()


def against_none_everywhere(results: pd.DataFrame, criterion: str, confidence: float = 0.95) -> pd.DataFrame:
    """The mean gain of each method over no segmentation, over worlds (:func:`over_worlds`).

    >>> rows = [{"dataset": name, "method": "m", "k": 3, "seed": 1, "criterion": "c", "value": 0.4, "status": "ok",
    ...     "extra": {"draws": [0.4], "none": none, "none_draws": [none]}} for name, none in zip("xyz", (0.1, 0.2, 0.3))]
    >>> against_none_everywhere(pd.DataFrame(rows), "c").loc[:, :"high"].round(2).values.tolist()
    [['m', 0.2, -0.05, 0.45]]
    """
    gains = {}
    for name in results["dataset"].unique():
        scores, none, _, _ = _drawn(results, name, criterion)
        gains[name] = scores - none
    return over_worlds(pd.DataFrame(gains).T.dropna(how="all").dropna(axis=1), confidence)


def over_worlds(gains: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Means over worlds, each the mean of the data sets (rows of `gains`) drawn from it, of each method (column).

    Returns:
        DataFrame: ``method``, ``gain``, ``low``, ``high`` (t intervals, Bonferroni over the methods), ``worlds``, and the standard
            deviations ``between_worlds`` and ``between_seeds`` of one (missing where each has one seed); best first. No
            row for fewer than three worlds.

    >>> table = pd.DataFrame({"m": [1.0, 3.0, 4.0, 6.0, 7.0, 9.0]}, [f"{name}{SEED}{seed}" for name in "abc" for seed in "12"])
    >>> over_worlds(table).round(2).values.tolist()
    [['m', 5.0, -2.45, 12.45, 3, 2.83, 1.41]]
    """
    of = gains.groupby(world)
    means, n = of.mean(), of.ngroups
    if n < 3:
        return pd.DataFrame(columns=["method", "gain", "low", "high", "worlds", "between_worlds", "between_seeds"])
    half = student_t.isf((1 - confidence) / 2 / gains.shape[1], n - 1) * means.std(ddof=1) / np.sqrt(n)
    spread = pd.DataFrame({"gain": means.mean(), "low": means.mean() - half, "high": means.mean() + half, "worlds": n})
    spread["between_worlds"] = np.sqrt((means.var(ddof=1) - (of.var(ddof=1) / of.count()).mean()).clip(lower=0))
    spread["between_seeds"] = np.sqrt(of.var(ddof=1).mean())
    return spread.sort_values("gain", ascending=False).rename_axis("method").reset_index()


def against_best(results: pd.DataFrame, dataset: str, criterion: str, confidence: float = 0.95) -> pd.DataFrame:
    """By how much the best method leads each other, with intervals that hold for all pairs at once.

    Resampled as in :func:`against_none`. That all pairs are covered makes up for the best having been picked by the same data.

    Returns:
        DataFrame: ``best``, ``against``, ``difference``, ``low``, ``high``, ``told_apart`` (the interval excludes
            zero); nearest first.

    Source: Hsu (1996), Multiple Comparisons: Theory and Methods, chapter 5.

    >>> rng = np.random.default_rng(0)
    >>> rows = [{"dataset": "d", "method": name, "k": 3, "seed": 1, "criterion": "c", "value": value, "status": "ok",
    ...     "extra": {"draws": rng.normal(value, 0.01, 200), "none": 0.2, "none_draws": [0.2] * 200}}
    ...     for name, value in (("a", 0.4), ("b", 0.39), ("c", 0.1))]
    >>> against_best(pd.DataFrame(rows), "d", "c")[["against", "told_apart"]].values.tolist()
    [['b', False], ['c', True]]
    """
    scores, _, draws, _ = _drawn(results, dataset, criterion)
    columns = ["best", "against", "difference", "low", "high", "told_apart"]
    if len(scores) < 2:
        return pd.DataFrame(columns=columns)
    order = scores.sort_values(ascending=False, kind="stable").index
    pairs = pd.DataFrame(list(combinations(order, 2)), columns=["best", "against"])
    lead = pd.Series({row: scores[a] - scores[b] for row, a, b in pairs.itertuples()})
    found = simultaneous(lead, pd.DataFrame({row: draws[a] - draws[b] for row, a, b in pairs.itertuples()}), confidence)
    found["told_apart"] = ~(found["low"].le(0) & found["high"].ge(0))
    table = pairs.join(found.rename(columns={"value": "difference"}))
    return table[table["best"] == order[0]]


def _drawn(results: pd.DataFrame, dataset: str, criterion: str):
    """Scores and draws by method, and those of no segmentation; means over seeds and numbers of segments, no baselines."""
    here = results[results["dataset"].eq(dataset) & results["criterion"].eq(criterion)]
    drawn = here["extra"].map(lambda extra: "none_draws" in extra).astype(bool)
    by_method = here[drawn & ~here["method"].isin(baselines())].groupby("method", sort=False)

    def over_cells(name):
        return {method: np.mean([extra[name] for extra in extras], axis=0) for method, extras in by_method["extra"]}

    none = pd.Series(over_cells("none"), dtype=float)
    return by_method["value"].mean(), none, pd.DataFrame(over_cells("draws")), pd.DataFrame(over_cells("none_draws"))


def check_weights(settings: Mapping, criteria) -> None:
    """Refuse unknown keys and criteria, and weights that are not numbers of 0 or more."""
    for key in settings:
        pick("key of attractiveness", key, ("weights", "knock_out"))
        for name, value in settings[key].items():
            pick("criterion of this study", name, criteria)
            if isinstance(value, bool) or not isinstance(value, int | float) or (key == "weights" and value < 0):
                raise LabError(f"attractiveness: {key} of {name} should be a number, found {value!r}.")


def rescaled(table: pd.DataFrame, lower_is_better=()) -> pd.DataFrame:
    """Each criterion from 0 (the worst method) to 1 (the best); all 1 where methods do not differ.

    >>> rescaled(pd.DataFrame({"a": [1.0, 3.0, 2.0], "b": 7.0})).to_numpy().tolist()
    [[0.0, 1.0], [1.0, 1.0], [0.5, 1.0]]
    """
    signed = table.mul([-1 if name in lower_is_better else 1 for name in table])
    span = signed.max() - signed.min()
    scaled = (signed - signed.min()) / span.where(span > 0, 1.0)
    return scaled.mask(scaled.notna() & (span <= 0).to_numpy(), 1.0)


def attractiveness(
    table: pd.DataFrame,
    weights: Mapping[str, float] | None = None,
    knock_out: Mapping[str, float] | None = None,
    lower_is_better=(),
    draws: int = 2_000,
    random_state: int = 0,
) -> pd.DataFrame:
    """Rank methods by several criteria at once, and say how much the ranking owes to the weights.

    Each criterion is rescaled to 0 to 1 over the methods that miss no knock-out; one that does not apply to a method counts 0
    for it, and one by which no method was measured neither weighs nor knocks out. Then the weights are drawn at random, all
    equally likely (a flat Dirichlet distribution), and the ranking is made again.

    Parameters:
        table: Methods in rows (index), criteria in columns.
        weights: By criterion; equal when left out. Those not named weigh nothing.
        knock_out: The least (or, where lower is better, the most) acceptable value by criterion.
    Returns:
        DataFrame: ``method``, ``out`` (the knock-out missed, or empty), ``score`` (0 to 1), ``rank``, ``first_share``
            (share of random weights under which it is first), ``rank_low`` and ``rank_high`` (5% and 95% of its ranks).

    Source: the knock-out and attractiveness criteria of Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis,
    steps 2 and 8; McDonald & Dunbar (2012), Market Segmentation.

    >>> table = pd.DataFrame({"stability": [0.9, 0.4], "value": [0.5, 0.7]}, index=["a", "b"])
    >>> attractiveness(table, knock_out={"stability": 0.5})[["method", "out", "rank"]].values.tolist()
    [['a', '', 1], ['b', 'stability 0.4 misses 0.5', 0]]
    """
    weights, knock_out = dict(weights or dict.fromkeys(table.columns, 1.0)), dict(knock_out or {})
    for name in [*weights, *knock_out, *lower_is_better]:
        pick("criterion of the table", name, list(table.columns))
    measured = table.columns[table.notna().any()]
    out = pd.Series("", index=table.index, dtype="str")
    for name in (name for name in knock_out if name in measured):
        value, bound = table[name], knock_out[name]
        misses = value.isna() | ((value > bound) if name in lower_is_better else (value < bound))
        for method in table.index[misses & out.eq("")]:
            shown = f"{value[method]:.3g} misses {bound:g}"
            out[method] = f"{name} {shown if pd.notna(value[method]) else 'does not apply'}"
    result = pd.DataFrame({"method": table.index, "out": out.to_numpy(), "score": 0.0, "rank": 0})
    result = result.assign(first_share=0.0, rank_low=0.0, rank_high=0.0)
    here = result["out"].eq("")
    if here.any():
        used = [name for name, weight in weights.items() if weight > 0 and name in measured]
        if not used:
            raise LabError("attractiveness: at least one weight should be above 0.")
        low = [name for name in lower_is_better if name in used]
        scaled = rescaled(table.loc[here.to_numpy(), used], low).fillna(0.0).to_numpy()
        given = np.array([weights[name] for name in used], dtype=float)
        random = np.random.default_rng(random_state).dirichlet(np.ones(len(used)), draws)
        ranks = _ranks(scaled @ random.T)
        result.loc[here, "score"] = scaled @ (given / given.sum())
        result.loc[here, "rank"] = _ranks((scaled @ given)[:, None])[:, 0]
        result.loc[here, "first_share"] = (ranks == 1).mean(axis=1)
        result.loc[here, ["rank_low", "rank_high"]] = np.quantile(ranks, [0.05, 0.95], axis=1).T
    ordered = result.assign(in_play=here).sort_values(["in_play", "score", "method"], ascending=[False, False, True])
    return ordered.drop(columns="in_play").reset_index(drop=True)


def _ranks(scores: np.ndarray) -> np.ndarray:
    """Rank of each row within each column, 1 the highest, ties sharing the better rank."""
    return 1 + (np.round(scores[None, :, :], 12) > np.round(scores[:, None, :], 12)).sum(axis=1)
