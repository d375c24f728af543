"""The small world with rationales to read: rounds over, latents settled, held-out snippets, Eva who rated none."""

from dataclasses import dataclass

from annotation.actions.asking_readings import ask_readings
from annotation.actions.reading import claim_reading, submit_reading
from annotation.actions.reading_tickets import read_reading_ticket, write_reading_ticket
from annotation.actions.rounds import close_round
from annotation.enums import LatentState, RoundState, SnippetKind
from annotation.models import Document, Latent, Reading, Snippet, Study, User
from tests.world import NOW, World, add_rater, rate_next

EACH = 12


@dataclass(frozen=True, kw_only=True)
class ReadWorld:
    world: World
    eva: User
    """Joined when the round was over."""


def add_held_out(latent: Latent, *, firing: int = EACH, silent: int = EACH) -> None:
    """As a larger corpus would have given: firing snippets of every decile, silent ones of both arms by turns, each the
    first line of another note."""
    documents = list(Document.objects.filter(corpus=latent.run.corpus).order_by("pk"))
    arms = (SnippetKind.HELD_OUT_RANDOM, SnippetKind.HELD_OUT_HARD)
    rows = [(SnippetKind.HELD_OUT, i, i % 10) for i in range(firing)]
    rows += [(arms[i % 2], i, None) for i in range(silent)]
    Snippet.objects.bulk_create(
        Snippet(
            latent=latent,
            document=documents[place],
            kind=kind,
            rank=100 + place,
            decile=decile,
            start=0,
            end=documents[place].text.index("\n"),
            peak=1.0 if kind == SnippetKind.HELD_OUT else 0.0,
            tokens=[],
        )
        for kind, place, decile in rows
    )


def settle(study: Study) -> None:
    """Every latent accepted and every open round closed."""
    for round_ in study.rounds.filter(state=RoundState.OPEN):
        close_round(round_=round_, by=None, now=NOW)
    study.sample.update(state=LatentState.ACCEPTED)


def build(world: World) -> ReadWorld:
    """Ada and Ben rated all six latents; everything is asked to be read."""
    for name, user in (("Ada", world.ada), ("Ben", world.ben)):
        turn = 0
        while rate_next(world.study, user, concept=f"idea {name} {turn}", rationale=f"Because of {name}'s words."):
            turn += 1
    settle(world.study)
    for latent in world.study.sample.select_related("latent"):
        add_held_out(latent.latent)
    world.study.reading_share = 1.0
    world.study.save(update_fields=["reading_share"])
    return ReadWorld(world=world, eva=add_rater(world, "eva", world.south))


def asked(world: World) -> ReadWorld:
    built = build(world)
    ask_readings(study=world.study, by=world.rosa, now=NOW)
    return built


def truth(snippets: list[int]) -> dict[int, bool]:
    kinds = Snippet.objects.filter(pk__in=snippets).values_list("pk", "kind")
    return {pk: kind == SnippetKind.HELD_OUT for pk, kind in kinds}


def read_next(study: Study, user: User, *, always: bool | None = None) -> Reading | None:
    """Let the person claim her next rationale and judge it: as it is, or always the same."""
    slot = claim_reading(study=study, by=user, now=NOW)
    if slot is None:
        return None
    said = truth(slot.snippets) if always is None else dict.fromkeys(slot.snippets, always)
    ticket = read_reading_ticket(write_reading_ticket(slot), by=user)
    return submit_reading(ticket=ticket, judgements=said, active_seconds=90.0, by=user, now=NOW)
