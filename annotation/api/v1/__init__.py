"""The public API, version 1: the same rules, queries and actions as the pages (docs/guides/api.md)."""
