"""Which channel and time a customer prefers, when each has shown little: rates shrunk, and types of customers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.dataframes import allowing
from idic_lab.errors import DataError
from idic_lab.interact.channels.contacts import fatigue as estimate_fatigue
from idic_lab.interact.channels.contacts import inbound_contacts, outbound_contacts, spoken
from idic_lab.tables import CHANNELS, TIMES_OF_DAY


def shrunk_rates(contacts: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Response rate per customer and channel, drawn towards the rate of the customer's segment.

    The beta-binomial model: on a channel, the rates of a segment's customers follow a beta distribution around the
    segment's own rate; how narrow it is (the strength, in contacts) is estimated per channel by maximum likelihood.

    Parameters:
        customers: ``customer_id``, ``segment``; customers never contacted get their segment's rate.
    Returns:
        DataFrame: ``customer_id``, ``channel``, ``contacts``, ``responses``, ``own_rate`` (missing without contacts),
            ``segment_rate``, ``strength``, ``rate``, ``low``, ``high`` (90% credible interval).

    Source: Gelman, Carlin, Stern et al. (2013), Bayesian Data Analysis, section 5.3; Efron & Hastie (2016), Computer
    Age Statistical Inference, chapter 6.

    >>> made = pd.DataFrame({"customer_id": ["ann", "bob", "bob"], "channel": "email", "responded": [True, False, False]})
    >>> people = pd.DataFrame({"customer_id": ["ann", "bob"], "segment": "everyone"})
    >>> found = shrunk_rates(made, people).set_index("customer_id")
    >>> bool(0 < found.loc["bob", "rate"] < found.loc["ann", "rate"] < 1)  # own rates are 0 and 1
    True
    """
    from scipy.stats import beta

    seen = contacts.groupby(["customer_id", "channel"])["responded"].agg(contacts="size", responses="sum")
    grid = pd.MultiIndex.from_product(
        [customers["customer_id"], sorted(contacts["channel"].unique())], names=["customer_id", "channel"]
    )
    table = seen.reindex(grid, fill_value=0).reset_index()
    table["segment"] = table["customer_id"].map(customers.set_index("customer_id")["segment"])
    sums = table.groupby(["segment", "channel"])[["contacts", "responses"]].transform("sum")
    # Half a response and one contact: a segment without contacts on a channel is not taken to be certain of anything.
    table["segment_rate"] = (sums["responses"] + 0.5) / (sums["contacts"] + 1)
    strength = {channel: _strength(part) for channel, part in table.groupby("channel")}
    table["strength"] = table["channel"].map(strength)
    a = table["strength"] * table["segment_rate"] + table["responses"]
    b = table["strength"] * (1 - table["segment_rate"]) + table["contacts"] - table["responses"]
    table["own_rate"] = table["responses"] / table["contacts"].where(table["contacts"] > 0)
    table["rate"], table["low"], table["high"] = a / (a + b), beta.ppf(0.05, a, b), beta.ppf(0.95, a, b)
    seen = ["contacts", "responses", "own_rate", "segment_rate", "strength", "rate", "low", "high"]
    return table[["customer_id", "channel", *seen]]


def _strength(part: pd.DataFrame) -> float:
    """Contacts that the segment's rate counts for, by maximum likelihood, between 0.2 and 1,000."""
    from scipy.optimize import minimize_scalar
    from scipy.special import betaln

    part = part[part["contacts"] > 0]
    n, hits, rate = (part[name].to_numpy(float) for name in ("contacts", "responses", "segment_rate"))

    def cost(log_strength):
        a, b = np.exp(log_strength) * rate, np.exp(log_strength) * (1 - rate)
        return -(betaln(a + hits, b + n - hits) - betaln(a, b)).sum()

    return float(np.exp(minimize_scalar(cost, bounds=(np.log(0.2), np.log(1_000)), method="bounded").x))


def log_loss(predicted, responded) -> float:
    """Mean surprise, in bits per contact, of what happened under the predicted chances, kept 0.001 away from 0 and 1.

    >>> log_loss([0.5, 0.5], [True, False])
    1.0
    """
    chance = np.clip(np.asarray(predicted, dtype=float), 0.001, 0.999)
    hit = np.asarray(responded, dtype=bool)
    if len(chance) != len(hit):
        raise DataError(f"{len(chance)} predictions for {len(hit)} contacts.")
    return float(-np.log2(np.where(hit, chance, 1 - chance)).mean())


