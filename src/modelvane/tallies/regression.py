"""What is remembered of predicted numbers and their targets."""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from operator import add
from typing import Any, ClassVar, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from modelvane import fixed
from modelvane.casting import Numbers
from modelvane.ruler import Floats, NumericalRuler, require_same
from modelvane.tallies.codec import inside, nested
from modelvane.tallies.numerical import NumericalTally

# relative errors need no unit: fine enough for a mean of 1e-9, and quick up to a ratio of 1000
RELATIVE_QUANTUM = 2.0**-32
UNDER_LEVEL, OVER_LEVEL = 0.05, 0.95

# beyond this, a value and its quanta count as just this much: any sum that it enters has lost its meaning,
# but must stay a number, even for the largest float minus the smallest
LIMIT = 2.0**1000

_DEFAULT_QUANTUM = 2.0**-32


class RegressionRuler(Struct, frozen=True, eq=False, dict=True):
    """How errors (prediction minus target) are measured, frozen from the reference.

    Parameters
    ----------
    errors
        Edges for errors.
    targets
        What sums of targets are centred on, and their quantum; only its ends are edges.
    under, over
        The 5 % and 95 % quantiles of the reference's errors: errors below ``under`` are under-estimates,
        errors above ``over`` over-estimates, the rest is the majority. ``None`` where the reference has no
        predictions.
    """

    kind: ClassVar[str] = "regression"
    errors: NumericalRuler
    targets: NumericalRuler
    under: float | None
    over: float | None

    @classmethod
    def of(cls, targets: Numbers, predictions: Numbers | None = None) -> RegressionRuler:
        """Freeze a ruler from the reference.

        Without rows that have both, errors are measured on the edges of ``targets - mean(targets)``, the
        errors of a model that has learned nothing, and there are no limits of under- and over-estimation. A
        reference without targets lends the scale of its predictions instead.
        """
        known = _usable(targets)
        if predictions is not None:
            both = _both(predictions, targets)
            if both.any():
                errors = _errors(predictions.values[both], targets.values[both], LIMIT)
                under, over = np.quantile(errors, (UNDER_LEVEL, OVER_LEVEL)).tolist()
                return cls(NumericalRuler.of(errors), _scale(known), under, over)
            known = known if len(known) else _usable(predictions)
        scale = _scale(known)
        return cls(NumericalRuler.of(known - scale.center) if len(known) else scale, scale, None, None)

    @cached_property
    def digest(self) -> bytes:
        """What tells two rulers apart."""
        limits = repr((self.under, self.over)).encode()
        return blake2b(self.errors.digest + self.targets.digest + limits, digest_size=16).digest()

    @cached_property
    def limit(self) -> float:
        """The largest error that counts as what it is."""
        return LIMIT * min(1.0, self.errors.quantum)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give what `from_arrays` needs beside `facts`."""
        return {**nested("errors", self.errors.arrays()), **nested("targets", self.targets.arrays())}

    def facts(self) -> dict[str, Any]:
        """Give the scalars, as plain JSON values."""
        return {
            "kind": self.kind,
            "errors": self.errors.facts(),
            "targets": self.targets.facts(),
            "limits": [None if value is None else value.hex() for value in (self.under, self.over)],
        }

    @classmethod
    def from_arrays(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> RegressionRuler:
        """Read what `arrays` and `facts` gave."""
        errors, targets = (
            NumericalRuler.from_arrays(facts[part], inside(part, arrays)) for part in ("errors", "targets")
        )
        under, over = (None if value is None else float.fromhex(value) for value in facts["limits"])
        return cls(errors, targets, under, over)


class Group(NamedTuple):
    """Rows of an estimation group, and the exact sum of their errors in quanta from the centre."""

    rows: int
    total: int


class Sums(NamedTuple):
    """Exact sums over the rows of a `RegressionTally`.

    Parameters
    ----------
    absolute
        Of ``|error|``, in quanta of the errors.
    relative
        Of ``|error / target|``, in `RELATIVE_QUANTUM`, over the rows where that is finite.
    zero_targets
        Rows whose target is 0, or so near to it that ``error / target`` is no finite number.
    symmetric
        Of ``2 |error| / (|target| + |prediction|)``, in `RELATIVE_QUANTUM`; 0 where both are 0.
    target, target_square
        Of targets and their squares, in quanta from the centre of ``ruler.targets``.
    under_rows, under_errors, over_rows, over_errors
        Of the outer estimation groups: rows, and errors in quanta from the centre.
    unusable
        Rows where prediction or target is missing, infinite or of the wrong type.
    """

    absolute: int = 0
    relative: int = 0
    zero_targets: int = 0
    symmetric: int = 0
    target: int = 0
    target_square: int = 0
    under_rows: int = 0
    under_errors: int = 0
    over_rows: int = 0
    over_errors: int = 0
    unusable: int = 0


class RegressionTally(Struct, frozen=True, eq=False):
    """Errors on their ruler, and exact sums; tallies of one ruler add, bit for bit in any grouping.

    Parameters
    ----------
    ruler
        Frozen from the reference.
    errors
        Of the rows where prediction and target are finite.
    sums
        Over the same rows.
    """

    ruler: RegressionRuler
    errors: NumericalTally
    sums: Sums

    @classmethod
    def zero(cls, ruler: RegressionRuler) -> RegressionTally:
        """Give the tally of no rows."""
        return cls(ruler, NumericalTally.zero(ruler.errors), Sums())

    @classmethod
    def of(cls, ruler: RegressionRuler, prediction: Numbers, target: Numbers) -> RegressionTally:
        """Tally the rows of two columns of equal length."""
        both = _both(prediction, target)
        predicted, true = prediction.values[both], target.values[both]
        unusable = len(both) - len(true)
        if not len(true):
            return cls(ruler, NumericalTally.zero(ruler.errors), Sums(unusable=unusable))
        error = _errors(predicted, true, ruler.limit)
        size = np.abs(error)
        relative, symmetric = _relative(size, predicted, true)
        scale = ruler.targets
        total, square = fixed.exact_sums(_quanta(true, scale.center, scale.quantum))
        under, over = _outer_groups(ruler, error)
        sums = Sums(
            absolute=fixed.exact_sum(_quanta(size, 0.0, ruler.errors.quantum)),
            relative=fixed.exact_sum(_quanta(relative, 0.0, RELATIVE_QUANTUM)),
            zero_targets=len(true) - len(relative),
            symmetric=fixed.exact_sum(_quanta(symmetric, 0.0, RELATIVE_QUANTUM)),
            target=total,
            target_square=square,
            under_rows=under.rows,
            under_errors=under.total,
            over_rows=over.rows,
            over_errors=over.total,
            unusable=unusable,
        )
        return cls(ruler, NumericalTally.of(ruler.errors, Numbers(error, None)), sums)

    def __add__(self, other: RegressionTally) -> RegressionTally:
        require_same(self.ruler.errors, other.ruler.errors)
        require_same(self.ruler.targets, other.ruler.targets)
        sums = Sums(*map(add, self.sums, other.sums))
        return RegressionTally(self.ruler, self.errors + other.errors, sums)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, RegressionTally)
            and self.ruler.digest == other.ruler.digest
            and self.sums == other.sums
            and self.errors == other.errors
        )

    __hash__ = None  # type: ignore[assignment] # compared by arrays

    def facts(self) -> dict[str, Any]:
        """Give what is no array, as JSON values; integers as text, since they may be of any size."""
        return {"errors": self.errors.facts(), "sums": [str(value) for value in self.sums]}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Give the arrays."""
        return self.errors.arrays()

    @classmethod
    def from_arrays(
        cls, ruler: RegressionRuler, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]
    ) -> RegressionTally:
        """Read what `facts` and `arrays` gave."""
        errors = NumericalTally.from_arrays(ruler.errors, facts["errors"], arrays)
        return cls(ruler, errors, Sums(*map(int, facts["sums"])))

    @property
    def n(self) -> int:
        """Rows where prediction and target are finite."""
        return self.errors.n

    @property
    def rows(self) -> int:
        """All rows."""
        return self.n + self.sums.unusable

    @property
    def groups(self) -> dict[str, Group]:
        """The estimation groups: under, majority, over."""
        under = Group(self.sums.under_rows, self.sums.under_errors)
        over = Group(self.sums.over_rows, self.sums.over_errors)
        rest = Group(self.n - under.rows - over.rows, self.errors.total - under.total - over.total)
        return {"under": under, "majority": rest, "over": over}


