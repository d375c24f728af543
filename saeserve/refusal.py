"""The one base of every exception that a reader is meant to read: a sentence that says what is wrong and what to do."""


class Refusal(ValueError):
    """Raised where input cannot be used. Subclasses live beside the function that raises them."""

    retry_helps = False
    """Whether the same request may succeed later, without anyone changing it."""
