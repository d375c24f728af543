"""Reading pages in tests."""

import re

TOKEN = re.compile(r"[A-Za-z0-9_:-]{24,}")


def without_tokens(html: str) -> str:
    """The page without its random tokens, which may spell a short name by chance."""
    return TOKEN.sub("", html)
