"""How one dataset is watched."""

from __future__ import annotations

import math
from collections.abc import Mapping

from msgspec import Struct, field

from modelvane.calibration.lines import Alarm
from modelvane.concept.detectors import OWN
from modelvane.concept.detectors.river import RIVER, require_river
from modelvane.errors import ConfigError, UnknownNameError
from modelvane.methods import Methods

BUDGET = 0.001
ROWS = 5000
QUANTILE = 0.999
LEAST_ROWS = 30
EVERY = 10
WINDOWS = 4
CONFIDENCE = 0.95


class Window(Struct, frozen=True):
    """Which rows are current: the last ``rows``, or, when ``seconds`` is given, those of the last seconds.

    Parameters
    ----------
    rows
        Of the rows window, and of the performance window over labelled rows.
    seconds, panes
        Length of the time window, and the steps in which it moves.
    """

    rows: int = ROWS
    seconds: float | None = None
    panes: int = 60

    def __post_init__(self) -> None:
        for name, value in (("rows", self.rows), ("panes", self.panes)):
            if value < 1:
                raise ConfigError(f"window.{name} is too small", received=value, expected="1 or more")
        if self.seconds is not None and self.seconds <= 0:
            raise ConfigError("window.seconds is too small", received=self.seconds, expected="more than 0")


class Outliers(Struct, frozen=True):
    """Which rows are outliers, and what is told of them.

    Parameters
    ----------
    quantile
        A row is one when its score exceeds that of this share of the reference's own rows.
    hidden
        Columns whose values are never told.
    """

    quantile: float = QUANTILE
    hidden: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not 0 < self.quantile < 1:
            raise ConfigError(
                "outliers.quantile is out of range", received=self.quantile, expected="between 0 and 1"
            )


class Concept(Struct, frozen=True):
    """What looks for the time at which errors changed.

    Parameters
    ----------
    detectors
        Of `modelvane.concept.detectors.OWN` and `modelvane.concept.detectors.river.RIVER`; those of river take it.
    """

    detectors: tuple[str, ...] = tuple(OWN)

    def __post_init__(self) -> None:
        for name in self.detectors:
            if name not in (*OWN, *RIVER):
                raise UnknownNameError.of("detector in concept.detectors", name, (*OWN, *RIVER))
        if any(name in RIVER for name in self.detectors):
            require_river()


class Multivariate(Struct, frozen=True):
    """What is asked of rows as a whole.

    Parameters
    ----------
    classifier
        Whether a classifier tries to tell the window's rows from the reference's.
    every
        Evaluations from one such try to the next.
    """

    classifier: bool = False
    every: int = EVERY

    def __post_init__(self) -> None:
        if self.every < 1:
            raise ConfigError("multivariate.every is too small", received=self.every, expected="1 or more")


class Protected(Struct, frozen=True):
    """A column whose groups are to be treated alike.

    Parameters
    ----------
    column
        A segment of the reference.
    reference_group
        The group that the others are compared with; every pair is compared otherwise.
    positive
        The class that is in people's favour; the classifier's own positive class otherwise.
    least_rows
        Rows that a rate of a group takes.
    """

    column: str
    reference_group: str | None = None
    positive: str | None = None
    least_rows: int = LEAST_ROWS


class Moving(Struct, frozen=True):
    """The last windows as the reference, in place of the one that was built; its rulers stay.

    Parameters
    ----------
    windows
        How many, before the current one.
    least_rows
        Rows that these must have; before, windows are compared with the reference as it was built.
    """

    windows: int = WINDOWS
    least_rows: int = LEAST_ROWS

    def __post_init__(self) -> None:
        if self.windows < 1:
            raise ConfigError("reference_windows is too small", received=self.windows, expected="1 or more")


class Versions(Struct, frozen=True):
    """Versions of the model that predict side by side.

    Parameters
    ----------
    champion
        Whom the others are compared with, by its name in the version column.
    confidence
        Of each comparison, at every moment together.
    """

    champion: str
    confidence: float = CONFIDENCE

    def __post_init__(self) -> None:
        if not 0.5 <= self.confidence < 1:
            raise ConfigError(
                "versions.confidence is out of range",
                received=self.confidence,
                expected="from 0.5 to below 1",
            )


class Settings(Struct, frozen=True):
    """How one dataset is watched.

    Parameters
    ----------
    window
        Which rows are current.
    budget
        False alarms: alarm episodes of the whole dataset per window-length of new rows.
    alarm
        Whether an alarm needs the noise floor and the usual range to be exceeded, or the noise floor alone.
    methods
        Which divergence compares which column.
    thresholds
        Fixed limits by column (of its divergence), by ``column.measure`` (of its quality) or by measure (such as
        ``root_mean_squared_error``); they replace what was learned. See `modelvane.evaluation.check_thresholds`.
    horizon
        Predictions remembered for late labels; by default ten windows, at most 50 000 rows, at least one window.
    outliers
        Which rows are outliers.
    concept
        What looks for the time at which errors changed.
    multivariate
        What is asked of rows as a whole.
    fairness
        Columns whose groups are to be treated alike.
    moving
        The windows before the current one, where they are what it is compared with.
    versions
        Which version of the model is the champion, where rows say which predicted them.
    """

    window: Window = field(default_factory=Window)
    budget: float = BUDGET
    alarm: Alarm = Alarm.USUAL
    methods: Methods = field(default_factory=Methods)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    horizon: int | None = None
    outliers: Outliers = field(default_factory=Outliers)
    concept: Concept = field(default_factory=Concept)
    multivariate: Multivariate = field(default_factory=Multivariate)
    fairness: tuple[Protected, ...] = ()
    moving: Moving | None = None
    versions: Versions | None = None

    def __post_init__(self) -> None:
        if not 0 < self.budget < 1:
            raise ConfigError(
                "The false-alarm budget is out of range", received=self.budget, expected="between 0 and 1"
            )
        for key, limit in self.thresholds.items():
            if not math.isfinite(limit):
                raise ConfigError(
                    f"thresholds.{key} limits nothing", received=limit, expected="a finite number"
                )

    @property
    def windows_before(self) -> int:
        """Windows kept beside the current one, to compare it with."""
        return 0 if self.moving is None else self.moving.windows

    @property
    def kept(self) -> int:
        """Rows of the rows window, and of those before it."""
        return self.window.rows * (1 + self.windows_before)

    @property
    def remembered(self) -> int:
        """Predictions remembered for late labels."""
        if self.horizon is not None:
            return max(self.horizon, self.kept)
        return max(self.kept, min(10 * self.window.rows, 50_000))
