"""Configs whose dashboards the tests look at."""

from __future__ import annotations

from modelvane.config import Config

TAXI = Config.of(
    {
        "datasets": {
            "taxi": {
                "column_mapping": {"task": "regression"},
                "thresholds": {"mean_absolute_error": 8, "trip_distance": 0.2},
                "segments": ["payment_type"],
            }
        },
        "prediction_services": {"taxi": {"target": "127.0.0.1:9696", "model": "Duration of trips"}},
        "links": {"monitor": "http://vane.example:8085"},
    }
)
"""One dataset, all of whose settings are told."""

OPEN = Config.of(
    {
        "datasets": {
            "open": {
                "segments": ["zone"],
                "window": {"seconds": 3600},
                "fairness": {"column": "gender"},
                "versions": {"column": "model", "champion": "v1"},
                "estimates": True,
                "attribution": {"weights": {"distance": 1.5}},
                "thresholds": {"equalised_odds_difference": 0.1},
            },
            "rows": {"thresholds": {"accuracy": 0.5}},
        },
        "prediction_services": {
            "one": {"target": "127.0.0.1:1", "datasets": ["open"], "slow_seconds": 1},
            "two": {"target": "127.0.0.1:2", "job": "second", "datasets": ["open", "rows"]},
        },
    }
)
"""Datasets of any task: everything that can be shown is."""

SHOP = Config.of(
    {
        "datasets": {
            "shop": {
                "column_mapping": {"task": "recommendation", "prediction": "served", "target": "bought"},
                "thresholds": {"fallback_share": 0.5, "ndcg@5": 0.02},
            }
        }
    }
)
"""A recommender."""

BARE = Config.of({"datasets": {"bare": {}}})
"""Nothing but a dataset."""

ALL = {"taxi": TAXI, "open": OPEN, "shop": SHOP, "bare": BARE}
