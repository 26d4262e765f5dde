"""Dates, amounts and customers as people write them; invoices; every bad row in rejects."""

import datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idic_lab import datasets
from idic_lab.datasets.own import Rows, cleaning, numbers_and_dates
from idic_lab.errors import DataError

HEADER = "customer_id,date,amount\n"
TODAY = pd.Timestamp("2024-06-30")


def days(values, **options):
    parsed = numbers_and_dates.parse_dates(pd.Series(values), "day", today=TODAY, **options)
    return pd.Series(parsed.result).dt.strftime("%Y-%m-%d").tolist(), parsed


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-31",
        "2024/1/31",
        "2024.01.31",
        "20240131",
        "2024年1月31日",
        "2024-01-31T23:59:59Z",
        "2024-01-31 23:30:00.123+08:00",
        "2024/1/31 下午 3:05",
        "31.01.2024",
        "31/1/24",
        "1/31/2024 8:26",
        "31-Jan-2024",
        "Jan 31, 2024",
        "31 January 2024 10:00 PM",
        "45322",
        "1706700000",
        45322.75,
        20240131,
        1706700000000,
    ],
)
def test_a_date_is_read_however_it_is_written(written):
    assert days([written])[0] == ["2024-01-31"]


def test_day_and_month_are_told_apart_on_the_whole_column():
    assert days(["02/01/2024", "31/01/2024"])[0] == ["2024-01-02", "2024-01-31"]
    assert days(["02/01/2024", "01/31/2024"])[0] == ["2024-02-01", "2024-01-31"]


def test_a_column_that_contradicts_itself_on_day_and_month_is_an_error():
    with pytest.raises(DataError, match=r"'31/01/2024'.*'01/31/2024'.*dayfirst=True"):
        days(["01/31/2024", "31/01/2024"])


def test_dates_that_nothing_tells_apart_are_an_assumption_on_the_card(load_text):
    text = HEADER + "A,01/02/2024,9\nB,03/04/2024,3\n"
    assumed = load_text(text)
    assert assumed.transactions["date"].dt.month.tolist() == [1, 3]
    assert "nothing in 'date' tells day from month" in str(assumed.card).replace("\n", " ").replace("             ", "")
    assert load_text(text, dayfirst=True).transactions["date"].dt.month.tolist() == [2, 4]


def test_a_format_can_be_given():
    assert days(["31|01|2024", "2024-01-31"], date_format="%d|%m|%Y")[0] == ["2024-01-31", np.nan]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("2024-07-01", "date in the future"),
        ("1850-01-01", "date before 1900"),
        ("2024-02-30", "not a date"),
        ("0000-00-00", "not a date"),
        ("-0044-03-15", "not a date"),
        ("2024-01-31 99:99", "not a date"),
        ("soon", "not a date"),
        ("", "no date"),
        (None, "no date"),
    ],
)
def test_a_date_that_cannot_be_is_refused_with_the_reason(written, reason):
    assert days(["2024-01-31", written])[1].reasons.tolist() == [None, reason]


def test_years_are_not_taken_for_serial_days():
    assert days([2011, 2012])[1].reasons.tolist() == ["not a date"] * 2


def test_a_purchase_of_today_is_kept():
    assert days(["2024-06-30 23:59"])[0] == ["2024-06-30"]


@given(st.lists(st.dates(datetime.date(1901, 1, 1), datetime.date(2024, 6, 30)), min_size=1, max_size=20))
def test_any_day_survives_every_form(calendar):
    wanted = [day.isoformat() for day in calendar]
    for form in ("%Y-%m-%d", "%Y%m%d", "%d %B %Y", "%b %d, %Y"):
        assert days([day.strftime(form) for day in calendar])[0] == wanted
    assert days([day.strftime("%d/%m/%Y") for day in calendar], dayfirst=True)[0] == wanted
    assert days(pd.to_datetime(calendar))[0] == wanted


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1,234.50", 1234.5),
        ("1.234,50", 1234.5),
        ("1'234.50", 1234.5),
        ("1 234,50", 1234.5),
        ("12,34,567.50", 1234567.5),
        ("£9.50", 9.5),
        ("9,50 €", 9.5),
        ("USD 9.50", 9.5),
        ("￥12", 12),
        ("12元", 12),
        ("(9.50)", -9.5),
        ("$(1,200.00)", -1200),
        ("-£3", -3),
        ("−3", -3),
        ("3-", -3),
        ("1e3", 1000),
        (".5", 0.5),
    ],
)
def test_an_amount_is_read_however_it_is_written(written, number):
    assert numbers_and_dates.parse_numbers(pd.Series([written]), "total").result.tolist() == [number]


@pytest.mark.parametrize("written", ["1e999", "inf", "-Infinity", "99999999999999999999", "12,34.5", "many", "1.2.3x"])
def test_an_amount_that_is_no_number_is_refused(written):
    parsed = numbers_and_dates.parse_numbers(pd.Series([written, "4.50"]), "total")
    assert np.isnan(parsed.result[0]) and parsed.reasons[0] and parsed.reasons[1] is None


