"""One batch from end to end: what `modelvane report`, `modelvane check` and the flow have in common.

::

    job = Job.of_config(Config.load("config.yaml"))
    reference = load(job)
    period = count_period(job, reference)
    judged = judge_period(job, reference, period.counted)
    keep(job, judged)
    write(judged, html=Path("report.html"), json=Path("report.json"))

Each step takes and gives plain values and opens what it needs itself, so that it can be retried alone.
"""

from modelvane.jobs.job import Job, the_dataset
from modelvane.jobs.labels import Labels, LabelUse
from modelvane.jobs.outputs import check_writable, json_text, make_folder, write, write_text
from modelvane.jobs.progress import Progress, Silent
from modelvane.jobs.steps import (
    CountedPeriod,
    NoRowsError,
    count_period,
    headline,
    judge_period,
    keep,
    load,
    notes_of,
    run,
)

__all__ = [
    "CountedPeriod",
    "Job",
    "LabelUse",
    "Labels",
    "NoRowsError",
    "Progress",
    "Silent",
    "check_writable",
    "count_period",
    "headline",
    "json_text",
    "judge_period",
    "keep",
    "load",
    "make_folder",
    "notes_of",
    "run",
    "the_dataset",
    "write",
    "write_text",
]
