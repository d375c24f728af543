"""Every address of the API."""

from django.urls import path, re_path

from annotation.api.v1.description import Description
from annotation.api.v1.nowhere import Nowhere
from annotation.api.v1.studies import OneStudy, Studies

urlpatterns = [
    path("openapi.json", Description.as_view(), name="api_description"),
    path("studies/", Studies.as_view(), name="api_studies"),
    path("studies/<slug:study>/", OneStudy.as_view(), name="api_study"),
    re_path(r"^.*$", Nowhere.as_view(), name="api_nowhere"),
]
