"""`srclib bench network`: one forward pass of a grasp network, as the cell runs it, and on a GPU where there is one."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from srclib_ros.cli.circumstances import circumstances, told
from srclib_ros.cli.options import add_json, add_library, positive_int, print_json

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

THREADS, WARM_UP, PASSES, BATCH = 2, 10, 100, 32


def configure(parser: argparse.ArgumentParser) -> None:
    add_library(parser)
    parser.add_argument("--source", metavar="NAME", help="whose network (the library's first)")
    parser.add_argument(
        "--side", type=positive_int, default=128, metavar="N", help="pixels of the map, either way (128)"
    )
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    import numpy as np

    from srclib_ros.artifact import read_bytes
    from srclib_ros.grasping.model import ONNX
    from srclib_ros.grasping.network import CHANNELS
    from srclib_ros.inference import open_session
    from srclib_ros.library.store import Library

    library = Library.open(args.library)
    source = args.source or next(entry.name for entry in library.entries if entry.model is not None)
    folder = library.model_folder(source)
    maps = np.random.default_rng(0).random((1, CHANNELS, args.side, args.side)).astype(np.float32)
    session = open_session(read_bytes(folder / ONNX), THREADS)
    median_ms, p95_ms = _timed_ms(lambda: session.run(None, {"maps": maps}))
    result: dict[str, Any] = {
        "source": source,
        "side_px": args.side,
        "median_ms": median_ms,
        "p95_ms": p95_ms,
        "gpu": _on_gpu(folder, maps),
        **circumstances(0, THREADS),
    }
    if args.json:
        print_json(result)
        return 0
    print(
        f"{source}, {args.side} x {args.side} pixels, {THREADS} threads: {median_ms:.1f} ms median, {p95_ms:.1f} ms p95"
    )
    gpu = result["gpu"]
    if gpu is not None:
        print(
            f"{gpu['name']}: {gpu['per_s']:.0f} a second one by one, {gpu['per_s_batched']:.0f} in batches of {BATCH}"
        )
    print(told(result))
    return 0


def _on_gpu(folder: Path, maps: np.ndarray) -> dict[str, Any] | None:
    """None where torch is not installed or sees no GPU."""
    try:
        import torch
    except ModuleNotFoundError:
        return None
    if not torch.cuda.is_available():
        return None
    from srclib_ros.training.warm_start import network_of, stored_weights

    network = network_of(stored_weights(folder)).cuda().eval()
    one = torch.from_numpy(maps).cuda()
    many = one.repeat(BATCH, 1, 1, 1)

    def forward(given: torch.Tensor) -> None:
        with torch.inference_mode():
            network(given)
        torch.cuda.synchronize()

    return {
        "name": torch.cuda.get_device_name(),
        "per_s": 1e3 / _timed_ms(lambda: forward(one))[0],
        "per_s_batched": 1e3 * BATCH / _timed_ms(lambda: forward(many))[0],
    }


def _timed_ms(work: Callable[[], object]) -> tuple[float, float]:
    """Median and p95 of PASSES calls."""
    taken = []
    for _ in range(WARM_UP + PASSES):
        start = time.perf_counter()
        work()
        taken.append(1e3 * (time.perf_counter() - start))
    ordered = sorted(taken[WARM_UP:])
    return ordered[PASSES // 2], ordered[PASSES * 95 // 100]
