"""FHIR R4: DocumentReference and DiagnosticReport, in bundles or one resource a line, with their text inside as base64.

An attachment that is neither text/plain nor text/html is refused by its type, and one that lies elsewhere is not
fetched. Several attachments of one resource are the same document in several formats (R4, DocumentReference.content and
DiagnosticReport.presentedForm): the first plain text is taken, else the first HTML.
"""

import base64
import binascii
import codecs
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from email.message import Message
from typing import Any

from annotation.interop.corpora.encodings import Encoding
from annotation.interop.corpora.html_text import words_of
from annotation.interop.corpora.json_lines import json_objects
from annotation.interop.corpora.record import DOCUMENT_LIMIT, Lack, Row
from annotation.interop.corpora.sources import SourceFile
from annotation.interop.corpora.text_lines import MEGABYTES
from annotation.interop.unreadable import Unreadable

BUNDLE_LIMIT = 64 * 1024 * 1024
"""Bytes of a bundle, which is read whole. A larger export has one resource a line."""
ID, TEXT, KIND, SPECIALTY, PATIENT = "id", "text", "type", "specialty", "patient"
COLUMNS = (ID, TEXT, KIND, SPECIALTY, PATIENT)
READ = ("DocumentReference", "DiagnosticReport")
PLAIN, HTML = "text/plain", "text/html"
VOID = ("entered-in-error", "cancelled")
"""Of DocumentReference.status and DiagnosticReport.status: nobody stands by such a document."""
Resource = dict[str, Any]


def fhir_rows(file: SourceFile, encoding: Encoding, passed: Counter[str]) -> Iterator[Row]:
    """A row for each document. passed: gains the types of resources that are none, such as Patient."""
    for place, resource in _resources(file, encoding):
        kind = str(resource.get("resourceType") or "no type")[:40]
        if kind in READ:
            yield _row(place, resource)
        else:
            passed[kind] += 1


def _resources(file: SourceFile, encoding: Encoding) -> Iterator[tuple[str, Resource]]:
    if file.suffix != ".json":
        yield from json_objects(file, encoding)
        return
    bundle = _bundle(file, encoding)
    if bundle.get("resourceType") != "Bundle":
        yield file.name, bundle
        return
    entries = bundle.get("entry") or []
    if not isinstance(entries, list):
        raise Unreadable(f"{file.name}: `entry` of the bundle is no list.")
    for number, entry in enumerate(entries, start=1):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        place = f"{file.name}, entry {number}"
        if not isinstance(resource, dict):
            raise Unreadable(f"{place}: holds no resource. Export a bundle of resources, not of links.")
        yield place, resource


def _bundle(file: SourceFile, encoding: Encoding) -> Resource:
    if file.path.stat().st_size > BUNDLE_LIMIT:
        raise Unreadable(
            f"{file.name} is larger than {BUNDLE_LIMIT // 1024**2} MB. Export it with one resource a line (.ndjson)."
        )
    try:
        found = json.loads(file.path.read_text(encoding=encoding.codec))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{file.name}: not JSON, or nested too deeply.") from error
    if not isinstance(found, dict) or "resourceType" not in found:
        raise Unreadable(
            f"{file.name}: no FHIR resource. A .json file must be a FHIR R4 bundle; records go in .jsonl, one a line."
        )
    return found


def _row(place: str, resource: Resource) -> Row:
    key = resource.get("id")
    values = {
        ID: f"{resource['resourceType']}/{key}" if key else "",
        KIND: _words(resource.get("type") or resource.get("code")),
        SPECIALTY: _specialty(resource),
        PATIENT: _reference(resource.get("subject")),
    }
    status = resource.get("status")
    if status in VOID:
        return Row(place=place, values=values, left_out=Lack.IN_ERROR, detail=str(status))
    text, lack, detail = _text(place, _attachments(resource))
    return Row(place=place, values={**values, TEXT: text}, left_out=lack, detail=detail)


def _attachments(resource: Resource) -> list[Resource]:
    if resource["resourceType"] == "DocumentReference":
        found = [part.get("attachment") for part in _list(resource.get("content")) if isinstance(part, dict)]
    else:
        found = _list(resource.get("presentedForm"))
    return [one for one in found if isinstance(one, dict)]


def _text(place: str, attachments: list[Resource]) -> tuple[str, Lack | None, str]:
    """(text, why there is none, which types there are instead)."""
    for wanted in (PLAIN, HTML):
        for attachment in attachments:
            kind, charset = _type(attachment)
            if kind == wanted and attachment.get("data"):
                text = _decoded(place, attachment, charset)
                return (words_of(text) if wanted == HTML else text), None, ""
    kinds = sorted({_type(one)[0] or "no type" for one in attachments})
    if not attachments:
        return "", Lack.EMPTY, ""
    if any(kind in (PLAIN, HTML) for kind in kinds):
        return "", Lack.ELSEWHERE if any(one.get("url") for one in attachments) else Lack.EMPTY, ""
    return "", Lack.ATTACHMENT, ", ".join(kinds)[:200]


def _type(attachment: Resource) -> tuple[str, str]:
    """(type, charset) of its contentType."""
    message = Message()
    message["Content-Type"] = str(attachment.get("contentType") or "").replace("\r", " ").replace("\n", " ")
    kind = message.get_content_type() if attachment.get("contentType") else ""
    return kind, str(message.get_content_charset() or "utf-8")


def _decoded(place: str, attachment: Resource, charset: str) -> str:
    data = attachment["data"]
    if not isinstance(data, str) or len(data) > 4 * DOCUMENT_LIMIT // 3 + 4:
        raise Unreadable(f"{place}: the attachment is no base64 text of at most {MEGABYTES} MB.")
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
        codec = codecs.lookup(charset).name
        text = content.decode(codec)
    except (binascii.Error, ValueError) as error:
        raise Unreadable(
            f"{place}: the attachment is no base64, or not in {charset[:40]}. Name its charset in contentType."
        ) from error
    except LookupError as error:
        raise Unreadable(f"{place}: the attachment's charset “{charset[:40]}” is unknown. Use UTF-8.") from error
    told = attachment.get("hash")
    if told and told != base64.b64encode(hashlib.sha1(content, usedforsecurity=False).digest()).decode():
        raise Unreadable(f"{place}: the attachment is not what its hash says. It was damaged; export it again.")
    return text


def _specialty(resource: Resource) -> str:
    """Practice setting of a document, category of a report."""
    if resource["resourceType"] == "DocumentReference":
        context = resource.get("context")
        return _words(context.get("practiceSetting") if isinstance(context, dict) else None)
    return _words(next(iter(_list(resource.get("category"))), None))


def _words(concept: Any) -> str:
    """A CodeableConcept in words: its text, else the first coding's display, else its code."""
    if not isinstance(concept, dict):
        return ""
    codings = [one for one in _list(concept.get("coding")) if isinstance(one, dict)]
    said = [concept.get("text"), *(one.get("display") for one in codings), *(one.get("code") for one in codings)]
    return next((one for one in said if isinstance(one, str) and one.strip()), "")


def _reference(subject: Any) -> str:
    """The id that a reference ends in."""
    found = subject.get("reference") if isinstance(subject, dict) else None
    return found.rsplit("/", 1)[-1] if isinstance(found, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
