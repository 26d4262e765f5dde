"""The questions of the notebooks for a learning platform: Moodle's XML, and QTI 2.1, which Canvas and others read.

An estimate is exported with its typical value, since a platform knows nothing of the reader's data.
"""

import io
import xml.etree.ElementTree as xml
import zipfile
from collections.abc import Iterable
from pathlib import Path

from idic_lab.errors import pick
from idic_lab.notebook.questions import Question, folder, inline, questions

_QTI = "http://www.imsglobal.org/xsd/imsqti_v2p1"
_PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same questions make the same file


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
    quiz = xml.Element("quiz")
    for one in asked:
        entry = xml.SubElement(quiz, "question", type="multichoice")
        _text(xml.SubElement(entry, "name"), one.id)
        _text(xml.SubElement(entry, "questiontext", format="html"), f"<p>{inline(one.text)}</p>")
        settings = {"defaultgrade": "1", "single": "true", "shuffleanswers": "false" if one.estimate else "true"}
        for name, value in (settings | {"answernumbering": "none"}).items():
            xml.SubElement(entry, name).text = value
        for choice in one.settled():
            answer = xml.SubElement(entry, "answer", fraction="100" if choice.right else "0", format="html")
            xml.SubElement(answer, "text").text = inline(choice.text)
            _text(xml.SubElement(answer, "feedback", format="html"), inline(one.reason(choice)))
    return _written(quiz)


def qti(asked: Iterable[Question]) -> bytes:
    """Questions as a package of QTI 2.1 items: a zip file with one item each and a manifest.

    >>> names = zipfile.ZipFile(io.BytesIO(qti(every_question()))).namelist()
    >>> names[-1], names[0].endswith(".xml")
    ('imsmanifest.xml', True)
    """
    manifest = xml.Element("manifest", xmlns=_PACKAGE, identifier="idic-lab-questions")
    metadata = xml.SubElement(manifest, "metadata")
    xml.SubElement(metadata, "schema").text = "QTIv2.1 Package"
    xml.SubElement(metadata, "schemaversion").text = "1.0.0"
    xml.SubElement(manifest, "organizations")
    resources = xml.SubElement(manifest, "resources")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in asked:
            name = f"items/{one.id}.xml"
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), _written(_item(one)))
            about = {"identifier": f"q{one.id}", "type": "imsqti_item_xmlv2p1", "href": name}
            xml.SubElement(xml.SubElement(resources, "resource", about), "file", href=name)
        archive.writestr(zipfile.ZipInfo("imsmanifest.xml", _EPOCH), _written(manifest))
    return packed.getvalue()


def _item(one: Question) -> xml.Element:
    """One assessmentItem: choices, the right one, the standard's own rule for points, and a reason shown per choice."""
    about = {"identifier": f"q{one.id}", "title": one.id, "adaptive": "false", "timeDependent": "false"}
    item = xml.Element("assessmentItem", about, xmlns=_QTI)
    choices = {f"c{position}": choice for position, choice in enumerate(one.settled(), start=1)}
    about = {"identifier": "RESPONSE", "cardinality": "single", "baseType": "identifier"}
    response = xml.SubElement(item, "responseDeclaration", about)
    right = next(name for name, choice in choices.items() if choice.right)
    xml.SubElement(xml.SubElement(response, "correctResponse"), "value").text = right
    for name, kind in (("SCORE", "float"), ("FEEDBACK", "identifier")):
        xml.SubElement(item, "outcomeDeclaration", identifier=name, cardinality="single", baseType=kind)
    about = {"responseIdentifier": "RESPONSE", "shuffle": "false" if one.estimate else "true", "maxChoices": "1"}
    interaction = xml.SubElement(xml.SubElement(item, "itemBody"), "choiceInteraction", about)
    xml.SubElement(interaction, "prompt").text = one.text
    for name, choice in choices.items():
        xml.SubElement(interaction, "simpleChoice", identifier=name).text = choice.text
    processing = xml.SubElement(item, "responseProcessing")
    condition = xml.SubElement(xml.SubElement(processing, "responseCondition"), "responseIf")
    match = xml.SubElement(condition, "match")
    xml.SubElement(match, "variable", identifier="RESPONSE")
    xml.SubElement(match, "correct", identifier="RESPONSE")
    point = xml.SubElement(condition, "setOutcomeValue", identifier="SCORE")
    xml.SubElement(point, "baseValue", baseType="float").text = "1"
    said = xml.SubElement(processing, "setOutcomeValue", identifier="FEEDBACK")
    xml.SubElement(said, "variable", identifier="RESPONSE")
    for name, choice in choices.items():
        feedback = xml.SubElement(item, "modalFeedback", outcomeIdentifier="FEEDBACK", identifier=name, showHide="show")
        feedback.text = one.reason(choice)
    return item


def _text(parent: xml.Element, content: str) -> None:
    xml.SubElement(parent, "text").text = content


def _written(root: xml.Element) -> bytes:
    xml.indent(root)
    return xml.tostring(root, encoding="utf-8", xml_declaration=True)
