"""The trained encoder to and from its sealed folder: ONNX for the running cell, weights to train on.

encoder.onnx             what the running cell loads
pairs.safetensors        point pairs that stand beside it, where they do
patches.safetensors      local patches, likewise
weights.safetensors      the same network for torch
decoder.safetensors      what the kind has besides the network: a decoder, a classifier's last layer; may be empty
"""

from __future__ import annotations

import io
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from srclib_ros import __version__
from srclib_ros.artifact import (
    open_sealed,
    put_in_place,
    read_json,
    read_tensors,
    seal,
    write_atomic,
    write_json,
    write_tensors,
)
from srclib_ros.embedding.beside import PAIR_SETTINGS, PATCH_SETTINGS, Beside, settings, tensors
from srclib_ros.embedding.encoder import CONFIG, KIND, ONNX, SCHEMA, WEIGHTS
from srclib_ros.embedding.encoder_kind import EncoderKind
from srclib_ros.embedding.height_image import HeightImageNet, HeightImageShape
from srclib_ros.embedding.kinds import make_kind
from srclib_ros.embedding.pointnet import PointNet, PointNetShape
from srclib_ros.embedding.shape_network import ShapeNetwork
from srclib_ros.errors import ArtifactDamagedError

DECODER = "decoder.safetensors"
EMPTY = "empty"  # safetensors holds at least one tensor


def write_encoder(
    folder: Path,
    network: ShapeNetwork,
    meta: Mapping[str, Any],
    kind: EncoderKind | None = None,
    beside: Beside | None = None,
) -> dict[str, Any]:
    """Write the network as a sealed encoder folder, `meta` into its manifest; returns the manifest.

    The folder is put together beside its place and moved there in one step.

    kind: whose network it is, so that its decoder is kept as well. beside: joined to what the network says.
    """
    folder = Path(folder)
    place, folder = folder, folder.with_name(f".{folder.name}.assembled")
    shutil.rmtree(folder, ignore_errors=True)
    architecture = "height_image" if isinstance(network, HeightImageNet) else "pointnet"
    config = {"architecture": architecture, **asdict(network.shape)}
    if beside is not None:
        config |= settings(beside)
        for name, values in tensors(beside).items():
            write_tensors(folder / name, values)
    write_json(folder / CONFIG, config)
    write_atomic(folder / ONNX, onnx_bytes(network))
    write_tensors(folder / WEIGHTS, {name: value.numpy() for name, value in network.state_dict().items()})
    if kind is not None:
        rest = {name: value for name, value in kind.state_dict().items() if not name.startswith("network.")}
        decoder = {name: value.numpy() for name, value in rest.items()}
        write_tensors(folder / DECODER, decoder or {EMPTY: np.zeros(1, np.float32)})
    manifest = seal(folder, KIND, SCHEMA, {"code_version": __version__, **meta})
    put_in_place(folder, place)
    return manifest


def load_network(folder: Path) -> ShapeNetwork:
    """The torch network of a sealed encoder folder, to train it on. Raises ArtifactError."""
    open_sealed(folder, KIND, SCHEMA)
    config = read_json(folder / CONFIG)
    network: ShapeNetwork
    try:
        architecture = config.pop("architecture")
        for name in (PAIR_SETTINGS, PATCH_SETTINGS):
            config.pop(name, None)
        config = {name: tuple(value) if isinstance(value, list) else value for name, value in config.items()}
        if architecture == "height_image":
            network = HeightImageNet(HeightImageShape(**config))
        else:
            network = PointNet(PointNetShape(**config))
        _fill(network, read_tensors(folder / WEIGHTS))
    except (KeyError, TypeError, RuntimeError) as error:
        raise ArtifactDamagedError(f"{folder}: no network that can be trained on ({error}); train it again") from error
    return network.eval()


def load_kind(folder: Path) -> EncoderKind:
    """The encoder as it was trained, with its decoder. Raises ArtifactError."""
    network = load_network(folder)
    manifest = open_sealed(folder, KIND, SCHEMA)
    try:
        training = manifest["training"]
        kind = make_kind(training["kind"], network, int(manifest["shapes"]), training["options"])
        rest = {name: value for name, value in read_tensors(folder / DECODER).items() if name != EMPTY}
        missing = kind.load_state_dict({name: torch.from_numpy(value) for name, value in rest.items()}, strict=False)
        if any(not name.startswith("network.") for name in missing.missing_keys) or missing.unexpected_keys:
            raise KeyError(f"{DECODER} does not fit")
    except (KeyError, TypeError, RuntimeError) as error:
        raise ArtifactDamagedError(f"{folder}: does not say how it was trained ({error}); train it again") from error
    return kind.eval()


def _fill(module: nn.Module, weights: Mapping[str, Any]) -> None:
    module.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})


def onnx_bytes(network: ShapeNetwork) -> bytes:
    """The network as ONNX: input `clouds` (B, N, 3) canonical, output `embeddings` (B, D), B free."""
    buffer = io.BytesIO()
    example = torch.rand(2, network.shape.n_points, 3, generator=torch.Generator().manual_seed(0))
    with warnings.catch_warnings():  # what is constant for clouds of n_points is meant to be
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network.folded(),
            (example,),
            buffer,
            dynamo=False,
            input_names=["clouds"],
            output_names=["embeddings"],
            dynamic_axes={"clouds": {0: "batch"}, "embeddings": {0: "batch"}},
            opset_version=17,
        )
    return buffer.getvalue()
