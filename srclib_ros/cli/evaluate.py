"""`srclib evaluate`: how good a stage is, on labelled captures."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srclib_ros.cli import evaluate_labels, evaluate_pose, evaluate_retrieval, evaluate_trials
from srclib_ros.cli.circumstances import circumstances, told
from srclib_ros.cli.options import add_json, add_seed, add_settings, print_json, progress, settings_of

if TYPE_CHECKING:
    from srclib_ros.config import SelectionConfig
    from srclib_ros.segmentation.evaluation import JudgedSegments

_DESCRIPTION = """\
Cut every capture below DIR into instances and match them to its labels, pixel by pixel (Hungarian method, instances
of 200 pixels and more; precision and recall pooled over captures). DIR holds scene folders as `srclib simulate` writes
them, PCD or PLY files with a field `label`, or NPZ files with `labels`. Only pixels that returned a point count. A
scene says where its bin is; elsewhere --bin-pose and --bin-size-m do, or the table is found. A segment is whole when it
holds 80 % of what is seen of its part, and 80 % of it is that part; in a bin the segmentation itself judges that.

  srclib evaluate segmentation my_scenes --json
  srclib evaluate segmentation tables --background-below 20
"""


_STAGES: dict[str, tuple[Any, str]] = {
    "retrieval": (evaluate_retrieval, "is a part found again by its shape?"),
    "pose": (evaluate_pose, "are the poses of grasp networks right in piles, and do their first grasps succeed?"),
    "trials": (evaluate_trials, "can the labels of grasp trials be trusted?"),
    "labels": (evaluate_labels, "do the labels that grasp networks learn from tell what happens in a pile?"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    plain = argparse.RawDescriptionHelpFormatter
    stages = parser.add_subparsers(dest="stage", required=True, metavar="STAGE", help="each has its own --help:")
    for name, (stage, help) in _STAGES.items():
        stage.configure(stages.add_parser(name, help=help, description=stage.DESCRIPTION, formatter_class=plain))
    _configure_segmentation(
        stages.add_parser(
            "segmentation",
            help="are captures cut into their instances?",
            description=_DESCRIPTION,
            formatter_class=plain,
        )
    )


def _configure_segmentation(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("captures", type=Path, metavar="DIR", help="a capture, or a folder of captures at any depth")
    parser.add_argument("--limit", type=int, default=None, metavar="N", help="the first N captures only, by name")
    parser.add_argument(
        "--background-below",
        type=int,
        default=None,
        metavar="LABEL",
        help="labels of a PCD, PLY or NPZ below this are background (20 for PCD, as mOSD has it; else 1)",
    )
    parser.add_argument("--out", type=Path, default=None, metavar="FILE", help="write the JSON here as well")
    add_seed(parser)
    add_json(parser)
    add_settings(parser)


def run(args: argparse.Namespace) -> int:
    if args.stage in _STAGES:
        done: int = _STAGES[args.stage][0].run(args)
        return done
    from srclib_ros.artifact import write_json

    result = _segmentation(args)
    if args.out is not None:
        write_json(args.out, result)
    if args.json:
        print_json(result)
    else:
        for score in result["scores"]:
            print(
                f"IoU {score['threshold']:.2f}: F1 {score['f1']:.3f}, precision {score['precision']:.3f}, "
                f"recall {score['recall']:.3f}"
            )
        judged = result["completeness"]
        if judged is not None:
            print(
                f"{judged['whole']} of {judged['segments']} segments are one whole part, of which "
                f"{judged['doubtful_in_error']} are doubted; of the other {judged['segments'] - judged['whole']}, "
                f"{judged['doubtful_rightly']} are"
            )
        print(
            f"{result['scenes']} captures, {result['instances']} labelled instances, {result['median_ms']:.1f} ms each"
        )
        print(told(result))
    return 0


def _segmentation(args: argparse.Namespace) -> dict[str, Any]:
    import os
    from dataclasses import asdict
    from time import perf_counter

    import numpy as np

    from srclib_ros.captures.cloud_io import load_capture
    from srclib_ros.errors import CaptureError
    from srclib_ros.segmentation.bin import locate_bin
    from srclib_ros.segmentation.evaluation import (
        MIN_PIXELS,
        judged_segments,
        labelled_instances,
        match_instances,
        segmentation_f1,
    )
    from srclib_ros.segmentation.instances import segment

    config = settings_of(args)
    paths = list(_captures(args.captures))[: args.limit]
    if not paths:
        raise CaptureError(f"{args.captures}: holds no scene folder, PCD, PLY or NPZ file; run `srclib simulate`")
    overlaps, judged, milliseconds, names = [], [], [], []
    for path in progress(paths, total=len(paths), label="captures", quiet=args.json):
        capture = load_capture(path)
        background_below = args.background_below
        if background_below is None:
            background_below = 20 if path.suffix.lower() == ".pcd" else 1
        true = labelled_instances(capture, background_below)
        if true is None:
            continue
        bin = capture.bin or locate_bin(capture.cloud, config.bin, rng=np.random.default_rng(args.seed))
        start = perf_counter()
        scene = segment(capture.cloud, bin, config)
        milliseconds.append(1e3 * (perf_counter() - start))
        overlaps.append(match_instances(scene.labels, true))
        judged.append(judged_segments(scene, true))
        names.append(str(path.relative_to(args.captures)) if path != args.captures else path.name)
    if not overlaps:
        raise CaptureError(f"{args.captures}: no capture has labels; simulate scenes, or give clouds a field `label`")
    scores = segmentation_f1(overlaps)
    by_threshold = {f"f1_{round(100 * score.threshold)}": score.f1 for score in scores}
    return {
        **by_threshold,
        "scenes": len(overlaps),
        "instances": sum(overlap.true for overlap in overlaps),
        "segments": sum(overlap.predicted for overlap in overlaps),
        "scores": [asdict(score) for score in scores],
        "completeness": _completeness(judged, config.selection),
        "min_pixels": MIN_PIXELS,
        "median_ms": float(np.median(milliseconds)),
        "captures": [
            {"name": name, "mean_iou": float(overlap.iou.mean()) if len(overlap.iou) else 0.0, "true": overlap.true,
             "predicted": overlap.predicted}
            for name, overlap in zip(names, overlaps, strict=True)
        ],
        **circumstances(args.seed, int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1))),
    }  # fmt: skip


def _completeness(judged: Sequence[JudgedSegments], config: SelectionConfig) -> dict[str, Any] | None:
    """How well segments that are one whole part are told from others, without an AUROC where there is only one kind;
    None: that was not judged."""
    import numpy as np

    from srclib_ros.library.selection import is_doubtful
    from srclib_ros.training.calibration import auroc

    completeness = np.concatenate([one.completeness for one in judged])
    whole = np.concatenate([one.whole for one in judged])
    if not len(completeness):
        return None
    doubtful = np.array([is_doubtful(value, config) for value in completeness])
    return {
        "segments": len(whole),
        "whole": int(whole.sum()),
        "auroc": auroc(completeness[whole], completeness[~whole]) if 0 < whole.sum() < len(whole) else None,
        "doubtful_rightly": int((doubtful & ~whole).sum()),
        "doubtful_in_error": int((doubtful & whole).sum()),
    }


def _captures(root: Path) -> Iterator[Path]:
    """Captures at or below `root`, by name: scene folders whole, and cloud files outside them."""
    from srclib_ros.captures.cloud_io import CLOUD_SUFFIXES

    if root.is_file() or (root / "scene.json").is_file():
        yield root
    elif root.is_dir():
        for path in sorted(root.iterdir()):
            if path.is_dir() or path.suffix.lower() in CLOUD_SUFFIXES:
                yield from _captures(path)
