"""A headline says what its number says."""

import pytest

from idic_lab.notebook import start


@pytest.mark.parametrize(("value", "shown"), [(-0.0004, "0%"), (-0.006, "-1%"), (0.0, "0%"), (-0.1, "-10%")])
def test_what_is_rounded_to_nothing_has_no_sign(capsys, value, shown):
    start("00_start_here", dataset="cdnow_sample", quiet=True).headline("change", value, "It went up by {:.0%}.")
    assert capsys.readouterr().out == f"It went up by {shown}.\n"