def _usable(numbers: Numbers) -> Floats:
    values = numbers.values if numbers.faults is None else numbers.values[numbers.faults == 0]
    return np.clip(values, -LIMIT, LIMIT)


def _both(prediction: Numbers, target: Numbers) -> NDArray[np.bool_]:
    usable = np.ones(len(target), bool)
    for numbers in (prediction, target):
        if numbers.faults is not None:
            usable &= numbers.faults == 0
    return usable


def _errors(prediction: Floats, target: Floats, limit: float) -> Floats:
    with np.errstate(over="ignore"):
        return np.clip(prediction - target, -limit, limit)


def _scale(values: Floats) -> NumericalRuler:
    if len(values):
        return NumericalRuler.of(values, budget=2)
    nothing = np.empty(0)
    return NumericalRuler(nothing, 0.0, _DEFAULT_QUANTUM, True, "double", np.empty(0, np.intp))


def _quanta(values: Floats, center: float, quantum: float) -> Floats:
    with np.errstate(over="ignore"):
        return np.clip(fixed.quantise(values, center, quantum), -LIMIT, LIMIT)


def _relative(size: Floats, prediction: Floats, target: Floats) -> tuple[Floats, Floats]:
    with np.errstate(all="ignore"):
        relative = size / np.abs(target)
        # halves, since the sum of two large numbers overflows
        symmetric = np.minimum(size / (np.abs(target) / 2 + np.abs(prediction) / 2), 2.0)
    symmetric[size == 0] = 0.0
    finite = np.isfinite(relative)
    return relative if finite.all() else relative[finite], symmetric


def _outer_groups(ruler: RegressionRuler, errors: Floats) -> tuple[Group, Group]:
    if ruler.under is None or ruler.over is None:
        return Group(0, 0), Group(0, 0)
    center, quantum = ruler.errors.center, ruler.errors.quantum
    outer = errors[errors < ruler.under], errors[errors > ruler.over]
    under, over = (Group(len(part), fixed.exact_sum(_quanta(part, center, quantum))) for part in outer)
    return under, over
