"""Dashboards drawn without Grafana: what a Prometheus answers, as one page."""

from __future__ import annotations

from modelvane.dashboards.preview.answers import Answer, Shown, answers_of
from modelvane.dashboards.preview.page import render
from modelvane.dashboards.preview.prometheus import Prometheus, PrometheusError

__all__ = ["Answer", "Prometheus", "PrometheusError", "Shown", "answers_of", "render"]
