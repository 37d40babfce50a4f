"""Templates of the live page and the report: one environment, one set of filters and macros."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from modelvane.findings import Verdict
from modelvane.formatting import (
    ago_text,
    duration_text,
    moment_text,
    number_text,
    share_text,
    value_text,
)
from modelvane.naming import cut_text
from modelvane.report import tables, wording
from modelvane.report.history import unit_of
from modelvane.report.triangle import correlation_triangle


@cache
def environment(*packages: str) -> Environment:
    """Give the templates of some packages, those of the report last; undefined names are errors."""
    loaders = [PackageLoader(package, "templates") for package in (*packages, "modelvane.report")]
    made = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "value": value_text,
        "number": number_text,
        "share": share_text,
        "duration": duration_text,
        "moment": moment_text,
        "ago": ago_text,
        "note": tables.note_of,
        "cut": cut_text,
        "segment": lambda name: quote(name, safe=""),
        "iso": lambda seconds: datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds"),
    }
    made.globals |= {
        "Verdict": Verdict,
        "words": wording.WORDS,
        "counted": wording.counted,
        "text_of": tables.text_of,
        "unit_of": unit_of,
        "triangle_of": correlation_triangle,
    }
    return made
