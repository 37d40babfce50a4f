"""Reports into files: whole or not at all, and refused before the work where they cannot be written."""

from __future__ import annotations

import json
import os
from pathlib import Path

from modelvane.batch import Judged
from modelvane.errors import ModelvaneError


class OutputError(ModelvaneError):
    """A file cannot be written."""


def check_writable(path: Path) -> None:
    """Check that a file can be written, without touching one that is there.

    Raises
    ------
    OutputError
        When its folder is not there, it is a folder itself, or it may not be written.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder", expected="the name of a file")
    part = _part(path)
    try:
        part.touch()
        part.unlink()
    except OSError as error:
        raise _refused(path, error) from error


def make_folder(path: Path) -> None:
    """Make the folder of reports, if it is not there.

    Raises
    ------
    OutputError
        When it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder of reports cannot be made: {path}: {error.strerror}",
            remedy="Name another: batch.output",
        ) from error


def write(judged: Judged, *, html: Path | None = None, json: Path | None = None) -> None:
    """Write the report of what was found, as one HTML file, as JSON, or both.

    Raises
    ------
    OutputError
        When a file cannot be written; what was there before stays.
    """
    if html is not None:
        write_text(html, render(judged))
    if json is not None:
        write_text(json, json_text(judged))


def render(judged: Judged) -> str:
    """Give the HTML report."""
    from modelvane.report.document import render_report  # noqa: PLC0415 - charts, where somebody looks at them

    return render_report(judged)


def json_text(judged: Judged) -> str:
    """Give the report as JSON text, which ends with a new line."""
    from modelvane.report.document import report_json  # noqa: PLC0415 - as above

    return json.dumps(report_json(judged), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write a file in one step: whoever looks sees the old one or the new one.

    Raises
    ------
    OutputError
        When it cannot be written; what was there before stays.
    """
    part = _part(path)
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        # an interrupt, too, leaves nothing half written
        part.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _refused(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path} cannot be written: {error.strerror}", remedy="Give another path, in a folder that is there"
    )
