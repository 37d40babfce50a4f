"""Measures of your own: a pure function of a tally, or of two samples, that is treated like the built-in ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from msgspec.structs import replace

from modelvane import catalogue
from modelvane.divergences import DIVERGENCES
from modelvane.divergences.base import Divergence, in_blocks
from modelvane.errors import ConfigError
from modelvane.guarded import OwnDivergence, at_once, guarded, one_by_one
from modelvane.performance import STATISTICS
from modelvane.ruler import CategoricalRuler, NumericalRuler
from modelvane.schema import Kind
from modelvane.statistics.base import Better, LabelledStatistic, Statistic
from modelvane.statistics.lists import QUALITY
from modelvane.tallies.sample import Sample

UNITS = ("", "ratio", "rows", "seconds", "column")
SUBJECTS: tuple[str, ...] = (*(kind for kind in (Kind.NUMERICAL, Kind.CATEGORICAL)), *STATISTICS)
"""What a statistic can be of: columns of a kind, or predictions held against their targets in one of the ways."""

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Own:
    """Where a measure of somebody's own comes from: the same function may be registered again, another not."""

    module: str
    function: str


_OWN: dict[str, Own] = {}


def statistic(
    *of: str, title: str = "", unit: str = "", source: str = "", better: Better = None
) -> Callable[[FunctionT], FunctionT]:
    """Register a function of a tally, under its own name.

    The function is given one tally and returns a number, or ``None`` where there is none. What it raises, and what is
    not finite, becomes an undefined finding with the reason. It must depend on the tally alone.

    Parameters
    ----------
    of
        What it is of: ``"numerical"`` or ``"categorical"`` columns (a finding of quality for each), or
        ``"regression"``, ``"confusion"``, ``"scores"`` or ``"ranking"`` (one of performance, over the labelled rows).
    title
        Its name in prose; made from the function's name otherwise.
    unit
        ``"ratio"``, ``"rows"``, ``"seconds"``, ``"column"`` (the column's own) or ``""``.
    source
        Formula or paper; the first line of the docstring otherwise.
    better
        ``"lower"`` or ``"higher"``, for limits.

    Raises
    ------
    ConfigError
        When there is such a measure already, and for what is no subject or unit.

    Examples
    --------
    >>> from modelvane.catalogue import measure
    >>> @statistic("numerical", unit="column")
    ... def range_of_values(tally):
    ...     "Largest - smallest value."
    ...     return tally.maximum - tally.minimum if tally.n else None
    >>> measure("range_of_values").series
    'modelvane_quality_range_of_values'
    """

    def register(function: FunctionT) -> FunctionT:
        name = _checked(function, of, SUBJECTS, "statistic", unit)
        own: Statistic[Any] = Statistic(
            name, title or _title(name), guarded(function), unit, source or _first_line(function), better
        )
        for subject in of:
            if subject in STATISTICS:
                _add(STATISTICS, subject, own)
            else:
                _add(QUALITY, Kind(subject), own)
        _OWN[name] = _origin(function)
        catalogue.refresh()
        return function

    return register


def divergence(
    *of: str, title: str = "", unit: str = "", source: str = "", degree: int = 1, vectorised: bool = False
) -> Callable[[FunctionT], FunctionT]:
    """Register a function of two samples, reference and current, under its own name.

    It returns a number that is 0 for equal samples and larger for those farther apart, or ``None``; its noise floor is
    learned by draws from the reference, its usual range from the reference's windows, as for the built-in ones. A
    config names it like those: ``drift.numerical: [its_name]``. A sample's counts are always known, its mean
    and variance only outside of draws.

    Parameters
    ----------
    of
        ``"numerical"`` or ``"categorical"`` columns, or both.
    title, unit, source
        As in `statistic`.
    degree
        1 where a small change moves the value in proportion, 2 where in proportion to its square.
    vectorised
        Whether the function takes samples with leading axes and returns an array of them: thousands of draws are
        then one call. Otherwise it is called for each.

    Raises
    ------
    ConfigError
        As `statistic`.
    """

    def register(function: FunctionT) -> FunctionT:
        kinds = (Kind.NUMERICAL, Kind.CATEGORICAL)
        name = _checked(function, of, kinds, "divergence", unit)
        own = OwnDivergence(
            name=name,
            title=title or _title(name),
            kinds=frozenset(map(Kind, of)),
            kernel=in_blocks(function) if vectorised else one_by_one(function),
            zero_cells="As its function does.",
            source=source or _first_line(function),
            unit=unit,
            undefined=f"{name} gives no value here",
            degree=degree,
        )
        _try(own)
        DIVERGENCES[name] = replace(own, kernel=at_once(own.kernel)) if vectorised else own
        _OWN[name] = _origin(function)
        catalogue.refresh()
        return function

    return register


