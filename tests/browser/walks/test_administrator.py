"""The administrator: a link from the command line lets her in once; she sets a password, and signs in with it."""

from collections.abc import Callable
from io import StringIO
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from annotation.models import User
from tests.browser.walks.conftest import arrived
from tests.browser.walks.hands import Hand

pytestmark = pytest.mark.django_db(transaction=True)
EMAIL, PASSWORD = "olga@hospital.example", "correct horse battery staple"


def test_the_administrator(
    live_server: LiveServer, hand_of: Callable[[User | None], Hand], complaints: list[str]
) -> None:
    told = StringIO()
    call_command("sign_in_link", EMAIL, administrator="Olga", stdout=told)
    link = live_server.url + urlsplit(told.getvalue().strip()).path
    hand = hand_of(None)
    page = hand.page
    page.goto(link)
    arrived(page, "Enter Consilium")
    hand.press(page.get_by_role("button", name="Enter"))
    arrived(page, "Your studies")

    hand.press(page.locator("details.menu summary"))
    hand.press(page.get_by_role("link", name="Account"))
    arrived(page, "Your account")
    hand.write(page.get_by_label("Password", exact=True), PASSWORD)
    hand.write(page.get_by_label("The same again"), PASSWORD)
    hand.press(page.get_by_role("button", name="Save the password"))
    expect(page.get_by_text("Your password is set.")).to_be_visible()

    hand.press(page.locator("details.menu summary"))
    hand.press(page.get_by_role("button", name="Sign out", exact=True))
    arrived(page, "Sign in")
    hand.write(page.get_by_label("E-mail"), EMAIL)
    hand.write(page.get_by_label("Password"), PASSWORD)
    hand.press(page.get_by_role("button", name="Sign in"))
    arrived(page, "Your studies")
    page.goto(link)
    arrived(page, "This link no longer opens")
    complaints[:] = [heard for heard in complaints if "410" not in heard]
