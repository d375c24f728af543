"""ICD-10-CM: diagnoses as coded in the United States; categories and codes, with their inclusion terms."""

import re
from collections.abc import Iterator

from annotation.codes.entry import Entry
from annotation.codes.package import folder_of, installed

NAME = "ICD-10-CM"
PACKAGE = "simple-icd-10-cm"
SOURCE = "NCHS, after the WHO’s ICD-10"
LICENCE = "Made by the US National Center for Health Statistics from the WHO’s ICD-10, by the WHO’s permission."

UNSPECIFIED = re.compile(r"(.+), unspecified(?: organism)?|(.+) NOS|[Uu]nspecified (.+)")


def version() -> str:
    """The release that the package ships, such as "April 2026"; empty where it is not installed."""
    folder = folder_of(PACKAGE, "simple_icd_10_cm/data")
    if folder is None:
        return ""
    names = sorted(path.stem for path in folder.glob("code-list-*.txt"))
    release = re.fullmatch(r"code-list-([A-Za-z]+)-(\d{4})", names[-1]) if names else None
    package = installed(PACKAGE)
    return " ".join(release.groups()) if release else f"package {package.version}" if package else ""


def entries() -> Iterator[Entry]:
    """Every category and code, and the blocks as headings above them. Takes 2 s and 190 MB.

    Chapters are left out: what "Symptoms, signs and abnormal findings" collects has no meaning in common.
    """
    import simple_icd_10_cm

    for code in dict.fromkeys(simple_icd_10_cm.get_all_codes(with_dots=True)):
        if simple_icd_10_cm.is_category_or_subcategory(code):  # Some categories are a block of their own as well.
            label = simple_icd_10_cm.get_description(code)
            told = (label, *simple_icd_10_cm.get_inclusion_term(code))
            yield Entry(
                code=code,
                label=label,
                synonyms=(*told[1:], *filter(None, map(plain, told))),
                parents=_above(code, simple_icd_10_cm.get_parent(code)),
            )
        elif simple_icd_10_cm.is_block(code):
            label = simple_icd_10_cm.get_description(code).removesuffix(f" ({code})")
            yield Entry(code=code, label=label, parents=_above(code, simple_icd_10_cm.get_parent(code)), heading=True)


def _above(code: str, parent: str) -> tuple[str, ...]:
    return () if parent == code or parent.isdigit() else (parent,)


def plain(name: str) -> str:
    """ "Chest pain, unspecified" and "Chest pain NOS" as people say them; empty where nothing is to be left out."""
    found = UNSPECIFIED.fullmatch(name)
    return next(filter(None, found.groups())).strip() if found else ""
