"""The trained network to and from its sealed folder: ONNX for the running cell, weights to train on."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from srclib_ros.artifact import open_sealed, read_json, read_tensors, seal, write_atomic, write_json, write_tensors
from srclib_ros.embedding.encoder import CONFIG, KIND, ONNX, SCHEMA, WEIGHTS
from srclib_ros.embedding.pointnet import PointNet, PointNetShape


def write_encoder(folder: Path, network: PointNet, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Write the network as a sealed encoder folder, `meta` into its manifest; returns the manifest."""
    config = {"architecture": "pointnet", "loss": "supervised_contrastive", **asdict(network.shape)}
    write_json(folder / CONFIG, config)
    write_atomic(folder / ONNX, onnx_bytes(network))
    write_tensors(folder / WEIGHTS, {name: value.numpy() for name, value in network.state_dict().items()})
    return seal(folder, KIND, SCHEMA, meta)


def load_network(folder: Path) -> PointNet:
    """The torch network of a sealed encoder folder, to train it on. Raises ArtifactError."""
    open_sealed(folder, KIND, SCHEMA)
    config = read_json(folder / CONFIG)
    network = PointNet(
        PointNetShape(tuple(config["point_widths"]), config["head_width"], config["dim"], config["n_points"])
    )
    weights = read_tensors(folder / WEIGHTS)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return network.eval()


def onnx_bytes(network: PointNet) -> bytes:
    """The network as ONNX: input `clouds` (B, N, 3) canonical, output `embeddings` (B, D), B free."""
    buffer = io.BytesIO()
    torch.onnx.export(
        network.folded(),
        (torch.rand(2, network.shape.n_points, 3, generator=torch.Generator().manual_seed(0)),),
        buffer,
        dynamo=False,
        input_names=["clouds"],
        output_names=["embeddings"],
        dynamic_axes={"clouds": {0: "batch"}, "embeddings": {0: "batch"}},
        opset_version=17,
    )
    return buffer.getvalue()
