"""Packages that are no part of the base install."""

from __future__ import annotations

from importlib.util import find_spec

from modelvane.errors import ModelvaneError


class MissingExtraError(ModelvaneError, ImportError):
    """Something was asked for that takes a package which is not installed."""


def require(module: str, what: str, remedy: str) -> None:
    """Check that a package is there.

    Parameters
    ----------
    module
        What it is imported as.
    what
        What needs it, in words.
    remedy
        The extra that brings it.

    Raises
    ------
    MissingExtraError
        When it is not installed.
    """
    if find_spec(module) is None:
        raise MissingExtraError(f"{what}, which is not installed", remedy=remedy)
