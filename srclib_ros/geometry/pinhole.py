"""The pinhole model: pixels to rays, depth images to points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from srclib_ros.types import Camera, FloatArray


def pixel_rays(camera: Camera) -> FloatArray:
    """(H, W, 3) float32 directions in the camera frame with z = 1: depth times ray is the point."""
    rays = np.ones((camera.height_px, camera.width_px, 3), np.float32)
    rays[..., 0] = (np.arange(camera.width_px) - camera.cx_px) / camera.fx_px
    rays[..., 1] = ((np.arange(camera.height_px) - camera.cy_px) / camera.fy_px)[:, None]
    return rays


def deproject(depth_m: npt.NDArray[np.floating], camera: Camera) -> FloatArray:
    """Points of a depth image. depth_m: (H, W), metres along the optical axis, 0 or NaN: none.

    Returns (H, W, 3) float32 in the camera frame, NaN where there is no depth.
    """
    xyz = pixel_rays(camera) * depth_m[..., None].astype(np.float32)
    xyz[~(depth_m > 0.0)] = np.nan
    return xyz
