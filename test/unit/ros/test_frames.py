from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import TransformStamped

from srclib_ros.errors import TransformError
from srclib_ros.geometry.transforms import invert, make_transform, matrix_to_pose7, random_rotation
from srclib_ros.ros.frames import Frames, chain, parse_extrinsics


def as_text(parent: str, child: str, T: Any) -> str:
    return f"{parent} {child} " + " ".join(f"{value:.17g}" for value in matrix_to_pose7(T))


def random_transform(rng: np.random.Generator) -> Any:
    return make_transform(random_rotation(rng), rng.uniform(-1, 1, 3))


def test_a_chain_is_the_product_of_its_links(rng: np.random.Generator) -> None:
    T_base_wrist, T_wrist_camera = random_transform(rng), random_transform(rng)
    edges = parse_extrinsics(f"{as_text('base', 'wrist', T_base_wrist)};{as_text('wrist', 'camera', T_wrist_camera)};")
    T_base_camera = chain(edges, "base", "camera")
    T_camera_base = chain(edges, "camera", "base")
    assert T_base_camera is not None and T_camera_base is not None
    np.testing.assert_allclose(T_base_camera, T_base_wrist @ T_wrist_camera, atol=1e-12)
    np.testing.assert_allclose(T_camera_base, invert(T_base_wrist @ T_wrist_camera), atol=1e-12)
    assert chain(edges, "base", "moon") is None


@pytest.mark.parametrize(
    "text", ["base camera", "base camera 0 0 0 0 0 0 0", "a b 0 0 0 0 0 0 one", "a a 0 0 0 0 0 0 1"]
)
def test_extrinsics_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(TransformError):
        parse_extrinsics(text)


def test_the_same_frame_needs_nobody() -> None:
    np.testing.assert_array_equal(Frames(None).lookup("camera", "camera", 0, {}, 0.1), np.eye(4))


def test_a_frame_out_of_reach_is_refused_and_never_identity() -> None:
    with pytest.raises(TransformError, match="set extrinsics to 'base camera"):
        Frames(None).lookup("base", "camera", 0, parse_extrinsics("base tool 0 0 0 0 0 0 1"), 0.1)


class FakeBuffer:
    """As much of tf2_ros.Buffer as the node uses."""

    asked: tuple[Any, ...] = ()

    def lookup_transform(self, target: str, source: str, time: Any, timeout: Any) -> TransformStamped:
        FakeBuffer.asked = (target, source, time.nanoseconds, timeout.nanoseconds)
        if source != "camera":
            raise FakeTransformException("frame does not exist")
        message = TransformStamped()
        message.transform.translation.z = 1.5
        return message


class FakeTransformException(Exception):
    pass


@pytest.fixture
def tf2(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = types.ModuleType("tf2_ros")
    module.Buffer, module.TransformException = FakeBuffer, FakeTransformException
    module.TransformListener = lambda buffer, node: None
    monkeypatch.setitem(sys.modules, "tf2_ros", module)


@pytest.mark.usefixtures("tf2")
def test_tf2_is_asked_at_the_stamp_of_the_cloud() -> None:
    frames = Frames(None)
    assert frames.has_tf2
    T_base_camera = frames.lookup("base", "camera", 12_345, {}, 0.25)
    assert T_base_camera[2, 3] == 1.5
    assert FakeBuffer.asked == ("base", "camera", 12_345, 250_000_000)


@pytest.mark.usefixtures("tf2")
def test_what_tf2_does_not_know_is_refused() -> None:
    with pytest.raises(TransformError, match="frame does not exist"):
        Frames(None).lookup("base", "moon", 1, {}, 0.1)


@pytest.mark.usefixtures("tf2")
def test_extrinsics_come_before_tf2() -> None:
    edges = parse_extrinsics("base camera 0 0 7 0 0 0 1")
    assert Frames(None).lookup("base", "camera", 1, edges, 0.1)[2, 3] == 7.0
