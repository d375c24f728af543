"""Columns that several released tables share, and a short way to write one of each kind."""

from annotation.export.columns import Column, Kind


def text(name: str, source: str, meaning: str, empty: str = "") -> Column:
    return Column(name=name, kind=Kind.TEXT, meaning=meaning, source=source, empty=empty)


def integer(name: str, source: str, meaning: str, empty: str = "") -> Column:
    return Column(name=name, kind=Kind.INTEGER, meaning=meaning, source=source, empty=empty)


def number(name: str, source: str, meaning: str, empty: str = "") -> Column:
    return Column(name=name, kind=Kind.NUMBER, meaning=meaning, source=source, empty=empty)


def yes_no(name: str, source: str, meaning: str, empty: str = "") -> Column:
    return Column(name=name, kind=Kind.YES_NO, meaning=meaning, source=source, empty=empty)


def listed(name: str, source: str, meaning: str, empty: str = "") -> Column:
    return Column(name=name, kind=Kind.LIST, meaning=meaning, source=source, empty=empty)


def moment(name: str, source: str, meaning: str, empty: str = "") -> Column:
    return Column(name=name, kind=Kind.MOMENT, meaning=meaning, source=source, empty=empty)


INDEX = integer("latent", "Latent.index", "The latent: its column of the SAE.")
IDENTITY = text(
    "identity",
    "Latent.identity",
    "Digest of the latent's weights, the encode configuration and the model revision: what a label attaches to.",
)
LATENT = (INDEX, IDENTITY)
SIMULATED = yes_no("simulated", "Study.simulated", "True where a program, not people, gave the ratings of this study.")
