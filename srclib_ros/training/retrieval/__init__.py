"""Retrieval: is the part that a query shows found again among the entries of a gallery?

`retrieval_task` simulates a gallery and queries once; `evaluate_retrieval` measures any number of encoders and
hand-made descriptors on them.
"""

from __future__ import annotations

from srclib_ros.training.retrieval.evaluation import (
    describe_all,
    evaluate_retrieval,
    fitted_size_weight,
    remembered,
)
from srclib_ros.training.retrieval.task import Queries, RetrievalTask, retrieval_task

__all__ = [
    "Queries",
    "RetrievalTask",
    "describe_all",
    "evaluate_retrieval",
    "fitted_size_weight",
    "remembered",
    "retrieval_task",
]
