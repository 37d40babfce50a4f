"""The monitor's findings as a table on the terminal."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import requests
from rich.box import SIMPLE_HEAD
from rich.table import Table

from examples.shared.processes import PATIENCE
from modelvane.errors import ModelvaneError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.console import Console

_STYLES = {"alarm": "bold red", "changed": "yellow", "ok": "green"}
_WORTH_SHOWING = {"alarm", "changed"}
_ALWAYS_SHOWN = {"performance", "dataset", "attribution"}


class FindingsError(ModelvaneError):
    """The monitor has no findings to show, or they are not what the replay must lead to."""


def fetch_findings(
    monitor: str, dataset: str, *, since: float, check: Callable[[], None], patience: float = PATIENCE
) -> dict[str, Any]:
    """Ask the monitor until its findings are younger than a moment.

    Parameters
    ----------
    monitor
        Base address.
    dataset
        Name of the dataset.
    since
        Seconds since the epoch; older findings do not know the last rows yet.
    check
        Called between two attempts; raises what should end the wait.
    patience
        Seconds to wait at most.

    Raises
    ------
    FindingsError
        None in time, or an answer that is no success.
    """
    url = f"{monitor}/v1/datasets/{dataset}/findings"
    deadline = time.monotonic() + patience
    with requests.Session() as session:
        session.trust_env = False
        while True:
            check()
            answer = session.get(url, timeout=30)
            if not answer.ok:
                raise FindingsError(f"{url} answered {answer.status_code}", received=answer.text[:500])
            findings: dict[str, Any] = answer.json()
            if findings["computed_at"] >= since:
                return findings
            if time.monotonic() > deadline:
                raise FindingsError(
                    f"The findings at {url} are not renewed", received=findings["computed_at"]
                )
            time.sleep(0.3)


def print_summary(findings: Mapping[str, Any], console: Console) -> None:
    """Print what changed and how good the predictions are; of the rest only how many are in order."""
    title = f"Dataset {findings['dataset']}: {findings['verdict']}, {findings['rows']} rows"
    table = Table(title=title, box=SIMPLE_HEAD)
    for heading in ("family", "measure", "column"):
        table.add_column(heading, overflow="fold")
    for heading in ("value", "noise floor", "usual range"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    shown = [one for one in findings["findings"] if _is_worth_showing(one)]
    for one in sorted(shown, key=lambda one: (one["family"], one["measure"], one["column"] or "")):
        verdict = one["verdict"]
        table.add_row(
            one["family"],
            one["measure"],
            _place(one),
            _number(one["value"], one["unit"]),
            _number(one["noise_floor"]),
            _number(one["usual_range"]),
            f"[{_STYLES.get(verdict, 'dim')}]{verdict}[/]",
        )
    console.print(table)
    counts = Counter(one["verdict"] for one in findings["findings"])
    console.print(
        "All findings: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
    )


def require_drift(findings: Mapping[str, Any]) -> None:
    """Refuse findings without an alarm of drift: what is replayed differs from the reference.

    Raises
    ------
    FindingsError
        With the verdicts that were given instead.
    """
    drift = [one for one in findings["findings"] if one["family"] == "drift"]
    if not any(one["verdict"] == "alarm" for one in drift):
        raise FindingsError(
            "No drift was found, and there is drift in what was replayed",
            received=dict(Counter(one["verdict"] for one in drift)),
            expected="at least one column in alarm",
        )


def _is_worth_showing(finding: Mapping[str, Any]) -> bool:
    whole = finding["column"] is None and finding["segment"] is None and finding["value"] is not None
    return finding["verdict"] in _WORTH_SHOWING or (finding["family"] in _ALWAYS_SHOWN and whole)


def _place(finding: Mapping[str, Any]) -> str:
    return " / ".join(str(finding[key]) for key in ("column", "segment", "label") if finding[key] is not None)


def _number(value: float | None, unit: str = "") -> str:
    return "" if value is None else f"{value:.4g} {unit}".rstrip()
