"""A grasp plan as a picture: the cloud with its parts in colour, grippers at the best grasps, and who answered."""

from __future__ import annotations

import colorsys
import io
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from srclib_ros.artifact import write_atomic
from srclib_ros.grasping.gripper import Gripper
from srclib_ros.grasping.jaw import Jaw
from srclib_ros.grasping.suction.cup import SuctionCup
from srclib_ros.rendering.canvas import Canvas, lambert
from srclib_ros.rendering.surface import box_edges, box_faces, scene_surface
from srclib_ros.rendering.view import View, view_of_box
from srclib_ros.types import FloatArray, Grasp, GraspPlan, Match, Matrix, Scene

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH_PX, _HEIGHT_PX, _PANEL_PX, _DPI = 1100, 820, 560, 100
LONGEST_REASON = 34
_PAPER = (0.965, 0.968, 0.972)
_INK = "#20262e"
_FAINT = "#78818c"
_FLOOR = np.array([0.80, 0.815, 0.83], np.float32)
_WALL = np.array([0.62, 0.66, 0.70], np.float32)
_GRIPPER = np.array([0.17, 0.20, 0.25], np.float32)
_BEST_GRIPPER = np.array([0.93, 0.33, 0.09], np.float32)
_GRIPPERS_SHOWN = 6
_FINGER_M, _PALM_M, _STEM_M = 0.045, 0.008, 0.02
_STEM_END_M = _FINGER_M + _PALM_M + _STEM_M
_ROWS = 18
_TABLE_MARGIN_M = 0.06
_WALL_INSET_M = 0.008


@dataclass(frozen=True)
class _Row:
    """One part as the panel tells it. rank: place of its best grasp among the parts, None without one."""

    label: int
    rank: int | None
    name: str
    similarity: float | None
    grasps: int
    best: Grasp | None


def save_plan_picture(path: Path, plan: GraspPlan, gripper: Gripper, title: str = "") -> None:
    """Write the picture of a plan as PNG."""
    figure = draw_plan(plan, gripper, title)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, facecolor=_PAPER)
    write_atomic(path, buffer.getvalue())


