"""Evaluations in a process of their own, so that none of them holds Python's lock while posts wait."""

from modelvane.service.apart.process import EvaluationProcess, ProcessEndedError

__all__ = ["EvaluationProcess", "ProcessEndedError"]
