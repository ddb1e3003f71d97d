"""An ordinary ament_python package: pip and colcon read the same file."""

import re
from pathlib import Path

from setuptools import find_packages, setup

NAME = "srclib_ros"
HERE = Path(__file__).resolve().parent
VERSION = re.search(r'^__version__ = "(.+)"$', (HERE / NAME / "__init__.py").read_text(), re.MULTILINE).group(1)

# What the running cell needs. Exact versions of everything that gets installed stand in constraints.txt.
RUNTIME = [
    "numpy>=1.26,<3",
    "scipy>=1.14",
    "onnxruntime>=1.20",
    "safetensors>=0.5",
    "PyYAML>=6.0",
    "pillow>=11.0",
    "tqdm>=4.66",
]

EXTRAS = {
    # A real rclpy on Fast DDS from wheels, for machines without a ROS 2 installation.
    "ros": [
        "ros-kilted-rclpy==9.1.2",
        "ros-kilted-rmw-fastrtps-cpp==9.3.3",
        "ros-kilted-sensor-msgs==5.5.1",
        "ros-kilted-geometry-msgs==5.5.1",
        "ros-kilted-visualization-msgs==5.5.1",
        "ros-kilted-diagnostic-msgs==5.5.1",
        "ros-kilted-lifecycle-msgs==2.3.0",
        "ros-kilted-std-srvs==5.5.1",
        "rosbags==0.11.9",
    ],
    "bag": ["rosbags==0.11.9"],
    "sim": [
        "mujoco==4.0.0",
        "open3d-cpu==0.20.0",
        "trimesh==5.2.0",
        "manifold3d==3.5.4",
        "coacd==1.0.14",
        "networkx==3.6.1",
    ],
    "pictures": ["matplotlib==3.11.2"],
    "train": [
        "torch==2.13.0",
        "scikit-learn==1.9.1",
        "hdbscan==0.8.44",
        "onnx==1.23.2",
        "joblib==1.6.0",
    ],
    # `srclib build --backend dask`: the work on single parts on a cluster.
    "cluster": ["dask==2026.8.0", "distributed==2026.8.0"],
    # STEP files. The wheel carries OpenCASCADE (LGPL-2.1 with exception) as shared libraries.
    "cad": ["cascadio==0.1.1"],
    "test": [
        "pytest==9.2.0",
        "pytest-timeout==2.4.0",
        "hypothesis==6.170.15",
        "pybullet==3.2.7; python_version < '3.12'",
        "dask==2026.8.0",
        "distributed==2026.8.0",
        "ruff==0.17.6",
        "mypy==2.4.1",
        "types-PyYAML==6.0.12.20261113",
    ],
}


def files(folder: str, pattern: str = "*") -> list[str]:
    """The files of a folder beside this one, relative as setuptools wants them."""
    return sorted(str(path.relative_to(HERE)) for path in (HERE / folder).glob(pattern) if path.is_file())


setup(
    name=NAME,
    version=VERSION,
    description="Bin picking that learns a new part in minutes because it remembers the old ones",
    long_description=(HERE / "README.md").read_text(),
    long_description_content_type="text/markdown",
    author="srclib_ros maintainers",
    maintainer="srclib_ros maintainers",
    maintainer_email="maintainers@srclib-ros.example",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    packages=find_packages(exclude=["test", "test.*"]),
    package_data={
        NAME: [
            "py.typed",
            "default_library/**/*",
            "segmentation/joining.*",
            "reporting/page.*",
            "**/*.yaml",
            "**/*.xml",
        ]
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        (f"share/{NAME}/launch", files("launch", "*.py")),
        (f"share/{NAME}/config", files("config")),
    ],
    install_requires=RUNTIME,
    extras_require=EXTRAS,
    zip_safe=False,
    entry_points={
        "console_scripts": [
            "srclib = srclib_ros.cli.main:main",
            "picking_node = srclib_ros.ros.picking_node:main",
            "replay_node = srclib_ros.ros.replay_node:main",
        ]
    },
)
