"""What a latent page says of company and whereabouts, to whom, and what it keeps from those who may still rate."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.fixtures import Settings

from annotation.actions.people import add_member
from annotation.actions.rounds import close_round
from annotation.actions.studies import create_study
from annotation.enums import LatentState, Role
from annotation.models import Document, Latent, MiningRun, Study, User
from tests.world import LATENTS, NOW, World, match, rate_next, second_run

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
HINTS = ("Output tokens that it moves", "Fire on the same tokens", "Nearest directions", "<h2>Where it fires</h2>")


@pytest.fixture(autouse=True)
def _artifacts_of_its_own(tmp_path: Path, settings: Settings) -> None:
    settings.ARTIFACT_ROOT = tmp_path / "artifacts"


def run_of(world: World) -> MiningRun:
    assert world.study.run is not None
    return world.study.run


def page(client: Client, study: Study, index: int) -> str:
    response = client.get(reverse("latent", args=[study.slug, index]))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def part(text: str, title: str) -> str:
    """The card with this title."""
    return text.split(f"<h2>{title}</h2>")[1].split("</section>")[0]


def sampled_index(world: World) -> int:
    return world.study.sample.select_related("latent").order_by("position")[0].latent.index


def study_on(world: World, run: MiningRun, *members: User) -> Study:
    study = create_study(
        slug="second",
        name="Second",
        purpose="",
        rubric=world.study.rubric,
        run=run,
        concepts=[],
        by=world.rosa,
        now=NOW,
    )
    for member in members:
        add_member(study=study, user=member, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    return study


def test_where_it_fires_says_share_n_and_lift(world: World, signed_in: SignIn) -> None:
    text = part(page(signed_in(world.rosa), world.study, 4), "Where it fires")
    row = text[text.index("Cardiology") :]
    assert row.index("71 %") < row.index(">74<") < row.index("of 1,750 tokens") < row.index("2 ×")
    assert "Assessment" in text
    assert "less often than overall" in text  # plan, lift 0.25
    assert "104 firings by tenth of the note, most often at the very beginning (59)" in text


def test_the_tokens_on_which_it_fires_and_those_that_it_moves_stand_with_their_numbers_and_the_layer(
    world: World, signed_in: SignIn
) -> None:
    text = part(page(signed_in(world.rosa), world.study, 4), "Tokens")
    assert '<code>␣mother</code></th><td class="number">99</td><td class="number">95 %</td>' in text
    assert "<code>⏎</code>" in text
    assert text.index("Raises") < text.index("␣mother 0") < text.index("3.00") < text.index("Lowers")
    assert "−2.00" in text
    assert "decoder direction of model.layers.1" in text
    assert "n = 5,000" in text


def test_company_has_links_and_numbers(world: World, signed_in: SignIn) -> None:
    text = part(page(signed_in(world.rosa), world.study, 4), "Company")
    link = f'<a href="{reverse("latent", args=[world.study.slug, 5])}">Latent 5</a>'
    row = text[text.index(link) :]
    assert row.index("0.61") < row.index("12 ×") < row.index(">30<")
    near = text[text.index("Nearest directions") :]
    assert near.index(link) < near.index("0.90")


@pytest.mark.parametrize(
    ("index", "words"),
    [(3, "One token has at least 90 % of its firings (95 %, n = 98)"), (5, "It fires on more than 10 % of tokens")],
)
def test_a_flag_is_a_word_with_its_reason(world: World, signed_in: SignIn, index: int, words: str) -> None:
    assert words in page(signed_in(world.rosa), world.study, index)


def test_the_list_is_filtered_by_flag(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    for query, found in (
        ("show=all&flag=dense", {5}),
        ("show=all&flag=single-token", {3}),
        ("show=all&flag=dead", set()),
    ):
        text = client.get(reverse("latents", args=[world.study.slug]) + f"?{query}").content.decode()
        assert {index for index in range(12) if f">Latent {index}</a>" in text} == found
    sampled = client.get(reverse("latents", args=[world.study.slug]) + "?flag=dense").content.decode()
    drawn = set(world.study.sample.values_list("latent__index", flat=True))
    assert (">Latent 5</a>" in sampled) == (5 in drawn)


def test_matching_latents_say_that_this_one_is_split_there(world: World, signed_in: SignIn) -> None:
    second = second_run(run_of(world), name="Wider SAE", layer=18)
    match(run_of(world), second, [(4, 7, 0.71), (4, 8, 0.55), (4, 9, 0.1), (4, 10, None)])
    text = part(page(signed_in(world.rosa), world.study, 4), "In other SAEs")
    assert "2 latents of Wider SAE (model.layers.18) share this one’s activations: it is split there." in text
    assert text.index("Latent 7") < text.index("0.71") < text.index("Latent 8") < text.index("Latent 9")
    assert "<a href" not in text  # no study of hers rests on that run


def test_matching_latents_say_that_this_sae_splits_what_the_other_holds_together(
    world: World, signed_in: SignIn
) -> None:
    second = second_run(run_of(world), name="Narrow SAE", layer=2)
    match(run_of(world), second, [(4, 0, 0.71), (5, 0, 0.6), (6, 0, 0.5), (7, 1, 0.9)])
    text = part(page(signed_in(world.rosa), world.study, 4), "In other SAEs")
    assert "is the best match of 2 more here" in text
    alone = part(page(signed_in(world.rosa), world.study, 7), "In other SAEs")
    assert "One latent of Narrow SAE (model.layers.2) shares this one’s activations. Shared:" in alone


def test_matching_latents_without_correlation_claim_nothing(world: World, signed_in: SignIn) -> None:
    second = second_run(run_of(world))
    match(run_of(world), second, [(4, 7, None), (4, 8, 0.39)])
    text = part(page(signed_in(world.rosa), world.study, 4), "In other SAEs")
    assert "No latent of Deeper SAE (model.layers.2) shares this one’s activations" in text


def test_a_matching_latent_is_a_link_only_for_the_researcher_of_a_study_of_that_run(
    world: World, signed_in: SignIn
) -> None:
    second = second_run(run_of(world))
    match(run_of(world), second, [(4, 7, 0.71)])
    rita = User.objects.create_user("rita@hospital.example", name="Rita")
    add_member(study=world.study, user=rita, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    other = study_on(world, second, world.rosa)
    add_member(study=other, user=rita, role=Role.COORDINATOR, institution=world.north, by=None, now=NOW)
    link = f'<a href="{reverse("latent", args=[other.slug, 7])}">'
    assert link in page(signed_in(world.rosa), world.study, 4)
    assert other.slug not in part(page(signed_in(rita), world.study, 4), "In other SAEs")


def test_without_another_sae_there_is_nothing_to_match(world: World, signed_in: SignIn) -> None:
    assert "No other SAE of this language model" in page(signed_in(world.rosa), world.study, 4)


def test_a_snippet_opens_its_wider_context_and_names_its_section(world: World, signed_in: SignIn) -> None:
    index = sampled_index(world)
    text = page(signed_in(world.rosa), world.study, index)
    snippet = Latent.objects.get(run=run_of(world), index=index).snippets.filter(kind="top").order_by("rank")[0]
    document = Document.objects.get(pk=snippet.document_id).text
    after = " ".join(document[snippet.end : snippet.context_end].split())
    assert after
    assert after in text
    assert "under “Assessment”" in text
    assert document[: snippet.context_start].strip() not in text or not document[: snippet.context_start].strip()


def test_a_run_from_before_profiles_says_so(world: World, signed_in: SignIn) -> None:
    run = run_of(world)
    old = MiningRun.objects.create(
        sae=run.sae,
        corpus=run.corpus,
        request={},
        digest="9" * 64,
        requested_at=NOW,
        sent_at=NOW,
        state="finished",
        manifest=run.manifest,
        ended_at=NOW,
    )
    latent = run.latents.get(index=4)
    latent.pk, latent.run, latent._state.adding = None, old, True
    latent.save()
    study = study_on(world, old, world.rosa)
    assert "mined before neighbours, tokens and whereabouts were kept" in page(signed_in(world.rosa), study, 4)


def test_a_researcher_who_may_still_rate_a_latent_sees_no_hint_at_its_meaning(world: World, signed_in: SignIn) -> None:
    add_member(study=world.study, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    index = sampled_index(world)
    text = page(signed_in(world.ada), world.study, index)
    assert "stay hidden until then" in text
    assert "Try a text on it" not in text
    for hint in HINTS:
        assert hint not in text
        assert hint in page(signed_in(world.rosa), world.study, index)
    listed = signed_in(world.ada).get(reverse("latents", args=[world.study.slug]) + "?show=all&flag=dense")
    assert 'name="flag"' not in listed.content.decode()
    assert ">Latent 0</a>" in listed.content.decode()  # the filter that is not offered is ignored


def test_once_her_part_is_over_she_sees_it(world: World, signed_in: SignIn) -> None:
    add_member(study=world.study, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    for rater in (world.ada, world.ben):
        while rate_next(world.study, rater):
            pass
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    text = page(signed_in(world.ada), world.study, sampled_index(world))
    assert all(hint in text for hint in HINTS)


def outside_index(world: World) -> int:
    """A latent of the run that is not in the sample."""
    drawn = set(world.study.sample.values_list("latent__index", flat=True))
    return min(set(range(LATENTS)) - drawn)


def test_a_latent_outside_the_sample_tells_nothing_to_her_who_may_still_rate_one_like_it(
    world: World, signed_in: SignIn
) -> None:
    add_member(study=world.study, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    text = page(signed_in(world.ada), world.study, outside_index(world))
    assert "stay hidden until then" in text
    assert not [hint for hint in HINTS if hint in text]
    assert all(hint in page(signed_in(world.rosa), world.study, outside_index(world)) for hint in HINTS)


def test_while_a_latent_is_left_for_her_she_sees_hints_at_those_alone_that_she_rated(
    world: World, signed_in: SignIn
) -> None:
    add_member(study=world.study, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    mine = rate_next(world.study, world.ada)
    assert mine is not None
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    decided, waiting, *_ = world.study.sample.exclude(pk=mine.latent_id).select_related("latent")
    world.study.sample.filter(pk=decided.pk).update(state=LatentState.ACCEPTED)  # by others, without her
    world.study.sample.filter(pk=waiting.pk).update(state=LatentState.RECRUITING)
    client = signed_in(world.ada)
    for index in (decided.latent.index, waiting.latent.index, outside_index(world)):
        assert "stay hidden until then" in page(client, world.study, index)
    assert all(hint in page(client, world.study, mine.latent.latent.index) for hint in HINTS)
    world.study.sample.exclude(pk=mine.latent_id).update(state=LatentState.ACCEPTED)
    assert all(hint in page(client, world.study, decided.latent.index) for hint in HINTS)


def test_another_study_of_the_same_run_tells_nothing_about_what_she_may_still_rate(
    world: World, signed_in: SignIn
) -> None:
    other = study_on(world, run_of(world), world.ada, world.rosa)
    client = signed_in(world.ada)
    for index in (sampled_index(world), outside_index(world)):
        assert "stay hidden until then" in page(client, other, index)
        assert "Try a text on it" not in page(client, other, index)
        assert all(hint in page(signed_in(world.rosa), other, index) for hint in HINTS)
    assert client.get(reverse("consensus", args=[other.slug])).status_code == 403
    while rate_next(world.study, world.ada):
        pass
    assert "stay hidden until then" in page(client, other, sampled_index(world))  # she may revise
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    assert all(hint in page(client, other, sampled_index(world)) for hint in HINTS)


def test_a_study_of_another_run_is_hers_to_look_into_while_she_rates(world: World, signed_in: SignIn) -> None:
    other = study_on(world, second_run(run_of(world)), world.ada)
    assert all(hint in page(signed_in(world.ada), other, sampled_index(world)) for hint in HINTS)


def test_the_page_costs_the_same_statements_for_more_studies_of_the_run(world: World, signed_in: SignIn) -> None:
    first = study_on(world, run_of(world), world.ada)
    client, address = signed_in(world.ada), reverse("latent", args=[first.slug, 4])

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    few = statements()
    for number in range(3):
        more = Study.objects.create(
            slug=f"more-{number}",
            name="More",
            rubric=first.rubric,
            run=first.run,
            created_at=NOW,
            created_by=world.rosa,
        )
        add_member(study=more, user=world.ada, role=Role.ANNOTATOR, institution=world.north, by=None, now=NOW)
    assert statements() == few


def test_before_the_sample_is_drawn_a_researcher_who_rates_sees_no_hint(before_round: World, signed_in: SignIn) -> None:
    study = study_on(before_round, run_of(before_round), before_round.ada)
    add_member(
        study=study, user=before_round.ada, role=Role.ANNOTATOR, institution=before_round.north, by=None, now=NOW
    )
    assert "stay hidden until then" in page(signed_in(before_round.ada), study, 4)


def test_a_rater_sees_snippets_with_their_section_and_no_hint(world: World, signed_in: SignIn) -> None:
    text = " ".join(signed_in(world.ada).get(reverse("rate", args=[world.study.slug])).content.decode().split())
    assert "under “Plan”" in text
    for hint in (*HINTS, "In other SAEs", "Try a text"):
        assert hint not in text


def test_the_page_costs_the_same_statements_for_more_matches(world: World, signed_in: SignIn) -> None:
    client, address = signed_in(world.rosa), reverse("latent", args=[world.study.slug, sampled_index(world)])

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    run, index = run_of(world), sampled_index(world)
    match(run, second_run(run, name="One"), [(index, 1, 0.5)])
    few = statements()
    match(run, second_run(run, name="Two", layer=3), [(index, other, 0.5) for other in range(8)])
    assert statements() == few