_ROUNDS, _TOLERANCE = 200, 1e-6
_FLOOR = 0.002  # no response rate is taken to be exactly 0


class PreferenceTypes:
    """Customers as types, one for each of the options that can be preferred.

    Two kinds of evidence speak for an option: the customer chose it (wrote by e-mail, came in the morning), and the
    customer reacted when contacted on it. Each type has its own probabilities of both; each segment has its own mix of
    types, and a customer moves away from that mix as evidence comes in: shrinkage towards the segment. Estimated by
    expectation maximisation, which starts from types that favour their own option.

    Attributes:
        probabilities_ (DataFrame, customers × options): Probability that each option is the customer's preferred one.
        response_ (DataFrame, types × options): Response rate of each type on each option, at exposure 1.
        mix_ (DataFrame, segments × types): Share of each type in each segment.

    Source: Dempster, Laird & Rubin (1977) for expectation maximisation; Efron & Morris (1977), Stein's paradox in
    statistics, Scientific American 236(5), for why shrinkage pays.

    >>> customers = pd.DataFrame({"customer_id": ["ann", "bob", "new"], "segment": "all"})
    >>> chose = pd.DataFrame({"customer_id": ["ann"] * 4 + ["bob"] * 3, "option": ["phone"] * 4 + ["email"] * 3})
    >>> tried = chose.iloc[[0, 4]].assign(responded=True, exposure=1.0)
    >>> PreferenceTypes(["email", "phone"]).fit(customers, chose, tried).probabilities_.idxmax(axis=1).tolist()[:2]
    ['phone', 'email']
    """

    def __init__(self, options=()):
        self.options = options

    def fit(self, customers: pd.DataFrame, choices: pd.DataFrame, trials: pd.DataFrame) -> PreferenceTypes:
        """Estimate types, mixes and each customer's probabilities.

        Parameters:
            customers: ``customer_id``, ``segment``: everybody, those without evidence too.
            choices: ``customer_id``, ``option``: one row per choice the customer made.
            trials: ``customer_id``, ``option``, ``responded``, ``exposure`` (above 0; it multiplies the chance of a
                response), one row per contact on an option.
        """
        options, people = list(self.options), pd.Index(customers["customer_id"])
        evidence = _Evidence(people, options, choices, trials)
        groups, group_names = pd.factorize(customers["segment"], sort=True)
        k = len(options)
        mix = np.full((len(group_names), k), 1 / k)
        choice = np.full((k, k), 0.5 / k) + 0.5 * np.eye(k)
        response = np.minimum(evidence.overall_rate * (0.8 + 1.2 * np.eye(k)), 0.9 * evidence.highest_rate)
        before = -np.inf
        for _ in range(_ROUNDS):
            weights, likelihood = evidence.weigh(np.log(mix)[groups], choice, response)
            # One imaginary customer per group, spread evenly, keeps a mix from closing on a type nobody has yet.
            counts = np.zeros_like(mix)
            np.add.at(counts, groups, weights)
            mix = (counts + 1 / k) / (counts.sum(axis=1, keepdims=True) + 1)
            choice = weights.T @ evidence.choices + 1 / k
            choice /= choice.sum(axis=1, keepdims=True)
            response = evidence.response_rates(weights, response)
            if likelihood - before < _TOLERANCE * len(people):
                break
            before = likelihood
        self.probabilities_ = pd.DataFrame(weights, index=people, columns=options)
        self.response_ = pd.DataFrame(response, index=options, columns=options)
        self.mix_ = pd.DataFrame(mix, index=pd.Index(group_names, name="segment"), columns=options)
        return self

    def response_rates(self) -> pd.DataFrame:
        """Expected response rate of each customer on each option at exposure 1, customers × options."""
        return self.probabilities_ @ self.response_