def draw_plan(plan: GraspPlan, gripper: Gripper, title: str = "") -> Figure:
    """A figure with the bin, seen at a slant from the sensor's side, and a table of its parts."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = _rows(plan)
    view = view_of_box(*_shown_box(plan.scene), plan.scene.viewpoint_bin, _WIDTH_PX, _HEIGHT_PX)
    figure = Figure(figsize=((_WIDTH_PX + _PANEL_PX) / _DPI, _HEIGHT_PX / _DPI), dpi=_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    share = _WIDTH_PX / (_WIDTH_PX + _PANEL_PX)
    picture = figure.add_axes((0, 0, share, 1))
    picture.imshow(_paint(plan, rows, gripper, view), interpolation="none", aspect="auto")
    picture.set_axis_off()
    _write_names(picture, rows, view)
    panel = figure.add_axes((share, 0, 1 - share, 1))
    panel.set_axis_off()
    _write_table(panel, plan, rows, title)
    return figure


def part_colour(index: int) -> FloatArray:
    """A colour in [0, 1] for the index-th part: neighbours in the order differ, none is grey or dark."""
    hue = (0.57 + index * 0.61803398875) % 1.0
    saturation, value = ((0.58, 0.93), (0.40, 0.98), (0.70, 0.84))[index % 3]
    return np.array(colorsys.hsv_to_rgb(hue, saturation, value), np.float32)


def _rows(plan: GraspPlan) -> list[_Row]:
    """Parts in the order of their best grasps, those without one last."""
    counts = Counter(grasp.part for grasp in plan.grasps)
    best: dict[int, Grasp] = {}
    for grasp in plan.grasps:
        best.setdefault(grasp.part, grasp)
    ranks = {part: rank for rank, part in enumerate(best, start=1)}
    matches = {match.segment: match for match in plan.matches}
    rows = [
        _Row(
            part.label,
            ranks.get(part.label),
            _answer(plan, part.label, best.get(part.label), matches.get(part.label)),
            _similarity(matches.get(part.label)),
            counts[part.label],
            best.get(part.label),
        )
        for part in plan.scene.segments
    ]
    return sorted(rows, key=lambda row: (row.rank is None, row.rank or row.label))


def _answer(plan: GraspPlan, part: int, best: Grasp | None, match: Match | None) -> str:
    """Who gave the best grasp of a part; where it has none, what mostly speaks against them."""
    if best is not None:
        doubtful = match is not None and match.doubtful
        return best.source or ("model-free, doubtful" if doubtful else "model-free")
    reasons = Counter(str(item.reason) for item in plan.rejected if item.grasp.part == part)
    if not reasons:
        return "passed over" if part in plan.passed_over else "nothing to hold it by"
    return textwrap.shorten(reasons.most_common(1)[0][0], LONGEST_REASON, placeholder=" ...")


def _similarity(match: Match | None) -> float | None:
    return match.nearest.similarity if match is not None and match.neighbours else None


def _shown_box(scene: Scene) -> tuple[Matrix, Matrix]:
    """Corners, in the bin frame, of what must be in the picture: the whole bin, or on a table the parts."""
    length, width, height = scene.bin.size_m
    low, high = (
        np.array([-length / 2, -width / 2, 0.0]),
        np.array([length / 2, width / 2, max(height, _reach_m(scene))]),
    )
    if scene.segments and not scene.bin.has_walls:
        points = np.concatenate([part.points_bin[:, :2] for part in scene.segments])
        low[:2] = np.maximum(low[:2], points.min(axis=0) - _TABLE_MARGIN_M)
        high[:2] = np.minimum(high[:2], points.max(axis=0) + _TABLE_MARGIN_M)
    return low, high


def _reach_m(scene: Scene) -> float:
    heights = [float(np.percentile(part.points_bin[:, 2], 98)) for part in scene.segments]
    return min(max([0.03, *heights]), 0.5)


def _paint(plan: GraspPlan, rows: list[_Row], gripper: Gripper, view: View) -> FloatArray:
    scene = plan.scene
    canvas = Canvas(view, _PAPER)
    finest_m = 0.9 * float(view.T_view_bin[2, 3]) / view.focal_px
    _paint_bin(canvas, scene, finest_m)
    keep = _worth_showing(scene)
    surface = scene_surface(scene, keep, finest_m)
    palette = np.tile(_FLOOR, (int(scene.labels.max(initial=0)) + 1, 1))
    for index, part in enumerate(scene.segments):
        palette[part.label] = part_colour(index)
    colours = palette[surface.labels] * lambert(surface.normals_bin)
    canvas.draw(surface.points_bin, np.clip(colours, 0.0, 1.0), surface.spacing_m)
    canvas.shade_edges()
    shown = [row.best for row in rows if row.best is not None][:_GRIPPERS_SHOWN]
    for place, grasp in reversed(list(enumerate(shown))):
        _paint_gripper(canvas, grasp, gripper, _BEST_GRIPPER if place == 0 else _GRIPPER, finest_m)
    return canvas.image()


def _worth_showing(scene: Scene) -> npt.NDArray[np.bool_]:
    """The floor and what lies on it; walls are drawn, not shown as measured, and the room around is left out."""
    length, width, height = scene.bin.size_m
    x, y, z = np.moveaxis(scene.points_bin, -1, 0)
    inset_m = _WALL_INSET_M if scene.bin.has_walls else 0.0
    with np.errstate(invalid="ignore"):
        inside = (abs(x) < length / 2) & (abs(y) < width / 2) & (z > -0.02) & (z < max(height, _reach_m(scene)) + 0.03)
        at_wall = (abs(x) > length / 2 - inset_m) | (abs(y) > width / 2 - inset_m)
        shown: npt.NDArray[np.bool_] = (inside & ~(at_wall & (z > inset_m))) | (scene.labels > 0)
    return shown


def _paint_bin(canvas: Canvas, scene: Scene, finest_m: float) -> None:
    """The floor under the cloud, so that shadows of the sensor are no holes, the far walls, and the rim."""
    length, width, height = scene.bin.size_m
    step_m = 3.0 * finest_m
    low, high = np.array([-length / 2, -width / 2, -0.004]), np.array([length / 2, width / 2, height])
    points, normals = box_faces(np.stack((low, high)), step_m)
    eye = -canvas.view.T_view_bin[:3, :3].T @ canvas.view.T_view_bin[:3, 3]
    far = ((points - eye) * normals).sum(axis=1) > 0
    floor, wall = far & (normals[:, 2] < 0), far & (normals[:, 2] == 0)
    canvas.draw(points[floor], np.tile(_FLOOR * 0.86, (int(floor.sum()), 1)), step_m * 1.4)
    if scene.bin.has_walls:
        colours = _FLOOR * (0.62 + 0.35 * lambert(-normals[wall]))
        canvas.draw(points[wall], np.clip(colours, 0.0, 1.0), step_m * 1.4)
        rim = box_edges(np.stack((low, high)), finest_m)
        canvas.draw(rim, np.tile(_WALL, (len(rim), 1)), 3.0 * finest_m)


def _paint_gripper(canvas: Canvas, grasp: Grasp, gripper: Gripper, colour: FloatArray, finest_m: float) -> None:
    R, t = grasp.T_bin_tcp[:3, :3], grasp.T_bin_tcp[:3, 3]
    points, shades = [], []
    for box in _cup_boxes(gripper) if isinstance(gripper, SuctionCup) else _jaw_boxes(gripper, grasp.width_m):
        face, normal = box_faces(box, finest_m)
        edge = box_edges(box, finest_m)
        points += [face @ R.T + t, edge @ R.T + t]
        shades += [colour * lambert(normal @ R.T) * 1.15, np.tile(colour * 0.45, (len(edge), 1))]
    rgb = np.clip(np.concatenate(shades), 0.0, 1.0).astype(np.float32)
    canvas.overlay(np.concatenate(points), rgb, finest_m * 1.6, shown=0.88, hidden=0.25)


def _jaw_boxes(jaw: Jaw, width_m: float) -> Matrix:
    """(4, 2, 3) fingers as they are, opened for the approach; of the palm only a bar, so that parts stay visible."""
    boxes = jaw.boxes_tcp(jaw.opening_m(width_m, 0.002)).copy()
    shorten = min(jaw.finger_depth_m, _FINGER_M)
    boxes[:2, 0, 2] = -shorten
    half_x = jaw.finger_width_m / 2
    boxes[2, 0] = -half_x, boxes[0, 0, 1], -shorten - _PALM_M
    boxes[2, 1] = half_x, boxes[1, 1, 1], -shorten
    stem = np.array([[-0.006, -0.006, -shorten - _PALM_M - _STEM_M], [0.006, 0.006, -shorten - _PALM_M]])
    return np.concatenate([boxes, stem[None]])


def _cup_boxes(cup: SuctionCup) -> Matrix:
    """(4, 2, 3) bellows down to the lip, and of the tube as much as of a jaw."""
    boxes = cup.boxes_tcp(0.0)[:4].copy()
    boxes[:3, 1, 2] = 0.0
    boxes[3, 0, 2] = -_STEM_END_M
    return boxes


def _write_names(axes: Axes, rows: list[_Row], view: View) -> None:
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3.2, foreground="white")]
    taken: list[tuple[float, float]] = []
    for row in rows[:_GRIPPERS_SHOWN]:
        if row.best is None or row.rank is None:
            continue
        tip = view.project(row.best.T_bin_tcp[:3, 3] - _STEM_END_M * row.best.T_bin_tcp[:3, 2])[0]
        x, y = float(np.clip(tip[0], 30, view.width_px - 190)), float(np.clip(tip[1] - 12, 24, view.height_px - 24))
        while any(abs(x - left) < 180 and abs(y - top) < 26 for left, top in taken):
            y = y - 26 if y > 60 else y + 26 * len(taken)
        taken.append((x, y))
        ink = "#ed5417" if row.rank == 1 else _INK
        axes.plot([tip[0], x], [tip[1], y], color=ink, linewidth=1.1, alpha=0.75)
        badge = {"boxstyle": "circle,pad=0.25", "facecolor": ink, "edgecolor": "white"}
        axes.text(x, y, str(row.rank), color="white", fontsize=10, ha="center", va="center", weight="bold", bbox=badge)
        axes.text(x + 15, y, row.name, color=_INK, fontsize=11, va="center", weight="bold", path_effects=halo)
    axes.set_xlim(0, view.width_px)
    axes.set_ylim(view.height_px, 0)


def _write_table(axes: Axes, plan: GraspPlan, rows: list[_Row], title: str) -> None:
    from matplotlib.patches import Rectangle

    axes.set_xlim(0, 1)
    axes.set_ylim(1, 0)
    axes.text(0.03, 0.055, title or str(plan.verdict), color=_INK, fontsize=17, weight="bold", va="center")
    parts = len(plan.scene.segments)
    axes.text(
        0.03, 0.095, f"{parts} parts, {len(plan.grasps)} grasps, {sum(plan.stages_ms.values()):.0f} ms",
        color=_FAINT, fontsize=11.5, va="center",
    )  # fmt: skip
    columns = (
        (0.03, "pick", "left"),
        (0.165, "answered by", "left"),
        (0.655, "similar", "right"),
        (0.79, "grasps", "right"),
        (0.95, "quality", "right"),
    )
    for x, heading, side in columns:
        axes.text(x, 0.145, heading, color=_FAINT, fontsize=10, ha=side, va="center")
    axes.plot([0.03, 0.95], [0.163, 0.163], color="#c8ced6", linewidth=0.8)
    order = {part.label: index for index, part in enumerate(plan.scene.segments)}
    for place, row in enumerate(rows[:_ROWS]):
        y = 0.19 + place * 0.034
        ink = _INK if row.best is not None else _FAINT
        axes.add_patch(Rectangle((0.105, y - 0.011), 0.035, 0.022, color=tuple(part_colour(order[row.label]))))
        axes.text(0.055, y, str(row.rank or "–"), color=ink, fontsize=11, ha="center", va="center")
        axes.text(0.165, y, _shorten(row.name), color=ink, fontsize=11, va="center")
        if row.similarity is not None:
            axes.text(0.655, y, f"{row.similarity:.2f}", color=ink, fontsize=11, ha="right", va="center")
        axes.text(0.79, y, str(row.grasps), color=ink, fontsize=11, ha="right", va="center")
        if row.best is not None:
            axes.text(0.95, y, f"{row.best.quality:.2f}", color=ink, fontsize=11, ha="right", va="center")
    if len(rows) > _ROWS:
        axes.text(0.165, 0.19 + _ROWS * 0.034, f"and {len(rows) - _ROWS} more", color=_FAINT, fontsize=11, va="center")
    _write_rejected(axes, plan)


def _write_rejected(axes: Axes, plan: GraspPlan) -> None:
    counts = Counter(str(item.reason) for item in plan.rejected).most_common(4)
    if counts:
        axes.text(0.03, 0.868, "grasps not offered, because", color=_FAINT, fontsize=10, va="center")
    for place, (reason, count) in enumerate(counts):
        axes.text(0.10, 0.896 + place * 0.026, str(count), color=_INK, fontsize=10.5, ha="right", va="center")
        axes.text(0.115, 0.896 + place * 0.026, reason, color=_INK, fontsize=10.5, va="center")


def _shorten(name: str, length: int = 29) -> str:
    return name if len(name) <= length else name[: length - 1] + "…"
