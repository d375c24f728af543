"""Cases for the tests: a contested latent, more adjudicators, and decisions signed by a real password."""

from datetime import datetime
from typing import Any

from annotation.actions.cases import open_case
from annotation.actions.deciding import decide_case
from annotation.actions.people import add_member
from annotation.actions.rounds import close_round
from annotation.actions.signing import Proof, prove_by_password
from annotation.enums import DecisionOutcome, DisagreementCause, LatentState, Role, SignatureMethod
from annotation.models import Case, Decision, SampledLatent, Signature, User
from annotation.rules.decision import GivenDecision
from tests.world import NOW, World, person, rate_next

PASSWORD = "a long and quiet sentence"


def with_password(user: User) -> User:
    """The person with a password, so that she can sign."""
    if not user.has_usable_password():
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    return user


def adjudicator(world: World, name: str) -> User:
    """One more senior physician of the study, with a password."""
    user = with_password(person(name))
    add_member(study=world.study, user=user, role=Role.ADJUDICATOR, institution=None, by=None, now=NOW)
    return user


def rated(world: World, **evidence: Any) -> World:
    """Ada and Ben have rated everything, each with her own concept; the round is over."""
    for user, concept in ((world.ada, "chest pain"), (world.ben, "unstable angina")):
        while rate_next(world.study, user, concept=concept, rationale=f"It is {concept}, all of it.", **evidence):
            pass
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    with_password(world.cora)
    return world


def persistent(latent: SampledLatent, now: datetime = NOW) -> Case:
    latent.state = LatentState.PERSISTENT
    latent.save()
    return open_case(latent=latent, why="No concept reaches a posterior of 0.90.", now=now)


def cases(world: World, number: int) -> list[Case]:
    """Of the study's first latents, the first opened first."""
    return [persistent(latent) for latent in world.study.sample.order_by("position")[:number]]


def given(**changes: Any) -> GivenDecision:
    content = {
        "outcome": "concept",
        "concept": "acute coronary syndrome",
        "cause": "granularity",
        "rationale": "The snippets do not tell the two apart.",
    }
    return GivenDecision(**(content | changes))


def proof(user: User, now: datetime = NOW) -> Proof:
    return prove_by_password(password=PASSWORD, by=with_password(user), now=now)


def decide(case: Case, by: User, now: datetime = NOW, *, second: User | None = None, **changes: Any) -> Decision:
    """A signed decision through the product's own action."""
    return decide_case(
        case=case,
        given=given(**changes),
        proof=proof(by, now),
        by=by,
        now=now,
        second=second,
        second_reason="A cardiologist should look." if second else "",
    )


def stored_decision(case: Case, by: User, now: datetime = NOW, **columns: Any) -> Decision:
    """A row past the actions, with its signature: what only the database still looks at."""
    row = {"outcome": DecisionOutcome.IRREDUCIBLE, "cause": DisagreementCause.SLIP, "rationale": "So it is."}
    signature = Signature.objects.create(
        signed_by=by, signed_at=now, method=SignatureMethod.PASSWORD, meaning="I decide.", ratings_digest="", digest=""
    )
    return Decision.objects.create(case=case, adjudicator=by, decided_at=now, signature=signature, **(row | columns))