class _Evidence:
    """Choices and trials as arrays, and the two steps of expectation maximisation on them."""

    def __init__(self, people: pd.Index, options: list[str], choices: pd.DataFrame, trials: pd.DataFrame):
        self.n, self.k = len(people), len(options)
        self.choices = np.zeros((self.n, self.k))
        np.add.at(self.choices, (_find(people, choices), _find(pd.Index(options), choices, "option")), 1.0)
        # Equal trials of one customer (same option, outcome and exposure) are one row with a count: exact, and short.
        rows = trials.assign(who=_find(people, trials), option=_find(pd.Index(options), trials, "option"))
        rows = rows.groupby(["who", "option", "responded", "exposure"], as_index=False).size()
        self.who, self.option = rows["who"].to_numpy(), rows["option"].to_numpy()
        self.responded, self.exposure = rows["responded"].to_numpy(bool), rows["exposure"].to_numpy(float)
        self.count = rows["size"].to_numpy(float)
        if len(rows) and not (self.exposure > 0).all():
            raise DataError("Exposures of contacts must be above 0.")
        self.highest_rate = 0.98 / (self.exposure.max() if len(rows) else 1.0)

        exposed = (self.count * self.exposure).sum()
        self.overall_rate = (self.count * self.responded).sum() / exposed if exposed else 0.1

    def weigh(self, log_mix: np.ndarray, choice: np.ndarray, response: np.ndarray):
        """Probability of each type for each customer, and the log-likelihood."""
        rate = np.clip(response[:, self.option] * self.exposure, 1e-9, 1 - 1e-9).T
        trial = self.count[:, None] * np.where(self.responded[:, None], np.log(rate), np.log1p(-rate))
        score = log_mix + self.choices @ np.log(choice).T
        for kind in range(self.k):
            score[:, kind] += np.bincount(self.who, trial[:, kind], minlength=self.n)
        top = score.max(axis=1, keepdims=True)
        weights = np.exp(score - top)
        total = weights.sum(axis=1, keepdims=True)
        return weights / total, float((top + np.log(total)).sum())

    def response_rates(self, weights: np.ndarray, response: np.ndarray) -> np.ndarray:
        """Response rate of each type on each option; Newton's method on each, for all at once."""
        w = weights[self.who] * self.count[:, None]
        hits = self._by_option(w * self.responded[:, None])
        rates = response.copy()
        missed, exposure = w * ~self.responded[:, None], self.exposure[:, None]
        for _ in range(4):
            left = 1 - np.minimum(rates[:, self.option].T * exposure, 0.999)
            slope = (hits + 0.5) / rates - self._by_option(missed * exposure / left) - 0.5 / (1 - 0.5 * rates)
            bend = (hits + 0.5) / rates**2 + self._by_option(missed * (exposure / left) ** 2)
            rates = np.clip(rates + slope / bend, np.maximum(rates / 3, _FLOOR), self.highest_rate)
        return rates

    def _by_option(self, values: np.ndarray) -> np.ndarray:
        """Sums over trials, types × options."""
        return np.stack([np.bincount(self.option, values[:, kind], minlength=self.k) for kind in range(self.k)])


def _find(index: pd.Index, data: pd.DataFrame, name: str = "customer_id") -> np.ndarray:
    found = index.get_indexer(data[name])
    if (found < 0).any():
        raise DataError(f"Column '{name}' has {data[name].iloc[int((found < 0).argmax())]!r}, which is not listed.")
    return found


def customers_with_segment(customer_ids: pd.Series, segments: pd.DataFrame | None = None) -> pd.DataFrame:
    """Customers with the segment that thin data are drawn towards: of the scheme "needs", or else "everyone".

    >>> customers_with_segment(pd.Series(["ann", "bob"]))["segment"].tolist()
    ['everyone', 'everyone']
    """
    ids = pd.DataFrame({"customer_id": pd.unique(customer_ids)}).astype("str")
    ids = ids.sort_values("customer_id", ignore_index=True)
    if segments is None or not segments["scheme"].eq("needs").any():
        return ids.assign(segment=pd.Series("everyone", index=ids.index, dtype="str"))
    mine = segments.loc[segments["scheme"] == "needs"].set_index("customer_id")["segment"]
    return ids.assign(segment=ids["customer_id"].map(mine).fillna("unknown").astype("str"))


def fit_channel_types(
    contacts: pd.DataFrame, inbound: pd.DataFrame, customers: pd.DataFrame, fatigue: float
) -> PreferenceTypes:
    """Types of customers by preferred channel, given the :func:`fatigue`; a negative one counts as 0.

    >>> made = pd.DataFrame({"customer_id": ["ann"], "channel": ["email"], "responded": [True], "recent_contacts": [0]})
    >>> wrote = pd.DataFrame({"customer_id": ["ann"] * 3, "channel": ["email"] * 3})
    >>> people = pd.DataFrame({"customer_id": ["ann"], "segment": ["everyone"]})
    >>> fit_channel_types(made, wrote, people, 0.2).probabilities_.loc["ann"].idxmax()
    'email'
    """
    tired = np.exp(-max(fatigue, 0.0) * contacts["recent_contacts"])
    return _types(CHANNELS, contacts, inbound, customers, "channel", tired)


