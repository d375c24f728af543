"""Names the way in which results are computed. Another name makes every stored result one of an earlier way."""

VERSION = "results-3"
