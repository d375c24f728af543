"""The code systems there are, by the name that a study keeps of them (annotation.enums.CodeSystem)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Protocol

from annotation.codes import hpo, icd_10_cm
from annotation.codes.entry import Entry


class System(Protocol):
    """What a module of a system offers."""

    NAME: str
    PACKAGE: str
    SOURCE: str
    LICENCE: str

    def version(self) -> str: ...

    def entries(self) -> Iterator[Entry]: ...


SYSTEMS: Mapping[str, System] = MappingProxyType({"icd-10-cm": icd_10_cm, "hpo": hpo})


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Whose terms these are, and of when: said wherever they are offered or released."""

    system: str
    """By which a study keeps it."""
    name: str
    version: str
    source: str
    licence: str
    package: str


@cache
def origin(system: str) -> Origin | None:
    """None where its package is not installed, or for a name that is no system's."""
    module = SYSTEMS.get(system)
    if module is None or not (version := module.version()):
        return None
    return Origin(
        system=system,
        name=module.NAME,
        version=version,
        source=module.SOURCE,
        licence=module.LICENCE,
        package=module.PACKAGE,
    )
