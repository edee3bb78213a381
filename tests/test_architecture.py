"""The house stands as planned: formatting, types, and who may import whom."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest
from support.paths import ROOT

LIBRARIES = ("torch", "textual", "pydantic", "yaml", "rich")
LIGHT = {
    "rules": {
        ("torch", "textual", "rolltrain_tui.rules.game"): ["rolltrain_tui.protocol.learner"],
        (*LIBRARIES, "rolltrain_tui.training"): [
            "rolltrain_tui",
            "rolltrain_tui.rules.game",
            "rolltrain_tui.protocol.events",
            "rolltrain_tui.protocol.inbox",
        ],
        ("torch", "textual", "pydantic"): [
            "rolltrain_tui.plugins",
            "rolltrain_tui.cli.main",
            "rolltrain_tui.cli.arena",
            "rolltrain_tui.integrations.terms.characters",
        ],
        ("torch", "textual", "matplotlib", "plotext", "tensorboard", "wandb", "numpy"): [
            "rolltrain_tui.config.schema",
            "rolltrain_tui.modes.campaign_file",
            "rolltrain_tui.game.campaign",
            "rolltrain_tui.runs.log.event_codec",
            "rolltrain_tui.runs.log.event_log",
            "rolltrain_tui.runs.saves",
            "rolltrain_tui.story.narration",
            "rolltrain_tui.story.scene",
            "rolltrain_tui.story.codex",
            "rolltrain_tui.arena.agents.roster",
            "rolltrain_tui.arena.battles.tournament",
            "rolltrain_tui.experiment.compare",
            "rolltrain_tui.exports.export",
        ],
        ("torch",): ["rolltrain_tui.tui.app"],
    },
    "training": {
        ("textual", "rolltrain_tui.rules.game", "rolltrain_tui.protocol.inbox"): ["rolltrain_tui.modes.text.learner"],
        ("textual", "transformers", "lightning", "matplotlib"): [
            "rolltrain_tui.runs.run",
            "rolltrain_tui.integrations.session.session",
            "rolltrain_tui.integrations.plain",
        ],
    },
}
"""What must stay away: from which modules. A fresh interpreter for each group imports its modules one after the other."""

WINDOWS = """
[mypy]
platform = win32
ignore_missing_imports = true
follow_imports = skip
[mypy-textual.*,rich.*,pydantic.*]
follow_imports = normal
[mypy-torch.*,numpy.*]
follow_imports_for_stubs = true
"""
"""What other libraries hold is left to `test_types`: to read it is two thirds of a check. Our classes build on these three."""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("group", LIGHT)
def test_import_hygiene(group: str) -> None:
    """Importing a layer loads none of the things that it has no business with."""
    script = f"""
import importlib, sys
for banned, modules in {LIGHT[group]!r}.items():
    for module in modules:
        importlib.import_module(module)
        print(module, [name for name in banned if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines() == [f"{module} []" for modules in LIGHT[group].values() for module in modules], done.stderr


@pytest.mark.slow
def test_import_contracts() -> None:
    """The import directions that pyproject.toml declares are kept."""
    script = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_import_cycle() -> None:
    """No module imports itself through others; imports inside functions and for types alone count too."""
    graph = grimp.build_graph("rolltrain_tui", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        tuple(TopologicalSorter(imports).static_order())
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_the_learners_of_two_modes_share_no_six_lines() -> None:
    """What two modes say alike has its place in training/. Blank lines and indents do not count."""
    seen: dict[tuple[str, ...], str] = {}
    for path in sorted((ROOT / "rolltrain_tui" / "modes").glob("*/learner.py")):
        lines = [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
        for first in range(len(lines) - 5):
            run = tuple(lines[first : first + 6])
            assert seen.setdefault(run, path.parent.name) == path.parent.name, run


def test_only_the_cluster_speaks_torch_distributed() -> None:
    """No other room imports it or names it; `hasattr(tensor, "to_local")` is how the levers know a shard."""
    for path in sorted((ROOT / "rolltrain_tui").rglob("*.py")):
        if "distributed" not in (text := path.read_text(encoding="utf-8")):
            continue
        for node in ast.walk(ast.parse(text)):
            named = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            named += [f"{node.module}.{alias.name}" for alias in node.names] if isinstance(node, ast.ImportFrom) else []
            named += [ast.unparse(node)] if isinstance(node, ast.Attribute) else []
            spoken = any(name == "torch.distributed" or name.startswith("torch.distributed.") for name in named)
            assert not spoken or path.parent.name == "cluster", path


def test_ruff_check() -> None:
    """The linter has nothing to say."""
    done = run("ruff", "check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout


def test_ruff_format() -> None:
    """Every file is formatted."""
    done = run("ruff", "format", "--no-cache", "--check", ".")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_types() -> None:
    """The package type-checks under mypy --strict."""
    done = run("mypy", "--strict")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_windows(tmp_path: Path) -> None:
    """The package names nothing of the standard library that Windows has not, or asks first."""
    settings = tmp_path / "mypy.ini"
    settings.write_text(WINDOWS, encoding="utf-8")
    done = run("mypy", "--config-file", str(settings), "--cache-dir", os.devnull, "rolltrain_tui")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_no_test_module_imports_another() -> None:
    """What two test modules need lies in tests/support; every directory of tests is one of the package's, or named here."""
    others = {"benchmarks", "hardening", "mode_example", "playthroughs", "plugin_example", "support"}
    modules = sorted((ROOT / "tests").rglob("*.py"))
    names = {path.stem for path in modules if path.name.startswith(("test_", "conftest"))}
    for path in modules:
        imported = re.findall(r"^ *(?:from|import) +([^#\n(]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert not names & {part for line in imported for part in re.split(r"[ .,]+", line.split(" import ")[0])}, path
        place = path.parent.relative_to(ROOT / "tests")
        assert others & {*place.parts[:1]} or (ROOT / "rolltrain_tui" / place).is_dir(), path


def test_top_level_layout() -> None:
    """The top level of the repository holds the agreed entries and nothing else that is tracked."""
    agreed = {"rolltrain_tui", "campaigns", "saves", "tests", "pyproject.toml", "README.md", "LICENSE", ".ci", ".github", ".gitignore"}
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0 and done.stdout:
        assert {line.split("/")[0] for line in done.stdout.splitlines()} <= agreed


@pytest.mark.parametrize("page", ["rolltrain_tui/README.md", ".github/CONTRIBUTING.md"])
def test_pages_for_developers_name_only_what_exists(page: str) -> None:
    """Each path in backquotes is one of the repository or of the package."""
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    paths = {name for name in re.findall(r"`([\w./-]+)`", text) if "/" in name or name.endswith((".py", ".md", ".toml"))}
    assert paths
    assert [] == sorted(path for path in paths if not (ROOT / path).exists() and not (ROOT / "rolltrain_tui" / path).exists())


@pytest.mark.parametrize("page", ["rolltrain_tui/README.md", "README.md"])
def test_the_picture_shows_the_layers(page: str) -> None:
    """The floors of the picture, top to bottom, are the layers that lint-imports holds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(contract["layers"] for contract in project["tool"]["importlinter"]["contracts"] if contract["type"] == "layers")
    floors = re.findall(r"^ (\w+(?: · \w+)*)  ", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [set(layer.split(" | ")) for layer in layers] == [set(floor.split(" · ")) for floor in floors]
