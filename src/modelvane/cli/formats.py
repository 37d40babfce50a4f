"""What was found, as people read it in a terminal, and as CI reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from xml.etree import ElementTree as ET

from modelvane.batch import Judged
from modelvane.catalogue import titles
from modelvane.findings import Family, Finding, Verdict
from modelvane.formatting import value_text
from modelvane.jobs import headline, json_text
from modelvane.report.history import unit_of
from modelvane.report.wording import WORDS, title_of

_JUDGED = (Verdict.OK, Verdict.CHANGED, Verdict.ALARM, Verdict.UNDEFINED)
_MOST_ROWS = 40
# what XML 1.0 has no form for
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(judged: Judged) -> str:
    """Give a sentence, and a table of what changed; of drift also what did not, while that is short."""
    drift = [
        finding
        for finding in judged.findings
        if finding.family is Family.DRIFT and finding.segment is None and finding.verdict in _JUDGED
    ]
    changed = [f for f in judged.findings if f.verdict in (Verdict.ALARM, Verdict.CHANGED)]
    shown = {finding.key: finding for finding in (*changed, *drift) if finding.family is not Family.DATASET}
    rows = list(shown.values())[:_MOST_ROWS]
    lines = [headline(judged)]
    if rows:
        lines.append(_table([_HEAD, *map(_row, rows)]))
    if len(shown) > len(rows):
        lines.append(f"... and {len(shown) - len(rows)} more: modelvane report shows all of them.")
    return "\n".join(lines) + "\n"


_HEAD = ("", "column", "measure", "value", "noise floor", "usual range", "limit", "cause")


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Give a table without the columns that are empty."""
    from modelvane.cli.tables import table_text  # noqa: PLC0415 - rich, for people only

    kept = [at for at in range(len(_HEAD)) if any(row[at] for row in rows[1:])]
    head, *body = [[row[at] for at in kept] for row in rows]
    return table_text(head, body)


def _row(finding: Finding) -> tuple[str, ...]:
    unit = unit_of(finding)
    lines = (
        "" if line is None else value_text(line, unit)
        for line in (finding.noise_floor, finding.usual_range, finding.threshold)
    )
    return (
        WORDS[finding.verdict],
        _where(finding),
        title_of(finding.measure, titles()),
        value_text(finding.value, unit),
        *lines,
        # the first of several: the report has them all
        finding.cause.partition("; ")[0] or (finding.why if finding.value is None else ""),
    )


def junit(judged: Judged) -> str:
    """Give JUnit's XML: a test case for each finding that has a verdict, a failure for each alarm."""
    suites = ET.Element("testsuites", name="modelvane")
    cases = [finding for finding in judged.findings if finding.verdict in _JUDGED]
    alarms = sum(finding.verdict is Verdict.ALARM for finding in cases)
    skipped = sum(finding.verdict is Verdict.UNDEFINED for finding in cases)
    counts = {"tests": str(len(cases)), "failures": str(alarms), "errors": "0", "skipped": str(skipped)}
    suite = ET.SubElement(suites, "testsuite", {"name": _xml(judged.dataset), **counts})
    for finding in cases:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=_xml(f"{judged.dataset}.{finding.family}"),
            name=_xml(_named(finding)),
        )
        if finding.verdict is Verdict.ALARM:
            failure = ET.SubElement(case, "failure", type="alarm", message=_xml(_sentence(finding)))
            failure.text = _xml(finding.cause)
        elif finding.verdict is Verdict.UNDEFINED:
            ET.SubElement(case, "skipped", message=_xml(finding.why))
        elif finding.verdict is Verdict.CHANGED:
            ET.SubElement(case, "system-out").text = _xml(_sentence(finding))
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _xml(said: str) -> str:
    return _NO_XML.sub("\ufffd", said)


def github(judged: Judged) -> str:
    """Give GitHub's annotations: an error for each alarm, a warning for each change, a notice of the whole."""
    kinds = {Verdict.ALARM: "error", Verdict.CHANGED: "warning"}
    lines = [_command("notice", "modelvane", headline(judged))]
    lines += [
        _command(kinds[finding.verdict], f"{judged.dataset}: {_named(finding)}", _sentence(finding))
        for finding in judged.findings
        if finding.verdict in kinds and finding.family is not Family.DATASET
    ]
    return "\n".join(lines) + "\n"


def _command(kind: str, title: str, message: str) -> str:
    return f"::{kind} title={_escaped(title, ':,')}::{_escaped(message)}"


def _escaped(said: str, also: str = "") -> str:
    for sign in "%\r\n" + also:
        said = said.replace(sign, f"%{ord(sign):02X}")
    return said


def _named(finding: Finding) -> str:
    title = title_of(finding.measure, titles())
    return f"{title} of {_where(finding)}" if _where(finding) else title


def _where(finding: Finding) -> str:
    return " in ".join(filter(None, (finding.column, finding.segment)))


def _sentence(finding: Finding) -> str:
    return (
        f"{_named(finding)} is {value_text(finding.value, unit_of(finding))}, {'; '.join(_beside(finding))}"
    )


def _beside(finding: Finding) -> Iterator[str]:
    lines = {
        "noise floor": finding.noise_floor,
        "usual range": finding.usual_range,
        "limit": finding.threshold,
    }
    known = [
        f"{name} {value_text(line, unit_of(finding))}" for name, line in lines.items() if line is not None
    ]
    yield ", ".join(known) or "none is expected"
    if finding.cause:
        yield finding.cause


FORMATS: Mapping[str, Callable[[Judged], str]] = {
    "text": text,
    "junit": junit,
    "github": github,
    "json": json_text,
}
