"""What a test or an example does to matplotlib ends with it: its figures are closed, and the shared look is taken off."""

import sys

import pytest


@pytest.fixture(autouse=True)
def _matplotlib_is_left_as_it_was():
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
        sys.modules["matplotlib"].rcdefaults()
