"""Foreign text through every inlet: what reaches a terminal can be seen, and can do nothing."""

import json
import os
import random
import signal
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, fake_config
from support.hostile import MARKUP, PAYLOADS, foreign_bytes, is_dangerous, poisoned, random_text, text_fields
from support.paths import TESTS
from support.shell import Answer
from support.snapshots import snapshot
from textual.content import Content

from rolltrain_tui.base.safe_text import clean, flat, one_line, printable, shown
from rolltrain_tui.modes.campaign_file import CampaignFileError, load_text
from rolltrain_tui.protocol.commands import SaveGame, Speak, UseAbility
from rolltrain_tui.protocol.events import CommandRefused, Event, SaveFailed, Spoke, TrainingFailed, TwinLost
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.typed_commands import NotUnderstood, parse_command

pytestmark = pytest.mark.slow

Tally = Callable[[str], None]


def dangers(text: str) -> set[str]:
    return set(filter(is_dangerous, text))


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """One of every type of event that a run brings and that holds text."""
    moves = [(3, UseAbility("rage")), (4, UseAbility("nothing")), (5, Speak()), (6, SaveGame())]
    run = FakeExpedition(tmp_path_factory.mktemp("run"), fake_config("turns=300"))
    found = {type(event): event for event in run.play(ScriptedInbox(moves))}
    found |= {type(event): event for event in (TwinLost(1, "", 1, 1, "", 0.0), SaveFailed(1, "", ""), TrainingFailed(1, ""))}
    return [event for kind, event in found.items() if text_fields(kind)]


def test_there_are_enough_payloads() -> None:
    assert len(set(PAYLOADS)) >= 200


def test_every_inlet_of_text(events: list[Event], count: Callable[[int, int], int], tally: Tally) -> None:
    """Payloads, markup and random strings through every function that shows foreign text: nothing but printable characters comes out."""
    rng, number = random.Random(7), count(2_000, 100_000)
    texts = [*PAYLOADS, *MARKUP, *(random_text(rng) for _ in range(number))]
    for place, text in enumerate(texts):
        assert not dangers(clean(text))
        for line in (flat(text), one_line(text, 40), shown(text), printable(text)):
            assert not dangers(line)
            assert "\n" not in line
        event = poisoned(events[place % len(events)], text)
        assert not dangers(tell(event)), event
        answer = parse_command(text)
        assert not isinstance(answer, NotUnderstood) or not dangers(answer.answer)
        assert max((len(run) for run in _marks(clean(text))), default=0) <= 2
        assert Content(clean(text)).plain == clean(text)  # shown literally: no markup is parsed
    tally(
        f"7. text: {len(set(PAYLOADS))} payloads, {len(MARKUP)} of markup, {number} random strings through 7 inlets: 0 dangerous characters"
    )


def _marks(text: str) -> list[str]:
    """The runs of combining marks."""
    runs, run = [], ""
    for char in text:
        run = run + char if unicodedata.combining(char) else ""
        runs.append(run)
    return runs


def test_every_screen_of_a_game(tmp_path: Path, tally: Tally) -> None:
    """A game in a pseudo-terminal whose every word is hostile: the bytes it writes are the screen library's own repertoire."""
    if sys.platform == "win32":
        pytest.skip("pseudo-terminals need a POSIX system")
    from support.terminal import Terminal

    terminal = Terminal([sys.executable, "-m", "support.hostile_game", str(tmp_path)], folder=TESTS)
    try:
        terminal.see("turn")
        for key in (b"l", b"d", b"\x1b", b"?", b"\x1b", b"1", b"\t", b"s", b"v", b"l"):
            terminal.read(0.4)
            terminal.send(key)
        terminal.resize(24, 80)
        terminal.until((tmp_path / "said").exists)
        terminal.read(1.0)
        os.kill(terminal.process.pid, signal.SIGTERM)
        terminal.wait()
        output = bytes(terminal.output)
    finally:
        terminal.close()
    assert foreign_bytes(output) == b""
    assert b"owned" in output  # it was shown, and as text
    tally(
        f"7. a hostile game: {len(output)} bytes to the terminal, {(tmp_path / 'said').read_text()} events; 0 bytes outside the repertoire"
    )


def test_every_verb(tmp_path: Path, call: Callable[..., Answer]) -> None:
    """Runs, saves and chronicles full of payloads, listed, shown, told and compared: only printable characters on stdout and stderr."""
    runs = tmp_path / "runs"
    for number, text in enumerate(PAYLOADS[::9]):
        folder = saves.new_run_folder(runs, text, number)
        hostile = snapshot(3, campaign=_kept(text), hero=_kept(text), hero_class="wizard")
        saves.write(folder, hostile, name=_kept(text), keep=None)
        _chronicle(folder, text)
        for words in (("saves", "show", folder), ("replay", folder, "--plain"), ("diff", folder, folder)):
            answer = call(*words)
            assert not dangers(answer.out + answer.err), words
    listed = call("saves", "list", "--out", runs)
    assert not dangers(listed.out + listed.err)
    assert listed.out.count("\n") == 2 * len(PAYLOADS[::9])
    json.loads(call("saves", "list", "--out", runs, "--json").out)


def _kept(text: str) -> str:
    return text.encode("utf-8", errors="replace").decode()


def _chronicle(folder: Path, text: str) -> None:
    with Chronicle(folder / "chronicle.jsonl") as chronicle:
        for event in FakeExpedition(folder, fake_config("turns=60")).play(Inbox()):
            if event.in_story:
                chronicle.append(poisoned(event, text) if isinstance(event, Spoke) or event.turn == 0 else event)
        chronicle.append(CommandRefused(60, UseAbility(text), text))


@pytest.mark.parametrize("name", ["x\x1b[2J.yaml", "[bold.yaml", "\u202e.yaml", "a\nb.yaml"])
def test_names_of_files(tmp_path: Path, call: Callable[..., Answer], name: str) -> None:
    """An error about a file of any name can be shown."""
    path = tmp_path / name
    path.write_text("name: \x85\n", encoding="utf-8")
    for words in (("check", path), ("train", path), ("train", tmp_path / f"no{name}"), ("saves", "show", path), ("saves", "import", path)):
        answer = call(*words)
        assert answer.code == 2
        assert not dangers(answer.err), words


def test_the_scene_takes_anything(events: list[Event]) -> None:
    """Folding poisoned events never fails."""
    scene = Scene()
    for text in [*PAYLOADS, *MARKUP]:
        for event in events:
            scene.apply(poisoned(event, text))


def test_campaigns_with_hostile_names(count: Callable[[int, int], int]) -> None:
    """What a campaign calls itself and its hero, in error messages."""
    rng = random.Random(11)
    for text in [*PAYLOADS[:: count(9, 1)], *(random_text(rng) for _ in range(count(20, 500)))]:
        with pytest.raises(CampaignFileError) as refused:
            load_text(f"{json.dumps(text)}: {json.dumps(text)}\nname: {text}\n", text)
        assert not dangers(str(refused.value)), repr(refused.value)
