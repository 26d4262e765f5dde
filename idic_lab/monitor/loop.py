"""The loop that learns: an offer is given as often as it is believed to be the best, and policies are judged by what was logged."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import numpy as np
import pandas as pd

from idic_lab import figures, tables
from idic_lab.errors import DataError, UnknownName, pick
from idic_lab.inference import intervals
from idic_lab.inference.experiments import peeking_error, plot_peeking, sample_size, spending_boundaries, trial_size
from idic_lab.inference.resampling import percentiles
from idic_lab.monitor.kpis import KPIS, one_way

__all__ = [
    "SegmentThompson", "as_chances", "assign", "campaign_log", "economics", "judge_on_other_half", "learn_policy", "off_policy_value",
    "peeking_error", "plot_peeking", "plot_policy", "proposals", "sample_size", "spending_boundaries", "trial_size",
]  # fmt: skip
CONTROL = "control"
RESPONSES = tomllib.loads(files(__package__).joinpath("responses.toml").read_text("utf-8"))
LONGEST = 26  # weeks that a meeting waits for a test
METHODS = ("weighting", "self-normalised", "doubly robust")


class SegmentThompson:
    """A learner that keeps, for each segment and arm, its belief about the share that converts.

    Beliefs are beta distributions. An arm earns its margin if the customer converts, less its cost.

    Parameters:
        margins, costs (dict of str to float): Earned by a conversion, and spent on giving the arm, in currency.
        prior (tuple of float): Beta prior of every share.
    Attributes:
        beliefs_ (dict of (str, str) to ndarray of shape (2,)): Segment and arm to the parameters of the beta
            distribution.

    Source: Chapelle & Li (2011), An empirical evaluation of Thompson sampling, NIPS 24, algorithm 2.

    >>> learner = SegmentThompson(["control", "offer"], {"control": 30, "offer": 24}, {"control": 0, "offer": 1.5})
    >>> learner.update(["young"] * 40, ["control", "offer"] * 20, [False, True] * 20)
    >>> learner.choose(["young"] * 4).tolist()
    ['offer', 'offer', 'offer', 'offer']
    """

    def __init__(
        self,
        arms: list[str],
        margins: dict[str, float],
        costs: dict[str, float],
        prior: tuple[float, float] = (1.0, 1.0),
        random_state: int = 0,
    ):
        self.arms, self.prior = list(arms), prior
        self.margin = np.array([float(margins[arm]) for arm in self.arms])
        self.cost = np.array([float(costs[arm]) for arm in self.arms])
        self.beliefs_: dict[tuple[str, str], np.ndarray] = {}
        self._rng = np.random.default_rng(random_state)

    def _parameters(self, segments) -> np.ndarray:
        names, which = np.unique(segments, return_inverse=True)
        known = [[self.beliefs_.get((str(name), arm), np.array(self.prior)) for arm in self.arms] for name in names]
        return np.array(known)[which]

    def choose(self, segments) -> np.ndarray:
        """An arm for each customer, by their segment."""
        beliefs = self._parameters(np.asarray(segments, dtype=str))
        shares = self._rng.beta(beliefs[..., 0], beliefs[..., 1])
        return np.array(self.arms)[(shares * self.margin - self.cost).argmax(axis=1)]

    def update(self, segments, arms, converted) -> None:
        """Learn what came of giving each customer an arm."""
        seen = pd.DataFrame({"segment": segments, "arm": arms, "converted": np.asarray(converted, dtype=float)})
        for (segment, arm), part in seen.groupby(["segment", "arm"])["converted"]:
            belief = self.beliefs_.get((str(segment), str(arm)), np.array(self.prior))
            self.beliefs_[str(segment), str(arm)] = belief + np.array([part.sum(), len(part) - part.sum()])

    def sampled(self, segment: str, draws: int = 4000, random_state: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Believed profits of the arms in a segment, and how probable it is that each earns most, in the order of ``arms``."""
        rng = np.random.default_rng(random_state)
        beliefs = [self.beliefs_.get((segment, arm), np.array(self.prior)) for arm in self.arms]
        shares = np.column_stack([rng.beta(a, b, draws) for a, b in beliefs])
        profit = shares * self.margin - self.cost
        best = np.bincount(profit.argmax(axis=1), minlength=len(self.arms)) / draws
        return profit, best


