"""A headline says what its number says."""

import pytest

from idic_lab.notebook import start


@pytest.mark.parametrize(("value", "shown"), [(-0.0004, "0%"), (-0.006, "-1%"), (0.0, "0%"), (-0.1, "-10%")])
def test_what_is_rounded_to_nothing_has_no_sign(capsys, value, shown):
    start("00_start_here", dataset="cdnow_sample", quiet=True).headline("change", value, "It went up by {:.0%}.")
    assert capsys.readouterr().out == f"It went up by {shown}.\n"


def test_a_headline_of_several_forms_says_which_case_it_is(capsys):
    lab = start("52_monitor_kpis_and_feedback_loop", dataset="cdnow_sample", quiet=True)
    for value, more in ((0, {"of": 0}), (0, {"of": 4}), (2, {"of": 4})):
        lab.headline("signals", value, **more)
    lab.headline("customer_change", float("nan"), apart=float("nan"))
    told = capsys.readouterr().out.splitlines()
    assert "no figure" in told[0] and told[1].startswith("4 weekly") and "2 reports" in told[2]
    assert "no review a year back" in told[3] and "nan" not in told[3]
