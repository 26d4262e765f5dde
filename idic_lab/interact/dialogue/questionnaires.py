"""Questionnaires that adapt: the most informative question next, until sure enough; and how many questions that saves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from idic_lab.errors import DataError
from idic_lab.interact.dialogue.beliefs import expected_information, starting_beliefs, updated_beliefs

CERTAINTY = 0.90
_RESAMPLES = 2_000


def next_question(beliefs: pd.DataFrame, items: pd.DataFrame, asked: Sequence[str] = ()) -> str | None:
    """The question that tells most about one customer, of those not asked; None when all are.

    Parameters
    ----------
    beliefs : DataFrame, one row × segments
    items : DataFrame, segments × questions
    asked : sequence of question ids
    """
    left = [name for name in items.columns if name not in set(asked)]
    if not left:
        return None
    return str(expected_information(beliefs, items[left]).iloc[0].idxmax())


def ask(
    answers: pd.DataFrame,
    items: pd.DataFrame,
    beliefs: pd.DataFrame,
    order: Sequence[str] | None = None,
    certainty: float = CERTAINTY,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Put the questions to customers whose answers are on file, one at a time, and see when one would have been sure.

    Parameters
    ----------
    answers : DataFrame, customers × questions
        1 = yes, 0 = no; complete.
    items : DataFrame, segments × questions
    beliefs : DataFrame, customers × segments
        Before the first question.
    order : sequence of question ids, optional
        The same order for everybody; without it, the most informative question for each customer next.
    certainty : float
        Probability of the leading segment at which the questionnaire ends.

    Returns
    -------
    outcome : DataFrame
        ``customer_id``, ``questions`` (asked until sure; all when never sure), ``sure``, ``segment`` (the leading one when
        the questionnaire ended).
    path : DataFrame
        ``questions`` (0, 1, ...), ``certainty``: the mean probability of the leading segment had everybody been
        asked so many.
    """
    names = list(items.columns)
    said = answers[names].to_numpy(dtype=float)
    if np.isnan(said).any():
        raise DataError("Questionnaires can only be replayed on customers who answered every question.")
    n, total = said.shape
    rows, asked = np.arange(n), np.zeros((n, total), dtype=bool)
    questions, sure = np.full(n, total), np.zeros(n, dtype=bool)
    leading, path = np.zeros(n, dtype=int), []
    fixed = None if order is None else [names.index(name) for name in order]
    for number in range(total + 1):
        now = beliefs.to_numpy()
        path.append(now.max(axis=1).mean())
        leading = np.where(sure, leading, now.argmax(axis=1))
        arrived = ~sure & (now.max(axis=1) >= certainty)
        questions[arrived], sure = number, sure | arrived
        if number == total:
            break
        if fixed is None:
            information = np.where(asked, -1.0, expected_information(beliefs, items).to_numpy())
            pick = information.argmax(axis=1)
        else:
            pick = np.full(n, fixed[number])
        asked[rows, pick] = True
        one = pd.DataFrame(np.nan, index=beliefs.index, columns=names)
        values = one.to_numpy(copy=True)
        values[rows, pick] = said[rows, pick]
        beliefs = updated_beliefs(beliefs, items, pd.DataFrame(values, index=beliefs.index, columns=names))
    outcome = pd.DataFrame(
        {
            "customer_id": beliefs.index.to_numpy(),
            "questions": questions,
            "sure": sure,
            "segment": beliefs.columns.to_numpy()[leading],
        }
    )
    path = pd.DataFrame({"questions": range(total + 1), "certainty": path})
    return outcome.astype({"customer_id": "str", "segment": "str"}), path


def best_fixed_order(
    items: pd.DataFrame, shares: pd.Series, people: int = 2_000, random_state: int = 0
) -> list[str]:
    """The best single order for everybody: each next question tells most on average, given those before it.

    The average is over imagined customers, drawn from the segments and their answer probabilities; no answers on file
    are used.
    """
    rng = np.random.default_rng(random_state)
    segment = rng.choice(len(shares), people, p=shares.to_numpy())
    chance = items.loc[shares.index].to_numpy()[segment]
    said = pd.DataFrame((rng.random(chance.shape) < chance).astype(float), columns=items.columns)
    beliefs, order = starting_beliefs(range(people), shares), []
    for _ in items.columns:
        left = [name for name in items.columns if name not in order]
        order.append(str(expected_information(beliefs, items[left]).mean().idxmax()))
        beliefs = updated_beliefs(beliefs, items, said[[order[-1]]])
    return order


def compare_orders(
    answers: pd.DataFrame,
    items: pd.DataFrame,
    beliefs: pd.DataFrame,
    orders: dict[str, Sequence[str]],
    certainty: float = CERTAINTY,
    random_state: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The adaptive questionnaire beside fixed orders, on the same customers.

    Parameters
    ----------
    answers, items, beliefs, certainty
        As for :func:`ask`. `items` should not have been estimated from these customers' answers.
    orders : dict of str to sequence of question ids
    random_state : int
        Of the resampling of customers behind the intervals.

    Returns
    -------
    table : DataFrame
        ``order``, ``questions`` (mean), ``sure`` (share of customers), ``saving`` (share of questions that adapting saves
        against it), ``low``, ``high`` (95%). Customers who never become sure count with all questions.
    paths : DataFrame
        ``order``, ``questions``, ``certainty``.
    """
    results = {"adaptive": ask(answers, items, beliefs, None, certainty)}
    results |= {name: ask(answers, items, beliefs, order, certainty) for name, order in orders.items()}
    n = len(answers)
    drawn = np.random.default_rng(random_state).multinomial(n, np.full(n, 1 / n), size=_RESAMPLES)
    adaptive = results["adaptive"][0]["questions"].to_numpy()
    rows = []
    for name, (outcome, _) in results.items():
        asked = outcome["questions"].to_numpy()
        savings = 1 - (drawn @ adaptive) / np.maximum(drawn @ asked, 1e-12)
        low, high = np.quantile(savings, [0.025, 0.975])
        saving = 1 - adaptive.sum() / max(asked.sum(), 1e-12)
        rows.append((name, asked.mean(), outcome["sure"].mean(), saving, low, high))
    table = pd.DataFrame(rows, columns=["order", "questions", "sure", "saving", "low", "high"])
    paths = pd.concat([path.assign(order=name) for name, (_, path) in results.items()], ignore_index=True)
    return table.astype({"order": "str"}), paths[["order", "questions", "certainty"]].astype({"order": "str"})
