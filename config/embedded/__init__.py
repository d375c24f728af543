"""Real Postgres and Valkey on loopback, for `make run`, the tests and the benches on a machine that has neither."""


class StartError(Exception):
    """What keeps the servers or the site from starting, as a sentence for the reader."""
