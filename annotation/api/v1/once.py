"""Idempotency-Key: a POST that comes again is answered as the first time, and done once."""

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from annotation.actions.answering_once import recall, remember
from annotation.api.v1.base import user_of

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("Location", "ETag")
A_KEY = re.compile(r"[\x21-\x7e]{1,255}")

Handler = Callable[..., Response]


def idempotent(handler: Handler) -> Handler:
    """For a view's `post`: what it answers holds no text of a note, because the answer is stored for a day.

    What failed is not stored: it can be sent again under the same key.
    """

    @wraps(handler)
    def once(view: Any, request: Request, *args: Any, **parts: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return handler(view, request, *args, **parts)
        if not A_KEY.fullmatch(key):
            sentence = "An Idempotency-Key has 1 to 255 visible ASCII characters, without spaces."
            raise ValidationError({f"?{HEADER}": sentence})
        with transaction.atomic():
            now, print_ = timezone.now(), _fingerprint(request)
            stored = recall(key=key, fingerprint=print_, by=user_of(request), now=now)
            if stored is not None:
                return Response(stored.body, status=stored.status, headers={**stored.headers, REPLAYED: "true"})
            response = handler(view, request, *args, **parts)
            remember(
                key=key,
                fingerprint=print_,
                status=response.status_code,
                headers={name: response[name] for name in KEPT_HEADERS if name in response},
                body=json.loads(JSONRenderer().render(response.data)) if response.data is not None else None,
                by=user_of(request),
                now=now,
            )
            return response

    return once


def _fingerprint(request: Request) -> str:
    """Keyed, so that what somebody wrote cannot be guessed from it."""
    content = json.dumps([request.method, request.path, request.data], sort_keys=True)
    return salted_hmac("consilium.api.once", content, algorithm="sha256").hexdigest()
