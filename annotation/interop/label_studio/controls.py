"""A rubric as a labeling config: one control an item, and each answer as a result that fits it.

Names of controls are the rubric's item keys, with `outcome`, `rationale` and `rater` beside them; values of choices are
the rubric's own, with their labels as hints, so that an answer comes back as it went.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

OBJECT, SNIPPETS = "latent", "shown"
"""Names of the object that answers are about, and of the one that shows snippets."""
OUTCOME, RATIONALE, RATER = "outcome", "rationale", "rater"
OUTCOMES = (("answered", "Answered"), ("cannot-tell", "Cannot tell"), ("not-clinical", "Not clinical"))
CHOICES, TEXT = "choices", "textarea"
WRITTEN = ("concept", "text")
"""Kinds of items that are answered in words."""


@dataclass(frozen=True, kw_only=True)
class Item:
    key: str
    kind: str
    """One of annotation.enums.ItemKind."""
    question: str
    help: str = ""
    required: bool = True
    options: tuple[tuple[str, str], ...] = ()
    """(value, label)."""

    @property
    def type(self) -> str:
        return TEXT if self.kind in WRITTEN else CHOICES


def labeling_config(items: Iterable[Item], *, with_text: bool) -> str:
    """XML. with_text: tasks hold snippets' texts, which are shown one below the other."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Text", name=OBJECT, value="$title")
    if with_text:
        names = {"nameKey": "snippet", "textKey": "text", "layout": "dialogue"}
        ElementTree.SubElement(view, "Paragraphs", {"name": SNIPPETS, "value": "$snippets", **names})
    _choices(view, OUTCOME, "Can you tell what it stands for?", OUTCOMES, required=True)
    for item in items:
        if item.type == TEXT:
            _text(view, item.key, item.question)
        else:
            _choices(view, item.key, item.question, item.options, required=False, several=item.kind == "flags")
    _text(view, RATIONALE, "Why?")
    _text(view, RATER, "Pseudonym of the rater, where the answer comes from a release")
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _choices(
    view: ElementTree.Element,
    name: str,
    question: str,
    options: Iterable[tuple[str, str]],
    *,
    required: bool,
    several: bool = False,
) -> None:
    ElementTree.SubElement(view, "Header", value=question)
    given = {"name": name, "toName": OBJECT, "choice": "multiple" if several else "single-radio"}
    choices = ElementTree.SubElement(view, "Choices", given | ({"required": "true"} if required else {}))
    for value, label in options:
        ElementTree.SubElement(choices, "Choice", {"value": value} | ({"hint": label} if label != value else {}))


def _text(view: ElementTree.Element, name: str, question: str) -> None:
    ElementTree.SubElement(view, "Header", value=question)
    ElementTree.SubElement(view, "TextArea", name=name, toName=OBJECT, rows="2", maxSubmissions="1")


def results(answers: Mapping[str, Any], types: Mapping[str, str], *, of: str) -> list[dict[str, Any]]:
    """The answers as results, one a control that was answered. of: what makes their ids this rating's own."""
    return [_result(name, value, types[name], of) for name, value in answers.items() if value not in (None, "", [])]


def _result(name: str, value: Any, type_: str, of: str) -> dict[str, Any]:
    values = [str(one) for one in (value if isinstance(value, list) else [value])]
    return {
        "id": hashlib.sha256(f"{of}/{name}".encode()).hexdigest()[:10],
        "from_name": name,
        "to_name": OBJECT,
        "type": type_,
        "value": {"text" if type_ == TEXT else CHOICES: values},
    }
