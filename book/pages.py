"""Lay out the sources of the website: `python book/pages.py FOLDER` gathers what exists, in the order of the course."""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Each part of the contents: its title, and the pages in it. Named pages come first, the rest as they sort.
PARTS = {
    "Start": ["notebooks/00*.ipynb"],
    "Identify": ["notebooks/1*.ipynb"],
    "Differentiate": ["notebooks/2*.ipynb"],
    "Interact": ["notebooks/3*.ipynb"],
    "Customize": ["notebooks/4*.ipynb"],
    "Implement and monitor": ["notebooks/5*.ipynb"],
    "Compare": ["notebooks/6*.ipynb"],
    "For you": ["docs/students.md", "docs/instructors.md", "docs/researchers.md"],
    "Exercises": ["exercises/STUDENTS.md", "exercises/README.md"],
    "Reference": ["docs/glossary.md", "docs/*.md"],
    "Data sets": ["datasets/README.md", "datasets/meridian/README.md", "datasets/*/README.md"],
    "The package": ["CHANGELOG.md", "CONTRIBUTING.md", "docs/api/index.md", "docs/api/*.md"],
}
ALSO = ["LICENSE", "LICENSE-texts-and-data", "studies/*.yaml"]  # linked to, not pages


def lay_out(folder: Path) -> None:
    """Copy every page into `folder` as it lies in the repository, so that links between pages hold, and write the contents."""
    shutil.rmtree(folder, ignore_errors=True)
    contents, seen = [], set()
    for title, patterns in PARTS.items():
        pages = []
        for pattern in patterns:
            pages += [page for page in sorted(ROOT.glob(pattern)) if page not in seen]
            seen.update(pages)
        names = [str(page.relative_to(ROOT).with_suffix("")) for page in pages]
        if names:
            contents.append("\n".join(["```{toctree}", f":caption: {title}", ":hidden:", "", *names, "```"]))
    for page in [*seen, *(path for pattern in ALSO for path in ROOT.glob(pattern))]:
        copy = folder / page.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if page.suffix == ".md":  # the README is the first page of the website
            up = "../" * (len(page.relative_to(ROOT).parts) - 1)
            text = page.read_text(encoding="utf-8").replace(f"]({up}README.md#", f"]({up}index.md#")
            copy.write_text(text, encoding="utf-8")
        else:
            shutil.copyfile(page, copy)
    shutil.copytree(ROOT / "docs" / "figures", folder / "docs" / "figures")
    welcome = (ROOT / "README.md").read_text(encoding="utf-8")
    (folder / "index.md").write_text(welcome + "\n" + "\n\n".join(contents) + "\n", encoding="utf-8")
    shutil.copyfile(ROOT / "book" / "conf.py", folder / "conf.py")
    shutil.copytree(ROOT / "book" / "static", folder / "static")


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]))
