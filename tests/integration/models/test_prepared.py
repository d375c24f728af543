"""A prepared query answers as the query itself does, for every value, in every thread."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.db.models import Count, F, QuerySet

from annotation.enums import Role, SnippetKind
from annotation.models import Membership, Rating, Round, Slot, Snippet, Study
from annotation.models.prepared import NotPreparable, prepared
from annotation.queries.hidden_snippets import without_hidden
from tests.world import World, rate_next


def of_latent(latent: int) -> QuerySet[Snippet, dict[str, Any]]:
    """JSON, an expression, a join and a subquery in one."""
    shown = without_hidden(Snippet.objects.filter(latent=latent, kind__in=[SnippetKind.TOP, SnippetKind.FOIL_HARD]))
    return shown.annotate(length=F("end") - F("start")).order_by("rank", "pk").values("pk", "tokens", "length")


def by_name(slug: str) -> QuerySet[Study]:
    return Study.objects.defer("sample_frame").filter(slug=slug)


def members(study: int, user: int) -> QuerySet[Membership]:
    return Membership.objects.filter(study=study, user=user).select_related("institution").order_by("pk")


def counts(rater: int) -> QuerySet[Rating, int]:
    return Rating.objects.filter(rater=rater).values("round").annotate(done=Count("pk")).values_list("done", flat=True)


def test_its_rows_are_those_of_the_query_for_each_value(world: World) -> None:
    ask = prepared(of_latent)
    for latent in world.study.sample.order_by("position")[:3]:
        assert ask(latent.latent_id) == list(of_latent(latent.latent_id)) != []
    assert ask(0) == []


def test_models_come_with_what_is_selected_beside_them_and_without_what_is_deferred(
    world: World, django_assert_num_queries: Callable[[int], Any]
) -> None:
    ask, named = prepared(members), prepared(by_name)
    with django_assert_num_queries(2):
        (membership,) = ask(world.study.pk, user=world.ada.pk)
        (study,) = named("hearts")
        assert (membership.institution, membership.role, study) == (world.north, Role.ANNOTATOR, world.study)
    assert study.get_deferred_fields() == {"sample_frame"}
    assert named("lungs") == []


def test_rows_are_read_anew_each_time(world: World) -> None:
    ask = prepared(counts)
    assert ask(world.ada.pk) == []
    rate_next(world.study, world.ada)
    assert ask(world.ada.pk) == [1]
    rate_next(world.study, world.ada)
    assert (ask(world.ada.pk), ask(world.ben.pk)) == ([2], [])


def test_a_uuid_is_a_value_too(world: World) -> None:
    @prepared
    def of_form(token: UUID, rater: int) -> QuerySet[Rating]:
        return Rating.objects.filter(submit_token=token, rater=rater)

    rating = rate_next(world.study, world.ada)
    assert rating is not None
    assert of_form(rating.submit_token, world.ada.pk) == [rating]
    assert of_form(rating.submit_token, world.ben.pk) == []


@pytest.mark.django_db(transaction=True)
def test_a_lock_is_taken_and_each_thread_asks_over_its_own_connection(world: World) -> None:
    @prepared
    def free(round_: int) -> QuerySet[Slot]:
        return Slot.objects.select_for_update(skip_locked=True).filter(round=round_).order_by("pk")[:2]

    def others() -> list[Slot]:
        try:
            with transaction.atomic():
                return free(round_)
        finally:
            connection.close()

    round_ = world.study.rounds.get().pk
    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        mine = free(round_)
        hers = pool.submit(others).result()
    assert (len(mine), len(hers)) == (2, 2)
    assert not set(mine) & set(hers)


def test_what_cannot_be_written_once_is_refused(world: World) -> None:
    @prepared
    def unused(study: int, user: int) -> QuerySet[Membership]:
        return Membership.objects.filter(study=study)

    @prepared
    def of_row(study: Study) -> QuerySet[Round]:
        return Round.objects.filter(study=study)

    with pytest.raises(NotPreparable, match="user does not reach the database as it is"):
        unused(world.study.pk, world.ada.pk)
    with pytest.raises(NotPreparable, match="takes int, str and UUID"):
        of_row(world.study)
    with pytest.raises(NotPreparable, match="was given None"):
        prepared(members)(world.study.pk, None)  # type: ignore[arg-type]
