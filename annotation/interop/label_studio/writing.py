"""A release as Label Studio's own JSON: a task a latent, an annotation a rating, and the config that they fit."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from annotation.interop.label_studio.controls import (
    CHOICES,
    OUTCOME,
    RATER,
    RATIONALE,
    TEXT,
    Item,
    labeling_config,
    results,
)
from annotation.interop.released import Released, Row

TASKS, CONFIG = "tasks.json", "config.xml"
Shown = Mapping[int, Iterable[Row]]
"""By latent, the snippets that raters are shown: {snippet, kind, rank}."""


def write_tasks(folder: Path, released: Released, shown: Shown) -> dict[str, int]:
    """Tasks and config into the folder; how many of what was written. Texts only where the release holds them."""
    items = rubric_items(released)
    types = {item.key: item.type for item in items} | {OUTCOME: CHOICES, RATIONALE: TEXT, RATER: TEXT}
    with_text = released.has("snippets")
    written = {"tasks": 0, "annotations": 0}
    (folder / CONFIG).write_text(labeling_config(items, with_text=with_text), encoding="utf-8")
    with (folder / TASKS).open("w", encoding="utf-8") as file:
        for task in _tasks(released, items, types, _snippets(released, shown)):
            file.write(",\n" if written["tasks"] else "[\n")
            json.dump(task, file, ensure_ascii=False)
            written["tasks"] += 1
            written["annotations"] += len(task["annotations"])
        file.write("\n]\n" if written["tasks"] else "[]\n")
    return written


def rubric_items(released: Released) -> list[Item]:
    """Of the rubric version in force when the release was cut, in order."""
    rubric = released.manifest["rubric"]
    rows: dict[str, list[Row]] = {}
    for row in released.rows("rubrics"):
        if (row["rubric"], row["rubric_version"]) == (rubric["name"], rubric["version"]):
            rows.setdefault(row["item"], []).append(row)
    return [
        Item(
            key=key,
            kind=options[0]["kind"],
            question=options[0]["question"],
            help=options[0]["help"] or "",
            required=options[0]["required"],
            options=tuple((str(one["option"]), one["option_label"]) for one in options if one["option"] is not None),
        )
        for key, options in rows.items()
    ]


def _tasks(
    released: Released, items: list[Item], types: Mapping[str, str], snippets: Mapping[int, list[Row]]
) -> Iterator[dict[str, Any]]:
    given: dict[int, list[Row]] = defaultdict(list)
    rubric = (released.manifest["rubric"]["name"], released.manifest["rubric"]["version"])
    for row in released.rows("ratings"):
        if row["current"] and (row["rubric"], row["rubric_version"]) == rubric:
            given[row["latent"]].append(row)
    for latent in released.latents():
        index = latent["latent"]
        yield {
            "data": {
                "title": f"Latent {index} of {latent['sae']}",
                "latent": index,
                "identity": latent["identity"],
                "rubric": rubric[0],
                "rubric_version": rubric[1],
                "snippets": snippets.get(index, []),
                **released.label,
            },
            "annotations": [_annotation(row, items, types) for row in given.get(index, [])],
        }


def _annotation(row: Row, items: list[Item], types: Mapping[str, str]) -> dict[str, Any]:
    answers = {OUTCOME: row["outcome"]}
    answers |= {item.key: row["concept"] if item.kind == "concept" else row[f"answer_{item.key}"] for item in items}
    answers |= {RATIONALE: row["rationale"], RATER: row["rater"]}
    of = f"{row['identity']}/{row['round']}/{row['round_kind']}/{row['rater']}/{row['revision']}"
    found: dict[str, Any] = {
        "result": results(answers, types, of=of),
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": row["submitted_at"],
    }
    if row["active_seconds"] is not None:
        found["lead_time"] = row["active_seconds"]
    return found


def _snippets(released: Released, shown: Shown) -> dict[int, list[Row]]:
    """Ids alone; with their texts where the release itself holds them."""
    texts = {row["snippet"]: row["text"] for row in released.rows("snippets")} if released.has("snippets") else {}
    return {latent: [_snippet(one, texts) for one in rows] for latent, rows in shown.items()}


def _snippet(one: Row, texts: Mapping[int, str]) -> Row:
    told = {**one, "snippet": str(one["snippet"])}
    return told | {"text": texts[one["snippet"]]} if one["snippet"] in texts else told