def fit_time_types(
    contacts: pd.DataFrame, inbound: pd.DataFrame, customers: pd.DataFrame, types: PreferenceTypes, fatigue: float
) -> PreferenceTypes:
    """Types of customers by best time of day, given how they take to channels.

    The exposure of a contact is the response that customer and channel (`types`, from :func:`fit_channel_types`) let
    expect; a type's rate at a time of day is then the factor by which it exceeds that.

    >>> made = pd.DataFrame({"customer_id": ["ann"], "channel": ["email"], "time_of_day": ["morning"], "responded": [True],
    ...     "recent_contacts": [0]})
    >>> wrote = made.loc[[0, 0, 0], ["customer_id", "channel", "time_of_day"]]
    >>> people = pd.DataFrame({"customer_id": ["ann"], "segment": ["everyone"]})
    >>> by_channel = fit_channel_types(made, wrote, people, 0.2)
    >>> fit_time_types(made, wrote, people, by_channel, 0.2).probabilities_.loc["ann"].idxmax()
    'morning'
    """
    rates = types.response_rates()
    row, column = (rates.index.get_indexer(contacts["customer_id"]), rates.columns.get_indexer(contacts["channel"]))
    expected = rates.to_numpy()[row, column] * np.exp(-max(fatigue, 0.0) * contacts["recent_contacts"])
    everyone = customers.assign(segment=pd.Series("everyone", index=customers.index, dtype="str"))
    return _types(TIMES_OF_DAY, contacts, inbound, everyone, "time_of_day", expected.round(3))


def _types(options, contacts, inbound, customers, column: str, exposure) -> PreferenceTypes:
    trials = contacts[["customer_id", "responded"]].assign(option=contacts[column], exposure=exposure)
    return PreferenceTypes(options).fit(customers, inbound[["customer_id"]].assign(option=inbound[column]), trials)


def compare_forecasts(
    contacts: pd.DataFrame, inbound: pd.DataFrame, customers: pd.DataFrame, fatigue_of: Callable
) -> pd.DataFrame:
    """The ``log_loss`` (bits) of several forecasts of the last quarter of the contacts, learnt from those before."""
    cut = contacts["date"].quantile(0.75)
    past, future = contacts[contacts["date"] <= cut], contacts[contacts["date"] > cut]
    pairs = pd.MultiIndex.from_frame(future[["customer_id", "channel"]])
    known = shrunk_rates(past, customers).set_index(["customer_id", "channel"]).reindex(pairs)
    fall = max(fatigue_of(past)["fatigue"].iloc[0], 0.0)
    learnt = fit_channel_types(past, inbound[inbound["date"] <= cut], customers, fall).response_rates()
    rows, columns = (known.index.get_level_values(level) for level in (0, 1))
    by_type = learnt.to_numpy()[learnt.index.get_indexer(rows), learnt.columns.get_indexer(columns)]
    average = past["responded"].mean()
    forecasts = {
        "the average of everybody": np.full(len(future), average),
        "own rate at face value": known["own_rate"].fillna(average),
        "rate of the segment": known["segment_rate"],
        "shrunk rate": known["rate"],
        "type": by_type,
        "type, and tiredness": by_type * np.exp(-fall * future["recent_contacts"]),
    }
    losses = [log_loss(chance, future["responded"]) for chance in forecasts.values()]
    return pd.DataFrame({"forecast": forecasts.keys(), "log_loss": losses})


