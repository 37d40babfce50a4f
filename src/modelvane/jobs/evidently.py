"""The rows of a job through Evidently."""

from __future__ import annotations

import json

from modelvane.engines.evidently import Rendered, find_interpreter, render
from modelvane.engines.source import TableSource
from modelvane.errors import ConfigError
from modelvane.jobs.job import Job
from modelvane.jobs.labels import LabelledSource, Labels
from modelvane.jobs.progress import Progress, Silent
from modelvane.jobs.sources import source_of, standing_of_job
from modelvane.jobs.steps import load
from modelvane.references import reference_rows
from modelvane.table import Table

_OF_A_PROMOTION = (
    "It was taken since the config was written: "
    "let the retrain name data as `reference`, or say --until a time before"
)


def compare(job: Job, progress: Progress | None = None) -> Rendered:
    """Let Evidently report on the very rows that would be judged, against the reference that they would be judged by.

    Raises
    ------
    EvidentlyError
        When it is not installed, or fails.
    ConfigError
        When the reference is a saved one, which has no rows.
    """
    said = progress or Silent()
    # what is most likely missing is told before any work
    find_interpreter()
    reference = load(job, progress)
    rows = TableSource(_reference_rows(job))
    said.begin("Evidently", "reports", None)
    with source_of(job, reference.schema) as source:
        labels = None if job.labels is None else Labels.read(job.labels, reference.schema)
        return render(reference, rows, source if labels is None else LabelledSource(source, labels))


def json_of(rendered: Rendered) -> str:
    """Give what Evidently computed as JSON text, which ends with a new line."""
    found = {"engine": "evidently", "version": rendered.version, "metrics": list(rendered.values)}
    return json.dumps(found, indent=2) + "\n"


def _reference_rows(job: Job) -> Table:
    promoted = standing_of_job(job).file
    path = promoted or (job.reference if job.config is None else job.config.reference_file(job.dataset))
    if path is None or path.suffix == ".mv":
        raise ConfigError(
            "Evidently compares rows, and a saved reference has none",
            received=path,
            expected="the data that the reference was built from",
            remedy="" if promoted is None else _OF_A_PROMOTION,
        )
    return Table.of(path) if job.config is None else reference_rows(job.config, job.dataset, path)
