"""A cell without a camera: recorded clouds are played through the picking node.

ros2 launch srclib_ros replay_launch.py path:=recorded_bag loop:=true rviz:=true
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

SHARE = FindPackageShare("srclib_ros")


def generate_launch_description() -> LaunchDescription:
    arguments = [
        DeclareLaunchArgument("path", description="rosbag2, or folder of PCD, PLY, NPZ files or scene folders"),
        DeclareLaunchArgument(
            "topic", default_value="", description="PointCloud2 topic of the bag; empty: the only one"
        ),
        DeclareLaunchArgument("frame_id", default_value="", description="frame of the clouds; empty: as recorded"),
        DeclareLaunchArgument("rate_hz", default_value="0.0", description="clouds a second; 0: as recorded"),
        DeclareLaunchArgument(
            "stamps", default_value="now", description="now; or original, which the node refuses beyond max_age_s"
        ),
        DeclareLaunchArgument("loop", default_value="false", description="true starts again at the end"),
        DeclareLaunchArgument(
            "params_file",
            default_value=PathJoinSubstitution([SHARE, "config", "picking.yaml"]),
            description="ROS parameter file of picking_node",
        ),
        DeclareLaunchArgument("namespace", default_value="", description="namespace of the nodes and of their topics"),
        DeclareLaunchArgument("use_sim_time", default_value="false", description="take the time from /clock"),
        DeclareLaunchArgument("log_level", default_value="info", description="debug, info, warn, error or fatal"),
        DeclareLaunchArgument("library", default_value="", description="source library; empty: the one that ships"),
        DeclareLaunchArgument("target_frame", default_value="", description="frame of the grasps; empty: the cloud's"),
        DeclareLaunchArgument("rviz", default_value="false", description="true opens RViz on the node's topics"),
    ]
    replay = Node(
        package="srclib_ros",
        executable="replay_node",
        name="replay_node",
        namespace=LaunchConfiguration("namespace"),
        parameters=[
            {name: _typed(name, str) for name in ("path", "topic", "frame_id", "stamps")},
            {"rate_hz": _typed("rate_hz", float), "loop": _typed("loop", bool)},
            {"use_sim_time": _typed("use_sim_time", bool)},
        ],
        ros_arguments=["--log-level", LaunchConfiguration("log_level")],
        output="screen",
        emulate_tty=True,
    )
    passed_on = ("params_file", "namespace", "use_sim_time", "log_level", "library", "target_frame", "rviz")
    picking = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(PathJoinSubstitution([SHARE, "launch", "picking_launch.py"])),
        launch_arguments={name: LaunchConfiguration(name) for name in passed_on}.items(),
    )
    return LaunchDescription([*arguments, picking, replay])


def _typed(name: str, kind: type) -> ParameterValue:
    return ParameterValue(LaunchConfiguration(name), value_type=kind)
