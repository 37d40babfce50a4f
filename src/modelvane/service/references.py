"""Another reference for a dataset that is watched: loaded, checked, taken, and kept for the next start."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from modelvane.config import Config
from modelvane.errors import ConfigError, StoreError, UnknownNameError
from modelvane.events import Event, Kind
from modelvane.references import load_reference
from modelvane.service.events import EventBook
from modelvane.service.opening import compared_with
from modelvane.service.switching import champion_now, check_schema, switched
from modelvane.service.watch import Watch
from modelvane.store.protocol import Log
from modelvane.store.writer import GroupCommit


class References:
    """Switches the references of a service's datasets, one at a time.

    Parameters
    ----------
    config
        Of the service.
    watches
        By dataset.
    writer
        Gives the writer of the log, or raises while there is none.
    book
        Where events are kept.
    """

    def __init__(
        self,
        config: Config,
        watches: Mapping[str, Watch],
        writer: Callable[[], GroupCommit],
        book: EventBook,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._watches = watches
        self._writer = writer
        self._book = book
        self._clock = clock
        self._lock = threading.Lock()

    def switch(
        self, dataset: str, file: Path | None = None, *, keeps_rows: bool, champion: str | None = None
    ) -> Event:
        """Compare a dataset with another reference from now on; not for the event loop's thread.

        Parameters
        ----------
        file
            A saved reference, or the data to build one from; the dataset's `reference_file`, read again, by default.
        keeps_rows
            Whether the rows of the window are counted on the new rulers. After a promotion they are not: what the
            champion predicted says nothing of the challenger.
        champion
            The version of the model that others are compared with from now on; the one before by default.

        Returns
        -------
        Event
            As it was kept.

        Raises
        ------
        ModelvaneError
            When the reference cannot be read, has another schema, or the log does not keep the switch. The reference
            before stays then.
        """
        if dataset not in self._watches:
            raise UnknownNameError.of("dataset", dataset, self._watches)
        with self._lock:
            return self._switch(self._watches[dataset], file, keeps_rows=keeps_rows, told=champion)

    def _switch(self, watch: Watch, file: Path | None, *, keeps_rows: bool, told: str | None) -> Event:
        config, name, before = self._config, watch.name, watch.monitor
        if file is not None and not _is_file(file):
            raise ConfigError(
                f"There is no reference of {name!r} to take", received=str(file), expected="a file"
            )
        reference = load_reference(config, name, file)
        check_schema(name, before.reference.schema, reference.schema)
        champion = champion_now(config, name, told=told, before=before)
        monitor, compatible = compared_with(
            config, name, reference, champion=champion and champion.name, clock=self._clock
        )
        configured = config.reference_file(name)
        event_of = switched(
            name,
            file or configured,
            before=before.reference,
            after=reference,
            configured=configured,
            champion=champion,
            keeps_rows=keeps_rows,
            at=self._clock(),
        )
        kept: list[Event] = []

        def record(after: int | None) -> int:
            def write(log: Log) -> int:
                last = log.last(name)[0] if after is None else after
                kept[:] = [event_of(last)]
                log.append_events(kept)
                return last

            return self._writer().call(write).result()

        watch.switch(
            monitor,
            compatible=compatible,
            keeps_rows=keeps_rows,
            undisturbed=lambda read: self._writer().call(read, rows=0, alone=True).result(),
            record=record,
        )
        self._book.note(kept)
        # the switch is kept by now: a log that is slow to say where it stands undoes nothing, and is asked again later
        with suppress(StoreError):
            self._writer().submit_snapshot(name, watch.snapshot())
        return kept[0]

    def take_promoted(self, dataset: str, file: Path, version: str) -> None:
        """Take the reference of a promoted model; one that cannot be taken is an event, and the one before stays.

        Parameters
        ----------
        version
            Its name, the champion's from now on; may be empty.

        Raises
        ------
        StoreError
            When the log keeps neither: it may be tried again.
        """
        try:
            self.switch(dataset, file, keeps_rows=False, champion=version or None)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a file, it is told
            what = f"The reference of the promoted model was not taken, the one before stays: {error}"
            self._book.keep(Event(Kind.REFERENCE_REFUSED, self._clock(), dataset, what, {"file": str(file)}))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # too long a name, a folder that may not be read
        return False
