"""The study page: what it rests on, how far it is, what comes next, and who sees how much of it."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from annotation.actions.mining import request_run
from annotation.actions.people import add_member
from annotation.actions.results import compute_results
from annotation.actions.rounds import close_round
from annotation.actions.studies import create_study
from annotation.enums import Role, RoundState
from annotation.models import MiningRun, Sae, Slot, Study, User
from saeserve import contract
from tests.html import without_tokens
from tests.world import NOW, World, add_rater, rate_next

SignIn = Callable[[User], Client]


def page(client: Client, study: Study, name: str = "study") -> str:
    response = client.get(reverse(name, args=[study.slug]))
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def press(client: Client, study: Study, name: str, *parts: object) -> str:
    """Send the form and return the page that it leads to."""
    response = client.post(reverse(name, args=[study.slug, *parts]), follow=True)
    assert response.redirect_chain
    return " ".join(response.content.decode().split())


def statements(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_the_researcher_sees_what_the_study_rests_on(world: World, signed_in: SignIn) -> None:
    text = page(signed_in(world.rosa), world.study)
    for fact in ("Small model", "model.layers.1", "Small SAE", "topk, 12 latents", "Notes of the tests"):
        assert fact in text
    assert "40 documents, 5,000 tokens mined" in text
    assert "Written for the tests." in text
    assert "Clinical meaning of a latent, version 1" in text
    assert "What do the highlighted words share?" in text


def test_what_the_card_declares_stands_beside_what_the_run_measured(world: World, signed_in: SignIn) -> None:
    text = page(signed_in(world.rosa), world.study)
    fve = text[text.index("FVE") :]
    assert fve.index("0.870") < fve.index("CE rise")
    rise = text[text.index("CE rise") : text.index("Dead")]
    assert "–" in rise  # not declared
    assert "0.040" in rise  # 3.40 - 3.36 nats


def test_the_frame_says_how_many_latents_were_eligible_of_those_alive_of_all(world: World, signed_in: SignIn) -> None:
    text = page(signed_in(world.rosa), world.study)
    frame = text[text.index("Sampled latents") :]
    for label, count in (("Drawn", 6), ("Eligible", 12), ("Alive", 12), ("All", 12)):
        assert f'{label}</dt><dd class="stat-value">{count}</dd>' in frame
    assert "by the seed 20261122" in frame
    assert "Frequent" in frame


def test_members_are_counted_by_institution_and_named_by_pseudonym_only(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    text = page(signed_in(world.rosa), world.study)
    members = text[text.index('aria-label="Members by institution"') :]
    north = members[members.index("North Hospital") : members.index("South Hospital")]
    assert "1 annotator, 1 coordinator" in north
    assert "C01, R01" in north
    assert '<td class="number">1</td>' in north
    for person in (world.ada, world.ben, world.cora):
        assert person.name not in without_tokens(text)
        assert person.email not in without_tokens(text)


def test_a_round_shows_its_ratings_of_places(world: World, signed_in: SignIn) -> None:
    for rater in (world.ada, world.ada, world.ben):
        rate_next(world.study, rater)
    assert "3 of 12" in page(signed_in(world.rosa), world.study)


def test_a_study_without_a_run_says_so(world: World, signed_in: SignIn) -> None:
    bare = create_study(
        slug="bare", name="Bare", purpose="", rubric=world.study.rubric, concepts=[], by=world.rosa, now=NOW
    )
    add_member(study=bare, user=world.rosa, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    client = signed_in(world.rosa)
    assert "The study has no mining run yet" in page(client, bare)
    assert "has no mining run yet" in press(client, bare, "draw_sample")


def test_the_next_step_leads_from_the_sample_to_the_release(world: World, signed_in: SignIn) -> None:
    study = create_study(
        slug="second",
        name="Second",
        purpose="",
        rubric=world.study.rubric,
        run=world.study.run,
        concepts=["troponin"],
        by=world.rosa,
        now=NOW,
        sample_size=3,
        raters_per_latent=1,
        retest_share=0.0,
    )
    add_member(study=study, user=world.rosa, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    client = signed_in(world.rosa)
    assert "Draw the sample: 3 of 12 eligible latents" in page(client, study)
    assert "3 latents were drawn" in press(client, study, "draw_sample")
    assert "Invite raters: the study asks for 1 a latent and has 0." in page(client, study)
    add_member(study=study, user=world.ada, role=Role.ANNOTATOR, institution=world.north, by=None, now=NOW)
    assert "Open the first round" in page(client, study)
    assert "Round 1 is open" in press(client, study, "open_round")
    assert "round 1 has 0 of 3 ratings" in page(client, study)
    while rate_next(study, world.ada):
        pass
    assert "All 3 ratings of round 1 are in: close it." in page(client, study)
    assert "Round 1 is closed. Its ratings and results stay." in press(client, study, "close_round", 1)
    assert "Cut a release of the label distributions." in page(client, study)


def test_a_study_without_raters_cannot_open_a_round_and_says_why(before_round: World, signed_in: SignIn) -> None:
    study = before_round.study
    study.memberships.filter(role=Role.ANNOTATOR).delete()
    text = press(signed_in(before_round.rosa), study, "open_round")
    assert "The study has no raters. Invite physicians on the People page, then open the round." in text
    assert not study.rounds.exists()


def test_a_sample_is_drawn_once(world: World, signed_in: SignIn) -> None:
    text = press(signed_in(world.rosa), world.study, "draw_sample")
    assert "The sample of this study has been drawn." in text
    assert world.study.sample.count() == 6


def test_closing_a_round_says_first_what_will_be_withdrawn(world: World, signed_in: SignIn) -> None:
    rate_next(world.study, world.ada)
    client = signed_in(world.rosa)
    assert "11 places without a rating will be withdrawn" in page(client, world.study)
    press(client, world.study, "close_round", 1)
    closed = world.study.rounds.get()
    assert closed.state == RoundState.CLOSED
    assert "This round is closed" in press(client, world.study, "close_round", 1)


def test_a_round_that_does_not_exist_is_not_found(world: World, signed_in: SignIn) -> None:
    assert signed_in(world.rosa).post(reverse("close_round", args=[world.study.slug, 9])).status_code == 404


@pytest.mark.parametrize("name", ["draw_sample", "open_round"])
def test_wishes_are_sent_by_form_never_by_link(world: World, signed_in: SignIn, name: str) -> None:
    assert signed_in(world.rosa).get(reverse(name, args=[world.study.slug])).status_code == 405


def test_results_say_when_and_from_how_many_ratings_they_were_computed(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    assert "Nothing to compute yet: nobody has rated." in page(client, world.study)
    rate_next(world.study, world.ada)
    assert "Not computed yet: 1 rating is being taken in." in page(client, world.study)
    rate_next(world.study, world.ben)
    compute_results(study_id=world.study.pk, now=NOW)
    text = page(client, world.study)
    assert "from 2 ratings by 2 raters" in text
    assert "newer" not in text
    for _ in range(2):
        rate_next(world.study, world.ada)
    assert "2 newer ratings are being taken in." in page(client, world.study)


def test_a_stranger_finds_no_study(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.sven)
    for name in ("study", "progress"):
        assert client.get(reverse(name, args=[world.study.slug])).status_code == 404
    for name in ("draw_sample", "open_round"):
        assert client.post(reverse(name, args=[world.study.slug])).status_code == 404


def test_somebody_who_is_not_signed_in_is_asked_to(world: World, client: Client) -> None:
    response = client.get(reverse("study", args=[world.study.slug]))
    assert response.status_code == 302
    assert response.url.startswith(reverse("sign_in"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("person", ["ada", "cora"])
def test_raters_and_adjudicators_are_told_whose_page_it_is(world: World, signed_in: SignIn, person: str) -> None:
    response = signed_in(getattr(world, person)).get(reverse("study", args=[world.study.slug]))
    assert response.status_code == 403
    assert "This needs the role of researcher or coordinator" in response.content.decode()


def test_a_coordinator_sees_her_own_institutions_totals_and_nothing_of_others(world: World, signed_in: SignIn) -> None:
    for rater in (world.ada, world.ben, world.ben):
        rate_next(world.study, rater)
    compute_results(study_id=world.study.pk, now=NOW)
    text = page(signed_in(world.nora), world.study)
    assert "North Hospital" in text
    assert "South Hospital" not in text
    assert 'Ratings</dt><dd class="stat-value">1</dd>' in text
    assert "1 of 6" in text
    for secret in ("R01", "R02", "chest pain", "Krippendorff", "Computed"):
        assert secret not in without_tokens(text)


def test_a_coordinator_also_sees_places_that_are_reserved_for_no_institution(world: World, signed_in: SignIn) -> None:
    Slot.objects.filter(round__study=world.study).update(institution=None)
    rate_next(world.study, world.ada)
    rate_next(world.study, world.ben)
    assert "1 of 11" in page(signed_in(world.nora), world.study)  # all twelve but the one that Ben took


def test_a_coordinator_cannot_draw_open_or_close(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.nora)
    for name, *parts in (("draw_sample",), ("open_round",), ("close_round", 1)):
        assert client.post(reverse(name, args=[world.study.slug, *parts])).status_code == 403
    assert world.study.rounds.get().state == RoundState.OPEN


def test_a_researcher_who_rates_does_not_see_states_until_nothing_is_left_for_her(
    world: World, signed_in: SignIn
) -> None:
    add_member(study=world.study, user=world.ada, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    client = signed_in(world.ada)
    assert "stay hidden until there is nothing left for you to rate" in page(client, world.study)
    while rate_next(world.study, world.ada):
        pass
    assert "stay hidden" in page(client, world.study)  # the round is open: she may revise
    close_round(round_=world.study.rounds.get(), by=world.rosa, now=NOW)
    assert "stay hidden" not in page(client, world.study)


@pytest.fixture
def unfinished(world: World) -> Iterator[MiningRun]:
    """The study waits for another run, whose folder is empty."""
    finished = world.study.run
    assert finished is not None
    run = request_run(sae=finished.sae, corpus=finished.corpus, by=world.rosa, now=NOW, seed=7)
    Study.objects.filter(pk=world.study.pk).update(run=run)
    folder = run_folder(run)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield run
    shutil.rmtree(folder, ignore_errors=True)


def run_folder(run: MiningRun) -> Path:
    return Path(settings.ARTIFACT_ROOT) / "runs" / run.digest


def report(run: MiningRun, **values: object) -> None:
    progress = contract.Progress(  # type: ignore[arg-type]
        **{"phase": "mining", "done": 0, "total": 0, "updated_at": run.sent_at.timestamp() + 1, **values}
    )
    (run_folder(run) / contract.PROGRESS_FILE).write_text(json.dumps(progress.to_dict()))


def test_what_a_worker_said_before_the_run_was_sent_again_is_not_where_it_is(
    world: World, unfinished: MiningRun, signed_in: SignIn
) -> None:
    report(unfinished, phase="mining", done=20_000, total=80_000, updated_at=unfinished.sent_at.timestamp() - 1)
    text = page(signed_in(world.rosa), world.study, "progress")
    assert "Waiting for a GPU worker" in text
    assert "20,000" not in text


@pytest.mark.usefixtures("unfinished")
def test_a_run_that_nobody_has_taken_up_waits_for_a_worker(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    assert "Waiting for a GPU worker" in page(client, world.study)
    assert f'hx-get="{reverse("progress", args=[world.study.slug])}"' in page(client, world.study, "progress")


def test_a_running_run_shows_tokens_speed_and_what_is_left(
    world: World, unfinished: MiningRun, signed_in: SignIn
) -> None:
    report(unfinished, phase="mining", done=20_000, total=80_000, tokens_per_second=1_000.0)
    text = page(signed_in(world.rosa), world.study, "progress")
    for fact in ("Mining", "25 %", "20,000 of 80,000 tokens", "1,000 tokens/s", "about 1 min left"):
        assert fact in text
    assert "hx-trigger" in text


def test_the_coordinator_sees_the_progress_as_well(world: World, unfinished: MiningRun, signed_in: SignIn) -> None:
    report(unfinished, phase="checking", done=1, total=3)
    assert "Checking the SAE against its card" in page(signed_in(world.nora), world.study, "progress")


def test_before_tokens_are_counted_the_bar_moves_without_a_figure(
    world: World, unfinished: MiningRun, signed_in: SignIn
) -> None:
    report(unfinished, phase="loading", done=300, total=301)
    text = page(signed_in(world.rosa), world.study, "progress")
    assert "Loading the model and reading the corpus" in text
    assert "steps" not in text
    assert "99 %" not in text


def test_a_worker_that_reports_more_than_all_does_not_break_the_page(
    world: World, unfinished: MiningRun, signed_in: SignIn
) -> None:
    report(unfinished, done=110, total=100, tokens_per_second=5.0)
    assert "100 %" in page(signed_in(world.rosa), world.study, "progress")


def test_asking_stops_when_the_run_has_ended_and_the_page_comes_anew(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.rosa)
    address = reverse("progress", args=[world.study.slug])
    polled = client.get(address, headers={"HX-Request": "true"})
    assert polled.headers["HX-Refresh"] == "true"
    assert "hx-trigger" not in client.get(address).content.decode()


def test_a_failed_run_says_why(world: World, unfinished: MiningRun, signed_in: SignIn) -> None:
    sentence = "The SAE's width 4,096 does not fit the model's 576: name another hook point."
    MiningRun.objects.filter(pk=unfinished.pk).update(
        state="failed", failure=sentence, ended_at=NOW + timedelta(minutes=1)
    )
    text = page(signed_in(world.rosa), world.study)
    assert "does not fit the model" in text
    assert "hx-trigger" not in text


@pytest.mark.parametrize(
    ("helps", "words"), [(True, "This may pass by itself"), (False, "Sending it again as it is leads to the same end.")]
)
def test_a_failed_run_says_what_to_do(
    world: World, unfinished: MiningRun, signed_in: SignIn, helps: bool, words: str
) -> None:
    sentence = "FVE is 0.12 on 4,096 tokens and its card declares 0.87; pass its norm_scaling_factor."
    MiningRun.objects.filter(pk=unfinished.pk).update(state="failed", failure=sentence, retry_helps=helps, ended_at=NOW)
    text = page(signed_in(world.rosa), world.study)
    assert sentence in text
    assert words in text


def test_a_worker_that_knows_how_long_it_takes_is_believed(
    world: World, unfinished: MiningRun, signed_in: SignIn
) -> None:
    report(unfinished, done=20_000, total=80_000, tokens_per_second=1_000.0, seconds_left=187.0)
    assert "1,000 tokens/s, about 3 min left" in page(signed_in(world.rosa), world.study, "progress")


def test_the_researcher_cancels_a_run_and_resumes_it_from_the_page(
    world: World, unfinished: MiningRun, signed_in: SignIn
) -> None:
    world.study.rounds.update(state="draft", opened_at=None)  # the run of an open round is not cancelled
    client = signed_in(world.rosa)
    assert "Cancel mining" in page(client, world.study)
    assert "Cancel mining" not in page(signed_in(world.nora), world.study)
    cancelled = press(client, world.study, "cancel_mining")
    assert "The mining run is cancelled." in cancelled
    assert "a resumed run goes on from there" in cancelled
    assert "hx-trigger" not in cancelled
    assert "this one is cancelled" in press(client, world.study, "cancel_mining")
    resumed = press(client, world.study, "resume_mining")
    assert "The mining run goes on from what it had mined." in resumed
    assert "Waiting for a GPU worker" in resumed
    assert client.get(reverse("cancel_mining", args=[world.study.slug])).status_code == 405
    for stranger, status in ((world.nora, 403), (world.ada, 403), (world.sven, 404)):
        assert signed_in(stranger).post(reverse("cancel_mining", args=[world.study.slug])).status_code == status


def test_a_study_before_its_sample_is_led_to_resume_a_cancelled_run(world: World, signed_in: SignIn) -> None:
    run = world.study.run
    assert run is not None
    waiting = request_run(sae=run.sae, corpus=run.corpus, by=world.rosa, now=NOW, seed=12)
    study = create_study(
        slug="later",
        name="Later",
        purpose="",
        rubric=world.study.rubric,
        run=waiting,
        concepts=[],
        by=world.rosa,
        now=NOW,
    )
    add_member(study=study, user=world.rosa, role=Role.RESEARCHER, institution=None, by=None, now=NOW)
    client = signed_in(world.rosa)
    text = press(client, study, "cancel_mining")
    assert "What was mined is kept: resume it, and it goes on from there." in text
    assert f'action="{reverse("resume_mining", args=[study.slug])}"' in text
    assert "The mining run was cancelled." in press(client, study, "draw_sample")


def test_an_sae_whose_facts_only_the_gpu_side_can_read_says_when_they_are_known(
    world: World, unfinished: MiningRun, signed_in: SignIn
) -> None:
    sae = Sae.objects.create(
        name="Foreign", language_model=unfinished.sae.language_model, folder="/somewhere/params.npz"
    )
    MiningRun.objects.filter(pk=unfinished.pk).update(sae=sae)
    assert page(signed_in(world.rosa), world.study).count("known when the run has finished") == 2


def test_a_failed_run_is_sent_again_from_the_page_and_one_that_has_not_failed_is_not(
    world: World, unfinished: MiningRun, signed_in: SignIn
) -> None:
    failed = {"state": "failed", "failure": "The disk is full.", "ended_at": NOW + timedelta(minutes=1)}
    MiningRun.objects.filter(pk=unfinished.pk).update(**failed)
    client, address = signed_in(world.rosa), reverse("mine_again", args=[world.study.slug])
    assert client.get(address).status_code == 405
    client.post(address)
    unfinished.refresh_from_db()
    assert unfinished.state == "queued"
    assert "this one has not" in client.post(address, follow=True).content.decode()


def test_the_study_page_costs_the_same_statements_for_a_larger_study(world: World, signed_in: SignIn) -> None:
    client, address = signed_in(world.rosa), reverse("study", args=[world.study.slug])
    rate_next(world.study, world.ada)
    compute_results(study_id=world.study.pk, now=NOW)
    small = statements(client, address)
    for name in ("eve", "fay", "gus"):
        add_rater(world, name, world.south)
    for rater in (world.ada, world.ben) * 4:
        rate_next(world.study, rater)
    compute_results(study_id=world.study.pk, now=NOW)
    assert statements(client, address) == small
