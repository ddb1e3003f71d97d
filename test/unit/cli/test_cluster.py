"""`srclib cluster` on the library that ships."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from srclib_ros.cli.cluster_options import ALGORITHM_NAMES as NAMES
from srclib_ros.cli.cluster_options import TAKES
from srclib_ros.cli.main import main

pytest.importorskip("sklearn")


def test_every_option_is_one_that_its_algorithms_take() -> None:
    from srclib_ros.library.clustering import ALGORITHMS

    assert set(NAMES) == set(ALGORITHMS)
    for name, algorithm in ALGORITHMS.items():
        assert set(inspect.signature(algorithm).parameters) - {"parts"} == {o for o in TAKES if name in TAKES[o]}


def test_the_json_names_every_part_once(default_library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cluster", str(default_library), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["algorithm"] == "hdbscan"
    names = [member["name"] for item in record["clusters"] for member in item["members"]] + record["noise"]
    assert len(names) == len(set(names)) == len(record["tree"]) + 1
    for item in record["clusters"]:
        assert item["representative"] in {member["name"] for member in item["members"]}
        strengths = [member["strength"] for member in item["members"]]
        assert strengths == sorted(strengths, reverse=True)


def test_all_algorithms_make_a_table(default_library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cluster", str(default_library), "--algorithm", "all"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed] == ["algorithm", *NAMES]


def test_what_was_found_from_the_data_says_how(default_library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cluster", str(default_library), "--algorithm", "k_medoids"]) == 0
    assert "k: the number of clusters with the highest mean silhouette" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--algorithm", "dbscan", "--k", "3"], "--k is for agglomerative, divisive"),
        (["--min-cluster-size", "1"], "--min-cluster-size is 2 or more"),
        (["--algorithm", "dbscan", "--eps", "0"], "--eps is a distance above 0"),
        (["--algorithm", "k_means", "--k", "1000"], "1000 clusters of"),
        (["--algorithm", "all", "--linkage", "single"], "not for all"),
    ],
)
def test_an_option_that_cannot_be_is_a_named_error(
    default_library: Path, capsys: pytest.CaptureFixture[str], options: list[str], says: str
) -> None:
    assert main(["cluster", str(default_library), *options]) == 2
    error = capsys.readouterr().err
    assert error.startswith("ConfigError: ")
    assert says in error
