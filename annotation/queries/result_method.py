"""Names the way in which results are computed. Another name makes every stored result one of an earlier way."""

from annotation.science.clc_parameters import ClcParameters

VERSION = "results-3"
METHOD = f"{VERSION}/{ClcParameters().version}"
