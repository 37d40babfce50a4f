"""Names that came with the data, at a length that people read."""

from __future__ import annotations

NAME_LENGTH = 80
"""Of a category, a class, a segment: free text in a categorical column must not fill an alert or a page."""


def cut_text(name: str, most: int = NAME_LENGTH) -> str:
    """Cut a name that is too long for its place.

    Examples
    --------
    >>> cut_text("north"), cut_text("northern", most=6)
    ('north', 'north…')
    """
    return name if len(name) <= most else name[: most - 1] + "…"