def proposals(signals: pd.DataFrame | None, kpis: pd.DataFrame, action_plan: pd.DataFrame) -> pd.DataFrame:
    """What monitoring found, and the plan, as items that a meeting can decide on: the table ``proposals``.

    A weekly figure that went the wrong way is proposed to its owner with a test that would find whether half of the change
    can be undone; one that went the right way is left. An action of the plan whose effect is assumed is tested where its
    segment has the customers within half a year; where it never will, it is done if it pays at half of the effect, else
    dropped. Test means two arms by lot, 5% two-sided, power 80%.

    Parameters:
        signals: Table ``signals``; None where no weekly figure could be watched.
        kpis: Table ``kpis``, from whose intervals the noise of a figure is known.

    >>> told = {"figure": ["csat"], "direction": "down", "before": 0.8, "since": 0.6, "started": pd.Timestamp("2025-03-03")}
    >>> days = {"review_date": [pd.Timestamp("2025-04-30")], "previous_date": pd.Timestamp("2025-03-31")}
    >>> now = days | {"kpi": "csat", "segment": "all", "whole": True, "value": 0.6, "observations": 60, "low": 0.48, "high": 0.72}
    >>> made = proposals(pd.DataFrame(told), pd.DataFrame(now), tables.get("action_plan").empty())
    >>> made[["about", "verdict", "per_arm", "weeks"]].to_numpy().tolist()
    [['csat', 'leave', 353, 51]]
    """
    measured = kpis[kpis["segment"].eq("all") & kpis["whole"]].sort_values("review_date").groupby("kpi").last()
    found = [] if signals is None else [_of_figure(one_way(part), measured) for _, part in signals.groupby("figure")]
    rows = [*found, *(_of_action(row) for row in action_plan.itertuples())]
    empty = tables.get("proposals").empty()
    return pd.DataFrame(rows, columns=list(empty)).astype(empty.dtypes.to_dict())


def _of_figure(run: pd.DataFrame, measured: pd.DataFrame) -> dict:
    """What is proposed on a weekly figure, from its latest reports, which went the same way."""
    first, since = run.iloc[0], run["since"].iloc[-1]
    figure, direction, before = first[["figure", "direction", "before"]]
    found = f"{direction} from {before:.3g} to {since:.3g} since {first['started']:%Y-%m-%d}"
    row = {"about": figure, "found": found}
    row |= {"owner": RESPONSES[figure]["owner"], "action": RESPONSES[figure]["tactic"], "cost": 0.0}
    if KPIS[figure].better == direction:
        return row | {"action": "none", "verdict": "leave", "why": "it went the right way: find out why, and keep it"}
    if figure not in measured.index or not measured.loc[figure, "high"] > measured.loc[figure, "low"]:
        return row | {"action": "none", "verdict": "leave", "why": "how much it moves by chance is not known"}
    now = measured.loc[figure]
    noise = now["observations"] * ((now["high"] - now["low"]) / (2 * 1.96)) ** 2
    arm = max(30, int(np.ceil(2 * (1.96 + 0.84) ** 2 * noise / ((since - before) / 2) ** 2)))
    weeks = int(np.ceil(2 * arm / now["observations"] * (now["review_date"] - now["previous_date"]).days / 7))
    row |= {"per_arm": arm, "weeks": weeks, "cost": arm * RESPONSES[figure]["unit_cost"]}
    if weeks > LONGEST:
        return row | {"verdict": "leave", "why": f"a test would take {weeks} weeks; look for the cause by hand"}
    return row | {"verdict": "test", "why": "it went the wrong way, and nobody knows what would mend it"}


