"""A latent's company and whereabouts, and the latents of other SAEs that resemble it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from annotation.enums import LatentFlag, Role
from annotation.models import Latent, LatentMatch, LatentProfile, Membership, MiningRun, User

SHARES_FROM = 0.4
"""Pearson's r from which two latents share their activations: a latent and half of it have about 0.7, a quarter 0.5."""


@dataclass(frozen=True, kw_only=True)
class OutputToken:
    token: str
    logit: float


@dataclass(frozen=True, kw_only=True)
class PeakToken:
    """A token of the vocabulary on which the latent fires."""

    token: str
    firings: int
    share: float
    """Of the latent's firings among the drawn tokens."""
    mean: float
    """Activation."""


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    index: int
    cosine: float


@dataclass(frozen=True, kw_only=True)
class Companion:
    """A latent that fires on the same tokens."""

    index: int
    tokens: int
    lift: float
    phi: float


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """How much of a latent's firing falls into one specialty or kind of section."""

    name: str
    firings: int
    lift: float
    """Density there over its density everywhere."""
    tokens: int | None
    """Tokens that the run saw there; None where the run did not say."""


@dataclass(frozen=True, kw_only=True)
class Match:
    index: int
    cosine: float | None
    correlation: float | None
    tokens: int


@dataclass(frozen=True, kw_only=True)
class MatchesInSae:
    """Latents of one other SAE that resemble this one, the best first."""

    sae: str
    hook_point: str
    study: str
    """Slug of a study of the viewer's that rests on that run; empty where she has none, and may not look."""
    matches: tuple[Match, ...]
    siblings: int
    """Other latents of this SAE whose best match is the same one."""

    @property
    def sharing(self) -> int:
        """How many of them share this latent's activations."""
        return sum(one.correlation is not None and one.correlation >= SHARES_FROM for one in self.matches)


@dataclass(frozen=True, kw_only=True)
class ProfileSheet:
    flags: tuple[LatentFlag, ...]
    lens: str
    """How the output tokens were read, with the layer; or why there are none."""
    promoted: tuple[OutputToken, ...]
    suppressed: tuple[OutputToken, ...]
    drawn_tokens: int | None
    """Tokens on which company, peak tokens and matches rest."""
    neighbours: tuple[Neighbour, ...]
    companions: tuple[Companion, ...]
    peak_tokens: tuple[PeakToken, ...]
    specialties: tuple[Whereabouts, ...]
    sections: tuple[Whereabouts, ...]
    positions: tuple[int, ...]
    position_tokens: tuple[int, ...]
    matched: tuple[MatchesInSae, ...]
    imported: bool
    """The run was made from another tool's files, which do not say everything."""


def profile_sheet(latent: Latent, run: MiningRun, user: User) -> ProfileSheet | None:
    """None where the run was mined before profiles were kept. Up to four statements."""
    profile = LatentProfile.objects.filter(latent=latent).first()
    if profile is None:
        return None
    manifest = run.manifest or {}
    return ProfileSheet(
        flags=tuple(LatentFlag(flag) for flag in profile.flags if flag in LatentFlag.values),
        lens=manifest.get("lens", ""),
        promoted=tuple(OutputToken(**row) for row in profile.promoted),
        suppressed=tuple(OutputToken(**row) for row in profile.suppressed),
        drawn_tokens=manifest.get("drawn_tokens"),
        neighbours=tuple(Neighbour(index=row["latent"], cosine=row["cosine"]) for row in profile.neighbours),
        companions=tuple(
            Companion(index=row["latent"], tokens=row["tokens"], lift=row["lift"], phi=row["phi"])
            for row in profile.coactivation
        ),
        peak_tokens=tuple(PeakToken(**row) for row in profile.peak_tokens),
        specialties=_whereabouts(profile.specialties, manifest.get("specialties", {})),
        sections=_whereabouts(profile.sections, manifest.get("sections", {})),
        positions=tuple(profile.positions),
        position_tokens=tuple(manifest.get("positions", ())),
        matched=_matched(latent, user),
        imported=hasattr(run, "imported"),
    )


def _whereabouts(rows: Iterable[Mapping[str, Any]], seen: Mapping[str, int]) -> tuple[Whereabouts, ...]:
    return tuple(
        Whereabouts(name=row["name"], firings=row["firings"], lift=row["lift"], tokens=seen.get(row["name"]))
        for row in rows
    )


def _matched(latent: Latent, user: User) -> tuple[MatchesInSae, ...]:
    found = LatentMatch.objects.filter(latent=latent).select_related("other__run__sae")
    by_run = [list(rows) for _, rows in groupby(found.order_by("pair", "rank"), key=lambda row: row.pair_id)]
    if not by_run:
        return ()
    studies = _studies(user, [rows[0].other.run_id for rows in by_run])
    siblings = _siblings(latent, [rows[0].other_id for rows in by_run])
    return tuple(_in_sae(rows, studies, siblings) for rows in by_run)


def _in_sae(rows: Sequence[LatentMatch], studies: Mapping[int, str], siblings: Mapping[int, int]) -> MatchesInSae:
    best = rows[0].other
    return MatchesInSae(
        sae=best.run.sae.name,
        hook_point=best.run.sae.hook_point,
        study=studies.get(best.run_id, ""),
        matches=tuple(
            Match(index=row.other.index, cosine=row.cosine, correlation=row.correlation, tokens=row.tokens)
            for row in rows
        ),
        siblings=siblings.get(best.pk, 0),
    )


def _studies(user: User, runs: Iterable[int]) -> dict[int, str]:
    """For each run a study that rests on it and that the person researches."""
    mine = Membership.objects.filter(user=user, role=Role.RESEARCHER, study__run__in=runs)
    return dict(mine.order_by("-study").values_list("study__run", "study__slug"))


def _siblings(latent: Latent, others: Iterable[int]) -> Counter[int]:
    """Of each other latent, how many more of this latent's run have it as their best match."""
    alike = LatentMatch.objects.filter(other__in=others, rank=0, latent__run=latent.run_id).exclude(latent=latent)
    return Counter(alike.values_list("other", flat=True))
