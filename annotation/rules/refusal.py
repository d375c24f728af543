"""The one exception of this room: a sentence for the person whose wish is refused."""


class Refused(Exception):
    """What was wished cannot be done; the message says why and what to do instead."""


class NotYours(Refused):
    """The thing exists, or not: to this person it makes no difference. Pages answer 404."""
