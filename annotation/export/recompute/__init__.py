"""A release's agreement and consensus computed again from its own files, without the database."""

from annotation.export.recompute.comparing import Recomputed, recompute

__all__ = ["Recomputed", "recompute"]
