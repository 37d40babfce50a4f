"""What a retrain is told: which dataset, why, and where its outcome goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


def tidy(folder: Path, keep: int = KEPT_RUNS) -> None:
    """Remove the files of all but the last runs."""
    runs = sorted({_run_of(file) for file in _files(folder)})
    dropped = set(runs[:-keep])
    for file in _files(folder):
        if _run_of(file) in dropped:
            file.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    for ending in (".outcome.json", ".log"):
        yield from folder.glob(f"*{ending}")


def _run_of(file: Path) -> str:
    return file.name.removesuffix(".log").removesuffix(".outcome.json")
