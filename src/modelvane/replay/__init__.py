"""A past stream watched again, with faults or without: which alarms would have fired, and when."""

from __future__ import annotations

from modelvane.replay.detection import Detection, detections
from modelvane.replay.episodes import Episode
from modelvane.replay.replay import Replayed, replay
from modelvane.replay.sources import FaultySource, past_stream

__all__ = ["Detection", "Episode", "FaultySource", "Replayed", "detections", "past_stream", "replay"]
