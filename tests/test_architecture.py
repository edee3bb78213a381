"""The house stands as planned: formatting, types, and who may import whom."""

import ast
import subprocess
import sys

import pytest
from support.paths import ROOT

LIGHT = {
    "rolltrain_tui": ["torch", "textual", "pydantic", "yaml", "rich"],
    "rolltrain_tui.rules.game": ["torch", "textual", "pydantic", "yaml", "rich"],
    "rolltrain_tui.protocol.events": ["torch", "textual", "pydantic", "yaml", "rich", "rolltrain_tui.training"],
    "rolltrain_tui.protocol.inbox": ["torch", "textual", "pydantic", "yaml", "rich", "rolltrain_tui.training"],
    "rolltrain_tui.protocol.learner": ["torch", "textual", "rolltrain_tui.rules.game"],
    "rolltrain_tui.modes.text.learner": [
        "textual",
        "rolltrain_tui.rules.game",
        "rolltrain_tui.protocol.inbox",
    ],
    "rolltrain_tui.game.campaign": ["torch", "textual"],
    "rolltrain_tui.runs.run": ["textual"],
    "rolltrain_tui.config.schema": ["torch", "textual"],
    "rolltrain_tui.config.campaign_file": ["torch", "textual"],
    "rolltrain_tui.runs.event_codec": ["torch", "textual"],
    "rolltrain_tui.runs.event_log": ["torch", "textual"],
    "rolltrain_tui.runs.saves": ["torch", "textual"],
    "rolltrain_tui.story.narration": ["torch", "textual"],
    "rolltrain_tui.story.scene": ["torch", "textual"],
    "rolltrain_tui.story.codex": ["torch", "textual"],
    "rolltrain_tui.experiment.compare": ["torch", "textual", "matplotlib", "numpy"],
    "rolltrain_tui.arena.roster": ["torch", "textual"],
    "rolltrain_tui.arena.tournament": ["torch", "textual"],
    "rolltrain_tui.cli.arena": ["torch", "textual", "pydantic"],
    "rolltrain_tui.exports.export": ["torch", "textual", "matplotlib", "plotext", "tensorboard", "wandb"],
    "rolltrain_tui.integrations.characters": ["torch", "textual", "pydantic"],
    "rolltrain_tui.integrations.plain": ["textual", "transformers", "lightning", "matplotlib"],
    "rolltrain_tui.integrations.session": ["textual", "transformers", "lightning"],
    "rolltrain_tui.cli.main": ["torch", "textual", "pydantic"],
    "rolltrain_tui.tui.app": ["torch"],
}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("module", LIGHT)
def test_import_hygiene(module: str) -> None:
    """Importing a layer loads none of the things that it has no business with."""
    script = f"import sys, {module}; print([name for name in {LIGHT[module]!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_import_contracts() -> None:
    """The import directions that pyproject.toml declares are kept."""
    script = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_check() -> None:
    """The linter has nothing to say."""
    done = run("ruff", "check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout


def test_ruff_format() -> None:
    """Every file is formatted."""
    done = run("ruff", "format", "--no-cache", "--check", ".")
    assert done.returncode == 0, done.stdout


def test_types() -> None:
    """The package type-checks under mypy --strict."""
    done = run("mypy", "--strict")
    assert done.returncode == 0, done.stdout


def test_no_test_module_imports_another() -> None:
    """What two test modules need lies in tests/support; every directory of tests is one of the package's, or named here."""
    others = {"benchmarks", "hardening", "playthroughs", "plugin_example", "support"}
    modules = sorted((ROOT / "tests").rglob("*.py"))
    names = {path.stem for path in modules if path.name.startswith(("test_", "conftest"))}
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not names & {part for name in imported for part in name.split(".")}, path
        place = path.relative_to(ROOT / "tests").parts[0]
        assert place in others or path.parent == ROOT / "tests" or (ROOT / "rolltrain_tui" / place).is_dir(), path


def test_top_level_layout() -> None:
    """The top level of the repository holds the agreed entries and nothing else that is tracked."""
    agreed = {"rolltrain_tui", "campaigns", "saves", "tests", "pyproject.toml", "README.md", "LICENSE", ".ci", ".github", ".gitignore"}
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode == 0 and done.stdout:
        assert {line.split("/")[0] for line in done.stdout.splitlines()} <= agreed
