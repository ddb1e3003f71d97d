"""The picking node, and RViz beside it where asked.

    ros2 launch srclib_ros picking_launch.py points:=/camera/depth/points library:=~/parts_library rviz:=true

Settings come from `params_file`; an argument that is given wins over the file.
"""

import os

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import LifecycleNode, Node
from launch_ros.substitutions import FindPackageShare

from srclib_ros.ros.environment import THREAD_SETTINGS, profile_variables

SHARE = FindPackageShare("srclib_ros")

# Arguments that are parameters of the node; an empty one leaves what the file says.
PARAMETERS = {
    "library": "folder of the source library; empty: the file's, else the one that ships",
    "mode": "continuous, or on_demand (plan only when ~/plan asks); empty: the file's",
    "input": "points, or depth (depth image and camera_info); empty: the file's",
    "target_frame": "frame in which grasps are published; empty: the file's, else the cloud's",
    "sensor_frame": "frame of the sensor, where clouds arrive in another one; empty: the file's",
    "autostart": "true or false: the node configures and activates itself; empty: the file's, else true",
}

TOPICS = {
    "points": "PointCloud2 to plan on",
    "depth/image_rect": "rectified depth image, with input:=depth",
    "depth/camera_info": "its intrinsics",
    "pick_result": "where the cell reports how a pick ended",
}


def generate_launch_description() -> LaunchDescription:
    arguments = [
        DeclareLaunchArgument(
            "params_file",
            default_value=PathJoinSubstitution([SHARE, "config", "picking.yaml"]),
            description="ROS parameter file of picking_node",
        ),
        DeclareLaunchArgument("namespace", default_value="", description="namespace of the node and of its topics"),
        DeclareLaunchArgument("use_sim_time", default_value="false", description="take the time from /clock"),
        DeclareLaunchArgument("log_level", default_value="info", description="debug, info, warn, error or fatal"),
        DeclareLaunchArgument("rviz", default_value="false", description="true opens RViz on the node's topics"),
        *(DeclareLaunchArgument(name, default_value="", description=text) for name, text in PARAMETERS.items()),
        *(
            DeclareLaunchArgument(topic.replace("/", "_"), default_value=topic, description=text)
            for topic, text in TOPICS.items()
        ),
    ]
    rviz = Node(
        package="rviz2",
        executable="rviz2",
        arguments=["-d", PathJoinSubstitution([SHARE, "config", "picking.rviz"])],
        parameters=[{"use_sim_time": LaunchConfiguration("use_sim_time")}],
        remappings=[("/points", LaunchConfiguration("points"))],
        condition=IfCondition(LaunchConfiguration("rviz")),
    )
    return LaunchDescription([*arguments, *_large_clouds(), OpaqueFunction(function=_picking_node), rviz])


def _large_clouds() -> list[SetEnvironmentVariable]:
    """The Fast DDS profile without which large clouds vanish, for every node of this launch; yours stays."""
    profile = PathJoinSubstitution([SHARE, "config", "fastdds.xml"])
    return [SetEnvironmentVariable(name, profile) for name in profile_variables() if name not in os.environ]


def _picking_node(context: LaunchContext) -> list[LifecycleNode]:
    given = {name: LaunchConfiguration(name).perform(context) for name in PARAMETERS}
    overrides = {name: value for name, value in given.items() if value}
    if "autostart" in overrides:
        overrides["autostart"] = overrides["autostart"].lower() == "true"
    return [
        LifecycleNode(
            package="srclib_ros",
            executable="picking_node",
            name="picking_node",
            namespace=LaunchConfiguration("namespace"),
            parameters=[
                LaunchConfiguration("params_file"),
                {"use_sim_time": LaunchConfiguration("use_sim_time").perform(context).lower() == "true", **overrides},
            ],
            remappings=[(topic, LaunchConfiguration(topic.replace("/", "_"))) for topic in TOPICS],
            ros_arguments=["--log-level", LaunchConfiguration("log_level")],
            additional_env={name: value for name, value in THREAD_SETTINGS.items() if name not in os.environ},
            output="screen",
            emulate_tty=True,
        )
    ]
