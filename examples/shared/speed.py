"""How fast the past is replayed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from modelvane.errors import ConfigError

_SPEED = re.compile(r"(\d+(?:\.\d+)?)(/s|x)?")


@dataclass(frozen=True)
class Speed:
    """Requests per second, times real time, or (neither) as fast as the service answers."""

    per_second: float | None = None
    times_real: float | None = None

    @classmethod
    def parse(cls, text: str) -> Speed:
        """Read ``50`` or ``50/s`` (requests per second), ``600x`` (times real time) or ``max``.

        Raises
        ------
        ConfigError
            The text is none of these.

        >>> Speed.parse("600x")
        Speed(per_second=None, times_real=600.0)
        """
        if text == "max":
            return cls()
        match = _SPEED.fullmatch(text)
        if match is None or float(match[1]) == 0:
            raise ConfigError("A speed is unknown", received=text, expected="50/s, 600x or max")
        value = float(match[1])
        return cls(times_real=value) if match[2] == "x" else cls(per_second=value)

    def due(self, number: int, stream_seconds: float) -> float:
        """Tell how many seconds after the start a request is due.

        Parameters
        ----------
        number
            Requests before it.
        stream_seconds
            Its own time, in seconds after that of the first.
        """
        if self.per_second is not None:
            return number / self.per_second
        return 0.0 if self.times_real is None else stream_seconds / self.times_real
