"""Headers are recognised, ambiguity is reported with the choices, and columns can be named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idic_lab.datasets.own import words
from idic_lab.errors import DataError, UnknownName


def roles_of(*headers, given=None, empty=()):
    return words.recognise("deals.csv", {header: header for header in headers}, given, empty)[0]


def test_no_header_stands_for_two_roles():
    known = [word for tiers in words.HEADERS.values() for tier in tiers for word in tier.split()]
    assert sorted({word for word in known if known.count(word) > 1}) == []
    assert [word for word in known if words.normalise(word) != word] == []


@pytest.mark.parametrize(
    "headers",
    [
        ["customer_id", "date", "amount"],
        ["\ufeffCustomer ID", "Order Date", "TOTAL AMOUNT"],
        ["客户编号", "订单日期", "金额"],
        ["会员编号", "下单时间", "实付金额"],
        ["Contact Name", "Closing Date", "Amount"],
        ["Associated Contact", "Close Date", "Amount in company currency"],
        ["Account ID", "Close Date", "Amount"],
        ["Ｃｕｓｔｏｍｅｒ＿ＩＤ", "Purchase-Date", "net amount"],
    ],
)
def test_usual_headers_are_recognised(headers):
    assert roles_of(*headers) == dict(zip(["customer_id", "date", "amount"], headers, strict=True))


def test_chinese_order_lines_are_recognised():
    found = roles_of("订单编号", "客户编号", "订单日期", "商品编号", "数量", "单价")
    assert set(found) == {"order_id", "customer_id", "date", "product_id", "quantity", "unit_price"}


def test_a_salesforce_account_is_known_by_its_id_rather_than_its_name():
    assert roles_of("Account Name", "Account ID", "Close Date", "Amount")["customer_id"] == "Account ID"


def test_a_hubspot_amount_is_taken_in_the_currency_of_the_company():
    headers = ["Associated Contact", "Close Date", "Amount", "Amount in company currency"]
    assert roles_of(*headers)["amount"] == "Amount in company currency"


def test_ambiguity_lists_the_choices_and_what_to_write():
    with pytest.raises(DataError) as error:
        roles_of("Contact Name", "Account Name", "Closing Date", "Amount")
    assert "'Contact Name' or 'Account Name'" in str(error.value)
    assert '--columns customer_id="Contact Name"' in str(error.value)


def test_an_empty_column_is_no_rival():
    headers = ["Contact Name", "Account Name", "Closing Date", "Amount"]
    assert roles_of(*headers, empty=["Account Name"])["customer_id"] == "Contact Name"


def test_a_named_column_settles_an_ambiguity():
    headers = ["Contact Name", "Account Name", "Closing Date", "Amount"]
    assert roles_of(*headers, given='customer_id="account name"')["customer_id"] == "Account Name"


def test_a_missing_column_is_named_with_the_nearest_header():
    with pytest.raises(DataError, match=r"no column for date .*'Order Dtae'.* --columns date=\"Order Dtae\""):
        roles_of("customer_id", "Order Dtae", "amount")


def test_price_and_quantity_stand_in_for_an_amount():
    assert "amount" not in roles_of("customer_id", "date", "qty", "price")
    with pytest.raises(DataError, match="no column for amount or quantity and unit_price"):
        roles_of("customer_id", "date", "qty")


def test_a_first_line_of_data_is_not_taken_for_headers():
    with pytest.raises(DataError, match="the first line holds data, not headers"):
        roles_of("17850", "2010-12-01", "2.55")


def test_an_unknown_role_or_header_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'customer_id'"):
        roles_of("a", "b", given={"custmer_id": "a"})
    with pytest.raises(UnknownName, match="Did you mean 'kunde'"):
        roles_of("kunde", "wann", given={"customer_id": "kunden"})


@pytest.mark.parametrize("text", ["customer_id", "=x", 'a="b', "a=b,a=c", "a=b c='d"])
def test_columns_that_cannot_be_understood_are_refused(text):
    with pytest.raises(DataError, match="--columns"):
        words.parse(text)


@given(st.dictionaries(st.sampled_from(sorted(words.HEADERS)), st.text(min_size=1).filter(lambda t: t == t.strip())))
def test_any_header_can_be_written_in_quotation_marks(wanted):
    written = ",".join(f'{role}="' + header.replace('"', '""') + '"' for role, header in wanted.items())
    assert words.parse(written) == wanted


def test_plain_headers_are_known_and_an_id_that_never_repeats_is_no_customer(load_text):
    made = load_text("Id,Date,Price\n7,2024-01-31,3\n8,2024-02-01,4\n7,2024-02-03,5\n")
    assert (made.card.customers, made.card.amount_accepted) == (2, 12)
    with pytest.raises(DataError, match="no column for customer_id"):
        load_text("Id,Date,Price\n1,2024-01-31,3\n2,2024-02-01,4\n")
    assert load_text("Id,Customer,Date,Price\n1,A,2024-01-31,3\n2,A,2024-02-01,4\n").card.customers == 1
