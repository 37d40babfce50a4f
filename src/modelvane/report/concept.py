"""Concept drift: for each number that says how good predictions are, what moved it, and in which columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from modelvane.concept.detectors import OWN
from modelvane.concept.detectors.river import RIVER
from modelvane.concept.measures import BY_INPUTS, RELATION, name_of
from modelvane.concept.signals import SIGNALS, Signal
from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.naming import cut_text
from modelvane.report.order import drift_order
from modelvane.report.tables import DriftRow, drift_row, of_family

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class ConceptRow:
    """One column, or all rows: how far errors moved where inputs are the same, and what its inputs did."""

    drift: DriftRow
    inputs: Finding | None


@dataclass(frozen=True, slots=True)
class ConceptTable:
    """One number: what its change is made of, all rows, and the columns, what is worst on top.

    Parameters
    ----------
    title
        Of the number.
    told
        What its change is made of, in words.
    when
        What detectors found: since when.
    rows
        All rows first.
    more
        Columns that are not shown.
    """

    title: str
    told: str
    verdict: Verdict
    when: Sequence[Finding]
    rows: Sequence[ConceptRow]
    more: int


def concept_tables(findings: Findings | None) -> list[ConceptTable]:
    """Give one table for each number that is watched; none while no row of the window has a target."""
    found = {(f.measure, f.column): f for f in of_family(findings, Family.CONCEPT)}
    return [table for signal in SIGNALS.values() if (table := _table(signal, found)) is not None]


def _table(signal: Signal, found: dict[tuple[str, str | None], Finding]) -> ConceptTable | None:
    relation, inputs = name_of(signal.name, RELATION), name_of(signal.name, BY_INPUTS)
    whole = found.get((relation, None))
    if whole is None or whole.value is None:
        return None
    columns = [f for (name, column), f in found.items() if name == relation and column is not None]
    shown = [whole, *sorted(columns, key=drift_order)[:_SHOWN]]
    rows = [ConceptRow(drift_row(each), found.get((inputs, each.column))) for each in shown]
    detectors = (found.get((name_of(signal.name, name), None)) for name in (*OWN, *RIVER))
    when = [each for each in detectors if each is not None and each.cause]
    told = found[inputs, None].cause
    return ConceptTable(signal.title, told, whole.verdict, when, rows, max(0, len(columns) - _SHOWN))


def concept_sentences(findings: Iterable[Finding]) -> Iterator[tuple[Verdict, str]]:
    """Say, with a verdict, which numbers moved beyond their lines where inputs are the same, and where most."""
    found = [f for f in findings if f.family is Family.CONCEPT]
    for signal in SIGNALS.values():
        named = [f for f in found if f.measure == name_of(signal.name, RELATION)]
        for verdict, beyond in (
            (Verdict.ALARM, "every line"),
            (Verdict.CHANGED, "sampling noise, within this stream's habit"),
        ):
            off = sorted((f for f in named if f.verdict is verdict), key=drift_order)
            if off:
                columns = [cut_text(f.column) for f in off if f.column is not None]
                most = f", most by {columns[0]}" if columns else ""
                text = (
                    f"Rows with the same inputs have another {signal.title.lower()}, beyond {beyond}{most}."
                )
                yield verdict, text
                break
