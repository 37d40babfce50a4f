"""Files of a report: whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelvane.jobs import check_writable, write_text
from modelvane.jobs.outputs import OutputError


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_was_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException) -> None:
    """An interrupt or a full disk while a file is written leaves the one before, and nothing beside it."""
    report = tmp_path / "report.html"
    report.write_text("earlier")
    write = Path.write_text

    def half(self: Path, text: str, **options: str) -> None:
        write(self, text[: len(text) // 2], **options)
        raise fault

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OutputError if isinstance(fault, OSError) else KeyboardInterrupt):
        write_text(report, "later, and longer")
    assert report.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [report]


def test_a_file_changes_in_one_step(tmp_path: Path) -> None:
    """Whoever has the earlier report open reads it to its end."""
    report = tmp_path / "report.html"
    report.write_text("earlier")
    with report.open() as reader:
        write_text(report, "later")
        assert reader.read() == "earlier"
    assert report.read_text() == "later"


def test_looking_changes_nothing(tmp_path: Path) -> None:
    """Whether a file can be written is found out without touching the one that is there."""
    report = tmp_path / "report.html"
    report.write_text("earlier")
    check_writable(report)
    check_writable(tmp_path / "another.html")
    assert report.read_text() == "earlier"
    assert list(tmp_path.iterdir()) == [report]
