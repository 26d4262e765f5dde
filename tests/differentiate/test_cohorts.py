"""Cohorts and migration."""

import pandas as pd
import pytest

from idic_lab import datasets
from idic_lab.differentiate import cohorts
from idic_lab.errors import DataError


@pytest.fixture(scope="module")
def transactions():
    return datasets.load("cdnow_sample", quiet=True).tables["transactions"]


def buys(rows):
    table = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    return table.assign(date=pd.to_datetime(table["date"]).astype("datetime64[us]"))


def test_cdnow_has_its_three_cohorts_with_everybody_who_bought(transactions):
    table = cohorts.cohort_table(transactions)
    first = table[table["age_months"].eq(0)]
    assert first["cohort"].dt.strftime("%Y-%m").tolist() == ["1997-01", "1997-02", "1997-03"]
    assert first["retention"].eq(1).all()
    buying = transactions.loc[transactions["amount"].ge(0), "customer_id"].nunique()
    assert first["customers"].sum() == buying


def test_revenue_of_all_cells_is_the_revenue_of_the_months_observed(transactions):
    table = cohorts.cohort_table(transactions)
    assert table["revenue"].sum() == pytest.approx(transactions["amount"].sum())


def test_a_month_that_is_not_over_is_left_out():
    table = cohorts.cohort_table(buys([("a", "2024-01-05", 5), ("a", "2024-02-10", 5), ("b", "2024-02-20", 5)]))
    assert table[["age_months", "active"]].to_numpy().tolist() == [[0, 1]]
    with pytest.raises(DataError, match="no month"):
        cohorts.cohort_table(buys([("a", "2024-01-05", 5), ("a", "2024-01-10", 5)]))


def test_a_month_without_a_purchase_counts_as_nobody_and_a_return_is_no_purchase():
    table = cohorts.cohort_table(buys([("a", "2024-01-05", 9), ("a", "2024-02-03", -9), ("a", "2024-03-31", 4)]))
    assert table["active"].tolist() == [1, 0, 1]
    assert table["revenue_per_customer"].tolist() == [9.0, 0.0, 4.0]


def test_the_split_day_belongs_to_the_second_period():
    moves = cohorts.decile_migration(
        buys([("a", "2024-01-01", 9), ("b", "2024-01-02", 5), ("a", "2024-02-01", 1)]), "2024-02-01", groups=2
    )
    moved = moves[moves["customers"].gt(0)][["before", "after"]].to_numpy().tolist()
    assert moved == [["1", "1"], ["2", "none"]]


def test_every_customer_of_the_first_period_is_followed(transactions):
    split = cohorts.middle(transactions)
    moves = cohorts.decile_migration(transactions)
    early = transactions[transactions["date"].lt(split)].groupby("customer_id")["amount"].sum()
    assert moves["customers"].sum() == early.gt(0).sum()
    rows = moves.groupby("before")["share"].sum()
    assert rows.to_numpy() == pytest.approx(1)
    best = moves[moves["before"].eq("1")].set_index("after")["share"]
    worst = moves[moves["before"].eq("10")].set_index("after")["share"]
    assert best["1"] > worst["1"]


def test_plots_draw_one_cohort_as_well_as_many(transactions):
    table = cohorts.cohort_table(transactions)
    one = table[table["cohort"].eq(table["cohort"].min())]
    for data in (table, one):
        assert cohorts.plot_cohorts(data).has_data()
        assert cohorts.plot_cohorts(data, "revenue_per_customer").has_data()
        assert cohorts.plot_retention(data).has_data()
    assert "stay there" in "".join(
        cohorts.plot_migration(cohorts.decile_migration(transactions)).get_title(loc=loc) for loc in ("left", "center")
    )
