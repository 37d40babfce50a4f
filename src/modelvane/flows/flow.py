"""The flow: one task for each step of a job."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from prefect import flow, task
from prefect.artifacts import acreate_link_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed
from prefect.utilities.asyncutils import run_coro_as_sync

from modelvane import jobs
from modelvane.batch import Judged
from modelvane.config import Config
from modelvane.errors import ModelvaneError
from modelvane.findings import Verdict
from modelvane.flows.artifacts import key_of, link_of, verdict_table
from modelvane.flows.labels import import_file
from modelvane.flows.progress import Logged
from modelvane.flows.retries import DELAYS, RETRIES, retry_condition
from modelvane.jobs import CountedPeriod, Job
from modelvane.periods import period_text
from modelvane.reference import Reference

# every run reads the log anew, and what its tasks hand on is too large to be kept by Prefect
_STEP: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}
_RETRIED: dict[str, Any] = {
    **_STEP,
    "retries": RETRIES,
    "retry_delay_seconds": list(DELAYS),
    "retry_condition_fn": retry_condition,
}


class Watched(NamedTuple):
    """What became of a run.

    Parameters
    ----------
    verdict
        The worst among drift, quality and performance.
    html, json
        Its report.
    """

    verdict: Verdict
    html: Path
    json: Path


@task(task_run_name="read the config", **_STEP)
def read_config(config: Path, dataset: str | None, since: datetime | None, until: datetime | None) -> Job:
    """Read the config, and find the period: the last whole one when the run was due."""
    job = _job(config, dataset, since, until)
    get_run_logger().info("%s, %s", job.dataset, period_text(job.period) if job.period else "all rows")
    return job


@task(task_run_name="load the reference", **_RETRIED)
def load_reference(job: Job) -> Reference:
    """Read or build the reference; where it lacks predictions the config's model makes them."""
    reference = jobs.load(job, Logged(get_run_logger()))
    get_run_logger().info("Reference of %s rows, %s", f"{reference.rows:,}", reference.digest)
    return reference


@task(task_run_name="import labels", **_RETRIED)
def import_labels(job: Job, reference: Reference, labels: Path, service: str | None) -> None:
    """Keep late labels of a file in the log."""
    imported = import_file(job, reference.schema, labels, service)
    said = ", ".join(f"{count:,} {what.replace('_', ' ')}" for what, count in imported.to_dict().items())
    get_run_logger().info("Labels of %s: %s", labels, said)
    for fault in imported.faults.describe():
        get_run_logger().warning(fault)


@task(task_run_name="count the rows", **_RETRIED)
def count_rows(job: Job, reference: Reference) -> CountedPeriod:
    """Read the log of the period with its labels, and count it on the reference."""
    period = jobs.count_period(job, reference, Logged(get_run_logger()))
    came_from = period.counted.provenance
    get_run_logger().info(
        "%s rows of %s, %s of them labelled; %s",
        f"{came_from.rows:,}",
        came_from.source,
        f"{period.counted.window.labelled.rows:,}",
        came_from.digest,
    )
    for note in jobs.notes_of(period, reference):
        get_run_logger().warning(note)
    return period


@task(task_run_name="judge", **_STEP)
def judge(job: Job, reference: Reference, period: CountedPeriod) -> Judged:
    """Say what the counts mean."""
    judged = jobs.judge_period(job, reference, period.counted)
    is_quiet = judged.findings.verdict is not Verdict.ALARM
    (get_run_logger().info if is_quiet else get_run_logger().warning)(jobs.headline(judged))
    return judged


@task(task_run_name="keep the findings", **_RETRIED)
def keep_findings(job: Job, judged: Judged) -> None:
    """Keep the findings in the log, in place of those of an earlier run of the period."""
    jobs.keep(job, judged)


@task(task_run_name="write the report", **_RETRIED)
def write_report(job: Job, judged: Judged) -> Watched:
    """Write the report as HTML and JSON, over that of an earlier run of the period."""
    jobs.make_folder(job.output.parent)
    html, json = (job.output.with_name(f"{job.output.name}.{ending}") for ending in ("html", "json"))
    jobs.write(judged, html=html, json=json)
    get_run_logger().info("Written: %s", html)
    return Watched(judged.findings.verdict, html, json)


@task(task_run_name="publish", **_STEP)
def publish(judged: Judged, watched: Watched, reports_url: str | None) -> None:
    """Leave the verdicts and a link to the report in Prefect."""
    dataset, said = judged.dataset, jobs.headline(judged)
    table = acreate_table_artifact(
        verdict_table(judged.findings), key=key_of(dataset, "verdicts"), description=said
    )
    link = acreate_link_artifact(
        link_of(watched.html, reports_url),
        link_text=watched.html.name,
        key=key_of(dataset, "report"),
        description=f"{said}\n\nOn the machine that ran the flow: `{watched.html}`",
    )
    for artifact in (table, link):
        # the forms that are not asynchronous leave their connection to the server open
        run_coro_as_sync(artifact)


def _name() -> str:
    """Name a run after its dataset and period, so that runs of one night are seen to be such."""
    given = flow_run.parameters
    try:
        job = _job(given["config"], given["dataset"], given["since"], given["until"])
    except ModelvaneError:
        # the flow itself is where this is told
        return f"{given['dataset'] or 'batch-watch'} of {given['config']}"
    return job.output.name


@flow(name="batch-watch", flow_run_name=_name, persist_result=False)
def batch_watch(
    config: Path,
    dataset: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    labels: Path | None = None,
    service: str | None = None,
    reports_url: str | None = None,
) -> Watched:
    """Judge a period of logged predictions, keep what was found, and write the report.

    Without `since` and `until` it is the last whole period before the run was due, so that a run that starts late, or
    is tried again the next day, is still of its own night. A second run of a period replaces the first. A run that
    finds an alarm ends as completed, in a state of the name Alarm, which automations can wait for; a run that cannot
    judge, for want of rows too, fails.

    Parameters
    ----------
    config
        The config.yaml whose log and reference are taken.
    dataset
        Which of its datasets; not needed where it has one.
    since, until
        Another period, half open, in UTC unless it is said otherwise.
    labels
        A file of late labels (id, target), kept in the log before its rows are read.
    service
        Address of the live service that has the log open, where only one process may write it: it is sent the labels.
    reports_url
        Where the folder of reports is served, for the link.
    """
    job = read_config(config, dataset, since, until)
    reference = load_reference(job)
    if labels is not None:
        import_labels(job, reference, labels, service)
    period = count_rows(job, reference)
    judged = judge(job, reference, period)
    keep_findings(job, judged)
    watched = write_report(job, judged)
    publish(judged, watched, reports_url)
    name = "Alarm" if watched.verdict is Verdict.ALARM else "Completed"
    state: Any = Completed(name=name, message=jobs.headline(judged), data=watched)
    # Prefect ends the run in this state, and gives its data to whoever called
    return state  # type: ignore[no-any-return] # a state is what it returns here


def _job(config: Path, dataset: str | None, since: datetime | None, until: datetime | None) -> Job:
    return Job.of_config(
        Config.load(config),
        dataset,
        since=_seconds(since),
        until=_seconds(until),
        now=flow_run.scheduled_start_time.timestamp(),
    )


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