def test_decimal_commas_and_points_in_one_column_are_an_error():
    with pytest.raises(DataError, match=r"decimal comma \('9,5'\).*point \('9\.75'\)"):
        numbers_and_dates.parse_numbers(pd.Series(["9,5", "9.75"]), "total")
    assert numbers_and_dates.parse_numbers(pd.Series(["9,5", "9.75"]), "total", decimal=",").reasons.tolist() == [
        None,
        "not a number",
    ]


def test_what_may_be_thousands_or_decimals_is_an_assumption():
    parsed = numbers_and_dates.parse_numbers(pd.Series(["9,500", "1,250"]), "total")
    assert parsed.result.tolist() == [9500, 1250] and "means thousands" in parsed.assumptions[0]
    assert numbers_and_dates.parse_numbers(pd.Series(["9,500"]), "total", decimal=",").result.tolist() == [9.5]


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30))
def test_any_amount_survives_both_ways_of_writing_it(cents):
    english = pd.Series([f"{value / 100:,.2f}" for value in cents])
    german = english.str.translate(str.maketrans(",.", ".,"))
    assert numbers_and_dates.parse_numbers(english, "total").result.tolist() == [value / 100 for value in cents]
    assert numbers_and_dates.parse_numbers(german, "total").result.tolist() == [value / 100 for value in cents]


def test_currencies_are_read_from_signs_and_columns_and_never_summed(load_text):
    assert load_text(HEADER + "A,2024-01-31,£9\n").currency == "GBP"
    with pytest.raises(DataError, match="several currencies"):
        load_text(HEADER + "A,2024-01-31,£9\nB,2024-01-31,€9\n")
    with pytest.raises(DataError, match=r"2 currencies \(EUR in 2 rows, USD in 1 rows\)"):
        load_text("customer_id,date,amount,currency\nA,2024-01-31,9,EUR\nA,2024-01-31,9,EUR\nB,2024-01-31,9,USD\n")


def test_numbers_of_customers_are_text_as_they_were_before_a_spreadsheet(load_text):
    made = load_text(HEADER + "17850.0,2024-01-31,9\n 00012 ,2024-01-31,9\n😀,2024-01-31,9\n").transactions
    assert made["customer_id"].tolist() == ["17850", "00012", "😀"]
    assert made["customer_id"].dtype == "str"


def test_long_numbers_of_customers_keep_their_last_digit(tmp_path):
    path = tmp_path / "long.parquet"
    long = pd.array([2**60 + 1, None], dtype="Int64")
    pd.DataFrame({"customer_id": long, "date": pd.to_datetime(["2024-01-31"] * 2), "amount": 1.0}).to_parquet(path)
    assert datasets.load(path, quiet=True).transactions["customer_id"].tolist() == [str(2**60 + 1)]


def test_a_number_that_a_spreadsheet_cut_short_names_nobody(load_text):
    made = load_text(HEADER + "1.23457E+12,2024-01-31,9\n1.23457E+12,2024-02-01,9\nA,2024-02-01,1\n")
    assert made.transactions["customer_id"].tolist() == ["A"]
    assert made.rejects["reason"].tolist() == ["number cut short by a spreadsheet"] * 2


@pytest.mark.parametrize("word", ["Total", "Grand Total", "合计"])
def test_a_line_of_totals_with_a_date_is_no_purchase(load_text, word):
    made = load_text(HEADER + f"A,2024-01-31,9\nB,2024-02-01,3\n{word},2024-02-01,12\n")
    assert made.card.amount_accepted == 12
    assert made.rejects[["line", "reason"]].to_numpy().tolist() == [[4, "a line of totals"]]


def test_formulas_stay_text(load_text):
    formula = "=cmd|'/c calc'!A1"
    assert load_text(HEADER + f"{formula},2024-01-31,9\n").transactions["customer_id"].tolist() == [formula]


def test_every_bad_row_is_in_rejects_with_its_line_and_reason(load_text):
    text = HEADER + "A,2024-01-31,9\n,2024-01-31,9\nB,soon,9\nC,2024-01-31,many\nD,,\n"
    rejects = load_text(text).rejects
    assert rejects["line"].tolist() == [3, 4, 5, 6]
    assert rejects["reason"].tolist() == ["no customer", "not a date", "not a number", "no date"]
    assert rejects["column"].tolist() == ["customer_id", "date", "amount", "date"]
    assert rejects["value"].iloc[1] == "soon" and rejects["source"].eq("orders.csv").all()


def test_a_file_without_a_usable_row_is_an_error_that_says_why(load_text):
    with pytest.raises(
        DataError, match=r"none of its 2 rows .*no customer in column 'customer_id' \(1 rows, first on l"
    ):
        load_text(HEADER + ",2024-01-31,9\nA,soon,3\n")


def test_all_returns_is_read_and_said(load_text):
    card = load_text(HEADER + "A,2024-01-31,-9\nB,2024-01-31,(3)\n").card
    assert card.returns == 2 and card.customers_only_returns == ["A", "B"]


