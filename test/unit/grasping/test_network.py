import numpy as np
import pytest

from srclib_ros.errors import ArtifactDamagedError
from srclib_ros.geometry.height_map import HeightMap, height_map
from srclib_ros.grasping import network
from srclib_ros.grasping.network import CHANNELS, FIRST_QUALITY, STRIDE, GridNetwork, network_input


def _map(shape: tuple[int, int], pitch_m: float = 0.004, seed: int = 0) -> HeightMap:
    rng = np.random.default_rng(seed)
    height = rng.uniform(0.0, 0.08, shape).astype(np.float32)
    height[rng.random(shape) < 0.1] = np.nan
    return HeightMap(height, np.zeros(shape, np.int32), pitch_m, np.zeros(2))


def test_input_is_padded_and_the_reference_follows_the_surroundings() -> None:
    maps, reference = network_input(_map((30, 41)))
    assert maps.shape == (CHANNELS, 32, 44) and maps.dtype == np.float32 and np.isfinite(maps).all()
    assert reference.shape == (8, 11)
    assert 0.03 < reference[4, 5] < 0.05


def test_a_part_of_any_size_looks_the_same() -> None:
    small, large = _map((32, 32)), _map((32, 32))
    grown = HeightMap(large.height_m * 3.0, large.labels, large.pitch_m * 3.0, large.origin_bin_xy)
    np.testing.assert_allclose(network_input(small)[0], network_input(grown)[0], atol=1e-5)
    np.testing.assert_allclose(3.0 * network_input(small)[1], network_input(grown)[1], atol=1e-5)


def test_an_unseen_bin_gives_zeros() -> None:
    grid = height_map(np.zeros((0, 3), np.float32), np.zeros(0, np.int32), 0.01, (0.16, 0.16))
    maps, reference = network_input(grid)
    assert not maps.any() and not reference.any()


def test_tiles_give_what_one_run_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    onnx_bytes = _untrained(candidates=5)
    net = GridNetwork(onnx_bytes, 5, threads=1)
    grid = _map((160, 236))
    whole = net.run(grid).values
    assert whole.shape == (FIRST_QUALITY + 5, 160 // STRIDE, 236 // STRIDE)
    monkeypatch.setattr(network, "MAX_SIDE", 128)
    np.testing.assert_allclose(net.run(grid).values, whole, atol=1e-4)


def test_a_network_of_another_part_is_refused() -> None:
    with pytest.raises(ArtifactDamagedError, match="train the model again"):
        GridNetwork(_untrained(candidates=5), 6)


def _untrained(candidates: int) -> bytes:
    torch = pytest.importorskip("torch", reason="makes the network; comes with the train extra")
    from srclib_ros.training.fit_grasp_network import onnx_bytes
    from srclib_ros.training.grid_net import GridNet

    torch.manual_seed(0)
    return onnx_bytes(GridNet(candidates).eval())
