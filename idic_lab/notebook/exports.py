"""The questions of the notebooks for a learning platform: Moodle's XML, and QTI 2.1, which Canvas and others read.

An estimate is exported with its typical value, since a platform knows nothing of the reader's data.
"""

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import jinja2

from idic_lab.errors import pick
from idic_lab.notebook.questions import Question, folder, inline, questions

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same questions make the same file
_SHAPES = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
_TEMPLATES = jinja2.Environment(loader=_SHAPES, autoescape=True, trim_blocks=True, lstrip_blocks=True)


def every_question() -> list[Question]:
    """All questions of the course, in the order of the notebooks.

    >>> every_question()[0].id[:2] <= "21"
    True
    """
    return [asked for path in sorted(folder().glob("*.yaml")) for asked in questions(path.stem).values()]


def export(path: Path) -> int:
    """Write every question of the course into one file, ``.xml`` for Moodle or ``.zip`` for QTI, and return how many."""
    form = pick("ending of a file of questions", path.suffix, {".xml": moodle, ".zip": qti})
    asked = every_question()
    path.write_bytes(form(asked))
    return len(asked)


def moodle(asked: Iterable[Question]) -> bytes:
    """Questions as a file that Moodle's question bank imports ("Moodle XML format").

    >>> b"<answer fraction=\\"100\\"" in moodle(every_question())
    True
    """
    return _TEMPLATES.get_template("moodle.xml").render(asked=asked, inline=inline).encode()


def qti(asked: Iterable[Question]) -> bytes:
    """Questions as a package of QTI 2.1 items: a zip file with one item each and a manifest.

    >>> names = zipfile.ZipFile(io.BytesIO(qti(every_question()))).namelist()
    >>> names[-1], names[0].endswith(".xml")
    ('imsmanifest.xml', True)
    """
    items = {f"items/{one.id}.xml": one for one in asked}
    item, manifest = map(_TEMPLATES.get_template, ("qti_item.xml", "qti_manifest.xml"))
    texts = {name: item.render(one=one) for name, one in items.items()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (texts | {"imsmanifest.xml": manifest.render(items=items)}).items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), text)
    return packed.getvalue()
