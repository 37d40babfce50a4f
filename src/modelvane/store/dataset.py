"""What a store that numbers rows itself knows of a dataset that was opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from modelvane.errors import UnknownNameError

L = TypeVar("L")
T = TypeVar("T")


@dataclass(slots=True)
class Dataset(Generic[L]):
    """What the writer knows of a dataset without asking: numbers may be lost, never used twice."""

    layout: L
    next_seq: int
    next_label: int
    may_wait: bool
    """Whether any label may be waiting for its row."""


def opened(datasets: Mapping[str, T], name: str) -> T:
    """Give what is known of a dataset.

    Raises
    ------
    UnknownNameError
        For one that was not opened.
    """
    try:
        return datasets[name]
    except KeyError:
        raise UnknownNameError.of("dataset", name, datasets) from None
