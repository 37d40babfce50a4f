"""From what a file says to ids, targets and times; what cannot be read is counted, with the rows where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from modelvane.casting import Fault, as_numbers, canonical, is_missing
from modelvane.schema import Column, Kind
from modelvane.times import NO_TIME, as_times
from modelvane.transfer.label_files import LabelBatch

_MOST_SHOWN = 5
_BASIC_DATE = 8
"""Digits of a date such as 20220131, which is no number of seconds."""
_CODE = re.compile(r"-?0\d")
"""With which a text begins that is no number: its zeros mean something."""


class LabelFault(StrEnum):
    """Why a row of a file is no label, or not all of it was taken."""

    NO_ID = "without an id"
    NO_TARGET = "without a target"
    UNREADABLE_TARGET = "with a target that is no value of its column"
    UNREADABLE_TIME = "with a time that is none; their labels were taken without it"
    TORN = "with more or fewer values than the header"


@dataclass(slots=True)
class Faults:
    """How often each fault was met, and in which rows first, counted from 1 after the header."""

    counts: dict[LabelFault, int] = field(default_factory=dict)
    rows: dict[LabelFault, list[int]] = field(default_factory=dict)

    def add(self, fault: LabelFault, rows: Iterable[int]) -> None:
        """Note rows with a fault."""
        shown = self.rows.setdefault(fault, [])
        for row in rows:
            self.counts[fault] = self.counts.get(fault, 0) + 1
            if len(shown) < _MOST_SHOWN:
                shown.append(row)

    def describe(self) -> list[str]:
        """Give a sentence for each fault that was met.

        >>> faults = Faults()
        >>> faults.add(LabelFault.NO_ID, range(3, 10))
        >>> faults.describe()
        ['7 rows without an id: rows 3, 4, 5, 6, 7 and 2 more']
        """
        said = []
        for fault, count in self.counts.items():
            rows = self.rows[fault]
            more = f" and {count - len(rows)} more" if count > len(rows) else ""
            noun = "row" if count == 1 else "rows"
            said.append(f"{count} {noun} {fault}: {noun} {', '.join(map(str, rows))}{more}")
        return said


class Labelling(NamedTuple):
    """Labels that can be kept: ids in canonical form, targets, and their own times in microseconds."""

    ids: list[str]
    targets: list[Any]
    times: NDArray[np.int64] | None


class LabelReader:
    """Reads the rows of a file as labels of one dataset.

    Parameters
    ----------
    target
        The dataset's column; ``None`` where it is not known: texts that are numbers are then numbers.
    """

    def __init__(self, target: Column | None) -> None:
        self.faults = Faults()
        self._is_numerical = target is not None and target.kind is Kind.NUMERICAL
        self._is_list = target is not None and target.kind is Kind.ITEMS
        self._parse = _parser(target)

    def read(self, batch: LabelBatch) -> Labelling:
        """Give the labels of some rows."""
        ids = [canonical(value) for value in batch.ids]
        targets = [self._parse(value) if isinstance(value, str) else value for value in batch.targets]
        # none of several: a row without an id may lack its target too
        fault = np.where([not id_ for id_ in ids], LabelFault.NO_ID.value, self._judged(targets))
        for kind in (LabelFault.NO_ID, LabelFault.NO_TARGET, LabelFault.UNREADABLE_TARGET):
            self.faults.add(kind, batch.rows[fault == kind.value].tolist())
        places = np.flatnonzero(fault == "")
        kept = places.tolist()
        times = (
            None if batch.times is None else self._times([batch.times[at] for at in kept], batch.rows[places])
        )
        return Labelling([ids[at] or "" for at in kept], [targets[at] for at in kept], times)

    def _judged(self, targets: list[Any]) -> list[str]:
        """Give the fault of each target, or an empty text."""
        if self._is_numerical:
            numbers = as_numbers(targets)
            if numbers.faults is None:
                return [""] * len(targets)
            said = {
                Fault.MISSING: LabelFault.NO_TARGET.value,
                Fault.WRONG_TYPE: LabelFault.UNREADABLE_TARGET.value,
            }
            return [said.get(Fault(fault), "") for fault in numbers.faults.tolist()]
        return [
            ""
            if (_is_list_of_ids(target) if self._is_list else canonical(target) is not None)
            else LabelFault.NO_TARGET.value
            if is_missing(target)
            else LabelFault.UNREADABLE_TARGET.value
            for target in targets
        ]

    def _times(self, raw: list[Any], rows: NDArray[np.int64]) -> NDArray[np.int64]:
        values = [_seconds(value) if isinstance(value, str) else value for value in raw]
        times = as_times(values)
        lost = np.flatnonzero(times == NO_TIME).tolist()
        self.faults.add(LabelFault.UNREADABLE_TIME, [int(rows[at]) for at in lost if not is_missing(raw[at])])
        return times


def _is_list_of_ids(target: Any) -> bool:
    return isinstance(target, list) and all(canonical(item) is not None for item in target)


def _listed(text: str) -> Any:
    """Give the list that a text says in JSON, as a file of CSV has it; a text that says none stays a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _parser(target: Column | None) -> Callable[[str], Any]:
    """Give what reads a text as a value of the target's column; a text that is none stays a text."""
    if target is None:
        return lambda text: text if _CODE.match(text) else _number(text, whole=True)
    if target.kind is Kind.ITEMS:
        return _listed
    if target.kind is Kind.NUMERICAL or target.dtype in ("double", "float", "halffloat"):
        whole = "int" in target.dtype
        return lambda text: _number(text, whole=whole)
    if "int" in target.dtype:
        return lambda text: (
            int(text) if text.removeprefix("-").isdecimal() and str(int(text)) == text else text
        )
    if target.dtype == "bool":
        return lambda text: {"true": True, "false": False}.get(text.lower(), text)
    return lambda text: text


def _number(text: str, *, whole: bool) -> float | int | str:
    """Give the number that a text says; Python would read ``1_000`` too."""
    if "_" in text:
        return text
    try:
        return int(text) if whole and text.strip().lstrip("+-").isdecimal() else float(text)
    except ValueError:
        return text


def _seconds(text: str) -> float | str:
    """Give a text that is a number of seconds as such; in a CSV file all are texts."""
    number = _number(text, whole=False)
    is_date = len(text) == _BASIC_DATE and text.isdecimal()
    return text if isinstance(number, str) or is_date else number