def channel_preferences(
    interactions: pd.DataFrame,
    identity_links: pd.DataFrame,
    consents: pd.DataFrame,
    segments: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The table ``channel_preferences``: how each customer takes to each channel, at what time, and whether it may be used."""
    contacts = outbound_contacts(interactions, identity_links)
    inbound = inbound_contacts(interactions, identity_links)
    customers = customers_with_segment(identity_links["customer_id"], segments)
    tired = estimate_fatigue(contacts)["fatigue"].iloc[0]
    types = fit_channel_types(contacts, inbound, customers, tired)
    times = fit_time_types(contacts, inbound, customers, types, tired)
    return preferences_table(types, times, contacts, inbound, consents)


def preferences_table(
    types: PreferenceTypes,
    times: PreferenceTypes,
    contacts: pd.DataFrame,
    inbound: pd.DataFrame,
    consents: pd.DataFrame,
) -> pd.DataFrame:
    """What the two fits say, put together with the counts and with consent; as :func:`channel_preferences` returns."""
    pairs = ["customer_id", "channel"]
    rows = pd.MultiIndex.from_product([types.probabilities_.index, CHANNELS], names=pairs)
    seen = contacts.groupby(pairs)["responded"].agg(contacts="size", responses="sum")
    probabilities = types.probabilities_.to_numpy()
    best = probabilities.argmax(axis=1)[:, None] == np.arange(len(CHANNELS))
    table = seen.reindex(rows).assign(chosen=inbound.groupby(pairs).size()).fillna(0).astype(np.int64).reset_index()
    table["response_rate"] = types.response_rates().to_numpy().ravel().clip(0, 1)
    table["preference"], table["preferred"] = probabilities.ravel().clip(0, 1), best.ravel()
    table["best_time"] = np.repeat(times.probabilities_.idxmax(axis=1).to_numpy(dtype=object), len(CHANNELS))
    table["allowed"] = rows.isin(allowing(consents).set_index(pairs).index)
    return table.astype({"customer_id": "str", "channel": "str", "best_time": "str"})


def plot_shrinkage(rates: pd.DataFrame, channel: str = "email", ax: figures.Axes | None = None) -> figures.Axes:
    """Own rates beside :func:`shrunk_rates` of customers contacted on one channel; size shows the number of contacts.

    >>> seen = pd.DataFrame({"channel": "email", "contacts": [1, 4], "own_rate": [1.0, 0.5], "rate": [0.4, 0.45]})
    >>> plot_shrinkage(seen).get_title()
    'E-mail: 50% of raw rates are 0% or 100%; shrunk ones are not'
    """
    ax = figures.axes(ax, figsize=(7.5, 4.6))
    mine = rates[(rates["channel"] == channel) & (rates["contacts"] > 0)]
    counts = mine.groupby(["own_rate", "rate", "contacts"], as_index=False).size()
    ax.plot([0, 1], [0, 1], color=figures.GREY, linestyle="--", linewidth=1)
    look = {"cmap": figures.SEQUENTIAL, "edgecolor": "white", "linewidth": 0.5}
    size = counts["contacts"]
    drawn = ax.scatter(counts["own_rate"], counts["rate"], s=18 * size, c=size, **look)
    ax.get_figure().colorbar(drawn, ax=ax, label="contacts on the channel")
    at = {"xytext": (0, 6), "textcoords": "offset points", "rotation": 30, "color": "#555555"}
    ax.annotate("no shrinkage", (0.7, 0.7), **at)
    sure = mine["own_rate"].isin([0.0, 1.0]).mean()
    title = f"{spoken(channel).capitalize()}: {sure:.0%} of raw rates are 0% or 100%; shrunk ones are not"
    across, up = "own response rate, at face value", "shrunk response rate"
    return figures.finish(ax, title, across, up, x_format="percent", y_format="percent", ylim=(0, 1))


def plot_types(response: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Response rates of each type of customer on each channel, as in ``PreferenceTypes.response_``.

    >>> plot_types(pd.DataFrame([[0.6, 0.1], [0.2, 0.8]], columns=["email", "phone"])).get_title()
    '70% react on the preferred channel, 15% elsewhere'
    """
    ax = figures.axes(ax, figsize=(6.4, 4.4))
    values = response.to_numpy()
    image = ax.imshow(values, cmap=figures.SEQUENTIAL, vmin=0)
    figures.in_cells(ax, image, "{:.0%}".format)
    names = [spoken(name) for name in response.columns]
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    ax.get_figure().colorbar(image, ax=ax, format=lambda share, _: f"{share:.0%}", label="response rate, rested")
    own, other = np.diag(values).mean(), values[~np.eye(len(values), dtype=bool)].mean()
    title = f"{own:.0%} react on the preferred channel, {other:.0%} elsewhere"
    return figures.finish(ax, title, x="contacted on", y="preferred channel")
