"""The words of an HTML document, as a reader sees them: paragraphs and table rows on lines of their own, no scripts."""

import html_text


def words_of(html: str) -> str:
    """Empty where there are none. The parser bounds how deep elements nest, fetches nothing and expands no entity."""
    return str(html_text.extract_text(html))