def test_names_of_customers_do_not_reach_the_card(load_text):
    card = load_text("Contact Name,date,amount\nAnn Example,2024-01-31,-9\n").card
    assert "Ann" not in str(card) + str(card.to_dict())


def test_deals_that_were_not_won_are_no_purchases(load_text):
    text = "Account ID,Close Date,Amount,Stage\nA,2024-01-31,9,Closed Won\nB,2024-01-31,9,Closed Lost\n"
    made = load_text(text)
    assert made.transactions["customer_id"].tolist() == ["A"]
    assert made.rejects["reason"].tolist() == ["deal not won"]
    assert len(load_text(text, columns={"stage": ""}).transactions) == 2


@pytest.fixture
def loaded_retail(retail, tmp_path):
    retail.to_parquet(tmp_path / "retail.parquet")
    return datasets.load(tmp_path / "retail.parquet", quiet=True)


def test_invoices_become_one_row_per_customer_order_and_day(loaded_retail):
    made = loaded_retail.transactions.set_index("order_id")["amount"]
    assert made.to_dict() == {"536365": 55.98, "536366": 22.2, "C536379": -2.55, "C536380": -3.7}


def test_the_card_of_invoices_counts_what_is_odd(loaded_retail):
    card = loaded_retail.card
    assert (card.rows_read, card.rows_accepted, card.rejected) == (9, 7, {"no customer": 2})
    assert (card.returns, card.zero_value, card.duplicates, card.without_customer) == (2, 1, 1, 2)
    assert (card.customers, card.customers_only_returns) == (3, ["12346"])
    assert (card.amount_read, card.amount_accepted, card.amount_rejected) == (74.44, 71.93, 2.51)
    assert loaded_retail.rejects["line"].tolist() == [9, 10]


def test_invoices_also_give_order_lines(loaded_retail):
    lines = loaded_retail.order_lines
    assert len(lines) == 7 and lines["product_id"].iloc[0] == "85123A"
    assert lines["amount"].tolist() == pytest.approx((lines["quantity"] * lines["unit_price"]).tolist())


def test_the_same_invoices_under_other_headers_give_the_same_transactions(retail, loaded_retail, tmp_path):
    renamed = {"CustomerID": "Buyer", "InvoiceDate": "When", "Quantity": "Pieces sold", "UnitPrice": "Each"}
    retail.rename(columns=renamed).to_csv(tmp_path / "renamed.csv", index=False)
    columns = 'customer_id=Buyer,date=When,quantity="Pieces sold",unit_price=Each'
    again = datasets.load(tmp_path / "renamed.csv", columns=columns, quiet=True)
    pd.testing.assert_frame_equal(again.transactions, loaded_retail.transactions)
    assert again.card.rejected == loaded_retail.card.rejected


def test_orders_that_all_begin_with_c_are_not_cancellations(load_text):
    text = "order_id,customer_id,date,amount\nC1,A,2024-01-31,9\nC2,B,2024-01-31,9\n"
    assert load_text(text).card.returns == 0


def test_a_purchase_and_a_return_in_one_order_stay_apart(load_text):
    text = "order_id,customer_id,date,amount\n1,A,2024-01-31,9\n1,A,2024-01-31,-4\n1,A,2024-01-31,2\n"
    assert load_text(text).transactions["amount"].tolist() == [11, -4]


def test_lines_without_an_order_number_are_not_merged(load_text):
    text = "order_id,customer_id,date,amount\n,A,2024-01-31,9\n,A,2024-01-31,4\n7,A,2024-01-31,2\n"
    assert load_text(text).transactions["amount"].tolist() == [9, 4, 2]


def test_a_discounted_line_has_the_price_that_was_paid(load_text):
    text = "order_id,customer_id,date,product_id,quantity,unit_price,amount\n1,A,2024-01-31,P,2,10,15\n"
    line = load_text(text).order_lines.iloc[0]
    assert (line["unit_price"], line["amount"]) == (7.5, 15)


CELLS = st.sampled_from(
    ["A", "B", "", "nan", "17850.0", "2024-01-31", "31/01/2024", "2124-01-01", "9.50", "-3", "1e999", "(2)", "x", "😀"]
)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=40))
def test_whatever_the_rows_hold_the_counts_reconcile(cells):
    names = ["customer_id", "date", "amount", "order_id"]
    frame = pd.DataFrame(cells, columns=names, dtype="str")
    rows = Rows("any.csv", frame, names, np.arange(2, len(frame) + 2), "text", 0, "")
    try:
        cleaned = cleaning.clean(rows, cleaning.Options(columns={name: name for name in names}))
    except DataError as error:
        assert "any.csv: none of its" in str(error)
        return
    facts, rejects = cleaned.card.to_dict(), cleaned.rejects
    assert facts["rows_read"] == facts["rows_accepted"] + sum(facts["rejected"].values()) == len(cells)
    assert rejects["line"].is_unique and len(rejects) == sum(facts["rejected"].values())
    assert facts["amount_read"] == pytest.approx(facts["amount_accepted"] + facts["amount_rejected"])
    assert cleaned.tables["transactions"]["amount"].sum() == pytest.approx(facts["amount_accepted"])
