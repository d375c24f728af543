"""Files that other tools make of this project's demo SAE, for the importers' tests.

Each script runs in an environment of its own that has the tool; docs/guides/interoperability.md says how.
"""
