"""Questions that answer back: a reader commits to a guess and is told, on the spot, what speaks for and against it.

The questions of a notebook are data, one YAML file per notebook in ``notebooks/texts/``. They are shown as plain HTML disclosure
elements, which work by mouse and keyboard, need no kernel and no script, and so are the same in JupyterLab, under Voilà, on a
saved page and on the website. For a learning platform they become Moodle's XML, or QTI 2.1, which Canvas and others read.
"""

import html
import io
import re
import zipfile
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import jinja2
import yaml

from idic_lab.errors import DataError, pick

_RIGHT, _WRONG = "#00785A", "#B34700"  # both at least 4.5:1 on white, and told apart by their words too


class Choice(NamedTuple):
    """One answer of a question."""

    text: str
    why: str  # said to whoever chooses it: the reason it holds, or the misunderstanding it shows
    right: bool = False  # of an estimate: whether the number computed falls into it, known only when it is asked
    upto: float | None = None  # of an estimate: where the interval that this choice stands for ends; None for the last
    misconception: str = ""  # of a wrong choice: a short name for the statistics
    sketch: tuple[
        float, ...
    ] = ()  # of a picture: the heights of a line from left to right, 0 to 1, which the text tells too


class Question(NamedTuple):
    """A question of a notebook."""

    id: str  # number of the notebook and a name, as in ``21-top-fifth``
    text: str
    choices: tuple[Choice, ...]
    estimate: bool = False  # whether the right choice is the one that a computed number falls into
    typical: float | None = None  # of an estimate: a value for where nothing is computed, as in an export

    def settled(self, value: float | None = None) -> tuple[Choice, ...]:
        """The choices with the right one marked; an estimate needs the number."""
        if not self.estimate:
            return self.choices
        value = self.typical if value is None else value
        if value is None:
            raise DataError(f"Question {self.id!r} is an estimate: give the value, as in ask({self.id!r}, 0.4).")
        ends = [choice.upto if choice.upto is not None else float("inf") for choice in self.choices]
        hit = next(position for position, end in enumerate(ends) if value <= end)
        return tuple(choice._replace(right=position == hit) for position, choice in enumerate(self.choices))

    def reason(self, choice: Choice, value: float | None = None, **numbers: object) -> str:
        """Why a choice holds or not, with the numbers in their places: as exact as tells the value from where a choice ends."""
        value, digits, why = self.typical if value is None else value, 0, choice.why
        ends = [choice.upto for choice in self.choices if choice.upto not in (None, value)]
        while digits < 3 and any(f"{value:.{digits}%}" == f"{end:.{digits}%}" for end in ends):
            digits += 1
        why = why.replace("{value:.0%}", f"{{value:.{digits}%}}")
        return closed_up(why.format(**{"value": value, **numbers}))


def closed_up(text: str) -> str:
    """A text without the blanks that stay where the card names no currency, and without the sign of what is rounded to zero.

    >>> closed_up("It earns 4 , or 5  more: +0.0%.")
    'It earns 4, or 5 more: 0.0%.'
    """
    text = re.sub(r"(?<![\w.])[+-](?=0(?:\.0+)?(?![\d.,]*[1-9]))", "", text)
    return re.sub(r" +(?=[.,;:](?:\s|$))| +(?= )", "", text)


def folder() -> Path:
    """Where the files of questions are: beside the notebooks."""
    from idic_lab.course.runs import notebooks

    return notebooks.folder() / "texts"


@cache
def content(notebook: str) -> dict:
    """What the file of a notebook holds; empty when there is none."""
    path = folder() / f"{notebook}.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # written in C, ten times as fast
    return yaml.load(path.read_text(encoding="utf-8"), loader) if path.exists() else {}


@cache
def questions(notebook: str) -> dict[str, Question]:
    """The questions of one notebook, named by its number, by their id.

    Raises:
        DataError: When the file does not hold together: no right choice or two, an id of another notebook, a choice
            without a reason.

    >>> len(questions("21")) >= 5
    True
    """
    found: dict[str, Question] = {}
    for entry in content(notebook).get("questions", []):
        choices = tuple(Choice(**choice) for choice in entry["choices"])
        if "typical" not in entry:  # in an order that follows from the words and tells nothing
            choices = tuple(sorted(choices, key=lambda choice: sha256(f"{entry['id']}{choice.text}".encode()).digest()))
        question = Question(entry["id"], entry["text"].strip(), choices, "typical" in entry, entry.get("typical"))
        _check(question, notebook, set(found))
        found[question.id] = question
    return found


