"""How long after a retrain no other starts."""

from __future__ import annotations

from msgspec import Struct

from modelvane.config import RetrainSection


class Pause(Struct, frozen=True):
    """What the last retrain means for the next one.

    Parameters
    ----------
    since
        When the last one began, seconds since 1970; ``None`` where there was none.
    was_early
        Whether it had too little to decide on, and so is no reason to wait for the whole cool-down.
    """

    since: float | None = None
    was_early: bool = False

    def reason(self, settings: RetrainSection, now: float) -> str:
        """Say why no retrain may start yet; nothing when one may.

        >>> settings = RetrainSection(command=("true",), cooldown="6h", retry="10min")
        >>> Pause(1000.0).reason(settings, 1700.0)
        'the last one began 700 s ago, and the cool-down is 21600 s'
        >>> Pause(1000.0, was_early=True).reason(settings, 1700.0)
        ''
        """
        if self.since is None:
            return ""
        gone, cooldown = now - self.since, settings.cooldown_seconds
        length = min(cooldown, settings.retry_seconds) if self.was_early else cooldown
        # a start that is still to come was told by a clock that has been set right since
        if not 0 <= gone < length:
            return ""
        if self.was_early:
            return f"the last one began {gone:.0f} s ago and was too early; the next comes after {length:g} s"
        return f"the last one began {gone:.0f} s ago, and the cool-down is {length:g} s"
