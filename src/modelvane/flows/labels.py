"""Late labels of a file, into the log that a run reads."""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path

from modelvane.errors import ConfigError
from modelvane.jobs import Job
from modelvane.schema import Schema
from modelvane.store import open_log
from modelvane.transfer.label_files import LabelColumns, LabelFile
from modelvane.transfer.labels import Imported, LogSink, import_labels
from modelvane.transfer.posting import ServiceSink


def import_file(job: Job, schema: Schema, file: Path, service: str | None) -> Imported:
    """Keep the labels of a file, as `modelvane labels import` does; the same file again changes nothing.

    Parameters
    ----------
    service
        Address of the service that has the log open, which then takes them; its token is in ``MODELVANE_TOKEN``.

    Raises
    ------
    ModelvaneError
        When the file is none of labels, or they cannot be kept.
    """
    if job.config is None:
        raise ConfigError("Labels go into the log of a config")
    labels = LabelFile(file, LabelColumns.of(schema, None, None, None))
    if service is not None:
        sink = ServiceSink(service, job.dataset, os.environ.get("MODELVANE_TOKEN"))
        return import_labels(labels, schema, sink)
    with closing(open_log(job.config.store_url, durability=job.config.service.durability)) as log:
        log.open(job.dataset, schema)
        return import_labels(labels, schema, LogSink(log, job.dataset, time.time()))
