"""Needs by choice: what is worth how much to whom, from choices between products or statements (logit with latent classes).

People say yes to much; a choice makes them give something up. The multinomial logit is the model with one class.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logsumexp, softmax

from idic_lab.dataframes import of_customers
from idic_lab.errors import DataError, FitError, pick
from idic_lab.inference.resampling import draws_of, percentiles

# Precision of each part-worth around 0: it settles what choices leave open, and hardly moves anything else.
PRIOR = 0.01
TOLERANCE, MAX_ITERATIONS = 1e-5, 2_000  # mean gain in log-likelihood per person at which it stops


@dataclass(frozen=True)
class Choices:
    """Choices as numbers.

    Attributes:
        items: What part-worths are of: options or statements, and where they were shown ``price`` and ``none``.
        shown (ndarray, shape (n_sets, n_alternatives, n_items)): What each alternative holds; the price beyond the lowest shown.
        open (ndarray of bool, shape (n_sets, n_alternatives)): Which alternatives there are.
        person, cell (ndarray of int, shape (n_choices,)): Whose choice, and the set and alternative chosen as one number.
        customers: Of each person.
    """

    items: pd.Index
    shown: np.ndarray
    open: np.ndarray
    person: np.ndarray
    cell: np.ndarray
    customers: pd.Index


def read_choices(
    choices: pd.DataFrame, choice_sets: pd.DataFrame, identity_links: pd.DataFrame, survey_id: str
) -> Choices:
    """The choices of one interview, by customer.

    What describes best is a choice among all of a set, and what describes least one among the others with the signs reversed.

    Parameters:
        choices: ``record_id``, ``set_id``, ``best``, ``worst`` (missing where it is not asked).
        choice_sets: ``set_id``, ``survey_id``, ``alternative``, ``shows`` (items joined by +; missing for none), ``price``.

    >>> sets = pd.DataFrame({"set_id": "1", "survey_id": "TEA", "alternative": ["a", "b", "none"],
    ...     "shows": ["black", "green", None], "price": [2.0, 4.0, np.nan]})
    >>> made = pd.DataFrame({"record_id": ["r", "s"], "set_id": "1", "best": ["b", "a"], "worst": None})
    >>> links = pd.DataFrame({"record_id": ["r", "s"], "customer_id": ["ann", "bob"]})
    >>> read_choices(made, sets, links, "TEA").items.tolist()
    ['black', 'green', 'none', 'price']
    """
    pick("interview", survey_id, sorted(choice_sets["survey_id"].unique()))
    sets = choice_sets[choice_sets["survey_id"] == survey_id]
    holds = sets["shows"].astype("str").fillna("none").str.get_dummies(" + ").astype(float)
    if sets["price"].notna().any():
        holds["price"] = (sets["price"] - sets["price"].min()).fillna(0.0)
    (number, names), place = pd.factorize(sets["set_id"]), sets.groupby("set_id").cumcount().to_numpy()
    shown = np.zeros((len(names), place.max() + 1, holds.shape[1]))
    open_ = np.zeros(shown.shape[:2], dtype=bool)
    shown[number, place], open_[number, place] = holds, True
    mine = of_customers(choices[choices["set_id"].isin(names)], identity_links)
    mine = mine.drop_duplicates(["customer_id", "set_id"])
    row = pd.Series(np.ravel_multi_index((number, place), open_.shape), [sets["set_id"], sets["alternative"]])
    best, worst = (row.reindex(pd.MultiIndex.from_frame(mine[["set_id", end]])).to_numpy() for end in ("best", "worst"))
    if not len(mine) or np.isnan(best).any():
        lost = (
            f"set {mine.loc[np.isnan(best), 'set_id'].iloc[0]} has no alternative of that name" if len(mine) else "none"
        )
        raise DataError(
            f"Interview {survey_id!r} needs choices by customers among the alternatives shown; found: {lost}."
        )
    person, customers = pd.factorize(mine["customer_id"], sort=True)
    asked = ~np.isnan(worst)
    pairs, again = np.unique(best[asked].astype(int), return_inverse=True)
    of, taken = np.divmod(pairs, open_.shape[1])
    second = open_.size + again * open_.shape[1] + worst[asked].astype(int) % open_.shape[1]
    left = open_[of] & (np.arange(open_.shape[1]) != taken[:, None])
    cell, person = np.concatenate([best.astype(int), second]), np.concatenate([person, person[asked]])
    shown, open_ = np.concatenate([shown, -shown[of]]), np.concatenate([open_, left])
    return Choices(holds.columns, shown, open_, person, cell, pd.Index(customers, name="customer_id"))


@dataclass(frozen=True)
class ChoiceModel:
    """A fitted logit.

    Attributes:
        part_worths: A row per class, largest first, a column per item: added log odds of being chosen.
        membership: Probability of each class (column) given a customer's choices (row).
        bic: Bayesian information criterion with people as observations; lower is better.
        entropy: How sure memberships are: 1 certain, 0 no surer than by the shares of the classes.
    """

    part_worths: pd.DataFrame
    shares: np.ndarray
    membership: pd.DataFrame
    log_likelihood: float
    bic: float
    entropy: float

    @property
    def utilities(self) -> pd.DataFrame:
        """Part-worths of each customer: those of the classes, by how probably the customer belongs to them.

        Nobody differs from a class here. Where people do, a normal distribution around the classes tells more of each: on
        simulated people a correlation of 0.63 with the planted part-worths, not 0.52 (docs/researchers.md).
        """
        return self.membership @ self.part_worths


def fit_choices(told: Choices, n_segments: int = 1, n_init: int = 6, random_state: int = 0) -> ChoiceModel:
    """A logit of choices with latent classes, by expectation-maximisation from several starts.

    Source: Train (2009), Discrete Choice Methods with Simulation, 2nd ed., sections 3.7 and 14.2; Kamakura & Russell (1989),
    Journal of Marketing Research 26(4).

    >>> sets = pd.DataFrame({"set_id": "1", "survey_id": "TEA", "alternative": ["a", "b"], "shows": ["black", "green"], "price": None})
    >>> made = pd.DataFrame({"record_id": list("rst"), "set_id": "1", "best": ["b", "a", "b"], "worst": None})
    >>> links = pd.DataFrame({"record_id": list("rst"), "customer_id": list("xyz")})
    >>> fit_choices(read_choices(made, sets, links, "TEA")).part_worths.round(1).to_numpy().tolist()  # two to one: a log of 0.7
    [[-0.3, 0.3]]
    """
    rng, people = np.random.default_rng(random_state), len(told.customers)
    starts = [rng.dirichlet(np.full(n_segments, 0.5), people) for _ in range(n_init if n_segments > 1 else 1)]
    fits = [_fitted(told, start, np.ones(people)) for start in starts]
    worths, shares, member, likelihood = max(fits, key=lambda fit: fit[-1])
    order, classes = np.argsort(-shares), pd.RangeIndex(n_segments, name="segment")
    told_apart = np.linalg.matrix_rank((told.shown - told.shown[:, :1])[told.open])  # only differences within a set are
    bic = -2 * likelihood + (n_segments * told_apart + n_segments - 1) * np.log(people)
    unsure = -(member * np.log(np.maximum(member, 1e-300))).sum() / people
    entropy = 1 + unsure / (shares @ np.log(shares)) if n_segments > 1 else 1.0
    table = pd.DataFrame(worths[order], classes, told.items)
    member = pd.DataFrame(member[:, order], told.customers, classes)
    return ChoiceModel(table, shares[order], member, likelihood, float(bic), float(entropy))


def _fitted(told: Choices, member: np.ndarray, weight: np.ndarray, worths=None):
    """Part-worths, shares and memberships from a start in memberships, and the log-likelihood; people by their weight."""
    worths, before = np.zeros((member.shape[1], len(told.items))) if worths is None else worths, -np.inf
    for _ in range(MAX_ITERATIONS):
        drawn = member * weight[:, None]
        shares = np.maximum(drawn.sum(axis=0) / weight.sum(), 1e-9)
        counts = np.stack([np.bincount(told.cell, column[told.person], told.open.size) for column in drawn.T])
        worths = _newton(told, counts.reshape(-1, *told.open.shape), worths)
        chosen = _log_chances(told, worths).reshape(len(shares), -1)[:, told.cell]
        said = np.stack([np.bincount(told.person, one, len(weight)) for one in chosen], axis=1) + np.log(shares)
        member, likelihood = softmax(said, axis=1), float(weight @ logsumexp(said, axis=1))
        if abs(likelihood - before) < TOLERANCE * weight.sum():
            return worths, shares, member, likelihood
        before = likelihood
    raise FitError(
        f"The classes did not settle within {MAX_ITERATIONS:,} iterations; they may be too many for the choices."
    )


def _log_chances(told: Choices, worths: np.ndarray) -> np.ndarray:
    """Of each class, set and alternative."""
    value = np.where(told.open, np.einsum("sai,ci->csa", told.shown, worths), -np.inf)
    return value - logsumexp(value, axis=2, keepdims=True)


def _newton(told: Choices, counts: np.ndarray, worths: np.ndarray) -> np.ndarray:
    """One step of Newton's method towards the part-worths of each class, no longer than 2 for any of them."""
    chance, X, asked = np.exp(_log_chances(told, worths)), told.shown, counts.sum(axis=2, keepdims=True)
    gradient = np.einsum("csa,sai->ci", counts - asked * chance, X) - PRIOR * worths
    mean = np.einsum("csa,sai->csi", chance, X)
    apart = (np.sqrt(asked * chance)[..., None] * (X - mean[:, :, None])).reshape(len(worths), -1, X.shape[2])
    curved = apart.transpose(0, 2, 1) @ apart + PRIOR * np.eye(X.shape[2])
    step = np.linalg.solve(curved, gradient[..., None])[..., 0]
    return worths + step / np.maximum(1, np.abs(step).max(axis=1, keepdims=True) / 2)


