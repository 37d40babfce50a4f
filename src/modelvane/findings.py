"""What a watch found: one value, its lines, its verdict, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

import msgspec
import pyarrow as pa
from msgspec import Struct


class Verdict(StrEnum):
    """What a finding means for whoever is on call."""

    OK = "ok"
    """Nothing beyond sampling noise."""
    CHANGED = "changed"
    """A change beyond sampling noise, within this stream's habit."""
    ALARM = "alarm"
    """Above every line that the finding carries."""
    UNDEFINED = "undefined"
    """There is no value; ``why`` says the reason."""
    INFO = "info"
    """A value without lines."""


JUDGED = (Verdict.ALARM, Verdict.CHANGED, Verdict.OK)
"""The verdicts of what was judged, what matters most first."""


def verdict_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Give the verdict of findings together: one that has none takes nothing from those that have.

    Examples
    --------
    >>> verdict_of([Verdict.OK, Verdict.UNDEFINED]), verdict_of([Verdict.INFO])
    (<Verdict.OK: 'ok'>, <Verdict.UNDEFINED: 'undefined'>)
    """
    found = set(verdicts)
    told = (verdict for verdict in JUDGED if verdict in found)
    return next(told, Verdict.UNDEFINED)


def limit_of(measure: str, label: str | None) -> str:
    """Give the name by which a value is limited: ``measure``, or ``measure@label`` of one per k.

    >>> limit_of("ndcg", "10")
    'ndcg@10'
    """
    return measure if label is None else f"{measure}@{label}"


def split_limit(name: str) -> tuple[str, str | None]:
    """Give the measure and the k of a limit's name.

    >>> split_limit("ndcg@10"), split_limit("accuracy")
    (('ndcg', '10'), ('accuracy', None))
    """
    measure, _, label = name.partition("@")
    return measure, label or None


class Family(StrEnum):
    """What a finding is about."""

    DRIFT = "drift"
    DATASET = "dataset"
    QUALITY = "quality"
    PREDICTION = "prediction"
    PERFORMANCE = "performance"
    RECOMMENDATION = "recommendation"
    FAIRNESS = "fairness"
    CHANGE = "change"
    ATTRIBUTION = "attribution"
    ESTIMATE = "estimate"
    MULTIVARIATE = "multivariate"
    CONCEPT = "concept"
    VERSIONS = "versions"


# thousands stay from round to round, and none can be part of a cycle: the collector need not look at them
class Finding(Struct, frozen=True, kw_only=True, gc=False):
    """One measured value.

    Parameters
    ----------
    family, measure
        What was measured; ``measure`` is a name of the catalogue.
    column, segment, label
        Which column (of changes, by what rows are broken down), which segment by its name, and which class or
        quantile; ``None`` for all.
    value
        ``None`` when undefined; ``why`` then says the reason.
    unit
        ``"ratio"``, ``"rows"``, ``"seconds"``, ``"column"`` (the column's own unit) or ``""``.
    n
        Rows that the value rests on.
    reference
        The same measure over the reference, where that makes sense.
    noise_floor, usual_range, threshold
        The lines that the verdict asks for: sampling noise, this stream's habit, a limit from the config; ``None``
        where there is none.
    error_bound
        The value is within this much of the exact one; ``None`` when it is exact, or as near as its measure says.
    standard_error
        Of an estimate: of the value that so many rows have once their labels are known.
    p_value
        Probability of a value this large without any change, where a formula gives it.
    verdict, cause, why
        What it means, what made it, and why a value or a line is missing.
    change
        The kind of change that the cause names first, where one is recognised: a `modelvane.causes.Change`.
    """

    family: Family
    measure: str
    column: str | None = None
    segment: str | None = None
    label: str | None = None
    value: float | None = None
    unit: str = ""
    n: int = 0
    reference: float | None = None
    noise_floor: float | None = None
    usual_range: float | None = None
    threshold: float | None = None
    error_bound: float | None = None
    p_value: float | None = None
    standard_error: float | None = None
    verdict: Verdict = Verdict.INFO
    cause: str = ""
    why: str = ""
    change: str = ""

    @property
    def name(self) -> str:
        """The name by which it is limited: see `limit_of`."""
        return limit_of(self.measure, self.label)

    @property
    def key(self) -> tuple[str, str | None, str | None, str | None]:
        """What tells this finding from the others of a round."""
        return self.measure, self.column, self.segment, self.label

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return msgspec.structs.asdict(self)


class Findings(Struct, frozen=True):
    """All findings of one round over one dataset.

    Parameters
    ----------
    dataset
        Its name.
    computed_at
        Seconds since 1970.
    rows, labelled
        Rows in the window, and labelled rows in the performance window.
    findings
        In the order of the catalogue.
    period
        Of a batch, seconds since 1970, half open; ``None`` for a live window.
    compared_with
        First and last event time of the rows that it was compared with, seconds since 1970; ``None`` where they are
        not known, and for a round read from a log.
    """

    dataset: str
    computed_at: float
    rows: int
    labelled: int
    findings: tuple[Finding, ...]
    period: tuple[float, float] | None = None
    compared_with: tuple[float, float] | None = None

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict among drift, quality and performance; that no row has a fault makes none of them good."""
        verdict = verdict_of(finding.verdict for finding in self.findings)
        return Verdict.UNDEFINED if verdict is Verdict.OK and not self.rows else verdict

    def get(
        self, measure: str, column: str | None = None, segment: str | None = None, label: str | None = None
    ) -> Finding | None:
        """Give one finding, or ``None``."""
        key = (measure, column, segment, label)
        return next((finding for finding in self.findings if finding.key == key), None)

    def to_arrow(self) -> pa.Table:
        """Give a table with one row per finding; pandas and polars read it as it is."""
        return pa.Table.from_pylist([finding.to_dict() for finding in self.findings], schema=_ARROW)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Hand the table to any data frame library."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def to_dict(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {
            "dataset": self.dataset,
            "verdict": self.verdict,
            "computed_at": self.computed_at,
            "period": self.period,
            "compared_with": self.compared_with,
            "rows": self.rows,
            "labelled": self.labelled,
            "findings": [finding.to_dict() for finding in self.findings],
        }


_TYPES = {"int": pa.int64(), "float | None": pa.float64()}
_ARROW = pa.schema([(name, _TYPES.get(kind, pa.string())) for name, kind in Finding.__annotations__.items()])
