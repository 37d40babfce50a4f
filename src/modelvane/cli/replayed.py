"""What a replay found, as people read it in a terminal, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from modelvane.catalogue import titles
from modelvane.cli.tables import table_text
from modelvane.formatting import moment_text, number_text, span_text, value_text
from modelvane.replay import Detection, Episode, Replayed
from modelvane.report.history import unit_of
from modelvane.report.wording import title_of

_MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class Answer:
    """What the watch of one config would have said.

    Parameters
    ----------
    config
        Its path.
    clean
        Of the stream as it was.
    faulty, detections
        Of the stream with faults, and what found them; ``None`` and nothing without.
    """

    config: str
    clean: Replayed
    faulty: Replayed | None = None
    detections: tuple[Detection, ...] = ()


def text(answers: Sequence[Answer]) -> str:
    """Give for each config a sentence, its alarms, and what found the faults; then what two of them differ in."""
    parts = [part for answer in answers for part in _of_one(answer)]
    if len(answers) == 2:
        parts.append(_difference(*answers))
    return "\n\n".join(parts) + "\n"


def _of_one(answer: Answer) -> Iterator[str]:
    clean = answer.clean
    alarms = "1 alarm" if clean.alarms == 1 else f"{clean.alarms} alarms"
    a_week = "" if clean.alarms_per_week is None else f", {number_text(clean.alarms_per_week)} a week"
    yield (
        f"{answer.config}: {alarms}{a_week}, in {clean.rows:,} rows of {clean.dataset} "
        f"({span_text(clean.first, clean.last)}), evaluated {clean.rounds:,} times"
    )
    if clean.episodes:
        shown = clean.episodes[:_MOST_ROWS]
        table = table_text(_ALARM, map(_alarm, shown), right=(3, 4))
        more = len(clean.episodes) - len(shown)
        yield table + (f"\n... and {more} more: --format json has them all" if more else "")
    if answer.detections:
        yield table_text(_FAULT, map(_fault, answer.detections), right=(1,))


_ALARM = ("from", "until", "alarm", "rows", "value", "cause")


def _alarm(episode: Episode) -> tuple[str, ...]:
    finding = episode.finding
    rows = "" if episode.until_row is None else f"{episode.until_row - episode.row:,}"
    return (
        moment_text(episode.time),
        "the end" if episode.until is None else moment_text(episode.until),
        _named(episode),
        rows,
        value_text(finding.value, unit_of(finding)),
        finding.cause.partition("; ")[0],
    )


_FAULT = ("fault", "found after", "when", "by")


def _fault(detection: Detection) -> tuple[str, ...]:
    by = detection.by
    if by is None:
        return str(detection.fault), "never", "", ""
    return str(detection.fault), f"{detection.delay:,} rows", moment_text(by.time), _named(by)


def _named(episode: Episode) -> str:
    finding = episode.finding
    where = ", ".join(part for part in (finding.column, finding.segment, finding.label) if part)
    title = title_of(finding.measure, titles())
    return f"{title} of {where}" if where else title


def _difference(one: Answer, other: Answer) -> str:
    first, second = ({_named(each) for each in answer.clean.episodes} for answer in (one, other))
    lines = [
        f"Only by {answer.config}: {', '.join(sorted(names)) or 'nothing'}"
        for answer, names in ((one, first - second), (other, second - first))
    ]
    for mine, theirs in zip(one.detections, other.detections, strict=True):
        lines.append(f"{mine.fault}: {_found(mine)} by {one.config}, {_found(theirs)} by {other.config}")
    return "\n".join(lines)


def _found(detection: Detection) -> str:
    return "never found" if detection.delay is None else f"found after {detection.delay:,} rows"


def to_json(answers: Sequence[Answer]) -> str:
    """Give everything as one JSON object for each config."""
    return json.dumps([_plain(answer) for answer in answers], indent=2) + "\n"


def _plain(answer: Answer) -> dict[str, Any]:
    return {
        "config": answer.config,
        "clean": _replayed(answer.clean),
        "faulty": None if answer.faulty is None else _replayed(answer.faulty),
        "faults": [
            {
                "fault": each.fault.name,
                **asdict(each.fault),
                "delay_rows": each.delay,
                "found_by": None if each.by is None else _episode(each.by),
                "found_on_its_column": None if each.on_column is None else _episode(each.on_column),
            }
            for each in answer.detections
        ],
    }


def _replayed(found: Replayed) -> dict[str, Any]:
    return {
        "dataset": found.dataset,
        "rows": found.rows,
        "rounds": found.rounds,
        "first": found.first,
        "last": found.last,
        "alarms": found.alarms,
        "alarms_per_week": found.alarms_per_week,
        "episodes": [_episode(each) for each in found.episodes],
    }


def _episode(episode: Episode) -> dict[str, Any]:
    return {
        "row": episode.row,
        "time": episode.time,
        "until_row": episode.until_row,
        "until": episode.until,
        "finding": episode.finding.to_dict(),
    }


FORMATS: Mapping[str, Callable[[Sequence[Answer]], str]] = {"text": text, "json": to_json}
"""By name."""