def load(modules: Sequence[str], folder: Path = Path()) -> None:
    """Import the modules whose decorators register measures, from Python's path or the folder.

    Raises
    ------
    ConfigError
        When one cannot be imported.
    """
    place = str(folder.resolve())
    if modules and place not in sys.path:
        # last, so that nothing beside a config takes the place of what is installed
        sys.path.append(place)
    for name in modules:
        try:
            import_module(name)
        except ConfigError:
            raise
        except Exception as error:
            raise ConfigError(
                f"measures: {name} cannot be imported: {type(error).__name__}: {error}",
                remedy=f"Make {name} importable: install it, or put it beside the config",
            ) from error


def _checked(
    function: Callable[..., Any], of: Sequence[str], subjects: Sequence[str], kind: str, unit: str
) -> str:
    name, origin = function.__name__, _origin(function)
    wrong = [subject for subject in of if subject not in subjects]
    if wrong or not of:
        raise ConfigError(
            f"The {kind} {name!r} is of nothing that is known", received=wrong or None, available=subjects
        )
    if not (name.isascii() and name.isidentifier()):
        raise ConfigError(
            f"The {kind} {name!r} has a name that no series can have",
            expected="a function with a name of Latin letters, digits and underscores",
        )
    if unit not in UNITS:
        raise ConfigError(f"The unit of {name!r}", received=unit, available=filter(None, UNITS))
    known = {measured for _, measured in catalogue.CATALOGUE} - set(_OWN)
    if name in known or _OWN.get(name, origin) != origin:
        raise ConfigError(
            f"There is a measure {name!r} already",
            received=f"{origin.module}.{origin.function}",
            remedy="Give the function another name",
        )
    return name


def _origin(function: Callable[..., Any]) -> Own:
    return Own(function.__module__, function.__qualname__)


def _add(
    table: MutableMapping[Any, Sequence[Statistic[Any] | LabelledStatistic[Any]]],
    key: str,
    own: Statistic[Any],
) -> None:
    # the same function of a module that was imported again takes its own place
    table[key] = (*(each for each in table[key] if each.name != own.name), own)


def _try(own: Divergence) -> None:
    """Ask a divergence once about each kind of column, before anything depends on it."""
    for kind in own.kinds:
        ruler = NumericalRuler.of(np.arange(5.0)) if kind is Kind.NUMERICAL else CategoricalRuler(("a", "b"))
        few = np.arange(1, ruler.size + 1)
        one = Sample(ruler, few, slack=np.zeros(6) if kind is Kind.NUMERICAL else None)
        draws = one.with_counts(np.stack((few, few[::-1])))
        try:
            same, many = own.kernel(one, one), own.kernel(one, draws)
        except Exception as error:
            raise ConfigError(
                f"The divergence {own.name!r} fails on {kind} samples: {type(error).__name__}: {error}"
            ) from error
        if np.shape(many) != (2,) or not abs(float(same)) < 1e-9:
            raise ConfigError(
                f"The divergence {own.name!r} does not compare {kind} samples",
                received=f"{float(same)} for equal samples, an answer of shape {np.shape(many)} for two draws",
                expected="0 for equal samples, and one value for each draw",
            )


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _first_line(function: Callable[..., Any]) -> str:
    said = (function.__doc__ or f"as {function.__module__}.{function.__qualname__} says").strip()
    return said.splitlines()[0].rstrip(".")


def forget() -> None:
    """Take back every measure that was registered, as tests do between each other."""
    for name in _OWN:
        DIVERGENCES.pop(name, None)
    tables: tuple[MutableMapping[Any, Sequence[Statistic[Any] | LabelledStatistic[Any]]], ...] = (
        QUALITY,
        STATISTICS,
    )
    for table in tables:
        for key, known in table.items():
            table[key] = tuple(each for each in known if each.name not in _OWN)
    _OWN.clear()
    catalogue.refresh()
