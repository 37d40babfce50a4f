"""The JSON twin: plain values, described by a published schema."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from tests.report import samples

from modelvane.report.document import report_json
from modelvane.report.twin import SCHEMA, schema

PUBLISHED = Path(__file__).resolve().parents[2] / "docs" / "report.schema.json"
KINDS = (
    samples.regression,
    samples.binary,
    samples.probabilities,
    samples.classes,
    samples.features,
    samples.empty,
    samples.null_column,
    samples.hostile,
)


def test_the_published_schema_is_that_of_the_code() -> None:
    """docs/report.schema.json is what ``python -m docs.generate`` writes."""
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == schema()


def test_the_schema_is_one() -> None:
    """The published schema is valid by its own dialect, and its name is in every twin."""
    jsonschema.Draft202012Validator.check_schema(schema())
    assert schema()["$id"] == SCHEMA == report_json(samples.features())["$schema"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_twin_is_as_the_schema_says(kind) -> None:
    """Whatever was judged, the twin fits the schema, and no number is one that JSON has none for."""
    twin = report_json(kind())
    assert json.loads(json.dumps(twin, allow_nan=False)) == twin
    jsonschema.validate(twin, schema())


@pytest.mark.parametrize("kind", KINDS)
def test_shares_are_written_in_one_way(kind) -> None:
    """No text of a report has a percent sign at a digit: there is a narrow space between them everywhere."""
    assert not re.findall(r"[^\n\"]*\d%", json.dumps(report_json(kind()), ensure_ascii=False))


def test_the_schema_refuses_what_no_report_says() -> None:
    """A missing part, a verdict that does not exist and a count that is a text are each refused."""
    for change in ({"verdict": "perhaps"}, {"rows": "many"}, {"$schema": "urn:other"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**report_json(samples.features()), **change}, schema())
    twin = report_json(samples.features())
    del twin["columns"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(twin, schema())


def test_the_twin_holds_every_finding() -> None:
    """What the findings say of all rows and of every segment is in the twin as it is."""
    judged = samples.regression()
    found = json.loads(json.dumps([finding.to_dict() for finding in judged.findings]))
    assert report_json(judged)["findings"] == found
