from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image
from support.grasp_parts import bent_plate, boxes

from srclib_ros.reporting.thumbnails import SIDE_PX, thumbnail


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data)).convert("RGBA"))


def test_a_small_picture_with_the_part_in_its_middle() -> None:
    data = thumbnail(boxes(((0, 0, 0), (0.06, 0.04, 0.01))))
    assert len(data) < 6000
    rgba = pixels(data)
    assert rgba.shape == (SIDE_PX, SIDE_PX, 4)
    rows, columns = np.nonzero(rgba[..., 3])
    assert max(np.ptp(rows), np.ptp(columns)) > 0.85 * SIDE_PX
    assert abs(rows.min() + rows.max() - SIDE_PX) < 8
    assert rgba[0, 0, 3] == 0


def test_a_solid_face_has_no_holes_and_faces_differ_in_brightness() -> None:
    rgba = pixels(thumbnail(boxes(((0, 0, 0), (0.05, 0.05, 0.05)))))
    solid = rgba[SIDE_PX // 2 - 20 : SIDE_PX // 2 + 20, SIDE_PX // 2 - 20 : SIDE_PX // 2 + 20]
    assert (solid[..., 3] == 255).all()
    assert np.ptp(solid[..., 0].astype(int)) > 30


def test_the_same_mesh_gives_the_same_bytes_and_its_size_does_not_show() -> None:
    assert thumbnail(bent_plate()) == thumbnail(bent_plate())
    small, large = pixels(thumbnail(bent_plate().scaled(0.25))), pixels(thumbnail(bent_plate()))
    assert (np.abs(small[..., 3].astype(int) - large[..., 3]) > 128).mean() < 0.02
