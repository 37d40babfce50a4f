"""What a retrain is told: which dataset, why, and where its outcome goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KEPT_RUNS = 20


@dataclass(frozen=True, slots=True)
class Order:
    """One retrain.

    Parameters
    ----------
    run
        Its name, which begins the names of its files.
    dataset
        Of which dataset.
    config
        The service's config, or ``None`` where it was made in Python.
    alert
        Name of the alert that asked for it.
    since, until
        Event times of the window whose findings are the evidence, seconds since 1970; ``None`` for a window without
        rows.
    folder
        Where its files are.
    """

    run: str
    dataset: str
    config: Path | None
    alert: str
    since: float | None
    until: float | None
    folder: Path

    @property
    def outcome(self) -> Path:
        """Where the run writes its outcome."""
        return self.folder / f"{self.run}.outcome.json"

    @property
    def output(self) -> Path:
        """Where what it says is kept."""
        return self.folder / f"{self.run}.log"

    def parameters(self) -> dict[str, Any]:
        """Give the order as parameters of a flow."""
        return {
            "dataset": self.dataset,
            "config": None if self.config is None else str(self.config),
            "alert": self.alert,
            "since": self.since,
            "until": self.until,
            "outcome": str(self.outcome),
        }

    def environment(self) -> Mapping[str, str]:
        """Give the order as variables of the environment; what is not known is empty."""
        return {
            f"MODELVANE_{name.upper()}": "" if value is None else str(value)
            for name, value in [*self.parameters().items(), ("run", self.run)]
        }


def name_run(dataset: str, at: float) -> str:
    """Give the name of a run that begins at a moment, so that names of one dataset are in order."""
    return f"{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%S.%fZ}-{_safe(dataset)}"


def tidy(folder: Path, dataset: str, keep: int = KEPT_RUNS) -> None:
    """Remove the files of all but the last runs of a dataset; those of others may be running."""
    files = [(run, file) for run, file in _files(folder) if run.partition("-")[2] == _safe(dataset)]
    kept = sorted({run for run, _ in files})[-keep:]
    for run, file in files:
        if run not in kept:
            file.unlink(missing_ok=True)


def _safe(dataset: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in dataset)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for ending in (".outcome.json", ".log"):
        for file in folder.glob(f"*{ending}"):
            yield file.name.removesuffix(ending), file
