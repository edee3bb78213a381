"""A headless Chromium for the tests that need one; they are skipped, with the reason, where there is none."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from support.patience import PATIENCE, named

PLACES = {"browser": ("chromium", "chromium-browser", "google-chrome"), "driver": ("chromedriver",)}


def missing_browser() -> str:
    """Why no browser can be driven here; empty where one can."""
    for what, names in PLACES.items():
        if not any(map(shutil.which, names)):
            return f"no {what} of Chromium on this machine"
    try:
        import selenium  # noqa: F401
    except ImportError:
        return "selenium is not installed"
    return ""


@contextmanager
def browser(width: int = 1280, height: int = 800) -> Iterator[Any]:
    """Driven by selenium; nothing is fetched from anywhere."""
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service

    options = Options()
    options.binary_location = next(filter(None, map(shutil.which, PLACES["browser"])))
    for switch in ("--headless=new", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage", f"--window-size={width},{height}"):
        options.add_argument(switch)
    options.add_argument("--disable-background-networking")
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield driver
    finally:
        driver.quit()


def wait_for(holds: Callable[[], object], seconds: float = PATIENCE) -> Any:
    """What the condition is once it holds."""
    import time

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := holds():
            return found
        time.sleep(0.05)
    raise AssertionError(f"it did not come about: {named(holds)}")