def _check(question: Question, notebook: str, before: set[str]) -> None:
    where = f"{notebook}.yaml, question {question.id!r}"
    if not re.fullmatch(rf"{notebook}-[a-z0-9-]+", question.id) or question.id in before:
        raise DataError(f"{where}: an id begins with '{notebook}-' and is used once.")
    said = [words for choice in question.choices for words in (choice.text, choice.why)]
    if len(question.choices) < 2 or not all(isinstance(words, str) and words.strip() for words in said):
        raise DataError(f"{where}: two choices or more, each a text and a 'why' in words; write \"no\" in quotes.")
    ends = [choice.upto for choice in question.choices]
    if question.estimate:
        if ends[-1] is not None or None in ends[:-1] or ends[:-1] != sorted(ends[:-1]):
            raise DataError(f"{where}: choices of an estimate end 'upto' rising numbers, the last without.")
    elif sum(choice.right for choice in question.choices) != 1:
        raise DataError(f"{where}: exactly one choice is 'right: true'.")


def question(question_id: str) -> Question:
    """One question by its id; UnknownName with the nearest when there is none.

    >>> question("21-top-fifth").estimate
    True
    """
    return pick("question", question_id, questions(question_id.partition("-")[0]))


def page(asked: Question, value: float | None = None, **numbers: object) -> str:
    """A question as HTML that answers back without a kernel or a script.

    Parameters:
        value: Of an estimate: the number that decides.
        **numbers: Put into the reasons in the manner of ``str.format``; ``{value}`` is the number that decides.

    >>> page(question("21-top-fifth"), 0.62).count("<details")
    4
    """
    answers = "".join(
        f'<details name="{asked.id}" style="margin:.3em 0;padding:.35em .7em;border:1px solid #8C8C8C;border-radius:4px">'
        f'<summary style="cursor:pointer">{_drawn(choice.sketch)}{inline(choice.text)}</summary>'
        f'<p style="margin:.4em 0 .2em 1.1em"><strong style="color:{_RIGHT if choice.right else _WRONG}">'
        f"{'Yes.' if choice.right else 'Not quite.'}</strong> {inline(asked.reason(choice, value, **numbers))}</p></details>"
        for choice in asked.settled(value)
    )
    return (
        f'<div role="group" aria-label="Question" style="max-width:46em;border-left:4px solid #0072B2;padding:.2em 0 .2em .9em">'
        f"<p><strong>{inline(asked.text)}</strong></p>{answers}</div>"
    )


def _drawn(heights: tuple[float, ...]) -> str:
    """A line as a small picture; nothing for a choice without one."""
    points = " ".join(
        f"{4 + 72 * at / (len(heights) - 1):.0f},{36 - 32 * height:.0f}" for at, height in enumerate(heights)
    )
    line = f'<polyline points="{points}" fill="none" stroke="#0072B2" stroke-width="3" />'
    frame = '<svg width="80" height="40" aria-hidden="true" style="vertical-align:middle;margin:0 .7em;border:solid #8C8C8C;border-width:0 0 1px 1px">'
    return f"{frame}{line}</svg>" if heights else ""


def inline(text: str) -> str:
    """Text with ``*emphasis*`` and `` `code` `` as HTML; everything else escaped."""
    text = html.escape(" ".join(text.split()), quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text)


def ask(question_id: str, value: float | None = None, **numbers: object) -> None:
    """Show a question, as in ``ask("21-top-fifth", 0.62)``; the rest as in :func:`page`."""
    from IPython.display import display

    asked = question(question_id)
    if value is not None and value != value:  # not a number, which these data do not give
        display({"text/markdown": f"*{asked.text}* These data cannot tell.", "text/plain": asked.text}, raw=True)
        return
    choices = "\n".join(f"  ( ) {choice.text}" for choice in asked.choices)
    display({"text/html": page(asked, value, **numbers), "text/plain": f"{asked.text}\n{choices}"}, raw=True)


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
    texts = {name: item.render(one=one, inline=inline) for name, one in items.items()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (texts | {"imsmanifest.xml": manifest.render(items=items)}).items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), text)
    return packed.getvalue()
