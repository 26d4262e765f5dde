"""What counts as a sale, whose it is, and what is said where nobody can know."""

import pandas as pd
import pytest

from idic_lab import dataframes
from idic_lab.course.runs import notebooks
from idic_lab.course.runs.run import planned
from idic_lab.datasets.own.text_files import guesses
from idic_lab.datasets.own.words import looks_personal, status
from idic_lab.errors import COMMAND_LINE, DataError

HEADER = "order_id,customer_id,date,amount"


def rows(*lines, header=HEADER):
    return "\n".join([header, *lines, ""])


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        *[
            (word, "sale")
            for word in ("Paid", "wc-completed", "Versendet", "Livrée", "Pagado", "完了", "배송완료", "已发货")
        ],
        *[
            (word, "failed")
            for word in ("VOID", "Draft", "Storniert", "Annulée", "cancelado", "取消", "주문취소", "İptal")
        ],
        *[
            (word, "returned")
            for word in ("Refunded", "chargeback", "Remboursée", "devuelto", "返品", "환불", "退款成功")
        ],
        *[
            (word, "open")
            for word in ("pending payment", "on-hold", "offen", "en attente", "pendiente", "待付款", "not paid")
        ],
        ("partially_refunded", "partly"),
        ("blue", ""),
    ],
)
def test_the_words_of_a_status_are_known_in_many_languages(word, kind):
    assert status(word) == kind


def test_unknown_words_of_a_status_are_listed_with_their_rows_and_can_be_told(load_text):
    text = rows("1,A,2024-01-31,9,zeta", "2,B,2024-01-31,3,eta", "3,B,2024-02-01,4,eta", header=HEADER + ",Status")
    asked = load_text(text).card.assumptions[0]
    assert "'eta' (2 rows), 'zeta' (1 rows)" in asked and "sales=" in asked
    assert load_text(text, sales="eta").rejects["reason"].tolist() == ["no sale"]


def test_a_status_under_any_header_is_known_by_its_words(load_text):
    made = load_text(rows("1,A,2024-01-31,9,bezahlt", "2,B,2024-01-31,3,storniert", header=HEADER + ",Zustand"))
    assert made.card.amount_accepted == 9


def test_the_type_of_a_row_turns_it_into_a_return(load_text):
    made = load_text(
        rows("1,A,2024-01-31,9,charge", "2,A,2024-02-01,4,refund", "3,A,2024-02-02,1,fee", header=HEADER + ",Type")
    )
    assert made.transactions["amount"].tolist() == [9, -4] and made.card.returns == 1


def test_a_total_on_every_line_of_an_order_is_counted_once_and_line_amounts_are_added_up(load_text):
    lines = ["1,A,2024-01-31,30,tea", "1,A,2024-01-31,30,mug", "2,B,2024-02-01,10,tea"]
    assert load_text(rows(*lines, header="order_id,customer_id,date,order_total,product")).card.amount_accepted == 40
    assert load_text(rows(*lines, header="order_id,customer_id,date,line_total,product")).card.amount_accepted == 70
    unclear = load_text(rows(*lines, header=HEADER + ",product"))
    assert unclear.card.amount_accepted == 70 and "order_total=" in unclear.card.assumptions[0]
    told = load_text(rows(*lines, header=HEADER + ",product"), columns="amount=,order_total=amount")
    assert told.card.amount_accepted == 40


def test_the_card_says_what_other_amounts_would_have_given(load_text):
    card = load_text(rows("1,A,2024-01-31,9,8", header=HEADER + ",Subtotal")).card
    assert "gives 9.00; 'Subtotal' would give 8.00" in card.columns["amount"]


def test_orders_that_are_in_the_file_twice_are_warned_of(load_text):
    card = load_text(rows("1,A,2024-01-31,9", "2,B,2024-01-31,5", "2,B,2024-01-31,5")).card
    assert "1 orders are in the file twice" in card.assumptions[0] and "adds 5.00" in card.assumptions[0]


