"""Messages: nobody without consent, no name, each line with its fact."""

import pandas as pd
import pytest

from idic_lab import meridian, tables
from idic_lab.customize import communication
from idic_lab.customize.communication import Line
from idic_lab.errors import DataError


@pytest.fixture(scope="module")
def consents():
    rows = [("a", "email", True), ("b", "email", False), ("a", "phone", False), ("c", "phone", True)]
    return pd.DataFrame(rows, columns=["customer_id", "channel", "allowed"])


@pytest.fixture
def known(consents):
    values = pd.DataFrame({"customer_id": list("abc"), "stage": ["new", "active", "quiet"], "need": ["x", None, "y"]})
    return communication.facts(values, {"stage": "orders", "need": "survey"}, consents, "email")


LINES = [
    Line("greeting", "Dear [[salutation]],"),
    Line("opening", "Welcome.", "stage", "new"),
    Line("opening", "Hello again."),
    Line("need", "You said $fact.", "need"),
]


def test_only_customers_who_allow_the_channel_get_a_message(known, consents):
    messages = communication.compose(list("abcd"), known, LINES, "email", consents)
    assert messages["customer_id"].unique().tolist() == ["a"]
    tables.check("messages", messages)


def test_without_any_known_consent_nobody_gets_a_message(known):
    messages = communication.compose(list("abc"), known, LINES, "email", None)
    assert messages.empty
    tables.check("messages", messages)


def test_every_fact_used_is_one_that_may_be_used(known, consents):
    messages = communication.compose(list("abc"), known, LINES, "email", consents)
    allowed = known[known["allowed"]].set_index(["customer_id", "fact"]).index
    used = messages.dropna(subset="fact").set_index(["customer_id", "fact"]).index
    assert len(used) == 2 and used.isin(allowed).all()


def test_a_line_whose_fact_may_not_be_used_gives_way_to_one_without(known, consents):
    withheld = known.assign(allowed=False)
    messages = communication.compose(["a"], withheld, LINES, "email", consents)
    assert messages["text"].tolist() == [LINES[0].text, "Hello again."] and messages["fact"].isna().all()


def test_each_line_says_which_fact_it_uses_and_where_from(known, consents):
    row = communication.compose(["a"], known, LINES, "email", consents).set_index("place").loc["need"]
    assert row[["text", "fact", "source", "line"]].tolist() == ["You said x.", "need", "survey", 3]


def test_a_template_may_use_nothing_but_its_fact(known, consents):
    with pytest.raises(DataError, match="other than its fact"):
        communication.compose(["a"], known, [Line("need", "You are $age.", "need")], "email", consents)


def test_a_template_cannot_run_code(known, consents):
    sent = communication.compose(["a"], known, [Line("need", "$fact.__class__", "need")], "email", consents)
    assert sent["text"].tolist() == ["x.__class__"]


def test_a_broken_template_is_named(known, consents):
    with pytest.raises(DataError, match="cannot be read"):
        communication.compose(["a"], known, [Line("need", "${fact", "need")], "email", consents)


def test_a_fact_without_a_source_is_refused(consents):
    with pytest.raises(DataError, match="without a source: shoe_size"):
        communication.facts(pd.DataFrame({"customer_id": ["a"], "shoe_size": ["43"]}), {}, consents, "email")


def test_stages_of_the_relationship():
    rfm = pd.DataFrame({"customer_id": list("abcd"), "recency_days": [5, 5, 200, 400], "frequency": [1, 4, 4, 1]})
    assert communication.offer_facts(rfm)["stage"].tolist() == ["new", "active", "quiet", "quiet"]


def test_every_planted_need_has_a_line_of_its_own(shop):
    items = shop.truth["need_items"]
    profiles = items.assign(
        difference=items["probability"] - items.groupby("question_id")["probability"].transform("mean")
    )
    lines = [line for line in communication.offer_lines(profiles) if line.place == "need"]
    assert {line.value for line in lines} == set(items["segment"]) and len({line.text for line in lines}) == 5


def test_no_message_holds_a_name_or_an_address():
    data = meridian.load_tables()
    records = data["source_records"].dropna(subset="customer_id")
    everybody = records[["customer_id"]].drop_duplicates().assign(channel="email", allowed=True, made=True)
    facts = communication.offer_facts(order_lines=data["order_lines"], products=data["products"])
    messages = communication.offer_messages(everybody, facts, everybody)
    words = set(" ".join(messages["text"].unique()).replace(",", " ").replace(".", " ").split())
    personal = {value for name in ("first_name", "last_name", "email", "phone") for value in records[name].dropna()}
    # Family names such as Page or Place are also words; the placeholder shows that no name was filled in.
    greetings = messages.loc[messages["line"] == 1, "text"].unique().tolist()
    assert greetings == ["Dear [[salutation]],"]
    assert not {word for word in words & personal if word[0].isupper() or "@" in word}
