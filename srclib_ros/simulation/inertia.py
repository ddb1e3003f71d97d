"""Where physics finds what geometry says of mass."""

from srclib_ros.geometry.inertia import Inertia, inertia

__all__ = ["Inertia", "inertia"]
