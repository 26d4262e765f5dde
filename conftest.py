"""What a test or an example does to the figures ends with it: they are closed, and the shared look and the currency taken off."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _figures_are_left_as_they_were():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
        sys.modules["matplotlib"].rcdefaults()
    if "idic_lab.figures" in sys.modules:
        sys.modules["idic_lab.figures"].use_currency("")
