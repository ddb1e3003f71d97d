"""Real nodes in processes of their own over Fast DDS; the pipeline behind them is one whose answers a test can set."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rclpy.qos import QoSReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import String
from std_srvs.srv import Trigger
from support.ros_cell import BIN_POSE, Cell, part_cloud, write_fake_library
from support.ros_messages import camera_info, depth_image, point_cloud
from visualization_msgs.msg import MarkerArray

from srclib_ros.geometry.transforms import pose7_to_matrix
from srclib_ros.ros.bag import write_bag
from srclib_ros.ros.convert import cloud_from_message, message_from_cloud, ns_to_stamp
from srclib_ros.ros.runner import NodeProcess
from srclib_ros.types import Cloud

ROOT = Path(__file__).resolve().parents[2]
GRASPS = ["grasp-0", "grasp-1"]
StartCell = Callable[..., Cell]


@pytest.fixture
def start_cell(tmp_path: Path) -> Iterator[StartCell]:
    cells: list[Cell] = []

    def start(plan_s: float = 0.0, **parameters: Any) -> Cell:
        library = write_fake_library(tmp_path / "library", plan_s=plan_s)
        cell = Cell(tmp_path / "log.txt", {"library": str(library), "bin.pose": BIN_POSE, **parameters})
        cells.append(cell)
        return cell

    yield start
    for cell in cells:
        cell.__exit__(None, None, None)


def ids(plan: dict[str, Any]) -> list[str]:
    return [grasp["grasp_id"] for grasp in plan["grasps"]]


def matrix(pose: Any) -> Any:
    p, q = pose.position, pose.orientation
    return pose7_to_matrix((p.x, p.y, p.z, q.x, q.y, q.z, q.w))


def test_a_cloud_becomes_grasps_in_its_own_frame_and_stamp(start_cell: StartCell) -> None:
    cell = start_cell().wait_active()
    stamp_ns = cell.show(part_cloud())
    poses, plan = cell.poses_of(stamp_ns), cell.plan_of(stamp_ns)
    assert poses.header.frame_id == "camera" and len(poses.poses) == 2
    assert ids(plan) == GRASPS and plan["verdict"] == "grasps"
    np.testing.assert_allclose(matrix(poses.poses[0]), pose7_to_matrix(plan["grasps"][0]["pose"]), atol=1e-6)
    # The block lies 4 cm above the floor; its fake grasp comes from above, where the camera is.
    assert poses.poses[0].position.z == pytest.approx(0.86, abs=1e-3)
    assert matrix(poses.poses[0])[2, 2] == pytest.approx(1.0)
    cell.until(lambda: cell.best, "best_grasp")
    assert cell.best[0].pose == poses.poses[0]
    (model,) = cell.latched_models()
    assert model["source"] == "hex_bolt_m8x40" and model["cluster"] == 3 and model["library"]["version"] == "v1"
    cell.until(lambda: cell.diagnostics and "network.median_ms" in cell.diagnostics[-1], "latency in /diagnostics")
    assert cell.diagnostics[-1]["level"] == "0" and cell.diagnostics[-1]["library_version"] == "v1"


def test_pictures_come_when_somebody_looks(start_cell: StartCell) -> None:
    cell = start_cell().wait_active()
    segments: list[PointCloud2] = []
    markers: list[MarkerArray] = []
    cell.node.create_subscription(PointCloud2, "picking_node/segments", segments.append, 1)
    cell.node.create_subscription(MarkerArray, "picking_node/markers", markers.append, 1)
    cell.spin(0.5)
    cell.show(part_cloud())
    cell.until(lambda: segments and markers, "segments and markers")
    assert [field.name for field in segments[0].fields] == ["x", "y", "z", "rgb", "label"]
    assert {"bin", "parts", "labels", "grasps", "best_grasp"} <= {marker.ns for marker in markers[0].markers}


def _changed(message: PointCloud2, **changes: Any) -> PointCloud2:
    for name, value in changes.items():
        setattr(message, name, value)
    return message


def bad_clouds() -> dict[str, PointCloud2]:
    block = np.ones((3, 4, 3), np.float32)
    return {
        "EmptyCloudError": PointCloud2(),
        "CloudFieldError": _changed(point_cloud(block), fields=[]),
        "CloudLayoutError": _changed(point_cloud(block), row_step=7),
        "CloudTooLargeError": point_cloud(np.ones((60, 50, 3), np.float32)),
    } | {
        f"{name}:{kind}": message
        for name, kind, message in (
            ("EmptyCloudError", "all NaN", point_cloud(block * np.nan)),
            ("CloudFieldError", "integers", point_cloud(block, scalar="i2")),
            ("CloudLayoutError", "big-endian", _changed(point_cloud(block), is_bigendian=True)),
            ("CloudLayoutError", "short data", _changed(point_cloud(block), height=5)),
        )
    }


def test_every_bad_cloud_is_named_and_the_next_good_one_is_planned(start_cell: StartCell) -> None:
    cell = start_cell(**{"segmentation.max_points": 2500}).wait_active()
    for case, message in bad_clouds().items():
        name = case.split(":")[0]
        stamp_ns = cell.show(message)
        assert list(cell.poses_of(stamp_ns).poses) == [], case
        plan = cell.plan_of(stamp_ns)
        assert (plan["verdict"], plan["error"]) == ("error", name), case
        said = lambda name=name: cell.diagnostics and cell.diagnostics[-1]["message"].startswith(name)  # noqa: E731
        cell.until(said, f"{name} in /diagnostics")
        model = cell.latched_models()[-1]
        assert (model["source"], model["error"], model["stamp_ns"]) == (None, name, stamp_ns), case
        assert f"{name}: " in cell.log
        assert ids(cell.answer_to(part_cloud())) == GRASPS, f"after {case}"
    assert cell.process.status is None


def test_an_empty_bin_is_an_answer_and_no_error(start_cell: StartCell) -> None:
    cell = start_cell().wait_active()
    plan = cell.answer_to(part_cloud(part=False))
    assert plan["verdict"] == "empty bin" and plan["why"] and plan["grasps"] == []
    cell.spin(0.3)
    assert cell.best == []
    assert all(len(item.poses) == 0 for item in cell.poses)


def test_an_old_cloud_yields_no_grasp(start_cell: StartCell) -> None:
    cell = start_cell(max_age_s=2.0).wait_active()
    for offset_s in (-60, 60):
        plan = cell.answer_to(part_cloud(), cell.now_ns() + offset_s * 10**9)
        assert plan["error"] == "StaleCloudError" and plan["grasps"] == []
    assert cell.set_parameter("max_age_s", 0.0).successful
    assert ids(cell.answer_to(part_cloud(), cell.now_ns() - 60 * 10**9)) == GRASPS


def test_parameters_are_described_changed_and_refused(start_cell: StartCell) -> None:
    cell = start_cell().wait_active()
    described = cell.describe("max_age_s")
    assert "older" in described.description and described.floating_point_range[0].to_value == 3600.0
    assert cell.set_parameter("bin.pose", [0.0, 0.0, 2.0, 1.0, 0.0, 0.0, 0.0]).successful
    refused = cell.set_parameter("grasp.max_tilt_rad", 9.0)
    assert not refused.successful and "9.0" in refused.reason
    refused = cell.set_parameter("bin.pose", [0.0, 1.0])
    assert not refused.successful and "ConfigError: bin.pose: expected 0 or 7 numbers" in refused.reason
    assert not cell.set_parameter("mode", "sometimes").successful
    assert cell.set_parameter("bin.pose", list(BIN_POSE)).successful
    assert ids(cell.answer_to(part_cloud())) == GRASPS


@pytest.mark.parametrize(
    ("parameters", "told"),
    [({"libary": "x"}, "unknown parameter 'libary'"), ({"bin.size_m": (1.0, 2.0)}, "3 numbers")],
)
def test_a_misspelt_parameter_ends_the_start(start_cell: StartCell, parameters: dict[str, Any], told: str) -> None:
    cell = start_cell(**parameters)
    assert cell.process.process.wait(30) == 2
    assert "ConfigError" in cell.log and told in cell.log
    with pytest.raises(AssertionError, match="the node ended with 2"):
        cell.answer_to(part_cloud())


def test_a_parameter_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with (
        (tmp_path / "log").open("w+") as log,
        NodeProcess("picking_node", ["--ros-args", "--params-file", "no.yaml"], output=log) as node,
    ):
        assert node.process.wait(30) == 2
        log.seek(0)
        told = log.read()
    assert "ConfigError: ROS arguments" in told and "no.yaml" in told and "Traceback" not in told


def test_on_demand_waits_for_a_cloud_stamped_after_the_request(start_cell: StartCell) -> None:
    cell = start_cell(mode="on_demand", plan_timeout_s=10.0).wait_active()
    before_ns = cell.show(part_cloud())
    cell.spin(0.5)
    assert cell.plans == []
    future = cell.ask(Trigger, "plan", Trigger.Request())
    cell.spin(0.5)
    cell.show(part_cloud(), before_ns)
    cell.spin(0.3)
    assert not future.done() and cell.plans == []
    stamp_ns = cell.show(part_cloud())
    cell.until(future.done, "the answer of ~/plan")
    response = future.result()
    assert response.success
    plan = json.loads(response.message)
    assert ids(plan) == GRASPS and plan["stamp_ns"] == stamp_ns
    assert cell.plan_of(stamp_ns) == plan


def test_a_plan_that_nobody_can_make_says_why(start_cell: StartCell) -> None:
    cell = start_cell(mode="on_demand", plan_timeout_s=0.3).wait_active()
    response = cell.trigger("plan")
    assert not response.success and "plan_timeout_s = 0.3" in response.message and "/points" in response.message
    cell.set_parameter("plan_timeout_s", 10.0)
    future = cell.ask(Trigger, "plan", Trigger.Request())
    cell.spin(0.3)
    cell.show(PointCloud2())
    cell.until(future.done, "the answer of ~/plan")
    assert not future.result().success and future.result().message.startswith("EmptyCloudError")


def test_who_waits_for_a_plan_is_told_at_once_that_the_node_was_deactivated(start_cell: StartCell) -> None:
    cell = start_cell(mode="on_demand", plan_timeout_s=60.0).wait_active()
    future = cell.ask(Trigger, "plan", Trigger.Request())
    cell.spin(0.5)
    assert cell.change_state("deactivate")
    cell.until(future.done, "the answer of ~/plan", patience_s=5.0)
    for response in (future.result(), cell.trigger("plan")):
        assert not response.success and "deactivated" in response.message


@pytest.mark.parametrize(("input", "topic"), [("points", "points"), ("depth", "depth/camera_info")])
def test_a_failed_activation_leaves_nothing_behind(start_cell: StartCell, input: str, topic: str) -> None:
    cell = start_cell(autostart=False, input=input, **{f"qos_overrides./{topic}.subscription.reliability": "nonsense"})
    assert cell.change_state("configure")
    for _ in range(2):
        assert not cell.change_state("activate") and cell.state() == "inactive"
    assert not cell.listened_to() & {"/pick_result", "/points", "/depth/image_rect", "/depth/camera_info"}
    response = cell.trigger("plan")
    assert not response.success and "could not be activated" in response.message and "nonsense" in response.message


def test_planning_does_not_hold_up_services_and_drops_are_counted(start_cell: StartCell) -> None:
    cell = start_cell(plan_s=1.5).wait_active()
    stamps = [cell.show(part_cloud())]
    cell.spin(0.3)
    for _ in range(3):
        stamps.append(cell.show(part_cloud()))
        cell.spin(0.05)
    assert cell.get_parameter("mode").string_value == "continuous"
    assert cell.state() == "active"
    assert cell.plans == [], "the services answered only after the plan"
    cell.plan_of(stamps[-1])
    assert [plan["stamp_ns"] for plan in cell.plans] == [stamps[0], stamps[-1]]
    cell.until(lambda: cell.diagnostics[-1].get("dropped") == "2", "two drops in /diagnostics")


def test_a_library_is_swapped_and_a_bad_one_is_not(start_cell: StartCell, tmp_path: Path) -> None:
    cell = start_cell().wait_active()
    write_fake_library(tmp_path / "library", "v2")
    response = cell.trigger("reload_library")
    assert response.success and "v2" in response.message
    cell.answer_to(part_cloud())
    assert cell.latched_models()[-1]["library"]["version"] == "v2"
    assert cell.set_parameter("library", str(tmp_path / "nowhere")).successful
    response = cell.trigger("reload_library")
    assert not response.success and "ArtifactMissingError" in response.message and "stays" in response.message
    assert ids(cell.answer_to(part_cloud())) == GRASPS
    cell.until(lambda: cell.diagnostics[-1].get("last_error") == "ArtifactMissingError", "the error in /diagnostics")


def test_without_a_library_the_node_lives_and_configures_later(start_cell: StartCell, tmp_path: Path) -> None:
    cell = start_cell(library=str(tmp_path / "nowhere"))
    cell.until(lambda: any("ArtifactMissingError" in item["message"] for item in cell.diagnostics), "the named error")
    assert cell.state() == "unconfigured" and "ArtifactMissingError" in cell.log
    assert not cell.trigger("plan").success
    assert cell.set_parameter("library", str(tmp_path / "library")).successful
    assert cell.change_state("configure") and cell.change_state("activate")
    assert ids(cell.wait_active().answer_to(part_cloud())) == GRASPS


def test_the_life_cycle_goes_round(start_cell: StartCell) -> None:
    cell = start_cell(autostart=False)
    assert cell.state() == "unconfigured"
    for _ in range(2):
        assert cell.change_state("configure") and cell.state() == "inactive"
        assert cell.change_state("activate") and cell.state() == "active"
        assert ids(cell.wait_active().answer_to(part_cloud())) == GRASPS
        assert cell.change_state("deactivate")
        cell.until(lambda: not cell.clouds.get_subscription_count(), "the node to stop listening")
        assert cell.change_state("cleanup") and cell.state() == "unconfigured"
    assert cell.change_state("shutdown") and cell.state() == "finalized"


def test_a_failed_grasp_is_not_offered_again(start_cell: StartCell) -> None:
    cell = start_cell().wait_active()
    assert ids(cell.answer_to(part_cloud())) == GRASPS
    cell.results.publish(String(data='{"grasp_id": "grasp-0", "outcome": "failure"}'))
    cell.results.publish(String(data='{"grasp_id": "grasp-1", "outcome": "success"}'))
    cell.results.publish(String(data="dropped it"))
    cell.until(lambda: "PickResultError" in cell.log, "the unreadable result in the log")
    assert ids(cell.answer_to(part_cloud())) == ["grasp-1"]
    assert cell.set_parameter("grasp.max_tilt_rad", 0.2).successful
    assert ids(cell.answer_to(part_cloud())) == ["grasp-1"], "a changed parameter forgot the failure"


def test_an_unreachable_target_frame_is_refused_and_extrinsics_reach_it(start_cell: StartCell) -> None:
    cell = start_cell(target_frame="base").wait_active()
    plan = cell.answer_to(part_cloud())
    assert plan["error"] == "TransformError" and plan["grasps"] == []
    assert cell.poses_of(plan["stamp_ns"]).header.frame_id == plan["frame_id"] == "base"
    assert plan["cloud_frame_id"] == "camera"
    extrinsics = (0.1, 0.2, 1.2, 1.0, 0.0, 0.0, 0.0)
    text = "base camera " + " ".join(map(str, extrinsics))
    assert cell.set_parameter("extrinsics", text).successful
    stamp_ns = cell.show(part_cloud())
    plan, poses = cell.plan_of(stamp_ns), cell.poses_of(stamp_ns)
    assert poses.header.frame_id == "base" and plan["frame_id"] == "base" and plan["cloud_frame_id"] == "camera"
    T_camera_tcp = pose7_to_matrix(BIN_POSE) @ np.array(plan["grasps"][0]["T_bin_tcp"])
    np.testing.assert_allclose(matrix(poses.poses[0]), pose7_to_matrix(extrinsics) @ T_camera_tcp, atol=1e-6)


def test_the_bin_may_be_stated_in_another_frame(start_cell: StartCell) -> None:
    """The bin's pose in the frame `cell`, and that frame in the camera's, give the pose that is used elsewhere."""
    extrinsics = "camera cell " + " ".join(map(str, BIN_POSE))
    cell = start_cell(
        **{"bin.frame_id": "cell", "bin.pose": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0), "extrinsics": extrinsics}
    )
    plan = cell.wait_active().answer_to(part_cloud())
    np.testing.assert_allclose(plan["T_cloud_bin"], pose7_to_matrix(BIN_POSE), atol=1e-9)


def test_depth_images_serve_instead_of_points(start_cell: StartCell) -> None:
    cell = start_cell(input="depth")
    images = cell.node.create_publisher(Image, "depth/image_rect", 10)
    infos = cell.node.create_publisher(CameraInfo, "depth/camera_info", 10)
    cell.until(lambda: images.get_subscription_count() and infos.get_subscription_count(), "the node to listen")
    cell.spin(0.3)
    depth_mm = np.full((60, 80), 900, np.uint16)
    depth_mm[20:40, 30:50] = 860
    info = camera_info(80, 60, focal=200.0)

    def film() -> bool:
        """A camera repeats itself: sensor QoS may lose the first messages."""
        infos.publish(info)
        cell.spin(0.2)
        images.publish(depth_image(depth_mm, "16UC1"))
        return bool(cell.plans)

    cell.until(film, "the first depth image with its camera_info")
    for encoding, depth in (("16UC1", depth_mm), ("32FC1", (depth_mm / 1000).astype(np.float32))):
        image, stamp_ns = depth_image(depth, encoding), cell.now_ns()
        image.header.stamp = ns_to_stamp(stamp_ns)
        images.publish(image)
        assert ids(cell.plan_of(stamp_ns)) == GRASPS
        assert cell.poses_of(stamp_ns).poses[0].position.z == pytest.approx(0.86, abs=2e-3)


def test_sensor_qos_may_be_overridden_as_rclpy_has_it(start_cell: StartCell) -> None:
    cell = start_cell(**{"qos_overrides./points.subscription.reliability": "reliable"}).wait_active()
    (heard,) = cell.node.get_subscriptions_info_by_topic("/points")
    assert heard.qos_profile.reliability == QoSReliabilityPolicy.RELIABLE
    assert ids(cell.answer_to(part_cloud())) == GRASPS


def test_time_may_come_from_a_simulation(start_cell: StartCell) -> None:
    """At 100 s of simulated time a cloud of that stamp is fresh, and one stamped with the wall clock is not."""
    cell = start_cell(use_sim_time=True)
    clock = cell.node.create_publisher(Clock, "/clock", 10)
    cell.wait_active()
    cell.until(clock.get_subscription_count, "the node to hear /clock")
    cell.spin(0.3)
    clock.publish(Clock(clock=ns_to_stamp(100 * 10**9)))
    cell.spin(0.3)
    assert ids(cell.answer_to(part_cloud(), 100 * 10**9)) == GRASPS
    assert cell.answer_to(part_cloud())["error"] == "StaleCloudError"


def test_the_shipped_parameter_file_reaches_the_node(tmp_path: Path) -> None:
    library = write_fake_library(tmp_path / "library")
    with Cell(tmp_path / "log.txt", {"library": str(library)}, params_file=ROOT / "config" / "on_demand.yaml") as cell:
        assert cell.wait_active().get_parameter("mode").string_value == "on_demand"


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_a_bag_is_replayed_with_its_own_stamps(tmp_path: Path, storage: str, rng: np.random.Generator) -> None:
    recorded = [
        Cloud(rng.uniform(1, 2, (48, 64, 3)).astype(np.float32), "camera", 10**18 + 10**7 * index)
        for index in range(20)
    ]
    write_bag(tmp_path / "bag", recorded, storage=storage)
    with Cell(tmp_path / "log.txt", {"path": str(tmp_path / "bag")}, node="replay_node") as cell:
        heard: list[PointCloud2] = []
        cell.node.create_subscription(PointCloud2, "points", heard.append, 50)
        cell.until(lambda: len(heard) == len(recorded), "every cloud of the bag")
        assert cell.process.process.wait(10) == 0
    for before, message in zip(recorded, heard, strict=True):
        after = cloud_from_message(message, 10_000)
        np.testing.assert_array_equal(after.xyz, before.xyz)
        assert (after.stamp_ns, after.frame_id) == (before.stamp_ns, "camera")


def test_a_folder_is_replayed_and_its_bad_file_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "recorded"
    folder.mkdir()
    np.savez(folder / "a.npz", xyz=part_cloud().xyz)
    (folder / "b.pcd").write_text("nonsense")
    parameters = {"path": str(folder), "rate_hz": 20.0, "frame_id": "table", "loop": True}
    with Cell(tmp_path / "log.txt", parameters, node="replay_node") as cell:
        heard: list[PointCloud2] = []
        cell.node.create_subscription(PointCloud2, "points", heard.append, 50)
        started_ns = cell.now_ns()
        cell.until(lambda: len(heard) >= 3, "the folder twice and more")
        assert "b.pcd" in cell.log
    assert {message.header.frame_id for message in heard} == {"table"}
    assert heard[0].header.stamp.sec >= started_ns // 10**9 - 1


@pytest.mark.parametrize(("parameters", "status"), [({"path": "nowhere"}, 1), ({"stamps": "never"}, 2)])
def test_nothing_to_replay_is_a_named_end(tmp_path: Path, parameters: dict[str, Any], status: int) -> None:
    with Cell(tmp_path / "log.txt", {"wait_for_subscribers": 0, **parameters}, node="replay_node") as cell:
        assert cell.process.process.wait(30) == status
        assert "Error: " in cell.log


def test_clouds_of_a_cameras_size_are_not_lost(start_cell: StartCell) -> None:
    """Each is sent when the last one was answered, so that only the transport can lose one."""
    cell = start_cell().wait_active()
    small = part_cloud()
    message = message_from_cloud(Cloud(np.repeat(np.repeat(small.xyz, 12, axis=0), 10, axis=1), "camera"))
    assert len(message.data) > 3_000_000
    for _ in range(30):
        assert len(cell.poses_of(cell.show(message)).poses) == 2
