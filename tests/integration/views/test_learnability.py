"""The Learnability page: who sees it, what it says of each judge, what to do where there is nothing."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from annotation.actions.asking_scores import ask_for_scores
from annotation.actions.taking_in_scores import note_scores_ended
from annotation.enums import Scorer
from annotation.models import ResultRun, ScoreBatch, ScorerStanding, Study, User
from tests.reading_world import ReadWorld, asked, read_next
from tests.score_world import answer, fail
from tests.world import NOW, World, pseudonym

SignIn = Callable[[User], Client]
ADDRESS = "/studies/hearts/learnability/"


@pytest.fixture
def judged(world: World) -> ReadWorld:
    """Eva read three rationales, the embedding model judged all twelve."""
    built = asked(world)
    for always in (None, None, True):
        read_next(world.study, built.eva, always=always)
    for batch in ask_for_scores(study_id=world.study.pk, now=NOW):
        answer(batch, right=0.8)
        note_scores_ended(digest=batch.digest, now=NOW)
    return built


def text_of(response: object) -> str:
    """The words of the page's main part, without its tags."""
    html = response.content.decode()  # type: ignore[attr-defined]
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)))


def page(client: Client) -> str:
    response = client.get(ADDRESS)
    assert response.status_code == 200
    return text_of(response)


def test_people_stand_beside_programs_with_n_and_interval(judged: ReadWorld, signed_in: SignIn) -> None:
    shown = page(signed_in(judged.world.rosa))
    assert "Colleagues" in shown
    assert "Closeness of meaning" in shown
    assert "12 trials" in shown, "the area under the curve is over detection alone"
    assert "Of the firing snippets 80 % were told (n = 180)" in shown
    assert "All are judged. Judged by small model 0123." in shown
    assert "An interval needs at least 5 trials; there are 3." in shown


def test_the_most_and_the_least_learnable_rationales_bear_no_name(judged: ReadWorld, signed_in: SignIn) -> None:
    client = signed_in(judged.world.rosa)
    rows = client.get(ADDRESS).context["extremes"]
    most, least = rows[0]["rows"], rows[1]["rows"]
    assert len(most) == len(least) == 5
    assert most[0]["row"].mean == pytest.approx(0.9)
    assert least[0]["row"].mean == pytest.approx(0.65)
    shown = page(client)
    assert "Because of Ada's words." in shown
    study = judged.world.study
    for name in (judged.world.ada.email, pseudonym(study, judged.world.ada), pseudonym(study, judged.eva)):
        assert name not in shown


def test_a_judge_that_switched_itself_off_says_why(judged: ReadWorld, signed_in: SignIn) -> None:
    run = ResultRun.objects.order_by("-pk").first() or _run(judged.world.study)
    for scorer, on in (("reader", True), (Scorer.EMBEDDING, False)):
        ScorerStanding.objects.create(
            run=run,
            item="concept",
            scorer=scorer,
            on=on,
            mean_right=0.8 if on else 0.6,
            mean_wrong=0.6,
            spread=0.1,
            scores=12,
            calibration_scores=4,
        )
    shown = page(signed_in(judged.world.rosa))
    assert "It tells right labels from wrong ones: right labels score 0.80 on average and wrong ones 0.60" in shown
    assert "Switched itself off" in shown
    assert "Right labels do not score higher than wrong ones" in shown
    assert "n = 12 scores, and 4 on calibration latents" in shown


def _run(study: Study) -> ResultRun:
    from annotation.actions.results import compute_results

    run = compute_results(study_id=study.pk, now=NOW)
    assert run is not None
    ScorerStanding.objects.filter(run=run).delete()
    return run


def test_a_study_without_a_rating_says_what_comes_by_itself(world: World, signed_in: SignIn) -> None:
    shown = page(signed_in(world.rosa))
    assert "No rationale to judge yet" in shown
    assert "Programs begin by themselves with the first answered rating." in shown
    Study.objects.update(scorers=[])
    assert "Nobody judges rationales in this study" in page(signed_in(world.rosa))


def test_the_bar_asks_for_itself_until_all_is_judged(world: World, signed_in: SignIn) -> None:
    asked(world)
    client = signed_in(world.rosa)
    (batch,) = ask_for_scores(study_id=world.study.pk, now=NOW)
    assert 'hx-trigger="every 2s"' in client.get(ADDRESS).content.decode()
    part = client.get(ADDRESS + "progress/", headers={"HX-Request": "true"})
    assert "0 of 12 rationales" in text_of(part)
    answer(batch)
    note_scores_ended(digest=batch.digest, now=NOW)
    ended = client.get(ADDRESS + "progress/", headers={"HX-Request": "true"})
    assert ended["HX-Refresh"] == "true"


def test_a_failure_is_shown_with_a_button_that_asks_again(world: World, signed_in: SignIn) -> None:
    asked(world)
    (batch,) = ask_for_scores(study_id=world.study.pk, now=NOW)
    fail(batch, "The embedding model is not installed on the worker.")
    note_scores_ended(digest=batch.digest, now=NOW)
    client = signed_in(world.rosa)
    shown = page(client)
    assert "The embedding model is not installed on the worker." in shown
    assert "Try again" in shown
    sent = client.post(ADDRESS + "again/")
    assert (sent.status_code, sent["Location"]) == (303, ADDRESS)
    assert "12 rationales are asked for again." in page(client)
    assert ScoreBatch.objects.get().failure == ""


def test_only_the_researcher_opens_it_and_not_while_she_may_rate(judged: ReadWorld, signed_in: SignIn) -> None:
    for user in (judged.world.ada, judged.world.nora, judged.world.cora):
        for address in (ADDRESS, ADDRESS + "progress/"):
            assert signed_in(user).get(address).status_code == 403
        assert signed_in(user).post(ADDRESS + "again/").status_code == 403
    assert signed_in(judged.world.sven).get(ADDRESS).status_code == 404


def test_however_many_rationales_there_are_the_page_asks_as_often(
    judged: ReadWorld, signed_in: SignIn, django_assert_max_num_queries: Callable[..., object]
) -> None:
    client = signed_in(judged.world.rosa)
    page(client)
    with django_assert_max_num_queries(60):  # type: ignore[attr-defined]
        page(client)
