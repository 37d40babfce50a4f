"""Which segment made a value of all rows change, and how: by its share of the rows, or by its own value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from msgspec import Struct

from modelvane.evaluation.round import Round
from modelvane.findings import Family, Finding, Verdict
from modelvane.formatting import share_text
from modelvane.segments import SegmentRuler
from modelvane.settings import LEAST_ROWS
from modelvane.statistics import exact
from modelvane.statistics.changes import CHANGES, NOTHING, Changing
from modelvane.statistics.decomposition import Effect, Part, decompose
from modelvane.tallies.dataset import DatasetTally
from modelvane.tallies.numerical import NumericalTally
from modelvane.undefined import Undefined

_WAYS = ("mix", "behaviour")


class _Sides(Struct, frozen=True):
    """Rows and sums of a value, by segment of one breakdown; the rest makes each side complete.

    ``small`` has the rows of the window of segments that are with the rest on both sides, ``alone`` of those that are
    with it on one: they came or went.
    """

    before: Mapping[str, Part]
    after: Mapping[str, Part]
    small: Mapping[str, int]
    alone: Mapping[str, int]


def change_findings(this: Round, rows: DatasetTally, labelled: DatasetTally) -> Iterator[Finding]:
    """Take the changes of means over all rows apart by the segments of each breakdown."""
    if rows.rows and not rows.segments:
        # a slice of a batch, which is counted without segments
        return
    predictions = this.reference.schema.predictions
    prediction = predictions[0].name if len(predictions) == 1 else ""
    for changing in CHANGES:
        current = rows if changing.kind == "prediction" else labelled
        if _part(changing, this.reference.tally, prediction) is None:
            continue
        for ruler in this.reference.breakdowns:
            yield from _by_segment(this, changing, current, ruler, prediction)


def _part(changing: Changing, tally: DatasetTally | None, prediction: str) -> Part | None:
    """Give rows and sum; ``None`` where such a tally does not hold the value at all."""
    if tally is None:
        return NOTHING
    if changing.kind == "prediction":
        column = tally.columns.get(prediction)
        return changing.part(column) if isinstance(column, NumericalTally) else None
    found = tally.performance.get(changing.kind)
    return None if found is None else changing.part(found)


def _by_segment(
    this: Round, changing: Changing, current: DatasetTally, ruler: SegmentRuler, prediction: str
) -> Iterator[Finding]:
    whole, column = this.reference.tally, ruler.breakdown.name
    old, new = (_part(changing, tally, prediction) or NOTHING for tally in (whole, current))
    if not old.rows or not new.rows:
        why = "no rows with this value in the " + ("window" if old.rows else "reference")
        for way in _WAYS:
            yield _finding(changing, way, column, None, new.rows, why=why)
        return
    sides = _sides(this, changing, current, ruler, prediction, (old, new))
    effects = decompose(sides.before, sides.after)
    for at, way in enumerate(_WAYS):
        total = sum((effect[at] for effect in effects.values()), start=Fraction(0))
        told = _told(at, effects, sides, (old, new))
        yield _finding(changing, way, column, None, new.rows, total, cause=told)
        for name, effect in effects.items():
            n = sides.alone.get(name, sides.after[name].rows)
            if way == "behaviour" and name in sides.alone:
                why = f"fewer than {LEAST_ROWS} rows in the window or in the reference: what it does is mix"
                yield _finding(changing, way, column, name, n, why=why)
            else:
                yield _finding(changing, way, column, name, n, effect[at])
        for name, n in sides.small.items():
            why = f"fewer than {LEAST_ROWS} rows in the window and in the reference: told with the rest"
            yield _finding(changing, way, column, name, n, why=why)


def _sides(
    this: Round,
    changing: Changing,
    current: DatasetTally,
    ruler: SegmentRuler,
    prediction: str,
    wholes: tuple[Part, Part],
) -> _Sides:
    before: dict[str, Part] = {}
    after: dict[str, Part] = {}
    small: dict[str, int] = {}
    alone: dict[str, int] = {}
    for name in ruler.names:
        was, now = (
            _part(changing, tally.segments.get(name), prediction) or NOTHING
            for tally in (this.reference.tally, current)
        )
        if max(was.rows, now.rows) < LEAST_ROWS:
            small[name] = now.rows
            continue
        if min(was.rows, now.rows) < LEAST_ROWS:
            alone[name] = now.rows
        before[name], after[name] = (side if side.rows >= LEAST_ROWS else NOTHING for side in (was, now))
    # rare, unseen and missing values, and the rows of small segments: all that is in no segment told apart
    for side, whole in zip((before, after), wholes, strict=True):
        side[ruler.other] = whole - sum(side.values(), NOTHING)
    return _Sides(before, after, small, alone)


def _told(at: int, effects: Mapping[str, Effect], sides: _Sides, wholes: tuple[Part, Part]) -> str:
    name, effect = max(effects.items(), key=lambda each: abs(each[1][at]))
    was, now = sides.before[name], sides.after[name]
    old, new = wholes
    change = f"of a change of {float(new.value - old.value):+.3g}"
    if not effect[at]:
        return f"{change}, none"
    if at == 0:
        how = f"share {share_text(was.rows / old.rows)} to {share_text(now.rows / new.rows)}"
    else:
        how = f"{float(was.value):.3g} to {float(now.value):.3g}"
    return f"{change}; most by {name}: {float(effect[at]):+.3g}, {how}"


def _finding(
    changing: Changing,
    way: str,
    column: str,
    segment: str | None,
    n: int,
    value: Fraction | None = None,
    *,
    cause: str = "",
    why: str = "",
) -> Finding:
    known = Undefined(why) if value is None else exact.number(value)
    is_undefined = isinstance(known, Undefined)
    return Finding(
        family=Family.CHANGE,
        measure=f"{changing.name}_{way}",
        column=column,
        segment=segment,
        value=None if isinstance(known, Undefined) else known,
        unit=changing.unit,
        n=n,
        verdict=Verdict.UNDEFINED if is_undefined else Verdict.INFO,
        cause=cause,
        why=known.why if isinstance(known, Undefined) else "",
    )
