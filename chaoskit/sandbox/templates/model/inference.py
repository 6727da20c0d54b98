# ruff: noqa: INP001 - SageMaker's container imports it, this project never does.
"""The approved model's serving code, for SageMaker's scikit-learn container.

The reference workload is there to be attacked, not to predict: the model is a fixed logistic curve.
"""

from __future__ import annotations

import math
from typing import Any


def model_fn(model_dir: str) -> list[float]:
    """Load the model; its one weight per feature is part of the code."""
    del model_dir
    return [0.4, -0.2, 0.1]


def predict_fn(rows: Any, model: list[float]) -> list[float]:
    """The probability for each row of features."""
    return [
        1 / (1 + math.exp(-sum(weight * value for weight, value in zip(model, row, strict=False))))
        for row in rows
    ]
