"""Write the pages of ``docs/`` that come from the code: ``python -m idic_lab.course.pages.generated_docs``, or ``make docs``."""

from __future__ import annotations

from pathlib import Path

from idic_lab.course.pages import api_page, table_page

FOLDER = Path(__file__).parents[3] / "docs"


def pages() -> dict[str, str]:
    """File below ``docs/`` to the content it should have."""
    return {
        "tables.md": table_page.text(),
        **{f"api/{name}": text for name, text in api_page.texts().items()},
    }


def main() -> None:
    """Write all pages."""
    for name, text in pages().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"docs/{name}: {len(text.splitlines()):,} lines")


if __name__ == "__main__":
    main()
