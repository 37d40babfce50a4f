"""The JSON twin of a report, and the schema that describes it."""

from __future__ import annotations

from typing import Any

import msgspec

from modelvane.batch import Judged
from modelvane.report.contents import Contents, contents_of

SCHEMA = "urn:modelvane:report:1"
"""Name of the twin's schema: another one when a reader of this one would stumble."""


def report_json(judged: Judged) -> dict[str, Any]:
    """Give the report as plain JSON values; docs/report.schema.json describes them."""
    # through the encoder, which has no way to write what JSON has none for
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(contents_of(judged)))
    return {"$schema": SCHEMA, **plain}


def schema() -> dict[str, Any]:
    """Give the JSON schema (2020-12) of `report_json`."""
    (root,), parts = msgspec.json.schema_components([Contents], ref_template="#/$defs/{name}")
    described = parts.pop(Contents.__name__)
    assert root == {"$ref": "#/$defs/Contents"}  # noqa: S101 - how msgspec names a dataclass
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA,
        **described,
        "title": "A report of modelvane",
        "properties": {"$schema": {"const": SCHEMA}, **described["properties"]},
        "required": ["$schema", *described["required"]],
        "$defs": parts,
    }
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(whole))
    return plain
