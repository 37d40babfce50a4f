"""Functions of somebody's own, kept from doing harm: what fails in one is its own finding's."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelvane.divergences.base import Divergence, Kernel
from modelvane.tallies.sample import Sample
from modelvane.undefined import Undefined, Value


def guarded(function: Callable[[Any], Any]) -> Callable[[Any], Value]:
    """Give a function of a tally whose errors, and whatever it returns that is no finite number, are `Undefined`."""

    def of(tally: Any) -> Value:
        try:
            return _value(function(tally), function.__name__)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is one finding's own
            return _failed(function.__name__, error)

    return of


def _failed(name: str, error: Exception) -> Undefined:
    return Undefined(f"{name} failed: {type(error).__name__}: {error}")


def _value(value: Any, name: str) -> Value:
    if isinstance(value, Undefined):
        return value
    if value is None:
        return Undefined(f"{name} gives no value here")
    number = float(value)
    return number if math.isfinite(number) else Undefined(f"{name} is not finite here")


class OwnDivergence(Divergence, frozen=True):
    """A divergence by a function of somebody's own."""

    def between(self, reference: Sample, current: Sample) -> Value:
        """Compare two single samples; `Undefined` with the error where the function fails."""
        try:
            return super().between(reference, current)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is one finding's own
            return _failed(self.name, error)


def one_by_one(function: Callable[[Sample, Sample], Any]) -> Kernel:
    """Let a function of two samples compare many, each in turn."""

    def kernel(reference: Sample, current: Sample) -> NDArray[np.float64]:
        shape = _shape(reference, current)
        values = np.full(shape, math.nan)
        for at in np.ndindex(shape):
            with _without_value(shape):
                value = function(reference.one(at), current.one(at))
                values[at] = math.nan if value is None else value
        return values

    return kernel


def at_once(kernel: Kernel) -> Kernel:
    """Let a function that compares many samples at once fail on draws without harm."""

    def tried(reference: Sample, current: Sample) -> NDArray[np.float64]:
        shape = _shape(reference, current)
        with _without_value(shape):
            return kernel(reference, current)
        return np.full(shape, math.nan)

    return tried


def _shape(reference: Sample, current: Sample) -> tuple[int, ...]:
    return np.broadcast_shapes(reference.counts.shape[:-1], current.counts.shape[:-1])


def _without_value(shape: tuple[int, ...]) -> AbstractContextManager[object]:
    """Let draws on which a function fails have no value; of a single pair `OwnDivergence.between` tells the error."""
    return suppress(Exception) if shape else nullcontext()
