"""The docs say what the code says, and their links lead somewhere."""

import re
from pathlib import Path

import pytest

from idic_lab import tables
from idic_lab.course.pages import generated_docs

ROOT = Path(__file__).parents[1]
FOLDERS = ("", "docs", "docs/api", "exercises", "datasets", "datasets/*")
PAGES = sorted(page for folder in FOLDERS for page in ROOT.glob(f"{folder}/*.md".lstrip("/")))
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def generated():
    return generated_docs.pages()


def test_pages_written_from_the_code_are_current(generated):
    stale = [
        name
        for name, text in generated.items()
        if not (ROOT / "docs" / name).exists() or (ROOT / "docs" / name).read_text(encoding="utf-8") != text
    ]
    assert not stale, f"run 'make docs': {', '.join(stale)}"


def test_every_table_has_its_data_dictionary_in_the_docs(generated):
    missing = [name for name in tables.names() if f"\n### {name}\n" not in generated["tables.md"]]
    assert not missing


def test_no_page_shows_an_address_in_memory(generated):
    assert not [name for name, text in generated.items() if re.search(r"0x[0-9a-f]{6}", text)]


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
