"""Findings in the collection ``report``: a document per round, so that any tool can chart them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import fields
from pymongo import DESCENDING

from modelvane.findings import Family, Finding, Findings, Verdict
from modelvane.store.mongodb.layout import Collections, Document, Layout
from modelvane.store.mongodb.transactions import Transactions

_DEFAULTS = {field.name: field.default for field in fields(Finding)}


def keep_findings(
    collections: Collections, transactions: Transactions, layout: Layout, findings: Findings
) -> None:
    """Keep a round in place of one computed at the same time, or of the same period."""
    since, until = findings.period or (None, None)
    moment = f"{findings.computed_at!r}" if findings.period is None else f"{since!r}..{until!r}"
    key = {"_id": layout.prefix + moment}
    before = collections.reports.find_one(key)

    def take_back() -> None:
        if before is None:
            collections.reports.delete_one(key)
        else:
            collections.reports.replace_one(key, before, upsert=True)

    transactions.before_write(take_back)
    document = key | {
        "dataset": findings.dataset,
        "computed_at": findings.computed_at,
        "since": since,
        "until": until,
        "verdict": str(findings.verdict),
        "rows": findings.rows,
        "labelled": findings.labelled,
        "findings": [_written(finding) for finding in findings],
    }
    collections.reports.replace_one(key, document, upsert=True)


def read_rounds(
    collections: Collections,
    dataset: str,
    since: float | None,
    until: float | None,
    limit: int | None,
    *,
    batches: bool,
) -> list[Findings]:
    """Give rounds of live windows or of batches, the oldest first; with a limit, the newest ones."""
    at = "until" if batches else "computed_at"
    bounds: Document = {"$gte": float("-inf") if since is None else since}
    if until is not None:
        bounds["$lt"] = until
    where: Document = {"dataset": dataset, at: bounds} | ({} if batches else {"until": None})
    found = collections.reports.find(where).sort(at, DESCENDING).limit(limit or 0)
    rounds = [] if limit == 0 else list(found)
    return [_read(document) for document in reversed(rounds)]


def remove_rounds(collections: Collections, dataset: str, moment: float) -> int:
    """Remove the rounds that were computed before a moment, and say how many."""
    return collections.reports.delete_many({"dataset": dataset, "computed_at": {"$lt": moment}}).deleted_count


def _written(finding: Finding) -> dict[str, Any]:
    """Give what is said: a field that has its default is left out."""
    said = {name: value for name, value in finding.to_dict().items() if value != _DEFAULTS[name]}
    return {name: str(value) if name in ("family", "verdict") else value for name, value in said.items()}


def _read(document: Document) -> Findings:
    found = tuple(
        Finding(
            **values
            | {"family": Family(values["family"]), "verdict": Verdict(values.get("verdict", Verdict.INFO))}
        )
        for values in document["findings"]
    )
    until = document["until"]
    return Findings(
        document["dataset"],
        document["computed_at"],
        document["rows"],
        document["labelled"],
        found,
        None if until is None else (document["since"], until),
    )
