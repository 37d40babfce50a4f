"""Versions of a model side by side: what each has lost, and which is better, however often one looks."""

from modelvane.versions.comparison import Comparison, Pair, of_batch
from modelvane.versions.losses import LossTally
from modelvane.versions.ruler import KIND, NAME, VersionRuler, VersionTally, read

__all__ = [
    "KIND",
    "NAME",
    "Comparison",
    "LossTally",
    "Pair",
    "VersionRuler",
    "VersionTally",
    "of_batch",
    "read",
]
