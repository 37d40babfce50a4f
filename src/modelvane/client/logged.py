"""A decorator that logs what a route is asked and answers, and never fails the request."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import wraps
from hashlib import blake2b
from random import random
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from modelvane.client.client import Client

Route = TypeVar("Route", bound=Callable[..., Any])

_PLAIN = (str, int, float, bool)
_MAPPINGS = (dict, Mapping)  # a dict is one without the question to the abstract class, which takes long


def logged(
    client: Client,
    *,
    record: str | Callable[[Mapping[str, Any]], Any] | None = None,
    prediction: str | Callable[[Any], Any] | None = None,
    id: str | Callable[[Any], Any] | None = None,  # noqa: A002 - the column's own name
    share: float = 1.0,
) -> Callable[[Route], Route]:
    """Log what a route is asked and answers; put it below the framework's own decorator.

    Answers that are errors (raised, or a response with a status of 400 or more) are not logged. What goes wrong on
    the way, in a callable given here for example, is a rejected row of the client and told as such, and never reaches
    the request.

    Parameters
    ----------
    client : Client
        Where the predictions go.
    record : str or callable, optional
        What the model was given: the name of the route's argument that holds it, or a function of all its
        arguments by name. By default the only dict, model or dataclass among the arguments; if there is none, or
        several, all that are text or numbers.
    prediction : str or callable, optional
        A key of the answer, or a function of it; by default the answer itself. The answer of a JSON response is
        its content.
    id : str or callable, optional
        A key of the answer or else of the record, or a function of the answer; by default as in `Client.log`.
        Ground truth that comes later is matched by it.
    share : float
        The part of the predictions that is logged, from 0 to 1. It is decided by the id, so that all services
        and repetitions agree; by chance where there is none.

    Raises
    ------
    ValueError
        If `share` is out of range.
    """
    return logging_decorator(client, record, prediction, id, share, _itself, _answer)


def logging_decorator(
    client: Client,
    record: str | Callable[[Mapping[str, Any]], Any] | None,
    prediction: str | Callable[[Any], Any] | None,
    id: str | Callable[[Any], Any] | None,  # noqa: A002 - the column's own name
    share: float,
    arguments_of: Callable[[dict[str, Any]], Mapping[str, Any]],
    answer_of: Callable[[Any], tuple[Any, int]],
) -> Callable[[Route], Route]:
    """Make the decorator for a framework, which says what the arguments are, and the answer and its status."""
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"share is {share!r}. Give the part of the predictions to log, from 0 to 1.")
    taker = _Taker(client, record, prediction, id, share)

    def decorate(route: Route) -> Route:
        names = tuple(inspect.signature(route).parameters)
        called = getattr(route, "__qualname__", None) or repr(route)

        def log(given: tuple[Any, ...], named: dict[str, Any], answer: Any) -> None:
            try:
                value, status = answer_of(answer)
                if status < 400:
                    # frameworks mostly give all by name
                    arguments = {**dict(zip(names, given, strict=False)), **named} if given else named
                    taker.take(arguments_of(arguments), value)
            except Exception as error:  # noqa: BLE001 - never into the request
                client._reject(called, error)  # noqa: SLF001 - its own package

        if inspect.iscoroutinefunction(route) or inspect.iscoroutinefunction(type(route).__call__):

            @wraps(route)
            async def logged_route(*given: Any, **named: Any) -> Any:
                answer = await route(*given, **named)
                log(given, named, answer)
                return answer
        else:

            @wraps(route)
            def logged_route(*given: Any, **named: Any) -> Any:
                answer = route(*given, **named)
                log(given, named, answer)
                return answer

        return logged_route  # type: ignore[return-value] # wraps keeps the signature

    return decorate


class _Taker:
    """Takes record, prediction and id out of a call, and gives them to the client."""

    def __init__(self, client: Client, record: Any, prediction: Any, id: Any, share: float) -> None:  # noqa: A002 - as above
        self._client = client
        self._record = record
        self._prediction = prediction
        self._id = id
        self._share = share
        self._id_field = client._id_field  # noqa: SLF001 - its own package

    def take(self, arguments: Mapping[str, Any], answer: Any) -> None:
        record = self._find_record(arguments)
        name = self._find_id(record, answer)
        if self._share < 1.0 and not (random() if name is None else _place(name)) < self._share:  # noqa: S311 - guards nothing
            return
        self._client._log(record, _pick(self._prediction, answer), name, None, write=True)  # noqa: SLF001 - its own package

    def _find_record(self, arguments: Mapping[str, Any]) -> Any:
        if callable(self._record):
            return self._record(arguments)
        if self._record is not None:
            return _record_of(arguments[self._record])
        # dicts and not any mapping: the framework's own request is one, too
        whole = [value for value in arguments.values() if isinstance(value, dict) or _has_fields(value)]
        if len(whole) == 1:
            return _record_of(whole[0])
        plain = {
            name: value for name, value in arguments.items() if value is None or isinstance(value, _PLAIN)
        }
        if not plain:
            raise LookupError(
                f"no record among the arguments ({', '.join(arguments)}): name the one that is, or make one of them, "
                "by record="
            )
        return plain

    def _find_id(self, record: Any, answer: Any) -> Any:
        if callable(self._id):
            return self._id(answer)
        if self._id is None:
            # the client finds it by itself; a sample needs it sooner
            return _get(record, self._id_field) if self._share < 1.0 else None
        found = _get(answer, self._id)
        found = _get(record, self._id) if found is None else found
        if found is None:
            raise KeyError(f"neither the answer nor the record has an {self._id!r}")
        return found


def is_in(id: object, share: float) -> bool:  # noqa: A002 - as above
    """Say whether a prediction is in the sample: the same for the same id, everywhere.

    Examples
    --------
    >>> sum(is_in(number, 0.25) for number in range(10_000))
    2457
    """
    return _place(id) < share


def _place(id: object) -> float:  # noqa: A002 - as above
    digest = blake2b(str(id).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) / 2.0**64


def _itself(arguments: dict[str, Any]) -> dict[str, Any]:
    return arguments


def _answer(answer: Any) -> tuple[Any, int]:
    status = getattr(answer, "status_code", None)
    if not isinstance(status, int):
        return answer, 200
    if status < 400 and getattr(answer, "media_type", None) == "application/json":
        return json.loads(answer.body), status
    return answer, status


def _has_fields(value: Any) -> bool:
    return hasattr(type(value), "model_fields") or is_dataclass(value)


def _record_of(value: Any) -> Any:
    if isinstance(value, dict) or not is_dataclass(value):
        return value
    return {part.name: getattr(value, part.name) for part in fields(value)}


def _get(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, _MAPPINGS) else getattr(holder, name, None)


def _pick(wanted: Any, answer: Any) -> Any:
    if wanted is None:
        return answer
    if callable(wanted):
        return wanted(answer)
    return answer[wanted] if isinstance(answer, _MAPPINGS) else getattr(answer, wanted)