@pytest.mark.parametrize("guest", ["Guest", "invité", "ゲスト", "게스트", "游客", "unknown", "Walk-in Customer"])
def test_guests_are_no_customers(load_text, guest):
    made = load_text(rows("1,A1,2024-01-31,9", f"2,{guest},2024-01-31,3"))
    assert made.rejects["reason"].tolist() == ["a guest, not a customer"]


def test_customer_0_is_a_guest_only_when_it_holds_more_rows_than_others(load_text):
    many = [f"{number},0,2024-01-31,1" for number in range(5)]
    assert load_text(rows(*many, "9,12,2024-01-31,1")).card.customers == 1
    assert load_text(rows("1,0,2024-01-31,1", "2,1,2024-01-31,1", "3,2,2024-01-31,1")).card.customers == 3


def test_what_is_lost_alike_is_said_first(load_text):
    text = rows(*[f"{n},A,{n:02d}/xyz/2023,1" for n in range(1, 6)], "9,A,09/jan/2023,1")
    assert load_text(text).card.assumptions[0].startswith("5 rows are lost that are written alike: '01/xyz/2023'")


@pytest.mark.parametrize(
    "name",
    [
        "김철수",
        "山田太郎",
        "やまだ",
        "Иван Петров",
        "ANNA SCHMIDT",
        "محمد علي",
        "สมชาย ใจดี",
        "אבי כהן",
        "राम कुमार",
        "Δημήτρης",
        "(555) 234-5678",
    ],
)
def test_names_are_known_in_any_script(name):
    assert looks_personal(pd.Series([name]))


@pytest.mark.parametrize(
    "codes", [["A", "B"], ["C0017", "C0018"], ["shopper-1-end", "shopper-2-end"], ["1000000001", "1000000002"]]
)
def test_codes_are_no_names(codes):
    assert not looks_personal(pd.Series(codes))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("山田太郎,メロン", "shift_jis"),
        ("山田太郎,メロン", "euc_jp"),
        ("김철수,이영희", "euc_kr"),
        ("王小明,张伟", "gb18030"),
        ("陳美玲,林志豪", "big5"),
        ("Иван Петров", "cp1251"),
        ("Ayşe Işık", "cp1254"),
        ("Łukasz Wójcik", "cp1250"),
        ("Zoé Lefèvre", "cp1252"),
    ],
)
def test_the_encoding_is_the_one_whose_script_comes_out(text, encoding):
    content = text.encode(encoding)
    assert content.decode(guesses(content)[0]) == text


def test_an_ambiguous_day_is_refused_at_both_doors():
    with pytest.raises(DataError, match=r"today='05/11/2023' may be in May or in November"):
        dataframes.given_day("05/11/2023", "today")
    entered = COMMAND_LINE.set(True)
    try:
        with pytest.raises(DataError, match='--today "05/11/2023" may be'):
            dataframes.given_day("05/11/2023", "today")
    finally:
        COMMAND_LINE.reset(entered)


def test_swapped_days_are_refused_and_can_be_swapped_back(load_text):
    text = "customer_id,date,amount\nA,2023-03-04,1\nB,13/04/2023,1\nC,2023-05-06,1\nD,25/06/2023,1\n"
    with pytest.raises(DataError, match="day and month of some dates were swapped"):
        load_text(text)
    assert load_text(text, dayfirst=True).transactions["date"].dt.month.tolist() == [4, 4, 6, 6]


def test_a_log_without_amounts_counts_its_rows_when_it_is_told_to_and_opens_nothing_of_worth(load_text):
    text = "user_id,timestamp\nA,2024-01-31 10:00\nA,2024-02-01 11:00\nB,2024-02-01 12:00\n"
    with pytest.raises(DataError, match=r"columns='amount=' lets each row count as 1"):
        load_text(text)
    made = load_text(text, columns="amount=")
    assert made.transactions["amount"].tolist() == [1, 1, 1] and made.card.assumptions[0].startswith("no amounts")
    plan = planned(made, notebooks.select("21,24,51"), {})
    assert [stage.notebook[:2] for stage in plan.stages] == ["21"]
    assert plan.skipped["24_differentiate_lifetime_value"] == "it needs amounts, and the data have none"
