"""The JSON endpoints of the pages, and the public API under v1/.

Deny by default: REST_FRAMEWORK in the settings asks everyone to be signed in.
"""

from django.urls import include, path

from annotation.api.case_drafts import CaseDrafts
from annotation.api.drafts import Drafts
from annotation.api.reading_drafts import ReadingDrafts

urlpatterns = [
    path("v1/", include("annotation.api.v1.urls")),
    path("drafts/", Drafts.as_view(), name="drafts"),
    path("case-drafts/", CaseDrafts.as_view(), name="case_drafts"),
    path("reading-drafts/", ReadingDrafts.as_view(), name="reading_drafts"),
]
