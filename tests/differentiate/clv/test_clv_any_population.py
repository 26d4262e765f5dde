"""Whatever a small population does, the models answer with finite numbers and flags, or refuse and say why."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idic_lab.differentiate import clv
from idic_lab.errors import LabError
from idic_lab.pipeline import Tables, all_stages

MODELS = ["bg_nbd", "mbg_nbd", "pareto_nbd"]
FIRST = pd.Timestamp("2023-01-02")


def purchases(histories, amount=None) -> pd.DataFrame:
    """Transactions of customers, each a list of days after the first day, with amounts."""
    random = np.random.default_rng(7)
    rows = [
        (f"c{number:03}", FIRST + pd.Timedelta(days=int(day))) for number, days in enumerate(histories) for day in days
    ]
    table = pd.DataFrame(rows, columns=["customer_id", "date"]).astype({"customer_id": "str"})
    table["date"] = table["date"].astype("datetime64[us]")
    table["amount"] = random.gamma(6, 8, len(table)).round(2) + 0.01 if amount is None else amount
    return table


def staggered(days, customers=60):
    """The same days for everybody, each begun on another day of two months."""
    return [[day + number % 60 for day in days] for number in range(customers)]


POPULATIONS = {
    "everyone buys once": staggered([0]),
    "everyone buys on one day": [[0]] * 60,
    "everyone buys twice, on the same two days": [[0, 30]] * 60,
    "a subscription: the first of every month": staggered(range(0, 360, 30)),
    "daily visits": staggered(range(120), 40),
    "one buys, the others never again": [list(range(0, 300, 3))] + [[0]] * 59,
    "nobody leaves": [[day for day in range(start, 364, 20 + start % 9)] for start in range(60)],
    "everyone left long ago": [[start, start + 3, start + 6] for start in range(50)] + [[700]] * 10,
    "thirty customers": staggered([0, 11, 40], 15) + staggered([0], 15),
    "three customers": [[0, 5], [1], [2, 40, 80]],
    "one customer": [[0, 10, 50]],
    "ties everywhere: two histories only": [[0, 14, 28]] * 30 + [[0]] * 30,
}


def sound_or_refused(transactions) -> str:
    """Fit and ask everything; every number finite and in its range, or a LabError. Returns what happened."""
    end = transactions["date"].max() + pd.Timedelta(days=30)
    summary = clv.summarise(transactions, end)
    answers = []
    for name in MODELS:
        try:
            model = clv.fit(summary, name)
        except LabError as refusal:
            assert len(str(refusal)) > 20
            answers.append("refused")
            continue
        assert np.isfinite(model.params_).all() and (model.params_ > 0).all()
        assert np.isfinite(model.log_likelihood_)
        assert not model.standard_errors_.isna().any()
        alive = clv.alive(model, summary)
        assert np.isfinite(alive).all() and alive.between(0, 1).all()
        near, far = clv.predict(model, summary, 4), clv.predict(model, summary, 52)
        assert np.isfinite(far).all() and (near >= 0).all() and (far >= near - 1e-9).all()
        dert = clv.dert(model, summary, 0.003)
        assert np.isfinite(dert).all() and (dert >= 0).all()
        answers.append("flagged" if model.flags_ else "answered")
    return ", ".join(answers)


@pytest.mark.parametrize("name", POPULATIONS)
def test_a_degenerate_population_gets_finite_numbers_or_a_refusal(name):
    sound_or_refused(purchases(POPULATIONS[name]))


@pytest.mark.parametrize("name", POPULATIONS)
def test_the_stage_of_lifetime_value_stores_finite_numbers_or_refuses(name):
    try:
        tables = {"transactions": purchases(POPULATIONS[name])}
        made = all_stages.lifetime_value(Tables(tables | all_stages.buying_and_leaving(Tables(tables))))
    except LabError as refusal:
        assert len(str(refusal)) > 20
        return
    numbers = made["customer_value"].select_dtypes("number")
    assert np.isfinite(numbers.to_numpy(dtype=float)).all()


@given(st.lists(st.lists(st.integers(0, 400), min_size=1, max_size=6), min_size=1, max_size=40))
def test_no_small_population_yields_a_nan(histories):
    sound_or_refused(purchases(histories))


AMOUNTS = {
    "all equal": lambda n: np.full(n, 9.99),
    "all zero": lambda n: np.zeros(n),
    "two prices": lambda n: np.where(np.arange(n) % 2, 5.0, 500.0),
    "without a mean: q near 1": lambda n: np.random.default_rng(0).pareto(1.02, n) + 0.01,
    "one buyer a million times the others": lambda n: np.where(np.arange(n) == 0, 1e9, 10.0),
    "a cent each": lambda n: np.full(n, 0.01) + np.arange(n) * 1e-9,
}


@pytest.mark.parametrize("name", AMOUNTS)
def test_degenerate_amounts_get_finite_spend_or_a_refusal(name):
    histories = staggered([0, 10, 25, 60])
    table = purchases(histories, AMOUNTS[name](sum(map(len, histories))))
    summary = clv.summarise(table, table["date"].max())
    try:
        model = clv.fit(summary, "gamma_gamma")
        spend = clv.expected_spend(model, summary)
    except LabError as refusal:
        assert len(str(refusal)) > 20
        return
    assert np.isfinite(model.params_).all() and np.isfinite(spend).all() and (spend >= 0).all()


def test_most_degenerate_populations_are_answered_rather_than_refused():
    answered = {name: sound_or_refused(purchases(histories)) for name, histories in POPULATIONS.items()}
    refused = [name for name, answer in answered.items() if answer == "refused, refused, refused"]
    assert sorted(refused) == [
        "everyone buys on one day",
        "everyone buys once",
        "one buys, the others never again",
        "one customer",
        "three customers",
    ]
