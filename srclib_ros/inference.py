"""ONNX Runtime, set so that two threads are as fast as they can be and leave the cores alone between frames."""

from __future__ import annotations

import onnxruntime as ort

from srclib_ros.errors import ArtifactDamagedError


def open_session(onnx_bytes: bytes, threads: int = 2) -> ort.InferenceSession:
    """A CPU session on a whole ONNX model. Threads sleep instead of spinning while they wait.

    threads: of one call, >= 1. Raises ArtifactDamagedError when the bytes are no model that can be run.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(onnx_bytes, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a family of its own, without a common base
        raise ArtifactDamagedError(f"not an ONNX model that can be run ({error}); train or build it again") from error
