"""What is said of versions of a model: each one's mean loss, and its difference from the champion's."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

ASYMPTOTIC = "asymptotic confidence sequence: Waudby-Smith et al., 2024"
EXACT = "beta mixture martingale: Ville, 1939; Robbins, 1970"


class Compared(Struct, frozen=True):
    """One loss as it is told.

    Parameters
    ----------
    name, title
        Of the mean loss.
    unit
        ``"ratio"`` or ``""``.
    formula
        Of the mean loss.
    interval
        Where the interval comes from.
    """

    name: str
    title: str
    unit: str
    formula: str
    interval: str


_AT_MOST = "; an error counts as at most 16 times the reference's usual largest"
ERRORS = (
    Compared(
        "mean_absolute_error",
        "Mean absolute error",
        "",
        f"mean of |prediction - target|{_AT_MOST}",
        ASYMPTOTIC,
    ),
    Compared(
        "mean_squared_error",
        "Mean squared error",
        "",
        f"mean of (prediction - target)^2{_AT_MOST}",
        ASYMPTOTIC,
    ),
)
CLASSES = (
    Compared("error_rate", "Error rate", "ratio", "rows of another class than their target / rows", EXACT),
)
COMPARED = (*ERRORS, *CLASSES)

DIFFERENCE, LOWER, UPPER = "against_champion", "against_champion_lower", "against_champion_upper"
DECISION = "decision"
ROWS = "labelled_rows"


class Told(Struct, frozen=True):
    """One measure of versions: its name, title, unit, and how it comes about."""

    name: str
    title: str
    unit: str
    source: str
    is_error: bool


def measures() -> Iterator[Told]:
    """Give everything that is said of versions."""
    yield Told(ROWS, "Labelled rows", "rows", "rows with a prediction and a target", is_error=False)
    for each in COMPARED:
        is_error = each in ERRORS
        of_title = each.title.lower()
        yield Told(each.name, each.title, each.unit, each.formula, is_error)
        for name, title, source in (
            (
                DIFFERENCE,
                f"{each.title} against the champion",
                "challenger - champion since the challenger began",
            ),
            (LOWER, f"{each.title} against the champion, at least", each.interval),
            (UPPER, f"{each.title} against the champion, at most", each.interval),
        ):
            yield Told(f"{each.name}_{name}", title, each.unit, source, is_error)
        decided = "1 when the upper end is below 0: better; -1 when the lower end is above 0: worse; else 0"
        yield Told(f"{each.name}_{DECISION}", f"Decision by {of_title}", "", decided, is_error)
