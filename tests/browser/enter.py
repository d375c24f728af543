"""Signs a person in to the live site in a real browser, by the session that the sign-in page would have given her."""

from django.conf import settings
from django.test import Client
from playwright.sync_api import BrowserContext

from annotation.models import User


def enter(context: BrowserContext, site: str, user: User) -> None:
    """`site` is the address of the live server."""
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": site, "httpOnly": True}])
