"""Configs whose rules are checked, and the one whose rules are kept; run this module to write those anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from modelvane.config import Config
from modelvane.config.alerts import AlertName
from modelvane.rules import rules_of, write_rules

GOLDEN = Path(__file__).parent / "golden"

TAXI: dict[str, Any] = {
    "datasets": {
        "taxi": {
            "thresholds": {
                "mean_absolute_error": 6.5,
                "r_squared": 0.5,
                "fare_amount.missing_share": 0.05,
                "label_coverage": 0.2,
                "mean_absolute_error_difference": 2,
            },
            "window": {"rows": 1000},
            "fairness": {"column": "borough"},
            "versions": {"column": "model", "champion": "v1"},
            "attribution": {"weights": {"trip_distance": 2.5}},
        }
    },
    "service": {"tokens": {"ingest": "secret"}},
    "prediction_services": {"taxi": {"target": "127.0.0.1:9696"}},
    "links": {"grafana": "http://127.0.0.1:3000"},
    "alerts": {"webhooks": {"page": "http://127.0.0.1:9000/page"}},
}
"""The config whose rules are kept in ``golden/``."""

CONFIGS: dict[str, dict[str, Any]] = {
    "taxi": TAXI,
    "2022": {
        "datasets": {
            "taxi": {
                "column_mapping": {
                    "categorical_features": ["PULocationID", "DOLocationID"],
                    "numerical_features": ["trip_distance"],
                },
                "data_format": {"header": True, "separator": ","},
                "monitors": ["data_drift"],
                "reference_file": "./datasets/green_tripdata_2021-01.parquet",
            }
        },
        "service": {
            "calculation_period_sec": 2,
            "min_reference_size": 30,
            "moving_reference": False,
            "datasets_path": "datasets",
            "use_reference": True,
            "window_size": 5,
        },
        "compat": "evidently",
    },
    "classification": {
        "datasets": {
            "animals": {
                "column_mapping": {"task": "classification", "prediction": ["cat", "dog"]},
                "thresholds": {"accuracy": 0.9, "label_lag": 3600, "last_row_age": 120, "distance": 0.1},
                "window": {"seconds": 3600},
                "alerts": {"label_coverage": 0, "drifted_columns": 3, "severity": {"DatasetDrift": "page"}},
            }
        },
        "prediction_services": {"animals": {"target": "127.0.0.1:9697", "slow_seconds": 2.5}},
        "alerts": {"errors": 0, "requests": 5000, "rejected": 10, "hold": {"QualityFault": "90s"}},
    },
    "recommender": {
        "datasets": {
            "reco": {"column_mapping": {"target": None}, "thresholds": {"fallback_share": 0.5}},
            "items": {
                "column_mapping": {"task": "recommendation"},
                "window": {"rows": 10},
                "thresholds": {"hit_rate@5": 0.05},
            },
        },
        "prediction_services": {
            "reco": {"target": "127.0.0.1:9698", "datasets": ["reco", "items"]},
            "shadow": {"target": "127.0.0.1:9699", "datasets": ["reco"], "job": "reco.shadow"},
        },
        "service": {"calculation_period_sec": 300},
        "alerts": {"scrape_interval": "1min", "over": "10min", "severity": {"SeriesBudget": "none"}},
    },
    "regression": {"datasets": {"trips": {"column_mapping": {"task": "regression"}, "estimates": True}}},
    "many": {"datasets": {f"model-{number}": {} for number in range(2)}},
    "quick": {
        "datasets": {"taxi": {"thresholds": {"root_mean_squared_error": 0.125}}},
        "service": {"calculation_period_sec": 0.5},
        "alerts": {
            "scrape_interval": "1s",
            "over": "4s",
            # scenarios are as long as the alerts hold
            "hold": dict.fromkeys(get_args(AlertName), "0s"),
            "silence": "10s",
        },
    },
    "hostile": {
        "datasets": {'we`ird "{{x}}" \\ näme\n' + "long" * 40: {"thresholds": {"mean_absolute_error": 1}}},
        "prediction_services": {"{{a}}.b": {"target": "[::1]:80", "datasets": []}},
    },
}
"""Every kind of config that writes other rules."""


def config(name: str) -> Config:
    """Give one of the configs."""
    return Config.of(CONFIGS[name])


if __name__ == "__main__":
    kept = Config.of(TAXI)
    write_rules(kept, rules_of(kept), GOLDEN)
