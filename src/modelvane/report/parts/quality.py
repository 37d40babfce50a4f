"""What is off with the data, with the rows concerned and examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from modelvane.batch import Judged
from modelvane.findings import Finding
from modelvane.formatting import number_text
from modelvane.naming import cut_text
from modelvane.report.tables import faults
from modelvane.statistics.tail_share import TAIL_SHARE
from modelvane.tallies.categorical import CategoricalTally
from modelvane.tallies.dataset import ColumnTally
from modelvane.tallies.list_tally import entries_of
from modelvane.tallies.numerical import NumericalTally

_EXAMPLES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is off with the data.

    Parameters
    ----------
    finding
        What, and what it means.
    rows, of
        Rows concerned, and of how many; ``None`` where it is not about rows of a column.
    examples
        Values and their rows, the most frequent first.
    note
        What else helps to find them.
    """

    finding: Finding
    rows: int | None
    of: int | None
    examples: tuple[tuple[str, int], ...]
    note: str


def fault_parts(judged: Judged) -> tuple[Fault, ...]:
    """Give what is off, what is worst first."""
    return tuple(_faults(judged))


def _faults(judged: Judged) -> Iterator[Fault]:
    window = judged.counted.window
    tallies = {**window.rows.columns, **window.labelled.columns}
    for finding in faults(judged.findings):
        tally = tallies.get(finding.column or "")
        if tally is None:
            yield Fault(finding=finding, rows=None, of=None, examples=(), note=finding.cause)
            continue
        if finding.measure == TAIL_SHARE.name:
            # where the tails begin is a matter of what the window was compared with, which the finding says
            counted = round((finding.value or 0) * tally.n)
            yield Fault(finding=finding, rows=counted, of=tally.n, examples=(), note=finding.cause)
            continue
        rows, of = _counted(finding.measure, tally)
        examples, note = _examples(
            finding.measure, judged.reference.tally.columns[finding.column or ""], tally
        )
        yield Fault(finding=finding, rows=rows, of=of, examples=examples, note=note)


def _counted(measure: str, tally: ColumnTally) -> tuple[int | None, int | None]:
    """Give the rows behind a share, exactly as they were counted."""
    counts = {
        "missing_share": (tally.missing, tally.rows),
        "infinite_share": (tally.infinite, tally.rows),
        "wrong_type_share": (tally.wrong_type, tally.rows),
    }
    entries = entries_of(tally)
    if isinstance(entries, CategoricalTally):
        counts["unseen_share"] = int(entries.counts[-1]), entries.n
    else:
        cells = entries.cells.dense()[0]
        counts["out_of_range_share"] = int(cells[0] + cells[-1]), tally.n
    return counts.get(measure, (None, None))


def _examples(
    measure: str, reference: ColumnTally, tally: ColumnTally
) -> tuple[tuple[tuple[str, int], ...], str]:
    tally = entries_of(tally)
    if measure == "unseen_share" and isinstance(tally, CategoricalTally):
        return tuple((cut_text(name), rows) for name, rows in tally.top_unseen(_EXAMPLES)), ""
    if measure == "infinite_share" and isinstance(tally, NumericalTally):
        held = (("∞", tally.positive_infinite), ("−∞", tally.negative_infinite))
        return tuple(pair for pair in held if pair[1]), ""
    if measure == "out_of_range_share" and isinstance(tally, NumericalTally):
        return (), _range(reference, tally)
    return (), ""


def _range(reference: ColumnTally, tally: NumericalTally) -> str:
    if not isinstance(reference, NumericalTally) or not (reference.n and tally.n):
        return ""
    now, then = (f"{number_text(one.minimum)} to {number_text(one.maximum)}" for one in (tally, reference))
    return f"values from {now}; in the reference from {then}"
