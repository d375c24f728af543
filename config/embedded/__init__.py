"""Real Postgres and Valkey on loopback, for `make run`, the tests and the benches on a machine that has neither."""
