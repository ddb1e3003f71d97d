import json
from pathlib import Path

import numpy as np
import pytest

from srclib_ros.cli.main import run_verb
from srclib_ros.errors import CaptureError


def _labelled_cube(path: Path) -> None:
    """A cube on a table, unorganised: 40 mm wide, points every 2 mm."""
    across = np.arange(-0.15, 0.15, 0.002)
    x, y = (grid.ravel() for grid in np.meshgrid(across, across))
    on_cube = (np.abs(x) < 0.02) & (np.abs(y) < 0.02)
    xyz = np.column_stack((x, y, np.where(on_cube, 0.04, 0.0))).astype(np.float32)
    np.savez(path, xyz=xyz, labels=on_cube.astype(np.int32), viewpoint=np.array((0.0, 0.0, 0.6)))


def test_a_cube_on_a_table_scores_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _labelled_cube(tmp_path / "cube.npz")
    assert run_verb("evaluate", ["segmentation", str(tmp_path), "--json", "--out", str(tmp_path / "r.json")]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["f1_50"], printed["f1_75"], printed["scenes"]) == (1.0, 1.0, 1)
    assert {"seed", "version", "versions", "threads", "machine", "settings"} <= set(printed)
    assert printed == json.loads((tmp_path / "r.json").read_text())


def test_a_folder_without_labels_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="holds no scene"):
        run_verb("evaluate", ["segmentation", str(tmp_path)])
    np.savez(tmp_path / "a.npz", xyz=np.ones((5, 3), np.float32))
    with pytest.raises(CaptureError, match="no capture has labels"):
        run_verb("evaluate", ["segmentation", str(tmp_path)])
