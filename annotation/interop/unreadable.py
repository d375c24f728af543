"""The one exception of this room."""


class Unreadable(ValueError):
    """A file is not what it should be; the message says which, what is wrong and what to do."""
