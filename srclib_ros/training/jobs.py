"""Work on single parts, done here one after another, on several cores, or on a dask cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

from srclib_ros import __version__
from srclib_ros.errors import ComputeClusterError, ConfigError, MissingDependencyError, TrainingError
from srclib_ros.training.progress import Progress, silent

Result = TypeVar("Result")

BACKENDS = ("sequential", "loky", "threading", "dask")
REACHED_WITHIN_S = 5.0
WORKERS_WITHIN_S = 10.0


@dataclass(frozen=True)
class Jobs:
    """Where work is done: joblib's backends, by joblib's names.

    backend: `sequential` here, one after another; `loky` in processes of this machine; `threading`; `dask` on the
    workers of the scheduler at `address`, HOST:PORT. count: how many at once; a cluster decides that itself.
    """

    backend: str = "sequential"
    count: int = 1
    address: str = ""

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise ConfigError(f"backend {self.backend!r} is unknown: {', '.join(BACKENDS)}")
        if (self.backend == "dask") != bool(self.address):
            raise ConfigError("the backend dask needs --address HOST:PORT of its scheduler, and no other takes one")
        if self.count < 1 or (self.count > 1 and self.backend not in ("loky", "threading")):
            raise ConfigError(f"{self.count} jobs: loky and threading take 1 or more; with dask the cluster decides")

    @property
    def far_away(self) -> bool:
        """Whether workers may see another file system."""
        return self.backend == "dask"

    @property
    def in_threads(self) -> bool:
        """Whether work shares this process's state, such as torch's generator of random numbers, at the same time."""
        return self.backend == "threading" and self.count > 1

    def each(
        self,
        work: Callable[..., Result],
        arguments: Sequence[tuple[Any, ...]],
        progress: Progress = silent,
        label: str = "",
    ) -> Iterator[tuple[int, Result]]:
        """(index, work(*arguments[index])) as each is done, in whatever order; what `work` raises is raised.

        work: a function of a module, as it may run in another process. Raises ComputeClusterError,
        MissingDependencyError, and TrainingError where a worker has another version of srclib_ros.
        """
        if not arguments:
            return
        if self.backend == "sequential":
            for index in progress(range(len(arguments)), total=len(arguments), label=label):
                yield index, work(*arguments[index])
            return
        with ExitStack() as stack:
            done = self._parallel(stack, [(index, work, *given) for index, given in enumerate(arguments)])
            yield from progress(done, total=len(arguments), label=label)

    def _parallel(self, stack: ExitStack, tasks: Sequence[tuple[Any, ...]]) -> Iterable[tuple[int, Any]]:
        import joblib

        if self.backend == "dask":
            stack.enter_context(_cluster_errors(self.address))
            client = stack.enter_context(_client(self.address))
            stack.enter_context(joblib.parallel_config(backend=_dask_backend(client)))
            parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
        else:
            parallel = joblib.Parallel(
                self.count, backend=self.backend, return_as="generator_unordered", batch_size=1, max_nbytes=None
            )
        done: Iterable[tuple[int, Any]] = parallel(joblib.delayed(_numbered)(__version__, *task) for task in tasks)
        return done


def _numbered(version: str, index: int, work: Callable[..., Result], *given: Any) -> tuple[int, Result]:
    """Runs on the worker."""
    if version != __version__:
        raise TrainingError(f"a worker has srclib_ros {__version__}, this is {version}: install the same on all")
    return index, work(*given)


def _dask_backend(client: Any) -> Any:
    """joblib's own, but for work that is lost with its worker: joblib 1.6 would wait for that for ever."""
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):  # type: ignore[misc]
        async def _collect(self) -> None:
            while self._continue:
                async for future, result in self.waiting_futures:
                    self._results.pop(future)
                    callback = self._callbacks.pop(future)
                    callback(result if future.status == "finished" else _Lost(result))
                await asyncio.sleep(0.01)

        def retrieve_result_callback(self, out: Any) -> Any:
            if isinstance(out, _Lost):
                raise out.why
            return super().retrieve_result_callback(out)

    return Backend(client=client)


class _Lost:
    """What dask tells of work without a result: an exception, alone or with its type and traceback."""

    def __init__(self, told: Any) -> None:
        errors = [item for item in (told if isinstance(told, tuple) else (told,)) if isinstance(item, BaseException)]
        self.why = errors[0] if errors else ComputeClusterError(f"the cluster gave no result ({told}); run it again")


def _client(address: str) -> Any:
    """A connection to the scheduler, with at least one worker behind it."""
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"the backend dask needs {error.name}, which is not installed; `pip install '.[cluster]'`"
        ) from error
    try:
        client: Any = Client(address, timeout=REACHED_WITHIN_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise ComputeClusterError(
            f"no dask scheduler answers at {address} within {REACHED_WITHIN_S:g} s ({type(error).__name__}); "
            "start one with `dask scheduler` and its workers with `dask worker HOST:PORT`, or check the address"
        ) from error
    try:
        client.wait_for_workers(1, timeout=WORKERS_WITHIN_S)
    except TimeoutError as error:
        client.close()
        raise ComputeClusterError(
            f"the dask scheduler at {address} has no workers; start some with `dask worker {address}`"
        ) from error
    return client


class _cluster_errors:
    """A cluster that is lost in the middle, by name; what was done is kept, so that the next run goes on."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if kind is None or kind.__module__.split(".")[0] != "distributed":
            return
        raise ComputeClusterError(
            f"the dask cluster at {self.address} gave up ({kind.__name__}: {error}); what it finished is kept: see "
            "that its workers are up and have srclib_ros, and run the same command again"
        ) from error
