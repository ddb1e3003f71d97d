from __future__ import annotations

from pathlib import Path

import pytest

from srclib_ros.config import PipelineConfig, flat_fields

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_is_current() -> None:
    pytest.importorskip("rclpy")
    from srclib_ros.cli.settings import settings_page

    written = (ROOT / "docs" / "settings.md").read_text()
    assert written == settings_page(), "if this change was intended: ./run srclib settings"


def test_every_setting_of_the_pipeline_is_on_it() -> None:
    written = (ROOT / "docs" / "settings.md").read_text()
    assert not [name for name, _ in flat_fields(PipelineConfig) if f"`{name}`" not in written]
