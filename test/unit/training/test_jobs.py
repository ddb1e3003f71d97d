"""Work on parts done elsewhere: the same results, and named errors when there is no elsewhere."""

from __future__ import annotations

import operator
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.box_parts import PLAN, boxes, files_of, write_model, write_tiny_encoder

from srclib_ros.errors import ComputeClusterError, ConfigError, MissingDependencyError, TrainingError
from srclib_ros.training import jobs as jobs_module
from srclib_ros.training.jobs import Jobs
from srclib_ros.training.library_build import BuildPlan, build_library

pytest.importorskip("joblib")


@pytest.mark.parametrize("jobs", [Jobs(), Jobs("threading", 2), Jobs("loky", 2)], ids=lambda jobs: jobs.backend)
def test_every_result_comes_with_its_index(jobs: Jobs) -> None:
    assert sorted(jobs.each(operator.mul, [(2, 3), (2, 4), (2, 5)])) == [(0, 6), (1, 8), (2, 10)]
    assert list(jobs.each(operator.mul, [])) == []


@pytest.mark.parametrize("jobs", [Jobs(), Jobs("threading", 2)], ids=lambda jobs: jobs.backend)
def test_what_work_raises_is_raised(jobs: Jobs) -> None:
    with pytest.raises(ZeroDivisionError):
        list(jobs.each(operator.truediv, [(7, 0)]))


def test_a_worker_of_another_version_is_refused() -> None:
    with pytest.raises(TrainingError, match="install the same"):
        jobs_module._numbered("0.0.0", 0, operator.neg, 1)


@pytest.mark.parametrize(
    ("backend", "count", "address"),
    [("ray", 1, ""), ("dask", 1, ""), ("loky", 1, "here:1"), ("sequential", 2, ""), ("dask", 2, "here:1")],
)
def test_settings_that_do_not_go_together_are_refused(backend: str, count: int, address: str) -> None:
    with pytest.raises(ConfigError):
        Jobs(backend, count, address)


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingDependencyError, match=r"\.\[cluster\]"):
        list(Jobs("dask", address="127.0.0.1:1").each(operator.neg, [(1,)]))


def test_a_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(jobs_module, "REACHED_WITHIN_S", 0.5)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(ComputeClusterError, match="no dask scheduler answers"):
        list(Jobs("dask", address=f"127.0.0.1:{port}").each(operator.neg, [(1,)]))


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a scheduler with two workers, processes of this machine."""
    distributed = pytest.importorskip("distributed")
    import dask

    processes = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(**processes, dashboard_address=None, host="127.0.0.1", silence_logs=50) as local,
    ):
        yield local.scheduler_address.removeprefix("tcp://")


def test_a_library_built_on_a_cluster_is_the_one_built_here(cluster: str, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("trimesh")
    pytest.importorskip("open3d")
    encoder = write_tiny_encoder(tmp_path / "encoder")
    plan = BuildPlan(PLAN.views, networks=2)
    here, there, beside = (tmp_path / where / "lib" for where in ("here", "there", "beside"))
    build_library(boxes(), encoder, here, 0, plan, (), write_model)
    build_library(boxes(), encoder, there, 0, plan, (), write_model, jobs=Jobs("dask", address=cluster))
    build_library(boxes(), encoder, beside, 0, plan, (), write_model, jobs=Jobs("loky", 2))
    assert files_of(here) == files_of(there) == files_of(beside)


def test_what_is_raised_on_a_cluster_is_raised_here(cluster: str) -> None:
    with pytest.raises(ZeroDivisionError):
        list(Jobs("dask", address=cluster).each(operator.truediv, [(7, 0)]))


def test_work_that_kills_its_worker_is_no_wait_for_ever(cluster: str) -> None:
    with pytest.raises(ComputeClusterError, match="gave up"):
        list(Jobs("dask", address=cluster).each(os._exit, [(1,)]))
