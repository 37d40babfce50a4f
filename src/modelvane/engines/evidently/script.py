"""What runs beside Evidently, in a Python that may have neither modelvane nor its packages.

::

    python -I script.py job.json answer.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

NOT_INSTALLED = 3
"""Exit code where there is no Evidently."""


def main(job_file: str, answer_file: str) -> int:
    """Read a job, write Evidently's report and its values."""
    try:
        import evidently  # noqa: PLC0415 - whether it is there is the first thing to find out
    except ModuleNotFoundError as error:
        if error.name != "evidently":
            raise
        return NOT_INSTALLED
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    snapshot = _report(job).run(_dataset(job, "current"), _dataset(job, "reference"))
    snapshot.save_html(job["html"])
    answer = {
        "version": evidently.__version__,
        "metrics": [_plain(one) for one in snapshot.dict()["metrics"]],
    }
    Path(answer_file).write_text(json.dumps(answer, default=_of_numpy), encoding="utf-8")
    return 0


def _dataset(job: dict[str, Any], side: str) -> Any:
    import pandas  # noqa: PLC0415, ICN001 - of that environment
    from evidently import DataDefinition, Dataset  # noqa: PLC0415 - as above

    definition = DataDefinition(
        timestamp=job["time"],
        numerical_columns=job["numerical"],
        categorical_columns=job["categorical"],
        **_tasks(job["performance"]),
    )
    return Dataset.from_pandas(pandas.read_parquet(job[side]), data_definition=definition)


def _tasks(performance: dict[str, Any] | None) -> dict[str, Any]:
    from evidently import BinaryClassification, MulticlassClassification, Regression  # noqa: PLC0415 - as above

    if performance is None:
        return {}
    options = {name: value for name, value in performance.items() if name != "task"}
    if performance["task"] == "regression":
        return {"regression": [Regression(**options)]}
    kind = BinaryClassification if performance["task"] == "binary" else MulticlassClassification
    return {"classification": [kind(**options)]}


def _report(job: dict[str, Any]) -> Any:
    from evidently import Report  # noqa: PLC0415 - as above
    from evidently.metrics import ValueDrift  # noqa: PLC0415 - as above
    from evidently.presets import (  # noqa: PLC0415 - as above
        ClassificationPreset,
        DataDriftPreset,
        DataSummaryPreset,
        RegressionPreset,
    )

    parts: list[Any] = [DataDriftPreset(columns=job["drift"])]
    if job["performance"] is not None:
        parts.append(
            RegressionPreset() if job["performance"]["task"] == "regression" else ClassificationPreset()
        )
    parts.append(DataSummaryPreset())
    parts += [ValueDrift(column=column, method=method) for column, method in job["methods"]]
    return Report(parts)


def _plain(metric: dict[str, Any]) -> dict[str, Any]:
    config = dict(metric["config"])
    name = config.pop("type").rpartition(":")[2]
    return {
        "metric": name,
        "config": {k: v for k, v in config.items() if k != "tests"},
        "value": metric["value"],
    }


def _of_numpy(value: Any) -> Any:
    # numpy's numbers have `item`; what is left are Evidently's own enumerations
    return value.item() if hasattr(value, "item") else str(value)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
