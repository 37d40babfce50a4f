"""The steps of a job, each a function of plain values."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from modelvane.batch import Judged, judge
from modelvane.catalogue import titles
from modelvane.engines.count import count, with_before
from modelvane.engines.counted import Counted
from modelvane.engines.source import Source
from modelvane.errors import ConfigError, ModelvaneError, SchemaError, StoreError
from modelvane.jobs.job import Job
from modelvane.jobs.labels import LabelledSource, Labels, LabelUse
from modelvane.jobs.progress import Progress, Silent
from modelvane.jobs.sources import Followed, source_of, standing_of_job
from modelvane.locations import shown
from modelvane.periods import Period, before, period_text
from modelvane.reference import Reference
from modelvane.references import load_reference
from modelvane.report.wording import WORDS, verdict_sentences
from modelvane.report.wording import counted as counted_text
from modelvane.standing import settings_with
from modelvane.store.beside import append_findings_beside
from modelvane.table import Table

_NAMED = 3


class NoRowsError(ModelvaneError):
    """A period without rows: there is nothing to judge, and nothing is written."""


@dataclass(frozen=True, slots=True)
class CountedPeriod:
    """What was counted of a job's rows.

    Parameters
    ----------
    counted
        What findings are made from.
    labels
        What became of the file of labels; ``None`` without one.
    """

    counted: Counted
    labels: LabelUse | None


def load(job: Job, progress: Progress | None = None) -> Reference:
    """Read or build the reference that held when the period ended, and check that it has what the settings name.

    Raises
    ------
    ModelvaneError
        When it cannot be had, or lacks something.
    """
    return _loaded(job, progress or Silent()).leaving_out(job.leave_out)


def _loaded(job: Job, said: Progress) -> Reference:
    def started(columns: int) -> None:
        said.begin("Building the reference", "columns", columns)

    def advance() -> None:
        said.advance(1)

    if job.config is not None:
        try:
            file = standing_of_job(job).file
        except StoreError:
            # what is wrong with the config is told before what is wrong with its log
            load_reference(job.config, job.dataset, started=started, advance=advance)
            raise
        return load_reference(job.config, job.dataset, file, started=started, advance=advance)
    if job.reference is None:
        raise ConfigError("A job needs a config or a reference")
    if job.reference.suffix == ".mv":
        return Reference.load(job.reference)
    return Reference.of(Table.of(job.reference), started=started, advance=advance)


def count_period(job: Job, reference: Reference, progress: Progress | None = None) -> CountedPeriod:
    """Count the rows of the period, with their late labels.

    Raises
    ------
    NoRowsError
        When there are none.
    SchemaError
        When no column of the reference is in them, and, if the job is strict, when one is not.
    ModelvaneError
        When they cannot be read.
    """
    said, now = progress or Silent(), time.time()
    labels = None if job.labels is None else Labels.read(job.labels, reference.schema)
    with source_of(job, reference.schema) as opened:
        source = Followed(opened, job.period)
        labelled = None if labels is None else LabelledSource(source, labels)
        said.begin("Counting", "rows", source.rows)
        period = job.period or _period_of(source, reference)
        counted = count(
            source if labelled is None else labelled,
            reference,
            slices=job.slices,
            period=period,
            # how old the last row is when the period ends, not when somebody looks
            now=now if period is None else min(now, period[1]),
            strict=job.strict,
            advance=lambda rows: said.advance(rows, source.share),
        )
    if not counted.provenance.rows:
        raise _nothing(job, reference, counted)
    _check_columns(job, reference, counted)
    moving = job.settings.moving
    if moving is not None and period is not None:
        since, until = before(period, moving.windows)
        with source_of(replace(job, since=since, until=until), reference.schema) as earlier:
            counted = with_before(counted, earlier, reference, now=now)
    return CountedPeriod(counted, None if labelled is None else labelled.use)


def judge_period(job: Job, reference: Reference, counted: Counted) -> Judged:
    """Say what the counts mean; versions of the model are held against the champion of when the period ended."""
    settings = job.settings
    if job.config is not None and settings.versions is not None:
        settings = settings_with(job.config, job.dataset, standing_of_job(job).champion)
    judged = judge(job.dataset, reference, counted, settings, period=job.period)
    return replace(judged, findings=replace(judged.findings, computed_at=time.time()))


def run(job: Job, progress: Progress | None = None) -> tuple[Judged, CountedPeriod]:
    """Load, count and judge."""
    reference = load(job, progress)
    period = count_period(job, reference, progress)
    return judge_period(job, reference, period.counted), period


def keep(job: Job, judged: Judged) -> None:
    """Keep the findings in the config's log; a second run of a period replaces the first.

    The live service may have the log open meanwhile.

    Raises
    ------
    ConfigError
        When the rows were not those of the log.
    StoreError
        When it cannot be written.
    """
    if job.config is None or not job.is_of_the_log:
        raise ConfigError(
            "Findings are kept in the log that their rows came from", received=shown(job.current or "")
        )
    append_findings_beside(job.config.store_url, judged.reference.schema, judged.findings)


def headline(judged: Judged) -> str:
    """Say in one line what was found, over which rows."""
    findings = judged.findings
    about = [judged.dataset, counted_text(findings.rows, "row")]
    if findings.period is not None:
        about.append(period_text(findings.period))
    return (
        f"{WORDS[findings.verdict]} ({', '.join(about)}). {' '.join(verdict_sentences(findings, titles()))}"
    )


def notes_of(period: CountedPeriod, reference: Reference) -> Iterator[str]:
    """Say in sentences what was not as it should be, and was gone on with."""
    counted, labels = period.counted, period.labels
    for name in counted.stream.missing:
        near = difflib.get_close_matches(name, counted.stream.unexpected, n=1)
        yield f"The rows have no column {name!r}" + (f"; is it {near[0]!r}?" if near else ".")
    for unread in counted.unread:
        yield f"Not read: {unread.where}: {unread.why}"
    if counted.stream.duplicates:
        again = counted_text(counted.stream.duplicates, "row")
        yield f"{again} with an id that an earlier row has: counted like all others, and found as duplicate_ids."
    time = reference.schema.time
    if time is not None and counted.provenance.first is None:
        yield f"No row has a time in {time.name!r} that can be read, so nothing is said of when a change began."
    if reference.schema.target is not None and not counted.window.labelled.rows:
        yield "No row has its target yet, so performance is not judged."
    if labels is not None:
        yield _said_of(labels)
        yield from (f"Labels: {said}." for said in labels.left_out)


def _period_of(source: Source, reference: Reference) -> Period | None:
    found = source.period(reference.schema)
    # half open, so that the last row is in it
    return None if found is None else (found[0] / 1e6, (found[1] + 1) / 1e6)


def _said_of(labels: LabelUse) -> str:
    rest = {
        "changed a target that was there": labels.changed,
        "of ids that no row of the period has": labels.unknown,
        "replaced by a later one of the same id": labels.repeated,
    }
    said = [f"{labels.matched} rows labelled", *(f"{count} {what}" for what, count in rest.items() if count)]
    return f"Labels: {', '.join(said)}."


def _nothing(job: Job, reference: Reference, counted: Counted) -> NoRowsError:
    where = f"the log of {job.dataset}" if job.is_of_the_log else shown(str(job.current))
    if counted.unread:
        # said as an error, since there is no report to say it
        why = "; ".join(f"{unread.where}: {unread.why}" for unread in counted.unread[:_NAMED])
        return NoRowsError(f"No row of {where} can be read", received=why, expected="files that are whole")
    when = "" if job.since is None and job.until is None else " of the period"
    when += f", {period_text(job.period)}," if job.period is not None else ""
    time = reference.schema.time
    by_time = f"; rows of a file are of a period by their column {time.name!r}" if time is not None else ""
    return NoRowsError(
        f"There are no rows{when} in {where}",
        expected="at least one: without rows nothing is judged, written or kept",
        remedy="Check that predictions are logged, and the period (--since, --until, --last; in UTC)"
        + ("" if job.is_of_the_log else by_time),
    )


def _check_columns(job: Job, reference: Reference, counted: Counted) -> None:
    missing, needed = counted.stream.missing, reference.expected
    if len(missing) < len(needed) and not (job.strict and missing):
        return
    near = {name: difflib.get_close_matches(name, counted.stream.unexpected, n=1) for name in missing}
    found = ", ".join(f"{guess[0]!r} for {name!r}" for name, guess in near.items() if guess)
    raise SchemaError(
        "The rows lack columns of the reference",
        received=list(missing),
        available=counted.stream.unexpected,
        remedy=f"Did you mean {found}?" if found else "Check that these are rows of the same dataset",
    )
