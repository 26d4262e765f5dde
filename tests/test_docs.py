"""The docs say what the code says, and their links lead somewhere."""

import json
import re
import sys
from pathlib import Path

import pytest

from idic_lab import datasets, pipeline, tables

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "book"))
import pages as website  # noqa: E402
import table_page  # noqa: E402

FOLDERS = ("", "docs", "exercises", "datasets", "datasets/*")
PAGES = sorted(page for folder in FOLDERS for page in ROOT.glob(f"{folder}/*.md".lstrip("/")))
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def test_the_page_on_stages_and_tables_is_current():
    written = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    assert written == table_page.text(), "run 'make docs'"
    assert not [name for name in tables.names() if f"\n### {name}\n" not in written]


def test_the_page_on_own_data_lists_the_notebooks_and_its_examples_open_them(tmp_path):
    page = table_page.OWN_DATA.read_text(encoding="utf-8")
    assert page == table_page.with_notebooks(page), "run 'make docs'"
    for name, example in re.findall(r"```csv (\w+)\n(.*?)```", page, flags=re.S):
        (tmp_path / f"{name}.csv").write_text(example, encoding="utf-8")
    made = datasets.load(tmp_path, quiet=True)
    assert (made.card.missing, made.card.rows_rejected) == ({}, 0)
    assert not [planned.stage.notebook for planned in pipeline.plan(made.tables) if planned.lacks]


def anchors(page: Path) -> set[str]:
    """Where links into a Markdown page can lead: its headings, as GitHub and the website name them."""
    found: dict[str, int] = {}
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for title in re.findall(r"^#+ (.*)$", text, flags=re.M):
        slug = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)).strip().lower()
        slug = slug.replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
        if found[slug]:
            found[f"{slug}-{found[slug]}"] = 0
    return set(found) | set(re.findall(r'id="([^"]+)"', text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    text = re.sub(r"`[^`\n]*`", "code", text)
    broken = []
    for match in LINK.finditer(text):
        target = match[1] or match[2]
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        wrong_anchor = anchor and file.suffix == ".md" and file.exists() and anchor not in anchors(file)
        if not file.exists() or wrong_anchor:
            broken.append(target)
    assert not broken


def test_every_notebook_and_page_has_its_place_on_the_website():
    placed = {file for patterns in website.PARTS.values() for pattern in patterns for file in ROOT.glob(pattern)}
    assert {*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "docs").glob("*.md")} <= placed


@pytest.mark.parametrize("file", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda file: file.name[:2])
def test_a_notebook_on_the_website_tells_its_pictures_in_words_can_be_downloaded_and_asks_to_move_nothing(file):
    page = website.page_of(json.loads(file.read_text(encoding="utf-8")), file.name)
    assert f"</download/{file.name}>" in page["cells"][1]["source"][0]
    for cell in page["cells"]:
        outputs = [output.get("data", {}) for output in cell.get("outputs", [])]
        if any("image/png" in data for data in outputs):
            assert " " in cell["metadata"]["mystnb"]["image"]["alt"]
        assert not [data for data in outputs if "JupyterLab to move" in "".join(data.get("text/html", ""))]
        for paragraph in "".join(cell["source"]).split("\n\n") if cell["cell_type"] == "markdown" else ():
            assert paragraph.startswith("```{admonition}") or not re.search(r"[Mm]ove the slider|Try it\.", paragraph)
