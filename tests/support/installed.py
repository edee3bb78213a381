"""Plug-ins as other packages bring them: built, installed beside rolltrain, and run from a shell."""

import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest

from support import warm
from support.paths import MODE_EXAMPLE, ROOT

Shell = Callable[..., subprocess.CompletedProcess[str]]


def wheel(source: Path, folder: Path) -> Path:
    """The pure-Python wheel of a project with entry points: what its build backend would make, without asking for one."""
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
    stem = f"{project['name'].replace('-', '_')}-{project['version']}"
    groups = ["\n".join((f"[{group}]", *(f"{k} = {v}" for k, v in rows.items()))) for group, rows in project["entry-points"].items()]
    files = {
        "METADATA": f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "entry_points.txt": "\n\n".join(groups) + "\n",
        "RECORD": "",
    }
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        for part in source.rglob("*"):
            if part.suffix in (".py", ".yaml"):
                packed.write(part, part.relative_to(source))
        for name, text in files.items():
            packed.writestr(f"{stem}.dist-info/{name}", text)
    return path


def unpack(source: Path, site: Path) -> None:
    """What `pip install --target` does with such a wheel."""
    zipfile.ZipFile(wheel(source, site.parent)).extractall(site)


def install(source: Path, site: Path) -> None:
    """`pip install --target`, without network; where this Python has no pip, unpacking is the same for such a wheel."""
    packed = wheel(source, site.parent)
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site), str(packed)]
    if subprocess.run(command, capture_output=True).returncode:
        zipfile.ZipFile(packed).extractall(site)


def shell_with(site: Path, folder: Path) -> Shell:
    """`rolltrain` in a Python that finds what is installed in `site`."""
    path = os.pathsep.join((str(site), str(ROOT)))
    env = {**os.environ, "PYTHONPATH": path, "ROLLTRAIN_SAVES": str(folder / "saves"), "ROLLTRAIN_CONFIG": str(folder / "config")}

    def rolltrain(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rolltrain_tui", *map(str, words)]
        return warm.run(command, loaded=warm.LIBRARIES, cwd=folder, env=env, capture_output=True, text=True)

    return rolltrain


def with_the_curve(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mode of `tests/mode_example` in this process, as its entry point would bring it."""
    from rolltrain_tui.modes import MODES

    monkeypatch.syspath_prepend(MODE_EXAMPLE)
    monkeypatch.setattr(MODES, "_from_plugins", {"curve": import_module("rolltrain_curve").MODE})
