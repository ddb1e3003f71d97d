"""Every error a user can meet, by name. The message says what was found and what cures it."""

from __future__ import annotations


class SrclibError(Exception):
    """Base of all named errors; its class name is what logs and diagnostics show."""

    @property
    def name(self) -> str:
        return type(self).__name__


class ConfigError(SrclibError):
    """A setting is unknown, of the wrong type, or out of its range."""


class CloudError(SrclibError):
    """A point cloud or depth image that cannot be planned on."""


class EmptyCloudError(CloudError):
    """The cloud holds no points, or no finite ones."""


class CloudFieldError(CloudError):
    """Fields x, y, z are missing or of a type that is not a float."""


class CloudLayoutError(CloudError):
    """row_step, point_step, width, height and the length of the data contradict each other."""


class CloudTooLargeError(CloudError):
    """More points than `max_points`."""


class StaleCloudError(CloudError):
    """The cloud's stamp is older than `max_age_s`, or lies in the future by as much."""


class PickResultError(SrclibError):
    """A pick_result message that does not say which grasp, or how it ended."""


class CaptureError(SrclibError):
    """A file or folder that was to hold a cloud, a depth image or a scene does not."""


class MeshError(SrclibError):
    """A mesh that cannot be read, is not watertight, or has an impossible size."""


class ArtifactError(SrclibError):
    """A stored folder (library, encoder, grasp model) that cannot be trusted."""


class ArtifactMissingError(ArtifactError):
    """The folder or one of its files is not there."""


class ArtifactDamagedError(ArtifactError):
    """A file is truncated or its hash differs from the manifest."""


class ArtifactSchemaError(ArtifactError):
    """Written by another schema version."""


class EncoderMismatchError(ArtifactError):
    """Embeddings and encoder do not belong together."""


class LibraryBusyError(ArtifactError):
    """Another process is building or changing this library."""


class UnsafePathError(ArtifactError):
    """A stored file name that points outside its folder."""


class BinNotFoundError(SrclibError):
    """The bin or the supporting plane cannot be located in this cloud."""


class TransformError(SrclibError):
    """A transform between two frames is neither on tf2 nor in the parameters."""


class GripperError(SrclibError):
    """An unknown gripper, or a description that no gripper fits."""


class SimulationError(SrclibError):
    """Physics or camera simulation that did not give a usable scene."""


class TrainingError(SrclibError):
    """Training that cannot start or did not converge to finite weights."""


class ComputeClusterError(SrclibError):
    """The cluster that was to do the work cannot be reached, or gave up on it."""


class MissingDependencyError(SrclibError):
    """An optional dependency is not installed; the message names the extra that brings it."""
