"""README.md of a release: a data card for people, whose first lines tell the library `datasets` where the tables are.

Motivation, composition, collection, agreement and limits, after Gebru et al. 2021 (doi 10.1145/3458723), written from
the study's own facts: nothing here is typed for the occasion.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotation.export.manifest import SIMULATED_SENTENCE
from annotation.export.readme import text_sentence

BIBLIOGRAPHY = "Metzger, Patil et al., JMIR AI 2026;5:e81134, doi 10.2196/81134"
LIMITS = """\
- A rating is one physician's opinion of what a direction in a language model stands for, from a few snippets of
  clinical text. It is no fact about a patient, and no diagnosis.
- Disagreement is kept, not resolved: use `distributions` (theta, with n_eff) as soft targets, and `ratings` where you
  need who said what. `q` and Dawid-Skene suppose that one answer is right.
- Raters saw the strongest, mid-range and look-alike snippets of one corpus. Other text may tell another story.
- Decisions of adjudicators stand beside the ratings and replace none."""
PRIVACY = """\
Raters and adjudicators are pseudonyms, institutions codes. No name and no address is in the files. {text}
Rationales are the raters' own words. Do not try to find out who somebody is."""


def data_card(manifest: Mapping[str, Any]) -> str:
    study, release = manifest["study"], manifest["release"]
    parts = [
        "\n".join(_front_matter(manifest)),
        f"# {one_line(study['name'])}, release {release['number']}",
        *([f"**Simulated.** {SIMULATED_SENTENCE}"] if manifest["simulated"] else []),
        "## Motivation\n\n" + (one_line(study["purpose"]) or "The study's researcher wrote down no purpose."),
        "## Composition\n\n" + "\n".join(_composition(manifest)),
        "## Collection\n\n" + "\n".join(_collection(manifest)),
        "## Agreement\n\n" + "\n".join(_agreement(manifest)),
        "## Limits\n\n" + LIMITS,
        "## People\n\n" + "\n\n".join([PRIVACY.format(text=one_line(text_sentence(manifest))), *_ethics(manifest)]),
        "## Use\n\n" + _use(manifest),
        f"How such studies are made: {BIBLIOGRAPHY}.",
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(manifest: Mapping[str, Any]) -> Iterator[str]:
    """YAML as the Hugging Face hub reads it: one configuration a table. Parquet alone, so that types are kept.

    A table without rows is none: `datasets` (5.2.0) ends with an error on a split without rows.
    """
    yield "---"
    name = f"{manifest['study']['name']}, release {manifest['release']['number']}"
    yield f"pretty_name: {_quoted(name)}"
    yield "tags: [interpretability, sparse-autoencoder, clinical, human-label-variation]"
    yield "configs:"
    for file in manifest["files"]:
        if file["format"] == "parquet" and manifest["tables"][file["table"]]["rows"]:
            yield f"- config_name: {file['table']}"
            yield f"  data_files: {file['name']}"
            if file["table"] == "distributions":
                yield "  default: true"
    yield "---"


def one_line(text: str) -> str:
    """Without line ends, and without what Markdown would take for a table's edge."""
    return " ".join(text.split()).replace("|", "/")


def _quoted(text: str) -> str:
    """A YAML string in double quotes."""
    return '"' + one_line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _composition(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield "| table | rows | one row is |"
    yield "|---|---|---|"
    for name, table in manifest["tables"].items():
        yield f"| `{name}` | {table['rows']:,} | {table['one_row_is']} |"
    yield ""
    yield "Every column's meaning is in `manifest.json` and in the Parquet files' metadata."


def _collection(manifest: Mapping[str, Any]) -> Iterator[str]:
    """What the manifest says of how it came about; a fact that it lacks is left out."""
    frame, mining, rubric = (manifest.get(name) for name in ("sampling_frame", "mining", "rubric"))
    if mining:
        yield f"- Language model {one_line(mining['language_model'])}; SAE {one_line(mining['sae'])}."
        corpus = mining["corpus"]
        yield f"- Corpus {one_line(corpus['name'])}: {corpus['documents']:,} documents, digest `{corpus['digest']}`."
    if frame:
        yield f"- Latents {frame['eligible']}: {frame['drawn']:,} drawn with seed {frame['seed']}."
    if rubric:
        yield f"- Rubric {one_line(rubric['name'])}, version {rubric['version']}; raters answered blind to each other."
    if results := manifest.get("results"):
        yield (
            f"- {results['ratings']:,} ratings by {results['raters']:,} raters count in the statistics "
            f"({results['method_version']}, seed {results['seed']})."
        )
    for round_ in manifest.get("rounds", ()):
        yield f"- Round {round_['number']} ({round_['kind']}): {round_['state']}."


def _agreement(manifest: Mapping[str, Any]) -> Iterator[str]:
    rows = manifest.get("agreement", [])
    if not rows:
        yield "No agreement could be computed yet."
        return
    yield "Krippendorff's alpha over all ratings, 95 % interval by resampling latents."
    yield ""
    yield "| item | alpha | interval | latents |"
    yield "|---|---|---|---|"
    for row in rows:
        value = "undefined: " + row["undefined_reason"] if row["value"] is None else f"{row['value']:.3f}"
        interval = "" if row["low"] is None else f"{row['low']:.3f} to {row['high']:.3f}"
        yield f"| {row['item']} | {value} | {interval} | {row['units']:,} |"


def _ethics(manifest: Mapping[str, Any]) -> Iterator[str]:
    said = one_line(manifest["study"].get("ethics", ""))
    yield f"Ethics and consent, as the study entered it: {said}" if said else "The study entered no ethics record."
    anonymity = manifest.get("anonymity")
    if anonymity and anonymity["alone"]:
        yield (
            f"Warning: by {_and(anonymity['attributes'])} together {len(anonymity['alone'])} of "
            f"{anonymity['people']} people stand in a group of fewer than {anonymity['k']}: "
            + "; ".join(
                f"{', '.join(cell['attributes'])} ({', '.join(cell['pseudonyms'])})" for cell in anonymity["cells"]
            )
            + "."
        )


def _and(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _use(manifest: Mapping[str, Any]) -> str:
    return (
        "```python\nfrom datasets import load_dataset\n\n"
        'opinions = load_dataset("FOLDER", "distributions", split="train")\n```\n\n'
        "Is it complete and unaltered? `sha256sum -c SHA256SUMS`; an installation of Consilium also checks schema and "
        "counts (`manage.py verify_release FOLDER`)."
    )
