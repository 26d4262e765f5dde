"""Interviews by choice whose part-worths are known, for tests of the course's own estimates and for the referee."""

import numpy as np
import pandas as pd

from idic_lab.differentiate import needs

TASTES = ((1.5, -0.5, 0.05), (-0.5, 1.0, 0.10))  # of each class: a steel lid, a large size, a unit of price
AGAINST = {"steel": "plain", "large": "small"}
SETS = 40


def interview(rng, people=300, tasks=8, tastes=TASTES[:1], prices=(0.0, 10.0, 25.0, 40.0, 60.0), careless=0.0):
    """Choices between three products and none by people of equally large classes, some of whom choose by lot; and their classes."""
    steel, large = rng.integers(0, 2, (2, SETS, 3))
    price = rng.choice(prices, (SETS, 3))
    value = np.array([a * steel + b * large - slope * price for a, b, slope in tastes])
    value = np.concatenate([value, np.full((len(tastes), SETS, 1), -0.5)], axis=2)
    kind, lost = rng.integers(0, len(tastes), people), rng.random(people) < careless
    shown = rng.permuted(np.tile(np.arange(SETS), (people, 1)), axis=1)[:, :tasks]
    felt = value[kind[:, None], shown] * ~lost[:, None, None]
    best = (felt + rng.gumbel(size=felt.shape)).argmax(axis=2)
    names = np.array(["a", "b", "c", "none"])
    number, place = (index.ravel() for index in np.indices((SETS, 4)))
    told = [
        f"{'steel' if s else 'plain'} + {'large' if b else 'small'}"
        for s, b in zip(steel.ravel(), large.ravel(), strict=True)
    ]
    sets = pd.DataFrame(
        {"set_id": number.astype(str), "survey_id": "CASE", "alternative": names[place], "shows": None, "price": np.nan}
    )
    sets.loc[place < 3, "shows"], sets.loc[place < 3, "price"] = told, price.ravel()
    person = np.repeat(np.arange(people), tasks).astype(str)
    choices = pd.DataFrame(
        {"record_id": person, "set_id": shown.ravel().astype(str), "best": names[best.ravel()], "worst": np.nan}
    )
    links = pd.DataFrame({"record_id": person, "customer_id": person}).drop_duplicates()
    return needs.read_choices(choices, sets, links, "CASE"), kind
