from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from srclib_ros.cli.demo import _summary, choose_parts
from srclib_ros.library.store import Library

pytest.importorskip("manifold3d")
from srclib_ros.simulation.parts.catalogue import STRANGERS, generate_parts


def library_of(*names: str) -> Library:
    entries = [SimpleNamespace(name=part.name, category=part.category, model="m") for part in generate_parts()]
    return cast(Library, SimpleNamespace(entries=[entry for entry in entries if entry.name in names]))


def test_a_pile_holds_known_parts_siblings_and_strangers(rng: np.random.Generator) -> None:
    known = [part.name for part in generate_parts()][:60:20]
    library = library_of(*known)
    parts = choose_parts(library, 10, rng)
    assert len(parts) == 10
    names, categories = {part.name for part in parts}, {part.category for part in parts}
    assert names & set(known)
    assert categories & set(STRANGERS)
    siblings = [part for part in parts if part.name not in known and part.category not in STRANGERS]
    assert siblings
    assert {part.category for part in siblings} <= {entry.category for entry in library.entries}


def test_the_same_seed_gives_the_same_pile() -> None:
    library = library_of("ring_25x47x12", *[part.name for part in generate_parts()][:2])
    first, second = (choose_parts(library, 8, np.random.default_rng(3)) for _ in range(2))
    assert [part.name for part in first] == [part.name for part in second]


def test_the_summary_counts_what_was_published() -> None:
    plan: dict[str, Any] = {
        "grasps": [{"source": "ring"}, {"source": None}, {"source": "ring"}],
        "parts": [
            {"source": "ring", "doubtful": False},
            {"source": None, "doubtful": None},
            {"source": None, "doubtful": True},
        ],
    }
    summary = _summary([cast(Any, SimpleNamespace(plan=plan, poses=3))], scenes=2)
    assert summary == {
        "scenes": 2,
        "answered": 1,
        "parts": 3,
        "grasps": 3,
        "sources": ["ring"],
        "refused_parts": 1,
        "doubtful": 1,
        "model_free_grasps": 1,
    }


@pytest.mark.parametrize("count", range(1, 12))
def test_a_pile_holds_as_many_parts_as_asked_for(count: int, rng: np.random.Generator) -> None:
    known = [part.name for part in generate_parts()][:60:20]
    names = [part.name for part in choose_parts(library_of(*known), count, rng)]
    assert len(names) == count
    assert set(names) & set(known)
