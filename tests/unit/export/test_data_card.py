"""The data card: what `datasets` reads of it, and that it says what the manifest says."""

from typing import Any

import yaml

from annotation.export.data_card import data_card

MANIFEST: dict[str, Any] = {
    "cut_at": "2026-03-01T09:00:00.000000Z",
    "simulated": False,
    "study": {"name": 'Hearts "and" | lungs', "purpose": "What fires\non hearts.", "ethics": "REC 2026/17, consent 3"},
    "release": {"number": 2},
    "rounds": [{"number": 1, "kind": "independent", "state": "closed"}],
    "agreement": [
        {"item": "concept", "value": 0.4712, "low": 0.41, "high": 0.53, "units": 40, "undefined_reason": ""},
        {"item": "flags", "value": None, "low": None, "high": None, "units": 1, "undefined_reason": "One latent only."},
    ],
    "anonymity": {
        "attributes": ["role", "institution"],
        "k": 3,
        "people": 6,
        "alone": ["R04", "R05"],
        "cells": [{"attributes": ["annotator", "south"], "pseudonyms": ["R04", "R05"]}],
    },
    "tables": {
        "ratings": {"rows": 1234, "one_row_is": "one rating and revision"},
        "distributions": {"rows": 99, "one_row_is": "one latent, item and class"},
    },
    "files": [
        {"name": f"{table}.{ending}", "table": table, "format": ending}
        for table in ("ratings", "distributions")
        for ending in ("csv", "jsonl", "parquet")
    ],
}


def front(card: str) -> dict[str, Any]:
    _, matter, _ = card.split("---\n", 2)
    found = yaml.safe_load(matter)
    assert isinstance(found, dict)
    return found


def test_the_library_finds_each_table_as_a_configuration() -> None:
    matter = front(data_card(MANIFEST))
    assert matter["configs"] == [
        {"config_name": "ratings", "data_files": "ratings.parquet"},
        {"config_name": "distributions", "data_files": "distributions.parquet", "default": True},
    ]
    assert matter["pretty_name"] == 'Hearts "and" / lungs, release 2'


def test_a_table_without_rows_is_no_configuration_for_the_library_cannot_open_it() -> None:
    empty = {**MANIFEST, "tables": MANIFEST["tables"] | {"ratings": {"rows": 0, "one_row_is": "one rating"}}}
    assert [one["config_name"] for one in front(data_card(empty))["configs"]] == ["distributions"]
    assert "| `ratings` | 0 | one rating |" in data_card(empty)


def test_it_says_what_the_study_entered_and_what_was_computed() -> None:
    card = data_card(MANIFEST)
    assert "What fires on hearts." in card
    assert "REC 2026/17, consent 3" in card
    assert "| `ratings` | 1,234 | one rating and revision |" in card
    assert "| concept | 0.471 | 0.410 to 0.530 | 40 |" in card
    assert "| flags | undefined: One latent only. |  | 1 |" in card
    assert "2 of 6 people stand in a group of fewer than 3" in card


def test_a_simulated_release_says_so_and_what_is_not_known_is_left_out() -> None:
    bare = {name: value for name, value in MANIFEST.items() if name not in ("agreement", "anonymity", "rounds")}
    card = data_card({**bare, "simulated": True, "study": {"name": "X", "purpose": ""}})
    assert "**Simulated.**" in card
    assert "No agreement could be computed yet." in card
    assert "entered no ethics record" in card
    assert "Warning" not in card
