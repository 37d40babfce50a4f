"""Rows out, Evidently's report in."""

from __future__ import annotations

import json
import logging
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from modelvane.engines.evidently import script
from modelvane.engines.evidently.interpreter import EvidentlyError, find_interpreter, missing
from modelvane.engines.evidently.rows import layout, write_rows
from modelvane.engines.source import Source, whole_batches
from modelvane.performance import PerformanceRuler
from modelvane.reference import Reference

_log = logging.getLogger("modelvane.evidently")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What Evidently made.

    Parameters
    ----------
    html
        Its report, which opens offline.
    version
        Of Evidently.
    values
        What it computed: of each metric its ``metric`` (the name), ``config`` and ``value``.
    left_out
        Columns that have no value on one side: Evidently stops at them, so it was not shown their drift.
    """

    html: str
    version: str
    values: Sequence[Mapping[str, Any]]
    left_out: tuple[str, ...]


def render(
    reference: Reference,
    rows: Source,
    current: Source,
    *,
    methods: Mapping[str, Iterable[str]] | None = None,
    python: str | None = None,
) -> Rendered:
    """Let Evidently compare the rows of a source with the reference's, and report on them.

    It sees whole data frames: memory grows with the rows, and so does time (tens of seconds for a million).

    Parameters
    ----------
    reference
        Says which columns there are, and what they are for.
    rows
        What the reference was built from, which it does not keep.
    current
        The rows to compare.
    methods
        Further drift tests by column, by Evidently's names; its own choice of tests is always there.
    python
        Which Python has Evidently; see `find_interpreter`.

    Raises
    ------
    EvidentlyError
        When it is not installed, or fails.
    """
    interpreter = find_interpreter(python)
    schema = reference.schema
    with TemporaryDirectory(prefix="modelvane-evidently-") as name:
        folder = Path(name)
        files = {side: folder / f"{side}.parquet" for side in ("reference", "current")}
        known = write_rows(whole_batches(rows, schema), schema, files["reference"])
        seen = write_rows(whole_batches(current, schema), schema, files["current"])
        compared = [c.name for c in schema.measured if known[c.name] and seen[c.name]]
        if not compared:
            raise EvidentlyError(
                f"There is nothing that Evidently could compare in {current.name}",
                received="no value in any column that the reference has values of",
            )
        has_truth = schema.target is not None and schema.target.name in compared
        job = {
            **{side: str(file) for side, file in files.items()},
            **_definition(reference),
            "drift": compared,
            "performance": _performance(reference.performance) if has_truth else None,
            "methods": [[column, test] for column, tests in (methods or {}).items() for test in tests],
            "html": str(folder / "report.html"),
        }
        answer = _run(interpreter, folder, job)
        html = (folder / "report.html").read_text(encoding="utf-8")
    left_out = tuple(column.name for column in schema.measured if column.name not in compared)
    return Rendered(html, answer["version"], answer["metrics"], left_out)


def _definition(reference: Reference) -> dict[str, Any]:
    kinds = {field.name: str(field.type) for field in layout(reference.schema)}
    time = reference.schema.time
    return {
        "numerical": [name for name, kind in kinds.items() if kind == "double"],
        "categorical": [name for name, kind in kinds.items() if kind == "string"],
        "time": None if time is None else time.name,
    }


def _performance(ruler: PerformanceRuler | None) -> dict[str, Any] | None:
    """Give in which of Evidently's ways predictions are held against targets."""
    if ruler is None:
        return None
    first = ruler.predictions[0]
    if ruler.regression is not None:
        return {"task": "regression", "target": ruler.target, "prediction": first}
    if ruler.scores is None:
        return {"task": "multiclass", "target": ruler.target, "prediction_labels": first}
    if not ruler.scores.is_binary:
        return {"task": "multiclass", "target": ruler.target, "prediction_probas": list(ruler.predictions)}
    positive = ruler.scores.names[0]
    return {"task": "binary", "target": ruler.target, "prediction_probas": first, "pos_label": positive}


def _run(interpreter: str, folder: Path, job: Mapping[str, Any]) -> Any:
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    # isolated, so that neither modules beside the script nor those of this project take the place of others;
    # a report says nothing to anybody else about who makes it
    command = [interpreter, "-I", script.__file__, str(folder / "job.json"), str(folder / "answer.json")]
    environ = {"DO_NOT_TRACK": "1", **os.environ}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    if done.returncode == script.NOT_INSTALLED:
        raise missing(interpreter)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise EvidentlyError(f"Evidently failed in {interpreter}: {said[-1]}")
    _log.debug("Evidently said: %s", done.stderr)
    return json.loads((folder / "answer.json").read_text(encoding="utf-8"))
