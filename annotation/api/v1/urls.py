"""Every address of the API."""

from django.urls import path, re_path

from annotation.api.v1 import cases, latents, ratings, releases, results, rounds, rubrics, runs, slots, studies
from annotation.api.v1.description import Description
from annotation.api.v1.nowhere import Nowhere
from annotation.api.v1.reference import reference

STUDY = "studies/<slug:study>/"
urlpatterns = [
    path("openapi.json", Description.as_view(), name="api_description"),
    path("reference/", reference, name="api_reference"),
    path("studies/", studies.Studies.as_view(), name="api_studies"),
    path(STUDY, studies.OneStudy.as_view(), name="api_study"),
    path(f"{STUDY}run/", runs.Run.as_view(), name="api_run"),
    path(f"{STUDY}run/progress/", runs.Progress.as_view(), name="api_run_progress"),
    path(f"{STUDY}latents/", latents.Latents.as_view(), name="api_latents"),
    path(f"{STUDY}latents/<int:index>/", latents.OneLatent.as_view(), name="api_latent"),
    path(f"{STUDY}latents/<int:index>/snippets/", latents.Snippets.as_view(), name="api_latent_snippets"),
    path(f"{STUDY}rubrics/", rubrics.Rubrics.as_view(), name="api_rubrics"),
    path(f"{STUDY}rubrics/<int:version>/", rubrics.OneRubric.as_view(), name="api_rubric"),
    path(f"{STUDY}rounds/", rounds.Rounds.as_view(), name="api_rounds"),
    path(f"{STUDY}rounds/progress/", rounds.Standings.as_view(), name="api_round_standings"),
    path(f"{STUDY}rounds/<int:number>/", rounds.OneRound.as_view(), name="api_round"),
    path(f"{STUDY}slots/", slots.Slots.as_view(), name="api_slots"),
    path(f"{STUDY}slots/<slug:name>/", slots.OneSlot.as_view(), name="api_slot"),
    path(f"{STUDY}slots/<slug:name>/decline/", slots.Decline.as_view(), name="api_decline"),
    path(f"{STUDY}ratings/", ratings.Ratings.as_view(), name="api_ratings"),
    path(f"{STUDY}ratings/<int:rating>/", ratings.OneRating.as_view(), name="api_rating"),
    path(f"{STUDY}results/", results.Results.as_view(), name="api_results"),
    path(f"{STUDY}agreement/", results.Agreements.as_view(), name="api_agreement"),
    path(f"{STUDY}agreement/pairs/", results.Pairs.as_view(), name="api_pair_agreement"),
    path(f"{STUDY}consensus/", results.Consensuses.as_view(), name="api_consensus"),
    path(f"{STUDY}cases/", cases.Cases.as_view(), name="api_cases"),
    path(f"{STUDY}cases/<int:case>/", cases.OneCase.as_view(), name="api_case"),
    path(f"{STUDY}releases/", releases.Releases.as_view(), name="api_releases"),
    path(f"{STUDY}releases/<int:number>/", releases.OneRelease.as_view(), name="api_release"),
    path(f"{STUDY}releases/<int:number>/files/<str:name>", releases.ReleaseFiles.as_view(), name="api_release_file"),
    re_path(r"^.*$", Nowhere.as_view(), name="api_nowhere"),
]
