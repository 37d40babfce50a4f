"""The model that a pointer file names, taken anew when the pointer moves, while requests go on."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from examples.shared.identity import identity_of
from examples.shared.versions import VersionError, Versions
from examples.taxi.model import DurationModel
from modelvane.client.health import Model

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MODEL_FILE, REFERENCE_FILE = "model.skops", "reference.parquet"
"""What a version's folder has."""

_log = logging.getLogger("examples.taxi")


class Chosen(NamedTuple):
    """A model and the name of its version."""

    version: str
    model: DurationModel


class _Served(NamedTuple):
    """A model, who it is, and the version before: swapped as one, so that no request sees half of a switch."""

    current: Chosen
    identity: Model
    before: Chosen | None


class FollowedModel:
    """Predicts with the version that the pointer names; safe to use from many threads.

    Another version is loaded whole in a thread beside the requests, then takes its place in one assignment. One that
    cannot be loaded leaves the one before in place, and `fault` says why.

    Parameters
    ----------
    folder
        Of versions, as `examples.shared.versions` keeps them.
    every
        Seconds between two looks at the pointer.
    holdback
        Share of the requests that the version before goes on answering, drawn by chance: traffic of the same kind at
        the same time, by which the two can be compared. One that cannot be loaded answers none.

    Raises
    ------
    VersionError
        When no version is current.
    ModelFileError
        When the current one cannot be loaded: there is none before it.
    """

    def __init__(self, folder: Path, *, every: float = 1.0, holdback: float = 0.0) -> None:
        self.fault: str | None = None
        self._versions = Versions(folder)
        self._every = every
        self._holdback = holdback
        self._random = random.Random()  # noqa: S311 - who is held back is no secret
        self._seen = self._state()
        self._served = self._load()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follow-model", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def version(self) -> str:
        """The version that answers."""
        return self._served.current.version

    @property
    def identity(self) -> Model:
        """Who answers, for ``/metrics``."""
        return self._served.identity

    def choose(self) -> Chosen:
        """Give who answers one request: the current version, or now and then the one before."""
        current, _, before = self._served
        return before if before is not None and self._random.random() < self._holdback else current

    def predict(self, trips: Iterable[Mapping[str, Any]]) -> npt.NDArray[np.float64]:
        """Predict minutes, one per trip, with the current version."""
        return self._served.current.model.predict(trips)

    def look(self) -> None:
        """Take the version that the pointer names, if it has moved."""
        state = self._state()
        if state == self._seen:
            return
        self._seen = state
        try:
            served = self._load()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a file, requests go on
            self.fault = f"{type(error).__name__}: {error}"
            _log.error("Version %s still answers: %s", self.version, self.fault)
            return
        self._served = served
        self.fault = None
        _log.warning("Version %s answers from now on", self.version)

    def close(self) -> None:
        """Follow no longer; the model answers on."""
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._stop.wait(self._every):
            self.look()

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self._versions.pointer.stat()
        except OSError:
            return None
        # a file that replaces another has a number of its own, even within one tick of the clock
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _load(self) -> _Served:
        name = self._versions.current()
        if name is None:
            raise VersionError(
                f"No version is current in {self._versions.folder}",
                available=self._versions.names(),
                remedy="Train one: python -m examples.taxi.retrain --initial",
            )
        folder = self._versions.path(name)
        model = DurationModel.load(folder / MODEL_FILE)
        reference = folder / REFERENCE_FILE
        identity = identity_of(
            "duration", folder / MODEL_FILE, reference=reference if reference.exists() else None
        )
        identity = Model(identity.name, name, identity.trained, identity.reference)
        return _Served(Chosen(name, model), identity, self._load_before())

    def _load_before(self) -> Chosen | None:
        before = self._versions.before() if self._holdback else None
        if before is None:
            return None
        try:
            return Chosen(before, DurationModel.load(self._versions.path(before) / MODEL_FILE))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the current version answers
            _log.warning("Version %s is not held against the current one: %s", before, error)
            return None
