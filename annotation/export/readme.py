"""README.txt of a release: what it is and how to read it, in words."""

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

from annotation.export.manifest import SIMULATED_SENTENCE

WIDTH = 100
FORMATS = """\
Formats
  .csv      RFC 4180: UTF-8, comma, texts in double quotes, lines end with CR LF. Nothing between two commas is a
            missing value; "" is an empty text. A list is a JSON array. Numbers are written so that they read back
            exactly. No cell is altered: a spreadsheet may take a text that begins with = + - or @ for a formula,
            so import the columns as text instead of opening the file.
  .jsonl    One JSON object a line, UTF-8; a missing value is null.
  .parquet  Typed columns, zstd. Each column's meaning is in the field's metadata.
  Every table has the same rows in the same order in all three. Times are UTC."""
VERIFY = """\
Is it complete and unaltered?
  sha256sum -c SHA256SUMS
  python manage.py verify_release FOLDER    (in an installation of Consilium; also checks schema and counts)"""
PRIVACY = (
    "Raters and adjudicators appear as pseudonyms, institutions as codes. The release holds no name and no e-mail "
    "address. {text} Rationales and concepts are the raters' own words; what was made of concepts "
    "afterwards is in the table concept_facts, with the researcher's reasons."
)


def readme(manifest: Mapping[str, Any]) -> str:
    study, release = manifest["study"], manifest["release"]
    parts = [
        f"{study['name']}: release {release['number']}\ncut {manifest['cut_at']} from the study “{study['slug']}”",
        *([fill("SIMULATED. " + SIMULATED_SENTENCE, WIDTH)] if manifest["simulated"] else []),
        *([fill(study["purpose"], WIDTH)] if study["purpose"] else []),
        "Tables\n" + "\n".join(_tables(manifest["tables"])),
        FORMATS,
        VERIFY,
        fill(PRIVACY.format(text=text_sentence(manifest)), WIDTH),
        *([fill(_withheld(manifest["withheld"]), WIDTH)] if manifest.get("withheld", {}).get("raters") else []),
        *([fill(_code_systems(manifest["code_systems"]), WIDTH)] if manifest.get("code_systems") else []),
        fill(
            "manifest.json says how the latents were sampled, which model, SAE and corpus they come from, by which "
            "parameters and seed agreement and consensus were computed, and what every column means. Its entry `audit` "
            "anchors the study's audit chain at this moment.",
            WIDTH,
        ),
    ]
    return "\n\n".join(parts) + "\n"


def text_sentence(manifest: Mapping[str, Any]) -> str:
    """Whether text of notes is in it, and on whose word."""
    text = manifest.get("text")
    if not text or not text["leaves"]:
        return "It holds no text of a note."
    return (
        f"The table snippets holds text of notes, permitted for this corpus: {text['permission']['words']} Whoever has "
        "these files is bound by it."
    )


def _withheld(counts: Mapping[str, int]) -> str:
    people, ratings = counts["raters"], counts["ratings"]
    who = "1 rater" if people == 1 else f"{people:,} raters"
    what = "1 rating" if ratings == 1 else f"{ratings:,} ratings"
    return f"Withheld: {what} by {who} who withdrew, as the study's consent says. Nothing here was computed from them."


def _code_systems(systems: Sequence[Mapping[str, str]]) -> str:
    named = " ".join(f"{one['name']} {one['version']}: {one['source']}. {one['licence']}" for one in systems)
    return f"Concepts were offered from, or linked to, code systems; they are kept as they were typed. {named}"


def _tables(tables: Mapping[str, Any]) -> list[str]:
    rows = max(len(f"{table['rows']:,}") for table in tables.values())
    return [
        f"  {name:<14}{table['rows']:>{rows},} rows   one row is {table['one_row_is']}"
        for name, table in tables.items()
    ]
