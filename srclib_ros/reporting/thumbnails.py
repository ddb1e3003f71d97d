"""Small shaded pictures of parts."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from srclib_ros.geometry.mesh import PartMesh
from srclib_ros.rendering.canvas import Canvas, lambert
from srclib_ros.rendering.surface import mesh_surface
from srclib_ros.rendering.view import view_of_box

SIDE_PX = 128
_VIEWPOINT = np.array([0.55, -0.78, 0.66])  # from the front right and above: the light comes from the left
_GREY = np.array([0.62, 0.68, 0.76], np.float32)  # on white as on black
_COLOURS = 32
_SPACING = 1 / 280  # of points on the surface, of the diagonal of the bounding box


def thumbnail(mesh: PartMesh) -> bytes:
    """PNG of `SIDE_PX` square, transparent around the part; the same mesh gives the same bytes."""
    from PIL import Image

    vertices = mesh.vertices / np.linalg.norm(mesh.extents_m)  # every part as large, as no scale could be read off
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    canvas = Canvas(view_of_box(low, high, _VIEWPOINT, SIDE_PX, SIDE_PX), (1.0, 1.0, 1.0))
    points, normals = mesh_surface(vertices, mesh.faces, _SPACING)
    canvas.draw(points, _GREY * lambert(normals), _SPACING)
    canvas.shade_edges()
    rgb, alpha = canvas.image(), canvas.coverage()[..., None]
    own = np.where(alpha > 0, (rgb - (1 - alpha)) / np.maximum(alpha, 1e-6), 0.0)  # without the white around it
    rgba = np.concatenate((np.clip(own, 0.0, 1.0), alpha), axis=-1)
    picture = Image.fromarray(np.round(255 * rgba).astype(np.uint8), "RGBA")
    file = BytesIO()
    picture.quantize(_COLOURS, Image.Quantize.FASTOCTREE).save(file, "PNG", optimize=True)
    return file.getvalue()
