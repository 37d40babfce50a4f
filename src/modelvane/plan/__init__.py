"""What an edit of a config would change, before it is applied: settings, lines, series, rules, alerts and panels."""

from __future__ import annotations

from modelvane.plan.changes import Action, Change, changes_between
from modelvane.plan.expected import Expected, Sample, expected_series
from modelvane.plan.live import live_series
from modelvane.plan.plan import Plan, plan_beside, plan_between

__all__ = [
    "Action",
    "Change",
    "Expected",
    "Plan",
    "Sample",
    "changes_between",
    "expected_series",
    "live_series",
    "plan_beside",
    "plan_between",
]
