"""Opens a page in a real browser without a window, and gives back what its script made of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def find_browser() -> str | None:
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def opened(browser: str, page: Path, profile: Path, address: str = "") -> str:
    """The document as its script left it. address: what follows the file's name, "#...". profile: an empty folder."""
    command = [
        browser,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--window-size=1400,1000",
        "--virtual-time-budget=5000",
        f"--user-data-dir={profile}",
        "--dump-dom",
        page.resolve().as_uri() + address,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout
