"""What a control shows is what was chosen: never the picture of another choice."""

import ipywidgets as widgets
import pytest

from idic_lab import figures
from idic_lab.errors import DataError
from idic_lab.notebook import panel, showing


def draw(measure):
    if measure == "missing":
        raise DataError("'Missing' was not measured up to this review.")
    return figures.finish(figures.axes(), f"The <{measure}> rises", x="month", y="orders")


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, as data by type."""
    found = []
    monkeypatch.setattr(showing, "display", lambda data, **options: found.append(data))
    return found


def test_a_choice_that_cannot_be_drawn_is_told_and_takes_the_place_of_the_old_picture(shown, monkeypatch):
    pages = []
    made = widgets.HTML
    monkeypatch.setattr(widgets, "HTML", lambda **options: pages.append(made(**options)) or pages[-1])
    control = widgets.Dropdown(options=["orders", "missing"], description="measure")
    panel(draw, measure=control)
    assert 'alt="The &lt;orders&gt; rises. Shown: orders, by month."' in pages[0].value
    assert "data:image/svg+xml" in pages[0].value and "image/png" in shown[0]
    control.value = "missing"
    assert pages[0].value == '<p role="status">&#x27;Missing&#x27; was not measured up to this review.</p>'
    control.value = "orders"
    assert "data:image/svg+xml" in pages[0].value
