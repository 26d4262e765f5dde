"""The page's figures are drawn by one command, the same each time, and every one is on the page."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import pytest

import idic_lab
from idic_lab.meridian.plots import FIGURES, write_figures

mpl.use("agg")
DOCS = Path(idic_lab.__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def drawn(shop, tmp_path_factory):
    return write_figures(tmp_path_factory.mktemp("figures"), shop)


def test_every_figure_has_a_title_and_labelled_axes(shop):
    for name, plot in FIGURES.items():
        ax = plot(shop, mpl.pyplot.figure().subplots())
        assert ax.get_title(loc="left") or ax.get_title(), name
        assert ax.get_xlabel(), name
        mpl.pyplot.close(ax.figure)


def test_figures_are_the_same_each_time(drawn, shop, tmp_path):
    again = write_figures(tmp_path, shop)
    assert [path.read_bytes() for path in drawn] == [path.read_bytes() for path in again]


def test_the_page_shows_every_figure_and_names_every_table(drawn, shop):
    page = (DOCS / "meridian.md").read_text(encoding="utf-8")
    for path in drawn:
        assert f"figures/{path.name}" in page
        assert (DOCS / "figures" / path.name).exists()
    for name in (*shop.tables, *shop.truth):
        assert f"`{name}`" in page, name