def _of_action(row) -> dict:
    """What is proposed on an action of the plan."""
    known = {"about": row.action_id, "found": row.goal, "owner": row.owner, "action": row.tactic, "cost": row.cost}
    known |= {"weeks": (row.review_date - row.starts).days // 7, "verdict": row.verdict}
    known["cost"] *= row.verdict != "drop"
    whys = {"do": "it is owed", "ask": "nobody knows who agrees", "drop": "it does not pay even if all holds"}
    if row.verdict != "test":
        return known | {
            "why": "a trial says it pays" if row.basis == "estimated" and row.verdict == "do" else whys[row.verdict]
        }
    if not row.unit.startswith("share") or row.kpi == "share_of_wallet":
        return known | {"why": "it pays if its assumption holds; leave half out by lot"}
    lift = (row.target - row.baseline) * row.customers / row.reachable
    arm = sample_size(float(np.clip(row.baseline, 0.005, 0.995 - lift)), lift)
    rounds = int(np.ceil(2 * arm / row.reachable))
    known |= {"per_arm": arm, "cost": row.cost * min(arm / row.reachable, rounds / 2)}
    if rounds * known["weeks"] <= LONGEST:
        return known | {"weeks": rounds * known["weeks"], "why": "its segment has the customers for a test"}
    pays = row.expected_return / 2 > row.cost
    why = f"only {row.reachable:,} can be reached, too few to test it; at half of the effect it {'pays' if pays else 'loses'}"
    return known | {"verdict": "do" if pays else "drop", "cost": row.cost if pays else 0.0, "why": why}


def _trial_log(campaign_results: pd.DataFrame, segments: pd.DataFrame) -> pd.DataFrame:
    """One campaign with the segment each customer was in when it began, and the chance of the arm given."""
    log = campaign_results.merge(segments[["customer_id", "segment"]], on="customer_id", how="left")
    log["segment"] = log["segment"].fillna("unknown").astype("str")
    log["profit"] = log["margin"] - log["contact_cost"]
    log["chance"] = log["arm"].map(log["arm"].value_counts(normalize=True)).astype(float)
    return log[["customer_id", "segment", "arm", "converted", "profit", "chance"]]


def economics(campaign_results: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """Mean margin of a conversion, and mean cost of contact, by arm.

    >>> economics(pd.DataFrame({"arm": ["offer"] * 2, "converted": [True, False], "margin": [30.0, 0.0], "contact_cost": 1.5}))
    ({'offer': 30.0}, {'offer': 1.5})
    """
    sold = campaign_results[campaign_results["converted"]].groupby("arm")["margin"].mean()
    cost = campaign_results.groupby("arm")["contact_cost"].mean()
    usual = float(sold.mean()) if len(sold) else 0.0
    return {arm: float(sold.get(arm, usual)) for arm in cost.index}, cost.to_dict()


def off_policy_value(log: pd.DataFrame, wanted: pd.DataFrame, method: str = "doubly robust") -> dict[str, float]:
    """What a policy would have earned per customer, from a log of arms given at random.

    Parameters:
        log: From `campaign_log`.
        wanted: The policy: rows as `log`, a column per arm, the chance with which the policy gives it.
        method ({"weighting", "self-normalised", "doubly robust"}): Weighting is unbiased and noisy; self-normalised
            divides by the sum of the weights, a little biased and steadier; doubly robust starts from the mean profit
            of each segment and arm, estimated on the other half of the log, and corrects it by the weighted error.
    Returns:
        dict: ``value``, ``low``, ``high`` (95%), in currency per customer.

    Source: Horvitz & Thompson (1952), Journal of the American Statistical Association 47(260); Swaminathan & Joachims
    (2015), NIPS 28; Dudík, Langford & Li (2011), ICML 28.

    >>> log = pd.DataFrame({"segment": "s", "arm": ["control", "offer"] * 20, "chance": 0.5, "profit": [0.0, 4.0] * 20})
    >>> always = pd.DataFrame({"control": 0.0, "offer": 1.0}, index=log.index)
    >>> off_policy_value(log, always, "self-normalised")["value"]
    4.0
    """
    pick("method", method, METHODS)
    if len(wanted) != len(log):
        raise DataError(f"The policy has {len(wanted):,} rows, the log {len(log):,}.")
    places = wanted.columns.get_indexer(log["arm"])
    if (places < 0).any():
        raise UnknownName("arm", str(log["arm"].iloc[int((places < 0).argmax())]), wanted.columns)
    chances = wanted.to_numpy(float)
    weight = chances[np.arange(len(log)), places] / log["chance"].to_numpy()
    profit = log["profit"].to_numpy(float)
    if method == "weighting":
        scores = weight * profit
        value = scores.mean()
    elif method == "self-normalised":
        if weight.sum() == 0:
            raise DataError("Nobody in the log was given what the policy wants, so nothing can be said of it.")
        value = (weight * profit).sum() / weight.sum()
        scores = value + weight * (profit - value) / weight.mean()
    else:
        model = _mean_profit(log, wanted.columns)
        scores = (chances * model).sum(axis=1) + weight * (profit - model[np.arange(len(log)), places])
        value = scores.mean()
    low, high = np.subtract(intervals.mean(scores)[1:], scores.mean()) + value
    return {"value": float(value), "low": float(low), "high": float(high)}


def _mean_profit(log: pd.DataFrame, arms) -> np.ndarray:
    """Mean profit by segment and arm from the other half of the log, a row per row of the log."""
    half = np.arange(len(log)) % 2
    model = np.zeros((len(log), len(arms)))
    for fold in (0, 1):
        other = log[half != fold]
        overall = other.groupby("arm")["profit"].mean()
        by_segment = other.pivot_table(index="segment", columns="arm", values="profit", aggfunc="mean")
        rows = by_segment.reindex(index=log.loc[half == fold, "segment"], columns=arms)
        model[half == fold] = rows.fillna(overall).fillna(0.0).to_numpy()
    return model


def learn_policy(
    log: pd.DataFrame, margins: dict[str, float], costs: dict[str, float], scheme: str, random_state: int = 0
) -> pd.DataFrame:
    """The table ``policy``: for each segment, how often to give each arm in the next round.

    Each arm's share is the probability that it earns most, by all results so far: arms still in doubt keep being
    tried, arms that are clearly worse are not.

    Parameters:
        log: From `campaign_log`.
        margins, costs: From `economics`.
        scheme: The segmentation that `log` uses.

    >>> log = pd.DataFrame({"segment": "s", "arm": ["control", "offer"] * 50, "converted": [False, True] * 50})
    >>> learnt = learn_policy(log, {"control": 30, "offer": 24}, {"control": 0, "offer": 1.5}, "rfm")
    >>> learnt.loc[learnt["chosen"], ["segment", "offer"]].values.tolist()
    [['s', 'offer']]
    """
    arms = sorted(margins)
    learner = SegmentThompson(arms, margins, costs, random_state=random_state)
    learner.update(log["segment"], log["arm"], log["converted"])
    counts = log.groupby(["segment", "arm"]).size()
    rows = []
    for segment in sorted(log["segment"].unique()):
        profit, best = learner.sampled(segment, random_state=random_state)
        low, high = percentiles(profit)
        for place, arm in enumerate(arms):
            given = int(counts.get((segment, arm), 0))
            row = (best[place], profit[:, place].mean(), low[place], high[place], given, place == best.argmax())
            rows.append((scheme, segment, arm, *row))
    empty = tables.get("policy").empty()
    return pd.DataFrame(rows, columns=list(empty)).astype(empty.dtypes)


def campaign_log(campaign_results: pd.DataFrame, segment_history: pd.DataFrame, scheme: str) -> pd.DataFrame:
    """The log of all campaigns, each customer in the segment of the last review before the campaign began.

    Returns:
        DataFrame: ``customer_id``, ``segment``, ``arm``, ``converted``, ``profit`` (margin less cost of contact),
            ``chance`` (share of the customers in the arm). Customers who were in no segment then are in the segment
            "unknown".

    >>> results = pd.DataFrame({"customer_id": ["a", "b"], "date": pd.to_datetime(["2024-02-01"] * 2), "arm": ["control", "offer"],
    ...     "converted": [False, True], "margin": [0.0, 30.0], "contact_cost": [0.0, 1.5]})
    >>> held = pd.DataFrame({"review_date": pd.to_datetime(["2024-01-31"]), "customer_id": "a", "scheme": "rfm", "segment": "s"})
    >>> campaign_log(results, held, "rfm")[["segment", "arm", "profit", "chance"]].values.tolist()
    [['s', 'control', 0.0, 0.5], ['unknown', 'offer', 28.5, 0.5]]
    """
    held = segment_history[segment_history["scheme"] == scheme]
    if held.empty:
        raise UnknownName("segmentation in the history", scheme, segment_history["scheme"].unique())
    parts = []
    for begins, results in campaign_results.groupby("date"):
        known = held[held["review_date"] < begins]
        parts.append(_trial_log(results, known[known["review_date"] == known["review_date"].max()]))
    return pd.concat(parts, ignore_index=True)


def as_chances(policy: pd.DataFrame, segments: pd.Series, column: str = "probability") -> pd.DataFrame:
    """A policy as the chance of each arm for each customer, for `off_policy_value`.

    Parameters:
        policy: Table ``policy``.
        segments: Segment of each customer.
        column ({"probability", "chosen"}): Give arms by their probability, or always the chosen one.
    Returns:
        DataFrame: A column per arm; a segment the policy does not know is given control.

    >>> learnt = pd.DataFrame({"segment": ["s", "s"], "offer": ["control", "offer"], "probability": [0.2, 0.8]})
    >>> as_chances(learnt, pd.Series(["s", "elsewhere"])).values.tolist()
    [[0.2, 0.8], [1.0, 0.0]]
    """
    wide = policy.pivot_table(index="segment", columns="offer", values=column, aggfunc="sum").astype(float)
    chances = wide.reindex(segments.to_numpy())
    unknown = chances.isna().all(axis=1)
    if unknown.any() and CONTROL not in chances:
        raise DataError("The policy does not know every segment, and has no control to fall back on.")
    chances.loc[unknown, :] = 0.0
    if CONTROL in chances:
        chances.loc[unknown, CONTROL] = 1.0
    return chances.set_index(segments.index).rename_axis(columns=None)


def assign(policy: pd.DataFrame | None, segments: pd.DataFrame | None, random_state: int = 0) -> pd.DataFrame | None:
    """The arm of each customer in the next round, drawn by the policy's shares; None while no policy has been learnt.

    Parameters:
        segments: ``customer_id``, ``segment``; of a table that holds several schemes, the policy's is taken.
    Returns:
        DataFrame or None: ``customer_id``, ``offer``, ``chance`` (with which it was drawn: keep it, or the results
            cannot be judged).

    >>> learnt = pd.DataFrame({"segment": ["s", "s"], "offer": ["control", "offer"], "probability": [0.0, 1.0]})
    >>> assign(learnt, pd.DataFrame({"customer_id": ["a"], "segment": ["s"]})).values.tolist()
    [['a', 'offer', 1.0]]
    """
    if policy is None or segments is None or not len(policy):
        return None
    if "scheme" in segments:
        segments = segments[segments["scheme"].isin(policy["scheme"])]
    chances = as_chances(policy, segments["segment"])
    drawn = np.random.default_rng(random_state).random(len(chances))
    table = chances.to_numpy(float)
    place = np.minimum((drawn[:, None] > table.cumsum(axis=1)).sum(axis=1), table.shape[1] - 1)
    offer, chance = chances.columns.to_numpy()[place], table[np.arange(len(table)), place]
    made = pd.DataFrame({"customer_id": segments["customer_id"].to_numpy(), "offer": offer, "chance": chance})
    return made.astype({"customer_id": "str", "offer": "str"})


def judge_on_other_half(
    log: pd.DataFrame, margins: dict[str, float], costs: dict[str, float], scheme: str, random_state: int = 0
) -> pd.DataFrame:
    """What a policy learnt on one half of a log would have earned on the other, beside giving everybody one arm.

    Parameters:
        log, margins, costs, scheme: As for :func:`learn_policy`.
    Returns:
        DataFrame: ``policy``, ``value``, ``low``, ``high`` (currency per customer): the learnt policy, the fixed arms
            from the best down, and last the learnt policy less the best of them, on the same customers.

    >>> log = pd.DataFrame({"segment": ["s", "t"] * 40, "arm": ["control"] * 40 + ["offer"] * 40, "chance": 0.5,
    ...     "converted": True, "profit": [4.0, 1.0] * 20 + [1.0, 4.0] * 20})
    >>> judge_on_other_half(log, {"control": 1.0, "offer": 1.0}, {"control": 0.0, "offer": 0.0}, "rfm")["policy"].iloc[-1][:19]
    'learnt policy less '
    """
    order = np.random.default_rng(random_state).permutation(len(log))
    train, judge = log.iloc[order[::2]], log.iloc[order[1::2]].reset_index(drop=True)
    learnt = as_chances(learn_policy(train, margins, costs, scheme, random_state), judge["segment"])
    arms = sorted(margins)
    fixed = {
        f"always {arm}": pd.DataFrame({name: float(name == arm) for name in arms}, index=judge.index) for arm in arms
    }
    found = {name: off_policy_value(judge, wanted) for name, wanted in fixed.items()}
    best_first = sorted(found, key=lambda name: -found[name]["value"])
    rows = {"learnt policy": off_policy_value(judge, learnt)} | {name: found[name] for name in best_first}
    rows[f"learnt policy less {best_first[0]}"] = off_policy_value(judge, learnt - fixed[best_first[0]])
    return pd.DataFrame(rows).T.rename_axis("policy").reset_index()


def plot_policy(policy: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Expected profit of each offer in each segment, with its interval; the chosen one is filled.

    >>> policy = pd.DataFrame({"segment": "s", "offer": ["control", "offer"], "expected_profit": [1.0, 2.0],
    ...     "low": [0.5, 1.5], "high": [1.5, 2.5], "chosen": [False, True]})
    >>> plot_policy(policy).get_title()
    'An offer is chosen for 1 of 1 segments'
    """
    offers = sorted(policy["offer"].unique())
    segments = policy.groupby("segment")["expected_profit"].max().sort_values().index
    ax = figures.axes(ax, figsize=(8, 0.38 * len(segments) + 1.6))
    for at, offer in enumerate(offers):
        mine = policy[policy["offer"] == offer].set_index("segment").reindex(segments)
        y = np.arange(len(mine)) + (at - (len(offers) - 1) / 2) * 0.25
        colour, mark = figures.CYCLE[at % len(figures.CYCLE)], "osD^v"[at % 5]
        best = mine["chosen"].fillna(False).to_numpy(bool)
        ax.hlines(y, mine["low"], mine["high"], color=colour, lw=2)
        ax.plot(mine["expected_profit"], y, mark, mfc="white", color=colour, ms=7)
        label = f"{offer} (filled: chosen)"
        ax.plot(mine["expected_profit"][best], y[best], mark, color=colour, ms=7, label=label)
    ax.set_yticks(range(len(segments)), segments)
    treated = policy.loc[policy["chosen"] & policy["offer"].ne("control"), "segment"].nunique()
    title = f"An offer is chosen for {treated} of {len(segments)} segments"
    across = "profit per customer ({currency}), with 95% interval"
    return figures.finish(ax, title, across, legend={"loc": "lower right", "fontsize": "small"})
