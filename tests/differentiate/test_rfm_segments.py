"""Segments: rules that cover every cell once, the two tables under their contracts, and the summary."""

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from idic_lab import datasets, tables
from idic_lab.dataframes import collected
from idic_lab.differentiate import rfm
from idic_lab.errors import DataError

CALIBRATION_END = "1997-09-30"


@pytest.fixture(scope="module")
def cdnow():
    return datasets.load("cdnow", quiet=True).transactions


@pytest.fixture(scope="module")
def rfm_table(cdnow):
    return rfm.table(cdnow, CALIBRATION_END)


def every_score():
    scale = range(1, 6)
    rows = [(r, f, m) for r in scale for f in scale for m in scale]
    return pd.DataFrame(rows, columns=["r_score", "f_score", "m_score"])


def test_the_rules_cover_each_of_the_25_cells_once():
    rules = rfm.segment_rules()
    area = (rules["r_high"] - rules["r_low"] + 1) * (rules["fm_high"] - rules["fm_low"] + 1)
    cells = [
        (r, fm)
        for rule in rules.itertuples()
        for r in range(rule.r_low, rule.r_high + 1)
        for fm in range(rule.fm_low, rule.fm_high + 1)
    ]
    assert area.sum() == len(set(cells)) == 25


def test_each_of_the_125_score_triples_gets_the_segment_its_rule_says():
    named = rfm.segment(every_score())
    rules = rfm.segment_rules().set_index("segment").loc[named["segment"]].reset_index()
    fm = ((named["f_score"] + named["m_score"]) / 2 + 0.25).round()
    assert named["r_score"].between(rules["r_low"], rules["r_high"]).all()
    assert fm.between(rules["fm_low"], rules["fm_high"]).all()
    assert set(named["segment"]) == set(rfm.segment_rules()["segment"])


def test_segment_names_stay_within_the_eleven_of_the_trade():
    assert len(rfm.segment_rules()) == rfm.segment_rules()["segment"].nunique() == 11


def test_scores_on_another_scale_are_refused():
    with pytest.raises(DataError, match="1 customers have a score outside 1 to 5"):
        rfm.segment(pd.DataFrame({"r_score": [5, 6], "f_score": [1, 1], "m_score": [1, 1]}))


def test_the_tables_keep_to_their_contracts_and_hold_every_customer(rfm_table, cdnow):
    segments = rfm.segments_table(rfm_table)
    tables.check("rfm", rfm_table)
    tables.check("segments", segments)
    assert len(rfm_table) == len(segments) == cdnow["customer_id"].nunique() == 23_570
    assert segments["scheme"].unique().tolist() == ["rfm"]


@pytest.mark.parametrize("engine", [pa.Table.from_pandas, lambda data: duckdb.from_arrow(pa.Table.from_pandas(data))])
def test_the_table_is_the_same_from_any_engine(engine, cdnow, rfm_table):
    table = collected(rfm.table(engine(cdnow), CALIBRATION_END))
    pd.testing.assert_frame_equal(table.sort_values("customer_id", ignore_index=True), rfm_table)


def test_the_other_string_type_of_pandas_becomes_the_one_of_the_contracts(cdnow, rfm_table):
    table = rfm.table(cdnow.astype({"customer_id": "string"}), CALIBRATION_END)
    pd.testing.assert_frame_equal(table, rfm_table)


def test_a_table_can_be_made_when_everybody_bought_once():
    data = pd.DataFrame(
        {"customer_id": ["a", "b"], "date": pd.to_datetime(["2024-01-01", "2024-01-02"]), "amount": [5.0, 6.0]}
    )
    assert rfm.table(data)["f_score"].tolist() == [1, 1]


def test_a_table_of_returns_alone_is_refused():
    data = pd.DataFrame({"customer_id": ["a"], "date": pd.to_datetime(["2024-01-01"]), "amount": [-5.0]})
    with pytest.raises(DataError, match="no customers to score"):
        rfm.table(data)


def test_the_summary_of_segments_adds_up_to_the_whole(rfm_table):
    summary = rfm.segment_summary(rfm_table)
    assert summary["customers"].sum() == len(rfm_table)
    assert summary["revenue"].sum() == pytest.approx(rfm_table["monetary"].sum())
    assert summary[["share_of_customers", "share_of_revenue"]].sum().tolist() == pytest.approx([1, 1])
    assert summary["revenue"].is_monotonic_decreasing
    champions = rfm_table[rfm_table["segment"] == "champions"]
    row = summary.set_index("segment").loc["champions"]
    assert row["mean_recency_days"] == pytest.approx(champions["recency_days"].mean())


def test_a_summary_without_revenue_is_refused(rfm_table):
    with pytest.raises(DataError, match="sum to zero"):
        rfm.segment_summary(rfm_table.assign(monetary=0.0))


def test_champions_of_cdnow_bring_nearly_half_of_the_revenue(rfm_table):
    champions = rfm.segment_summary(rfm_table).iloc[0]
    assert champions["segment"] == "champions"
    assert champions["share_of_customers"] == pytest.approx(0.174, abs=0.001)
    assert champions["share_of_revenue"] == pytest.approx(0.479, abs=0.001)
