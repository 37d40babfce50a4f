"""Write the generated pages of this folder again: ``python -m docs.generate``."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from docs import alerts, commands
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from modelvane.breakdown import Breakdown
from modelvane.compat import MONITORS
from modelvane.config import (
    AlertsSection,
    AttributionSection,
    BatchSection,
    Config,
    DatasetAlertsSection,
    DatasetSection,
    FairnessSection,
    LinksSection,
    PredictionServiceSection,
    RetrainSection,
    ServiceSection,
)
from modelvane.divergences import DIVERGENCES
from modelvane.exposition import docs as series
from modelvane.report import twin as report
from modelvane.schema import Kind

FOLDER = Path(__file__).parent

_INTRODUCTION = """\
# Configuration

<!-- Written by `python -m docs.generate`; a test compares. -->

`modelvane serve --config config.yaml` reads one YAML file. This is a whole one; every setting but the dataset's name
has a default:

```yaml
datasets:
  taxi:                               # its name is part of the URLs
    reference_file: january.parquet   # what current rows are compared with
    column_mapping:
      numerical_features: [trip_distance]
      categorical_features: [PULocationID, DOLocationID]
      target: duration
    window: {rows: 5000}
service:
  port: 8085
```

Paths are taken from the folder of the file. A setting that does not exist is refused, with the nearest one that does;
so are columns, methods and measures that the reference does not have. The `config.yaml` of Evidently's 2022 monitoring
service is read unchanged (see [Migrating](migrating-from-evidently.md)).

A reference that is built from data is kept in a folder beside the log, `<log>.references`, or beside the data where
the log is in PostgreSQL or MongoDB, and built again when the data, the dataset's settings or modelvane change. The
folder may be removed at any time.

A reference that was written without the model's predictions needs the model: `model: package.module:function` names a
function that takes the reference's columns as a pyarrow table and returns one prediction per row (for probabilities a
mapping of column and values). It is imported from Python's path, or from the config's folder, and asked when the
reference is built; its own module's file counts as a setting, what it loads does not.

```python
import pyarrow as pa


def duration(trips: pa.Table) -> list[float]:
    return [4 * miles + 3 for miles in trips["trip_distance"].to_pylist()]
```

`batch` at the top is for every dataset; `datasets.<name>.batch` says what differs for one.
See [the batch watch](batch.md).

A value that is a secret can be in a file of its own, such as those that containers are given: `store: !file
/run/secrets/store_url` stands for the text of that file.

The service listens on this machine alone unless `service.host` says otherwise. Give it tokens before it listens on
others: `service.tokens.ingest` for posting, `service.tokens.read` for pages, findings and `/metrics`, each sent as
`Authorization: Bearer <token>`. `/healthz`, `/readyz` and `/docs` need none. A browser that is asked for a name and a
password is given any name, and the token for reading as the password.
"""


def pages() -> Mapping[str, str]:
    """Give the text of every generated page by its name."""
    return {
        "alerts.md": alerts.page(),
        "command-line.md": commands.page(),
        "configuration.md": configuration(),
        "report.schema.json": json.dumps(report.schema(), indent=2) + "\n",
        "series.md": series.page(),
    }


def configuration() -> str:
    """Give the reference page of all settings, from the settings themselves."""
    parts = [_INTRODUCTION]
    of_datasets = set(_settings(DatasetAlertsSection))
    at_the_top = (setting for setting in _settings(Config) if "." not in setting[0])
    for title, settings in (
        ("At the top", at_the_top),
        (
            "`datasets.<name>`",
            (
                row
                for row in _settings(DatasetSection)
                if not row[0].startswith(("`alerts.", "`attribution", "`batch.", "`retrain"))
            ),
        ),
        ("`datasets.<name>.fairness`", _settings(FairnessSection)),
        ("`datasets.<name>.attribution`", _settings(AttributionSection)),
        ("`datasets.<name>.retrain`", _settings(RetrainSection)),
        ("`service`", _settings(ServiceSection)),
        ("`batch`, and `datasets.<name>.batch`", _settings(BatchSection)),
        ("`prediction_services.<name>`", _settings(PredictionServiceSection)),
        ("`links`", _settings(LinksSection)),
        ("`alerts`, and `datasets.<name>.alerts`", _settings(DatasetAlertsSection)),
        ("`alerts`", (row for row in _settings(AlertsSection) if row not in of_datasets)),
    ):
        parts += [f"## {title}\n", *_table(("setting", "value", "default", ""), settings), ""]
    for kind in Kind:
        names = sorted(name for name, each in DIVERGENCES.items() if kind in each.kinds)
        parts += [f"Methods for {kind} columns: {', '.join(f'`{name}`' for name in names)}.", ""]
    parts += [f"The 2022 monitors: {', '.join(f'`{name}`' for name in MONITORS)}.", ""]
    return "\n".join(parts)


def _settings(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, ...]]:
    for name, info in model.model_fields.items():
        if info.exclude:
            continue
        section = _section(info.annotation)
        if section is not None:
            yield from _settings(section, f"{prefix}{name}.")
        else:
            yield f"`{prefix}{name}`", _type(info.annotation), _default(info), info.description or ""


def _section(annotation: Any) -> type[BaseModel] | None:
    """Give the section that a setting is, or may be."""
    parts = get_args(annotation) if get_origin(annotation) in (types.UnionType, Union) else (annotation,)
    return next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None)


def _type(annotation: Any) -> str:
    """Say in words what a value may be."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(parts[0])
    if origin in (types.UnionType, Union):
        return " or ".join(dict.fromkeys(_type(part) for part in parts if part is not types.NoneType))
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    if origin is dict:
        what = (
            "sections" if isinstance(parts[1], type) and issubclass(parts[1], BaseModel) else _type(parts[1])
        )
        return f"{what} by name"
    if origin in (list, tuple):
        is_section = isinstance(parts[0], type) and issubclass(parts[0], BaseModel)
        return f"list of {'sections' if is_section else _type(parts[0])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{each.value}`" for each in annotation)
    words = {
        str: "text",
        int: "whole number",
        float: "number",
        bool: "`true` or `false`",
        Path: "path",
        Breakdown: "columns, pairs and bins",
    }
    return words.get(annotation, "list of text")


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    value = info.default
    if value is None or value in ([], {}, ()):
        return ""
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> list[str]:
    lines = [head, ("---",) * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


if __name__ == "__main__":
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
