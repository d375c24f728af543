"""In and out, and one's own account."""

from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from annotation.actions.accounts import choose_password, describe_oneself
from annotation.actions.case_digests import choose_case_digest
from annotation.actions.links import link_is_open, redeem_link
from annotation.enums import Role
from annotation.models import Membership, User
from annotation.queries.told_of_me import told_of_me
from annotation.rules.device import device_owner
from annotation.rules.refusal import Refused
from annotation.views.account_forms import AboutForm, PasswordForm, SignInForm
from annotation.views.sign_in_limit import TOO_MANY, forget_failures, may_try, note_failure

WIPE_COOKIE = "device_wipe"
WIPE_FOR = 365 * 24 * 60 * 60
"""Seconds that the wish to wipe waits for a page; static/js/device/sign_out.js reads it and takes it away."""
BACKEND = "django.contrib.auth.backends.ModelBackend"


@login_not_required
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """By e-mail and password. Nobody has a password until she chose one: the first time is by a one-time link."""
    onward = _onward(request)
    if request.user.is_authenticated:
        return redirect(onward)
    form = SignInForm(request, request.POST or None)
    if request.method != "POST":
        return render(request, "account/sign_in.html", {"form": form, "next": request.GET.get("next", "")})
    email = request.POST.get("username", "")
    refused = "" if may_try(request, email) else TOO_MANY
    if not refused and form.is_valid():
        forget_failures(request, email)
        login(request, form.get_user(), backend=BACKEND)
        return redirect(onward)
    if not refused:
        note_failure(request, email)
    context = {"form": form, "refused": refused, "next": request.POST.get("next", "")}
    return render(request, "account/sign_in.html", context, status=HTTPStatus.UNPROCESSABLE_ENTITY)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Also tells the next page to wipe what the device keeps of her, should the page that she left not have done so."""
    user = request.user
    logout(request)
    messages.info(request, "You are signed out.")
    response = redirect("sign_in")
    if isinstance(user, User):
        response.set_cookie(
            WIPE_COOKIE, device_owner(user), max_age=WIPE_FOR, secure=settings.HTTPS, samesite="Lax", httponly=False
        )
    return response


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """A one-time link. GET spends nothing, so that a mail scanner that follows it locks nobody out; POST enters."""
    if request.method != "POST":
        is_open = link_is_open(token=token, now=timezone.now())
        return _enter_page(request) if is_open else _spent(request, "This sign-in link has been used or has run out.")
    try:
        user = redeem_link(token=token, now=timezone.now())
    except Refused as error:
        return _spent(request, str(error))
    login(request, user, backend=BACKEND)
    return redirect("home")


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Who I am here, where I take part, and my password."""
    user = request.user
    assert isinstance(user, User)  # LoginRequiredMiddleware stands in front.
    form = PasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            choose_password(password=form.cleaned_data["new"], by=user, now=timezone.now())
        except Refused as error:
            form.add_error("new", str(error))
        else:
            update_session_auth_hash(request, user)
            messages.success(request, "Your password is set. You can sign in by it from now on.")
            return redirect(_onward(request, "account"))
    memberships = Membership.objects.filter(user=user).select_related("study", "institution")
    context = {
        "form": form,
        "memberships": memberships.order_by("study__name", "role"),
        "about": AboutForm(initial={"specialty": user.specialty, "seniority": user.seniority}),
        "told": told_of_me(user),
        "is_rater": memberships.filter(role__in=(Role.ANNOTATOR, Role.ADJUDICATOR)).exists(),
        "adjudicates": memberships.filter(role=Role.ADJUDICATOR, withdrawn_at__isnull=True).exists(),
        "next": _onward(request, ""),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "account/account.html", context, status=status)


@require_POST
def case_digest(request: HttpRequest) -> HttpResponse:
    """Switch the e-mails about waiting cases on or off."""
    user = request.user
    assert isinstance(user, User)  # LoginRequiredMiddleware stands in front.
    wanted = request.POST.get("wanted") == "yes"
    choose_case_digest(wanted=wanted, by=user, now=timezone.now())
    messages.success(request, f"E-mails about waiting cases are switched {'on' if wanted else 'off'}.")
    return redirect("account")


@require_POST
def about_me(request: HttpRequest) -> HttpResponse:
    """Her field and how far she is, as she says it herself."""
    user = request.user
    assert isinstance(user, User)  # LoginRequiredMiddleware stands in front.
    said = {name: request.POST.get(name, "") for name in ("specialty", "seniority")}
    try:
        describe_oneself(**said, by=user, now=timezone.now())
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Noted. Releases that are cut from now on go by it.")
    return redirect("account")


def _enter_page(request: HttpRequest) -> HttpResponse:
    return render(request, "account/enter.html")


def _spent(request: HttpRequest, sentence: str) -> HttpResponse:
    return render(request, "account/spent.html", {"sentence": sentence}, status=HTTPStatus.GONE)


def _onward(request: HttpRequest, otherwise: str = "home") -> str:
    """The page that was asked for before, if it is one of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else otherwise
