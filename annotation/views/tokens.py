"""One's own API tokens: make one, which is shown once, and revoke those that are not needed any more."""

from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotation.actions.api_tokens import IssuedToken, issue_token, revoke_token
from annotation.enums import TokenScope
from annotation.models import Study, User
from annotation.queries.api_tokens import own_tokens, token_choices
from annotation.rules.api_tokens import LIFETIMES, NAME_LIMIT
from annotation.rules.refusal import NotYours, Refused

ATTRS = {"class": "input"}
DEFAULT_DAYS = 90


class TokenForm(forms.Form):
    """Offers what her roles allow in any of her studies; the action says where that is too much."""

    name = forms.CharField(
        label="Name",
        max_length=NAME_LIMIT,
        help_text="What it is for: you will know it by that.",
        widget=forms.TextInput(attrs={**ATTRS, "autocomplete": "off"}),
    )
    study = forms.ModelChoiceField(
        Study.objects.none(), label="Study", empty_label=None, widget=forms.Select(attrs=ATTRS)
    )
    days = forms.TypedChoiceField(
        label="Works for",
        coerce=int,
        choices=[(days, f"{days} days") for days in LIFETIMES],
        initial=DEFAULT_DAYS,
        widget=forms.Select(attrs=ATTRS),
    )

    def __init__(self, user: User, data: Any = None) -> None:
        super().__init__(data)
        choices = token_choices(user)
        studies = Study.objects.filter(pk__in=[choice.study.pk for choice in choices]).order_by("name", "pk")
        self.fields["study"].queryset = studies  # type: ignore[attr-defined]
        usable = {scope for choice in choices for scope in choice.scopes}
        self.scopes = [scope for scope in TokenScope if scope in usable]

    @property
    def chosen(self) -> list[str]:
        """Scopes as she ticked them; at first that to read."""
        return self.data.getlist("scopes") if self.is_bound else [TokenScope.READ.value]  # type: ignore[attr-defined]

    @property
    def scope_options(self) -> list[dict[str, str]]:
        """As components/option_group.html takes them."""
        return [{"value": scope.value, "label": scope.label} for scope in self.scopes]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """GET lists them; POST makes one, and its answer alone shows it."""
    user = _user(request)
    if request.method != "POST":
        return _page(request, user, TokenForm(user))
    form = TokenForm(user, request.POST)
    if not form.is_valid():
        return _page(request, user, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        made = issue_token(
            study=form.cleaned_data["study"],
            name=form.cleaned_data["name"],
            scopes=[TokenScope(scope) for scope in form.chosen if scope in TokenScope.values],
            days=form.cleaned_data["days"],
            by=user,
            now=timezone.now(),
        )
    except Refused as error:
        form.add_error(None, str(error))
        return _page(request, user, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _page(request, user, TokenForm(user), made=made)


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        revoked = revoke_token(token_id=pk, by=_user(request), now=timezone.now())
    except NotYours as error:
        raise Http404(str(error)) from error
    messages.success(request, f"“{revoked.name}” is revoked: it opens nothing any more.")
    return redirect("tokens")


def _page(
    request: HttpRequest, user: User, form: TokenForm, *, made: IssuedToken | None = None, status: int = HTTPStatus.OK
) -> HttpResponse:
    context = {
        "form": form,
        "made": made,
        "rows": own_tokens(user, now=timezone.now()),
        "breadcrumbs": [{"label": "Account", "url": "/account/"}, {"label": "API tokens", "url": ""}],
    }
    return render(request, "account/tokens.html", context, status=status)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # LoginRequiredMiddleware stands in front.
    return request.user
