"""The series that a running monitor gives now."""

from __future__ import annotations

from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from prometheus_client.parser import text_string_to_metric_families

from modelvane.errors import ConfigError
from modelvane.plan.expected import Sample, samples_of

_SECONDS = 30.0
_UNAUTHORIZED = 401


def live_series(url: str, token: str | None = None) -> frozenset[Sample]:
    """Ask a monitor for its series.

    Parameters
    ----------
    url
        Of the monitor, such as ``http://127.0.0.1:8085``.
    token
        For reading, where the monitor asks for one.

    Raises
    ------
    ConfigError
        When nobody answers there, or somebody else does.
    """
    address = f"{url.rstrip('/')}/metrics"
    if not address.startswith(("http://", "https://")):
        raise ConfigError("This is no address of a monitor", received=url, expected="http://127.0.0.1:8085")
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        with urlopen(Request(address, headers=headers), timeout=_SECONDS) as answer:  # noqa: S310 - checked above
            families = list(text_string_to_metric_families(answer.read().decode()))
    except HTTPError as error:
        remedy = "Name the token in service.tokens.read" if error.code == _UNAUTHORIZED else ""
        raise ConfigError(
            f"{address} does not give its series", received=str(error), remedy=remedy
        ) from error
    except (URLError, OSError) as error:
        raise ConfigError(f"No monitor answers at {address}", received=str(error)) from error
    except ValueError as error:
        raise ConfigError(f"{address} gives no series", received=str(error)) from error
    own = (family for family in families if family.name.startswith("modelvane_"))
    return frozenset(samples_of(own))