def willingness_to_pay(
    told: Choices,
    model: ChoiceModel,
    against: dict[str, str],
    n_bootstrap: int = 200,
    confidence: float = 0.95,
    random_state: int = 0,
) -> pd.DataFrame:
    """What each item is worth in money: its part-worth less that of what it stands against, over that of a unit of price.

    Intervals are percentiles over resampled people, on each of whom the model is fitted anew from where it stands.

    Returns:
        DataFrame: ``segment`` (class; "all" for the mean over people), ``item``, ``worth``, ``low``, ``high`` (currency). Missing
            where a higher price does not deter beyond chance: no money measures what a price cannot move.

    Source: Train (2009), section 3.3.
    """
    pick("item of this interview", "price", list(told.items))
    items, base, price = (told.items.get_indexer(list(names)) for names in (against, against.values(), ["price"]))

    def worth(worths, shares) -> np.ndarray:
        money = (worths[:, items] - worths[:, base]) / np.maximum(-worths[:, price], 1e-9)
        return np.column_stack(
            [np.vstack([money, shares @ money]), np.append(worths[:, price], worths[:, price].max())]
        )

    start, worths = model.membership.to_numpy(), model.part_worths.to_numpy()
    drawn = draws_of(len(told.customers), n_bootstrap, random_state).astype(float)
    draws = np.array([worth(*_fitted(told, start, weight, worths)[:2]) for weight in drawn])
    deters = (draws[..., -1] < 0).mean(axis=0) >= (1 + confidence) / 2
    found = (worth(worths, model.shares), *percentiles(draws, confidence))
    columns = [np.where(deters[:, None], held[:, :-1], np.nan).ravel() for held in found]
    classes = [*map(str, model.part_worths.index), "all"]
    index = pd.MultiIndex.from_product([classes, against], names=["segment", "item"])
    return pd.DataFrame(dict(zip(("worth", "low", "high"), columns, strict=True)), index).reset_index()
