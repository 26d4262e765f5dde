"""The pages people keep have no serious fault of accessibility, at a desk and on a telephone, light and dark."""

from pathlib import Path

import pytest
from chromium import needed, open_tab
from typer.testing import CliRunner

from idic_lab.cli import app

pytestmark = needed
SITE = Path(__file__).parents[2] / "_build" / "html"


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The report of a small run with the pages of its notebooks, and an audit."""
    folder = tmp_path_factory.mktemp("pages")
    made = [["run", "cdnow_sample", "--only", "21,22", "--out", str(folder / "run")]]
    made += [["audit", "cdnow_sample", "--html", str(folder / "audit.html")]]
    for command in made:
        told = CliRunner().invoke(app, command)
        assert told.exit_code == 0, told.output
    return sorted(folder.rglob("*.html"))


@pytest.mark.parametrize("width", [1366, 700, 390])
def test_a_kept_page_is_quiet_and_has_nothing_to_scroll_sideways_for_and_its_figures_can_be_read(pages, width):
    with open_tab(width, 800) as tab:
        for page in pages:
            tab.errors, tab.complaints = [], []
            tab.go(page.as_uri())
            tab.wait_for(f"location.href === {page.as_uri()!r} && document.readyState === 'complete'")
            assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, page.name
            shrunk = "[...document.querySelectorAll('.jp-RenderedImage img')].map(one => one.getBoundingClientRect().width / one.naturalWidth)"
            assert min(tab.evaluate(shrunk), default=1) > 0.65, (
                page.name
            )  # letters of ten points stay above nine pixels
            assert tab.errors + tab.complaints + tab.requests_elsewhere() == [], page.name


@pytest.mark.parametrize("width", [1366, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_kept_page_has_a_serious_fault(pages, width, scheme):
    assert len(pages) >= 3
    with open_tab(width, 800) as tab:
        tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        found = {}
        for page in pages:
            tab.go(page.as_uri())
            tab.wait_for("document.readyState === 'complete'")
            found[page.name] = tab.faults()
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.skipif(not SITE.exists(), reason="the website is not built (make book)")
@pytest.mark.parametrize("width", [1366, 390])
def test_every_page_of_the_website_is_sound_quiet_and_alone(width):
    """No serious fault, nothing to scroll sideways for, no error in the console, and nothing asked of another machine."""
    found = {}
    with open_tab(width, 768) as tab:
        for page in sorted(SITE.rglob("*.html")):
            if page.relative_to(SITE).parts[0].startswith("_"):
                continue
            tab.requests, tab.complaints, tab.errors = [], [], []
            tab.go(page.as_uri())
            tab.wait_for(f"location.href === {page.as_uri()!r} && document.readyState === 'complete'")
            wide = tab.evaluate("document.documentElement.scrollWidth - innerWidth")
            told = tab.faults() if width > 1000 else []
            told += tab.complaints + tab.errors + tab.requests_elsewhere() + [f"{wide} pixels too wide"] * (wide > 0)
            if told:
                found[page.name] = told
    assert found == {}
