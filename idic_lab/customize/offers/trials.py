"""A randomised campaign: what it changed on average, and what a ranking or a policy would have been worth in it."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from scipy import stats

from idic_lab import figures
from idic_lab.errors import DataError, pick

CONTROL = "control"
# Columns of campaign_results that say who, when, which arm, or what came of it: never to be predicted from.
NOT_FEATURES = (
    *("campaign_id", "customer_id", "date", "arm", "contact_cost"),
    *("converted", "margin", "profit", "visited", "revenue"),
)


def with_profit(results: pd.DataFrame) -> pd.DataFrame:
    """The campaign with ``profit`` (currency) of each customer: margin less the cost of contact.

    >>> with_profit(pd.DataFrame({"margin": [9.0, 0.0], "contact_cost": 1.5}))["profit"].tolist()
    [7.5, -1.5]
    """
    return results.assign(profit=results["margin"] - results["contact_cost"])


def arms(results: pd.DataFrame) -> list[str]:
    """The arms other than control, sorted; DataError when there is no control, or nothing else.

    >>> arms(pd.DataFrame({"arm": ["phone", "control", "email"]}))
    ['email', 'phone']
    """
    found = sorted(results["arm"].unique())
    if CONTROL not in found or len(found) < 2:
        held = f"the arms are {', '.join(found) or 'none'}, and one must be '{CONTROL}'"
        raise DataError(f"A campaign can be judged only against customers who got nothing at random: {held}.")
    return [arm for arm in found if arm != CONTROL]


def features(results: pd.DataFrame) -> pd.DataFrame:
    """What was known of each customer on the day, as numbers; a column of text becomes one column per value.

    >>> trial = pd.DataFrame({"customer_id": ["a", "b"], "arm": ["control", "offer"], "orders": [1, 4],
    ...                       "main_channel": ["app", "store"], "converted": [True, False]})
    >>> features(trial).columns.tolist()
    ['orders', 'main_channel=app', 'main_channel=store']
    """
    known = [name for name in results.columns if name not in NOT_FEATURES]
    if not known:
        raise DataError("The campaign says nothing of the customers before it, so nobody can be told apart.")
    text = [name for name in known if not pd.api.types.is_numeric_dtype(results[name])]
    parts = [results[[name for name in known if name not in text]].astype(float)]
    parts += [pd.get_dummies(results[name], prefix=name, prefix_sep="=", dtype=float) for name in text]
    return pd.concat(parts, axis=1)


def balance(results: pd.DataFrame) -> pd.DataFrame:
    """Whether chance made the arms alike: mean of each feature by arm, and the largest standardised difference.

    Returns:
        DataFrame: ``feature``, one column per arm (means), ``difference`` (largest between an arm and control, in
            standard deviations). Below 0.1 is commonly taken for balance (Austin, 2009).

    >>> trial = pd.DataFrame({"customer_id": list("abcd"), "arm": ["offer", "control"] * 2, "orders": [1, 2, 3, 2]})
    >>> balance(trial)[["control", "offer", "difference"]].to_numpy().tolist()
    [[2.0, 2.0, 0.0]]
    """
    known = features(results)
    means = known.groupby(results["arm"].to_numpy()).mean().T
    spread = known.std().replace(0, 1.0)
    away = means[arms(results)].sub(means[CONTROL], axis=0).abs().max(axis=1) / spread
    return means.assign(difference=away).rename_axis("feature").rename_axis(None, axis=1).reset_index()


def average_effect(results: pd.DataFrame, outcomes: tuple[str, ...] = ("converted", "profit")) -> pd.DataFrame:
    """What each arm did on average, against control, with its 95% interval (Welch's test).

    Returns:
        DataFrame: ``outcome``, ``arm``, ``customers``, ``mean``, ``control_mean``, ``effect``, ``low``, ``high``, ``p_value``.

    >>> trial = pd.DataFrame({"arm": ["offer"] * 3 + ["control"] * 3, "profit": [3.0, 4.0, 5.0, 1.0, 2.0, 3.0]})
    >>> average_effect(trial, ("profit",))[["effect", "low", "high"]].round(1).to_numpy().tolist()
    [[2.0, -0.3, 4.3]]
    """
    rows = []
    for outcome, arm in itertools.product(outcomes, arms(results)):
        given, without = (results.loc[results["arm"] == name, outcome].to_numpy(float) for name in (arm, CONTROL))
        effect = given.mean() - without.mean()
        low, high, p_value = effect, effect, 1.0
        if given.var() + without.var() > 0:
            test = stats.ttest_ind(given, without, equal_var=False)
            (low, high), p_value = test.confidence_interval(0.95), test.pvalue
        rows.append((outcome, arm, len(given), given.mean(), without.mean(), effect, low, high, p_value))
    counted = ["outcome", "arm", "customers", "mean", "control_mean"]
    return pd.DataFrame(rows, columns=[*counted, "effect", "low", "high", "p_value"])


def take_up_discount(results: pd.DataFrame) -> pd.Series:
    """What an offer takes off the margin of a conversion (currency), by arm; 0 where conversions of an arm differ.

    >>> trial = pd.DataFrame({"arm": ["offer", "control"], "converted": True, "margin": [24.0, 30.0]})
    >>> take_up_discount(trial).to_dict()
    {'offer': 6.0}
    """
    earned = results[results["converted"]].groupby("arm")["margin"].agg(["min", "max"])
    earned = earned.reindex([CONTROL, *arms(results)])
    alike = np.isclose(earned["min"], earned["max"])
    lost = (earned.loc[CONTROL, "min"] - earned["min"]).clip(lower=0).where(alike & alike[0], 0.0)
    return lost.drop(CONTROL).rename_axis(None).rename("discount")


def best_arm(gains: pd.DataFrame) -> pd.Series:
    """The arm with the highest expected gain (a column each) for each customer, control where none is above 0.

    >>> best_arm(pd.DataFrame({"phone": [2.0, -1.0], "email": [3.0, -2.0]})).tolist()
    ['email', 'control']
    """
    return gains.idxmax(axis=1).astype("str").where(gains.max(axis=1) > 0, CONTROL)


def _inactivity(results: pd.DataFrame) -> pd.Series:
    """Time since the last order before a campaign, in days or, where it says no more, in months."""
    return results["recency_days"] if "recency_days" in results else results["recency_months"]


def reference_policies(results: pd.DataFrame, gains: pd.DataFrame) -> dict[str, pd.Series]:
    """The learned policy beside the rules that firms use: policy to the arm of each customer.

    "Best customers" (highest spend) and "likely churners" (longest without an order) treat as many customers as the
    learned policy does, with the arm that is best on average.

    Parameters:
        results: ``campaign_results``, with ``spend`` and ``recency_days`` or ``recency_months``.

    >>> trial = pd.DataFrame({"arm": ["offer", "control"], "spend": [10, 90], "recency_days": [5, 300]})
    >>> found = reference_policies(trial, pd.DataFrame({"offer": [3.0, -1.0]}))
    >>> found["learned"].tolist(), found["best customers"].tolist()
    (['offer', 'control'], ['control', 'offer'])
    """
    learned = best_arm(gains)
    usual, count = gains.mean().idxmax(), int((learned != CONTROL).sum())

    def all_of(arm: str) -> pd.Series:
        return pd.Series(arm, index=results.index, dtype="str")

    def top(score: pd.Series) -> pd.Series:
        given = all_of(CONTROL)
        given.iloc[np.argsort(-score.to_numpy(float), kind="stable")[:count]] = usual
        return given

    policies = {"learned": learned, "nobody": all_of(CONTROL)}
    policies |= {"everybody" if len(gains.columns) == 1 else f"everybody: {arm}": all_of(arm) for arm in arms(results)}
    return policies | {"best customers": top(results["spend"]), "likely churners": top(_inactivity(results))}


def policy_value(
    results: pd.DataFrame,
    policy: pd.Series,
    expected: pd.DataFrame | None = None,
    outcome: str = "profit",
    method: str = "doubly robust",
    against: pd.Series | None = None,
) -> dict[str, float]:
    """What a policy earns per customer, from customers who happened to be given at random what it would give them.

    Parameters:
        policy: Arm of each customer under the policy, rows as `results`.
        expected: From `expected_outcomes`; needed by the doubly robust method.
        method ({"doubly robust", "weighting"}): Inverse propensity weighting (Horvitz & Thompson, 1952) is unbiased and
            noisy; the doubly robust estimate (Dudík, Langford & Li, 2011) corrects a model's answer by the weighted
            error: unbiased too, and less noisy when the model is any good.
        against: Another policy: the value is then the difference, with its paired interval.
    Returns:
        dict: ``value``, ``low``, ``high`` (95%), ``treated`` (share of customers given an offer).

    >>> trial = pd.DataFrame({"arm": ["offer", "control"] * 2, "profit": [4.0, 1.0, 4.0, 1.0]})
    >>> policy_value(trial, pd.Series(["offer"] * 4), method="weighting")["value"]
    4.0
    """
    scores = policy_scores(results, policy, expected, outcome, method)
    if against is not None:
        scores = scores - policy_scores(results, against, expected, outcome, method)
    value, half = float(scores.mean()), 1.96 * scores.std(ddof=1) / np.sqrt(len(scores))
    return {"value": value, "low": value - half, "high": value + half, "treated": float((policy != CONTROL).mean())}


def policy_scores(results, policy, expected, outcome="profit", method="doubly robust") -> np.ndarray:
    """What each customer adds to the estimate of a policy's value; arguments as for :func:`policy_value`."""
    if len(policy) != len(results):
        raise DataError(f"The policy has {len(policy):,} customers, the campaign {len(results):,}.")
    given, wanted = results["arm"].to_numpy(), policy.to_numpy()
    chance = results["arm"].value_counts(normalize=True).sort_index()
    for arm in sorted(set(wanted)):
        pick("arm", arm, chance.index)
    weight = np.where(given == wanted, 1 / chance.reindex(wanted).to_numpy(), 0.0)
    earned = results[outcome].to_numpy(float)
    if pick("method", method, ("doubly robust", "weighting")) == "weighting":
        return weight * earned
    if expected is None:
        raise DataError("The doubly robust method needs the expected outcomes (expected_outcomes).")
    modelled = expected.to_numpy()[np.arange(len(expected)), expected.columns.get_indexer(wanted)]
    return modelled + weight * (earned - modelled)


def compare_policies(results: pd.DataFrame, policies: dict[str, pd.Series], expected: pd.DataFrame) -> pd.DataFrame:
    """The value of several policies, and of each the gain over giving nothing.

    Parameters:
        policies: As `reference_policies` gives, with one named "nobody".
    Returns:
        DataFrame: ``policy``, ``treated`` (share), ``value``, ``gain``, ``gain_low``, ``gain_high`` (per customer),
            best first.

    >>> trial = pd.DataFrame({"arm": ["offer", "control"] * 2, "profit": [4.0, 1.0, 4.0, 1.0]})
    >>> expected = pd.DataFrame({"control": [1.0] * 4, "offer": [4.0] * 4})
    >>> rules = {"everybody": pd.Series(["offer"] * 4), "nobody": pd.Series(["control"] * 4)}
    >>> compare_policies(trial, rules, expected)[["policy", "gain"]].to_numpy().tolist()
    [['everybody', 3.0], ['nobody', 0.0]]
    """
    rows = []
    for name, policy in policies.items():
        worth = policy_value(results, policy, expected)
        gain = policy_value(results, policy, expected, against=policies["nobody"])
        rows.append((name, worth["treated"], worth["value"], gain["value"], gain["low"], gain["high"]))
    table = pd.DataFrame(rows, columns=["policy", "treated", "value", "gain", "gain_low", "gain_high"])
    return table.sort_values("gain", ascending=False, ignore_index=True)


def plot_policies(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Gain of each policy over giving nothing, with its interval, from `compare_policies`.

    >>> table = pd.DataFrame({"policy": ["nobody", "learned"], "treated": [0, 0.4], "gain": [0, 2.5], "gain_low": [0, 2.0],
    ...     "gain_high": [0, 3.0]})
    >>> plot_policies(table).get_title()
    'Best: learned, +2.50 per customer over giving nothing'
    """
    ax = figures.axes(ax, figsize=(8, 0.5 * len(table) + 1.4))
    ordered = table.sort_values("gain", ignore_index=True)
    place = np.arange(len(ordered))
    colour = [figures.BLUE if name == "learned" else figures.GREY for name in ordered["policy"]]
    look = {"capsize": 3, "error_kw": {"lw": 1}}
    ax.barh(place, ordered["gain"], 0.6, color=colour, xerr=figures.spread(ordered, "gain", "gain_"), **look)
    ax.axvline(0, color=figures.BLACK, lw=1)
    ax.set_yticks(place, [f"{row.policy} ({row.treated:.0%})" for row in ordered.itertuples()])
    ax.grid(axis="y", visible=False)
    best = ordered.iloc[-1]
    title = f"Best: {best['policy']}, {best['gain']:+z.2f} per customer over giving nothing"
    x = "profit gained per customer ({currency}; lines: 95% intervals); share treated in brackets"
    return figures.finish(ax, title, x)


def plot_gain_by(results: pd.DataFrame, gains: pd.DataFrame, axes=None) -> np.ndarray:
    """Mean gain in each tenth of customers by spend and by inactivity, of the arm that `uplift` expects most of.

    >>> trial = pd.DataFrame({"spend": range(20), "recency_days": range(20)})
    >>> axes = plot_gain_by(trial, pd.DataFrame({"offer": range(20, 0, -1)}))
    >>> axes[0].get_title()
    'Spend: tenth 1 gains most'
    """
    axes = figures.axes(ncols=2, figsize=(7.5, 3.2), sharey=True) if axes is None else axes
    gain = gains[gains.mean().idxmax()]
    scores = {"spend": results["spend"], "time since the last order": _inactivity(results)}
    for ax, (label, score) in zip(axes, scores.items(), strict=True):
        tenth = pd.qcut(score.rank(method="first"), 10, labels=False) + 1
        mean = gain.groupby(tenth).mean()
        ax.bar(mean.index, mean, color=np.where(mean > 0, figures.BLUE, figures.VERMILION))
        ax.axhline(0, color=figures.BLACK, lw=1)
        title = f"{label[0].upper()}{label[1:]}: tenth {mean.idxmax()} gains most"
        figures.finish(ax, title, f"tenth by {label}, 10 = most")
    axes[0].set_ylabel(figures.in_currency("predicted gain in profit\nper customer ({currency})"))
    return axes


def _ranked(outcome, uplift, treated):
    """Outcomes and treatments from the highest uplift down, and where each group of ties ends."""
    outcome, uplift = np.asarray(outcome, dtype=float), np.asarray(uplift, dtype=float)
    treated = np.asarray(treated, dtype=bool)
    if not len(outcome) == len(uplift) == len(treated):
        raise DataError("Outcome, uplift and treated must have the same length.")
    if treated.all() or not treated.any():
        raise DataError("A curve needs customers with the offer and customers without it.")
    order = np.argsort(uplift, kind="mergesort")[::-1]
    ends = np.r_[np.flatnonzero(np.diff(uplift[order])), len(order) - 1]
    return outcome[order], treated[order], ends


def _cumulated(weights, y, t, ends) -> tuple[np.ndarray, np.ndarray]:
    """Customers counted in, and outcomes gained among the treated of them; ties at once."""
    columns = (weights, weights * t, weights * y * t, weights * y * ~t)
    n, treated, given, without = (np.r_[0.0, np.cumsum(values)[ends]] for values in columns)
    per_control = np.divide(treated, n - treated, out=np.zeros_like(n), where=n > treated)
    return n, given - without * per_control


def _above_chance(x: np.ndarray, y: np.ndarray) -> float:
    """Area between a curve and the straight line to its end."""
    return np.trapezoid(y, x) - x[-1] * y[-1] / 2


def curve(outcome, uplift, treated) -> tuple[np.ndarray, np.ndarray]:
    """The Qini curve: outcomes gained among the treated by giving the offer to the customers ranked first.

    Parameters:
        outcome (array of float): What came of each customer (0 or 1, or money).
        uplift (array of float): The ranking, highest first; equal values count as one step.
        treated (array of bool): Whether the customer was given the offer, at random.
    Returns:
        customers, gain : ndarray: From (0, 0) to all customers.

    Source: Radcliffe (2007), Using control groups to target on predicted lift.

    >>> curve([1, 0, 1, 0], [0.9, 0.8, 0.2, 0.1], [True, False, True, False])[1].tolist()
    [0.0, 1.0, 1.0, 2.0, 2.0]
    """
    y, t, ends = _ranked(outcome, uplift, treated)
    return _cumulated(np.ones(len(y)), y, t, ends)


def coefficient(outcome, uplift, treated) -> float:
    """Qini coefficient: the area between curve and chance as a share of the best possible; 0 for a ranking by chance.

    The best ranking knows who converts in which arm: with the offer first, without it last. No real one can reach it.

    >>> coefficient([1, 0, 0, 1], [0.9, 0.8, 0.2, 0.1], [True, True, False, False])
    1.0
    """
    outcome = np.asarray(outcome, dtype=float)
    if not np.isin(outcome, (0, 1)).all():
        raise DataError("The coefficient is defined for outcomes of 0 and 1; use area() for money.")
    ceiling = _above_chance(*curve(outcome, np.where(treated, outcome, -outcome), treated))
    return float(_above_chance(*curve(outcome, uplift, treated)) / ceiling) if ceiling else 0.0


def area(outcome, uplift, treated) -> float:
    """Mean height of the curve above chance, per customer, in units of the outcome; also for money.

    >>> area([8, 0, 0, 0], [0.9, 0.8, 0.2, 0.1], [True, False, True, False])
    0.75
    """
    x, y = curve(outcome, uplift, treated)
    return float(_above_chance(x, y) / x[-1] ** 2)


def bands(
    outcome, uplift, treated, n_bootstrap: int = 200, confidence: float = 0.95, random_state: int = 0
) -> tuple[pd.DataFrame, tuple[float, float]]:
    """The curve per customer with a band, and an interval for `area`, by resampling customers within the arms.

    The ranking is kept fixed, so the band says how sure we are of *this* ranking on new customers of the same kind.

    Returns:
        table (DataFrame): ``share`` of customers given the offer, ``gain`` per customer of the base (units of the
            outcome), ``low``, ``high``, ``chance``.
        interval (tuple of float): Of `area`.

    >>> table, (low, high) = bands([1, 0, 1, 0] * 9, [4, 3, 2, 1] * 9, [True, False, True, False] * 9, n_bootstrap=9)
    >>> bool(low <= high), table["gain"].iloc[-1].item()
    (True, 0.5)
    """
    rng, grid = np.random.default_rng(random_state), np.linspace(0, 1, 101)
    # Putting the customers in order once is most of the work; each resample then only changes their weights.
    y, t, ends = _ranked(outcome, uplift, treated)
    groups = [np.flatnonzero(t), np.flatnonzero(~t)]

    def drawn(weights):
        n, gain = _cumulated(weights, y, t, ends)
        share, gain = n / n[-1], gain / len(y)
        return np.interp(grid, share, gain), _above_chance(share, gain)

    def resampled():
        weights = np.zeros(len(y))
        for members in groups:
            weights[members] = np.bincount(rng.integers(0, len(members), len(members)), minlength=len(members))
        return drawn(weights)

    centre, _ = drawn(np.ones(len(y)))
    curves, areas = zip(*(resampled() for _ in range(n_bootstrap)), strict=True)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(curves, tails, axis=0)
    table = pd.DataFrame({"share": grid, "gain": centre, "low": low, "high": high, "chance": grid * centre[-1]})
    return table, tuple(float(edge) for edge in np.quantile(areas, tails))


def judge_ranking(results: pd.DataFrame, gains: pd.DataFrame, random_state: int = 0) -> tuple[pd.DataFrame, dict]:
    """How well predicted gains rank the customers of a campaign, in the arm that is best on average.

    Parameters:
        results: ``campaign_results``; what is counted are visits where it has them (``visited``), else conversions.
    Returns:
        table, score: From `bands`, and a dict of ``qini``, ``low``, ``high`` (95%), and ``unit``, what is counted.

    >>> trial = pd.DataFrame({"arm": ["offer", "control"] * 20, "converted": [1, 0, 0, 0] * 10})
    >>> score = judge_ranking(trial, pd.DataFrame({"offer": [2, 2, 1, 1] * 10}))[1]
    >>> round(score["qini"], 2), score["unit"]
    (0.67, 'conversions')
    """
    arm = gains.mean().idxmax()
    pair = results["arm"].isin([arm, CONTROL])
    outcome, unit = ("visited", "visits") if "visited" in results else ("converted", "conversions")
    data = results.loc[pair, outcome].to_numpy(float), gains.loc[pair, arm], results.loc[pair, "arm"] == arm
    table, interval = bands(*data, random_state=random_state)
    found, height = coefficient(*data), area(*data)
    low, high = (edge * found / height if height else 0.0 for edge in interval)  # the ceiling held as it is
    return table, {"qini": found, "low": low, "high": high, "unit": unit}


def plot_curves(
    tables: dict[str, pd.DataFrame], unit: str = "conversions", ax: figures.Axes | None = None
) -> figures.Axes:
    """Curves of several rankings, by name as `bands` gives them, the first with its band; `unit` is what is gained.

    >>> table = bands([1, 0, 1, 0] * 9, [4, 3, 2, 1] * 9, [True, False, True, False] * 9, n_bootstrap=9)[0]
    >>> plot_curves({"X-learner": table}).get_title()
    'X-learner: the curve is highest with 75% of customers counted in'
    """
    ax = figures.axes(ax)
    first, styles = next(iter(tables)), ["-", "--", "-.", ":", (0, (5, 1, 1, 1))]
    for number, (name, table) in enumerate(tables.items()):
        look = {"ls": styles[number % 5], "color": figures.CYCLE[number % 7], "lw": 2 if name == first else 1.5}
        ax.plot(table["share"], 1000 * table["gain"], label=name, **look)
    table = tables[first]
    band = 1000 * table["low"], 1000 * table["high"]
    ax.fill_between(table["share"], *band, color=figures.CYCLE[0], alpha=0.18, lw=0)
    ax.plot(table["share"], 1000 * table["chance"], color=figures.BLACK, lw=1, label="chance")
    peak = table.loc[table["gain"].idxmax()]
    ax.plot(peak["share"], 1000 * peak["gain"], "o", color=figures.CYCLE[0])
    title = f"{first[0].upper()}{first[1:]}: the curve is highest with {peak['share']:.0%} of customers counted in"
    x = "share of customers counted in, highest predicted gain first"
    y = f"{unit} gained among the treated,\nper 1,000 customers of the trial"
    return figures.finish(ax, title, x, y, "percent", legend={"loc": "best"})
