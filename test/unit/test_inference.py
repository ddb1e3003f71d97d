import pytest

from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.inference import open_session


def test_bytes_that_are_no_model_are_a_named_error() -> None:
    with pytest.raises(ArtifactDamagedError, match="not an ONNX model"):
        open_session(b"no model", threads=1)
    with pytest.raises(ArtifactDamagedError, match="not an ONNX model"):
        open_session(b"", threads=1)
