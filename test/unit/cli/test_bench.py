from __future__ import annotations

import json

import pytest

from srclib_ros.cli.main import main

pytest.importorskip("mujoco")


def test_the_json_keeps_its_keys(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--no-ros", "--parts", "2", "--frames", "2", "--warm-up", "1", "--scenes", "1", "--json"]
    assert main(["bench", "latency", *options]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["parts"] == 2
    assert (told["threads"], told["seed"]) == (2, 0)
    assert {"version", "versions", "machine", "settings"} <= set(told)
    for heat in ("cold", "warm"):
        assert 0 < told["pipeline"][heat]["median_ms"] <= told["pipeline"][heat]["p95_ms"]
    assert all(times["median_ms"] >= 0 for times in told["stages"].values())
    assert {"bin", "segment", "select", "network", "grasps", "model_free", "rank"} <= set(told["stages"])
    assert "ros" not in told
