"""The first page: my studies, and what I can do next in each."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from annotation.models import User
from annotation.queries.my_studies import my_studies


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)  # LoginRequiredMiddleware stands in front.
    return render(request, "home/home.html", {"studies": my_studies(user, now=timezone.now())})
