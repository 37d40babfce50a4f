"""From an alert to another model: when a retrain is started, how it runs, and what came of it."""

from __future__ import annotations

from modelvane.retraining.evidence import Evidence, evidence_of
from modelvane.retraining.outcome import Outcome
from modelvane.retraining.retrainer import Retrainer

__all__ = ["Evidence", "Outcome", "Retrainer", "evidence_of"]
