"""The JSON endpoints. Deny by default: REST_FRAMEWORK in the settings asks everyone to be signed in."""

from django.urls import path

from annotation.api.case_drafts import CaseDrafts
from annotation.api.drafts import Drafts
from annotation.api.reading_drafts import ReadingDrafts

urlpatterns = [
    path("drafts/", Drafts.as_view(), name="drafts"),
    path("case-drafts/", CaseDrafts.as_view(), name="case_drafts"),
    path("reading-drafts/", ReadingDrafts.as_view(), name="reading_drafts"),
]
