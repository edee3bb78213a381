"""The commands that README and codex tell are commands of this program, and the files are files of this project."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from rolltrain_tui.cli.main import rolltrain
from rolltrain_tui.modes.campaign_file import find, load, shipped

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "rolltrain_tui" / "README.md", *sorted((ROOT / "rolltrain_tui" / "story" / "codex").glob("*.md"))]


def commands(text: str) -> Iterator[str]:
    """What stands behind the program's name, in code between backticks and in lines of their own, without remarks."""
    whole = re.sub(r"\\\n\s*", "", text)
    spans = (span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", whole, flags=re.DOTALL)))
    lines = (re.split(r"\s{2,}|\s#", line.strip())[0] for line in whole.splitlines())
    for found in (*spans, *lines):
        if (told := re.match(r"(?:\S*/|torchrun .*-m )?rolltrain(?:_tui)? (.+)", found)) is not None:
            yield told[1]


TEXTS = [page.read_text("utf-8") for page in PAGES]
TOLD = sorted({command for text in TEXTS for command in commands(text)})
FILES = sorted({file for text in TEXTS for file in re.findall(r"\.?\b(?:\w+/)+\w+\.(?:py|yaml|md|js)\b", text)})
CAMPAIGNS = [path.stem for path in shipped()]


def test_they_are_found() -> None:
    """Both kinds of places are read: code inside of a sentence, and lines of their own with their remarks cut off."""
    assert {"verify RUN", "duel --against RUN --plain", "check my_campaign.yaml", "codex dungeon_teaching"} <= set(TOLD)
    assert any(command.startswith("evolve tutorial --mutate optimizer.learning_rate --method pbt,random,grid") for command in TOLD)
    assert {"tests/benchmarks/placebo.py", "rules/game.py", "story/codex/keys.md"} <= set(FILES)


@pytest.mark.parametrize("told", TOLD)
def test_a_told_command_is_known(told: str) -> None:
    """Its verb and its options exist, and a shipped campaign takes its settings."""
    words = shlex.split(told)
    command: click.Command = rolltrain
    while isinstance(command, click.Group) and words and (found := command.get_command(click.Context(command), words[0])) is not None:
        command, words = found, words[1:]
    assert command is not rolltrain or words[0].startswith("-"), f"no verb: {told}"
    options, _, _ = command.make_parser(click.Context(command)).parse_args(words)
    campaign = next((word for word in words if word in CAMPAIGNS), None)
    if campaign is not None:
        load(find(campaign), options.get("settings", ()))


@pytest.mark.parametrize("file", FILES)
def test_a_told_file_is_there(file: str) -> None:
    """Named from the project's folder, or from the package's."""
    assert (ROOT / file).exists() or (ROOT / "rolltrain_tui" / file).exists()
