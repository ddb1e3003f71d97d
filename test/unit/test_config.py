from __future__ import annotations

import math

import pytest

from srclib_ros.config import PipelineConfig, flat_fields, flatten, override
from srclib_ros.errors import ConfigError


def test_flat_names_and_values_agree() -> None:
    names = [name for name, _ in flat_fields(PipelineConfig)]
    assert names == list(flatten(PipelineConfig()))
    assert "bin.size_m" in names and "threads" in names


def test_every_setting_says_what_it_is_and_accepts_its_own_default() -> None:
    config = PipelineConfig()
    for name, item in flat_fields(PipelineConfig):
        assert item.metadata["help"], name
        assert override(config, {name: flatten(config)[name]}) == config


def test_override_replaces_one_value_and_leaves_the_original() -> None:
    config = PipelineConfig()
    changed = override(config, {"grasp.max_tilt_rad": 0.3, "bin.size_m": [0.3, 0.2, 0.1]})
    assert changed.grasp.max_tilt_rad == 0.3
    assert changed.bin.size_m == (0.3, 0.2, 0.1)
    assert config.grasp.max_tilt_rad == 0.7


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("bin.mood", 1, "known: bin.mode"),
        ("bin.mode", "table", "bin, plane"),
        ("threads", 0, "1 to 64"),
        ("threads", 1.5, "whole number"),
        ("threads", True, "finite number"),
        ("grasp.max_tilt_rad", math.nan, "finite number"),
        ("grasp.max_tilt_rad", 9.0, "rad"),
        ("bin.pose", [1.0, 2.0], "0 or 7 numbers"),
        ("bin.size_m", "0.3", "list of numbers"),
        ("bin.size_m", [-1.0, 1.0, 1.0], "outside"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_allowed(name: str, value: object, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        override(PipelineConfig(), {name: value})
