"""What the demo's simulated people call the words at which a latent peaks: demo/peak_words.json, written by us."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from django.conf import settings

from annotation.rules.answers import RESERVED

FORM = "document-form"
OTHERWISE = "finding"


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    names: Mapping[str, str]
    """Concept by word."""
    words: Mapping[str, frozenset[str]]
    categories: Mapping[str, str]
    """By concept."""
    endings: Mapping[str, tuple[str, ...]]
    """Of words that have no concept of their own, by category."""
    flags: Mapping[str, frozenset[str]]
    """Concepts that one may warn of, by flag."""

    def concept_of(self, word: str) -> str:
        """Its concept; a word that nobody thought of is its own."""
        name = self.names.get(word, word)
        return f"{name} (word)" if name in RESERVED else name

    def concepts(self, words: Mapping[str, int]) -> Counter[str]:
        """How many snippets peak on each concept."""
        counted: Counter[str] = Counter()
        for word, number in words.items():
            counted[self.concept_of(word)] += number
        return counted

    def category_of(self, concept: str) -> str:
        known = self.categories.get(concept)
        fitting = (category for category, ends in self.endings.items() if concept.endswith(tuple(ends)))
        return known or next(fitting, OTHERWISE)

    def words_of(self, concept: str) -> frozenset[str]:
        return self.words.get(concept, frozenset({concept}))

    def is_clinical(self, concept: str) -> bool:
        return self.category_of(concept) != FORM

    def flags_of(self, concept: str, offered: Iterable[str]) -> frozenset[str]:
        return frozenset(flag for flag in offered if concept in self.flags.get(flag, ()))


@cache
def vocabulary() -> Vocabulary:
    told = json.loads((settings.DEMO_ROOT / "peak_words.json").read_text(encoding="utf-8"))
    concepts = told["concepts"]
    return Vocabulary(
        names={word: one["name"] for one in concepts for word in one["words"]},
        words={one["name"]: frozenset(one["words"]) for one in concepts},
        categories={one["name"]: one["category"] for one in concepts},
        endings={category: tuple(ends) for category, ends in told["endings"].items()},
        flags={flag: frozenset(names) for flag, names in told["flags"].items()},
    )
