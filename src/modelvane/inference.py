"""A schema from the reference's own types, where the config does not give it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

import pyarrow as pa
from msgspec import structs

from modelvane.breakdown import breakdowns_of
from modelvane.casting import canonical
from modelvane.errors import SchemaError, UnknownNameError
from modelvane.schema import MEASURED, Column, Kind, Recommending, Role, Schema, Task
from modelvane.table import Table
from modelvane.value_kinds import are_whole, arrow_type, dtype_of, is_floating, is_number, kind_of_values

# taken when they are there; any other name is somebody's word, and has to be
_TARGET, _PREDICTION = "target", "prediction"


def infer_schema(
    table: Table,
    *,
    target: str | None = _TARGET,
    prediction: str | Sequence[str] | None = _PREDICTION,
    id: str | None = "id",  # noqa: A002 - the role's own name
    time: str | None = None,
    numerical: Iterable[str] | None = None,
    categorical: Iterable[str] | None = None,
    segments: Iterable[object] = (),
    task: Task | str | None = None,
    positive: object = None,
    scores: str | None = None,
    origins: str | None = None,
    subject: str | None = None,
    unknown: str | None = None,
    recommending: Recommending | None = None,
    contributions: Iterable[str] = (),
    version: str | None = None,
) -> Schema:
    """Say what each column of the reference is.

    Numbers are numerical, with one exception: whole numbers of at most `FEW_VALUES` distinct values are codes, and so
    categorical. Text, booleans and dictionaries are categorical, unless text has more than `MOST_CATEGORIES` distinct
    values. A column without any value is numerical. Timestamps, bytes and anything nested are not measured. A list of
    values of several types is what most of them are.
    A prediction of floating-point numbers is numerical however few they are, and so are prediction and target where
    ``task`` is regression. Where it is recommendation, both are lists of items.
    A column of segments is categorical if its values are text, booleans or whole numbers, unless it is listed as
    numerical, a numerical prediction or target, or to be cut into bins.
    Without ``time``, the only timestamp column of the reference is the time of the event, otherwise ``"time"``.

    Parameters
    ----------
    table
        The reference.
    target, prediction, id, time
        Names of columns; ``None`` where there is none. A reference may lack a target or prediction of the usual name,
        but not one of another name; an id or time that it lacks is still read from current rows. ``prediction`` may
        be a list of one probability column per class, each named after its class.
    numerical, categorical
        What you know better. When either is given the features are those of the two lists; otherwise every column
        that is nothing else is a feature.
    segments
        By what everything is broken down: columns, pairs of columns as ``[one, other]``, and bins of numbers as
        ``{"column": name, "bins": 4}`` or ``{"column": name, "edges": [1, 3, 10]}``; they need not be features.
    task
        Taken from the target when it is not given: a numerical target is regression, any other classification.
    positive
        The positive class of a binary classifier.
    scores, origins, subject, unknown
        Columns of a recommender, which come beside its features: of lists beside the served items, of whom they are
        for, and of whether the model did not know them.
    recommending
        What else is known of a recommender.
    contributions
        Columns with what features add to the prediction, which rows may lack.
    version
        The column that says which version of the model predicted; a reference may lack it.

    Raises
    ------
    UnknownNameError
        For a feature, segment, target or prediction that the reference lacks, with the nearest name that it has.
    SchemaError
        When there are no rows, no column is left to measure, or a column cannot be one of segments.
    """
    _require_rows(table)
    is_recommender = task is not None and Task(task) is Task.RECOMMENDATION
    listed = dict.fromkeys(numerical or (), Kind.NUMERICAL)
    listed |= dict.fromkeys(categorical or (), Kind.CATEGORICAL)
    breakdowns = breakdowns_of(segments)
    cuts = [cut for each in breakdowns for cut in each.cuts]
    binned = {cut.column for cut in cuts if cut.is_binned}
    divided = {cut.column: cut.column in binned for cut in cuts}
    predictions = [prediction] if isinstance(prediction, str) else list(prediction or ())
    _require(table, "column", (*listed, *divided))
    _require(table, "target column", () if target in (None, _TARGET) else (target,))
    parts = {scores: Role.SCORES, origins: Role.ORIGINS, subject: Role.SUBJECT, unknown: Role.UNKNOWN}
    of_recommender = {name: role for name, role in parts.items() if name is not None}
    together = of_recommender | dict.fromkeys(contributions, Role.CONTRIBUTION)
    _require(table, "column", together)
    _require(table, "prediction column", () if prediction == _PREDICTION else predictions)
    time = time or _only_timestamp(table) or "time"
    features_are_listed = numerical is not None or categorical is not None
    columns = []
    for name in table.names:
        if name == time and name not in listed:
            columns.append(Column(name, Role.TIME, None, dtype_of(table, name)))
        elif name == id and name not in listed:
            columns.append(Column(name, Role.ID, None, dtype_of(table, name)))
        elif name == version:
            columns.append(Column(name, Role.VERSION, Kind.CATEGORICAL, dtype_of(table, name)))
        else:
            role = _role(name, target, predictions, listed, divided, features_are_listed, together)
            kind = listed.get(name) or _kind(table, name, role, task, divided.get(name))
            if role is not None and kind is not None:
                columns.append(Column(name, role, kind, dtype_of(table, name)))
    _require_divisible(table, columns, divided)
    classes = {
        name
        for name in predictions
        if listed.get(name) is Kind.CATEGORICAL or (name in table and not is_number(table, name))
    }
    settled = _task(columns, task, predictions, classes)
    if settled is Task.REGRESSION:
        # few whole numbers are no classes where the target is a number
        of_numbers = {Role.PREDICTION: Kind.NUMERICAL}
        columns = [structs.replace(each, kind=of_numbers.get(each.role, each.kind)) for each in columns]
    columns += _absent(table, columns, id, time)
    if version is not None and version not in table:
        columns.append(Column(version, Role.VERSION, Kind.CATEGORICAL, "string"))
    if not any(column.kind for column in columns if column.role is not Role.VERSION):
        raise SchemaError("The reference has no column to measure", received=list(table.names))
    return Schema(
        columns=tuple(columns),
        task=settled,
        segments=breakdowns,
        positive=None if positive is None else canonical(positive),
        recommending=(recommending or Recommending()) if is_recommender else None,
    )


def _require_divisible(table: Table, columns: Iterable[Column], divided: Mapping[str, bool]) -> None:
    for column in columns:
        name, kind = column.name, column.kind
        if name not in divided:
            continue
        if column.role not in MEASURED or kind is None or kind.is_list:
            raise SchemaError(
                f"Rows cannot be broken down by {name!r}",
                received=f"the {column.role} column"
                if kind is None or not kind.is_list
                else "a column of lists",
                expected="a column of categories or numbers",
            )
        if divided[name] and (kind is not Kind.NUMERICAL or not is_number(table, name)):
            raise SchemaError(
                f"Segments of {name!r} cannot be bins",
                received=str(kind) if is_number(table, name) else column.dtype,
                expected="numbers",
                remedy=f"For segments by its values, name the column alone: {name}",
            )


def _require_rows(table: Table) -> None:
    if table.rows == 0:
        raise SchemaError(
            "The reference has no rows",
            received="0 rows",
            expected="rows that are as they should be, thousands if there are",
            remedy="Check the file or the filter that it comes from",
        )


def _require(table: Table, what: str, names: Iterable[str]) -> None:
    for name in names:
        if name not in table:
            raise UnknownNameError.of(what, name, table.names)


def _absent(table: Table, columns: Sequence[Column], id_name: str | None, time: str) -> list[Column]:
    roles = {column.role for column in columns}
    absent = []
    if id_name is not None and Role.ID not in roles and id_name not in table:
        absent.append(Column(id_name, Role.ID, None, "string"))
    if Role.TIME not in roles and time not in table:
        absent.append(Column(time, Role.TIME, None, "timestamp[us]"))
    return absent


def _role(
    name: str,
    target: str | None,
    predictions: Sequence[str],
    listed: Mapping[str, Kind],
    divided: Container[str],
    features_are_listed: bool,
    together: Mapping[str, Role],
) -> Role | None:
    if name in together:
        return together[name]
    if name == target:
        return Role.TARGET
    if name in predictions:
        return Role.PREDICTION
    if name in listed or not features_are_listed:
        return Role.FEATURE
    return Role.SEGMENT if name in divided else None


def _kind(
    table: Table, name: str, role: Role | None, task: Task | str | None, is_binned: bool | None
) -> Kind | None:
    """Give the kind of a column; ``is_binned`` is ``None`` where no segments are of it."""
    if role in (Role.SUBJECT, Role.UNKNOWN):
        return Kind.CATEGORICAL
    if is_binned or role is Role.CONTRIBUTION:
        return Kind.NUMERICAL
    if role in (Role.SCORES, Role.ORIGINS):
        return Kind.SCORES if role is Role.SCORES else Kind.ITEMS
    if role in (Role.TARGET, Role.PREDICTION) and task is not None and Task(task) is Task.RECOMMENDATION:
        return Kind.ITEMS
    if role in (Role.TARGET, Role.PREDICTION) and task is not None and Task(task) is Task.REGRESSION:
        return Kind.NUMERICAL
    kind = kind_of_values(table, name)
    if kind is Kind.CATEGORICAL and role is Role.PREDICTION and is_floating(table, name):
        return Kind.NUMERICAL
    if is_binned is None or (kind is Kind.NUMERICAL and not are_whole(table[name])):
        return kind
    # many whole numbers are ids, of places and the like, when people ask for segments of them
    return Kind.CATEGORICAL


def _only_timestamp(table: Table) -> str | None:
    stamps = [name for name in table.names if pa.types.is_timestamp(arrow_type(table, name))]
    return stamps[0] if len(stamps) == 1 else None


def _task(
    columns: Sequence[Column], task: Task | str | None, predictions: Sequence[str], classes: Container[str]
) -> Task | None:
    if task is not None:
        return Task(task)
    if len(predictions) > 1:
        return Task.CLASSIFICATION
    by_role = {column.role: column for column in columns}
    target, predicted = by_role.get(Role.TARGET), by_role.get(Role.PREDICTION)
    if target is None and predicted is None:
        return None
    judged = next(each for each in (target, predicted) if each is not None)
    is_regression = judged.kind is Kind.NUMERICAL and (predicted is None or predicted.name not in classes)
    return Task.REGRESSION if is_regression else Task.CLASSIFICATION
