"""The command line: what each verb answers, where, and with which exit code."""

import errno
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from support.shell import Answer

from rolltrain_tui import __version__
from rolltrain_tui.bench import contest
from rolltrain_tui.cli import doctor
from rolltrain_tui.cli.main import rolltrain
from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.exit_codes import exit_code_of
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.protocol.commands import UseAbility

TEXT = "The dragon sleeps under the hill, and the hill sleeps under the snow. " * 40


@pytest.fixture
def tiny(tmp_path: Path, tiny_config: Callable[..., CampaignConfig]) -> Path:
    """A campaign file of a dozen small turns."""
    path = tmp_path / "tiny.yaml"
    path.write_text(campaign_file.dump(tiny_config()), encoding="utf-8")
    return path


LIGHT = (
    "--help",
    "--version",
    "check tiny_gpt",
    "schema",
    "codex rulebooks",
    "saves list",
    "new supervised",
    "new finetune",
    "schema finetune",
    "new duel",
    "schema duel",
    "new dungeon",
    "schema dungeon",
)


@pytest.fixture
def loaded(once: Callable[[str, Callable[[Path], list[str]]], list[str]]) -> dict[str, str]:
    """For each light verb its exit code and what it has loaded of the heavy libraries; one fresh interpreter for all of them."""
    script = (
        "import sys; from rolltrain_tui.cli.main import main\n"
        f"for words in {LIGHT!r}:\n"
        "    sys.argv = ['rolltrain', *words.split()]\n"
        "    try: main()\n    except SystemExit as left: code = left.code\n"
        "    print(words, code, [name for name in ('torch', 'textual', 'transformers') if name in sys.modules], sep=' | ', file=sys.stderr)"
    )

    def told(_: Path) -> list[str]:
        return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stderr.splitlines()

    lines = once("light verbs", told)
    return {words: found for words, bar, found in (line.partition(" | ") for line in lines) if bar}


@pytest.mark.slow
@pytest.mark.parametrize("words", LIGHT)
def test_light_verbs_load_neither_torch_nor_textual(words: str, loaded: dict[str, str]) -> None:
    """These verbs answer without torch, textual and transformers, so they answer at once."""
    assert loaded[words] == "0 | []"


def test_bare_is_help(call: Callable[..., Answer]) -> None:
    """Without a verb the verbs are listed, and that is no mistake."""
    answer = call()
    assert (answer.code, answer.err) == (0, "")
    assert all(f"\n  {verb}" in answer.out for verb in rolltrain.commands)


def test_version(call: Callable[..., Answer]) -> None:
    """--version says the version of the package."""
    assert call("--version") == Answer(0, f"rolltrain {__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("trian", "'train'"),
        ("train", "Name a campaign"),
        ("train tiny_gpt --resume x", "Name a campaign"),
        ("train tiny_gpd", "did you mean 'tiny_gpt'?"),
        ("train tiny_gpt --steps 0", "--steps"),
        ("train tiny_gpt --set dice.rulebook=hro", "did you mean 'hero'?"),
        ("train tiny_gpt --set nonsense", "--set nonsense"),
        ("train tiny_gpt --seed -1", "seed"),
        ("train tiny_gpt --device warp", "device"),
        ("train tiny_gpt --data nowhere.txt", "nowhere.txt"),
        ("train tiny_gpt --script nowhere.jsonl", "nowhere.jsonl"),
        ("train --resume nowhere", "no run or save"),
        ("train --resume x --data y", "--data"),
        ("codex ragee", "`rage`"),
        ("codex \x1b[2J", "no page"),
        ("new supervisd", "did you mean 'supervised'?"),
        ("check nowhere.yaml", "nowhere.yaml"),
        ("saves show nowhere", "no run or save"),
        ("saves delete nowhere --yes", "no run or save"),
        ("bench nowhere", "nowhere"),
    ],
)
def test_mistakes(call: Callable[..., Answer], words: str, part: str) -> None:
    """A mistake is answered on stderr with what to do, exit code 2, and no traceback."""
    answer = call(*words.split(" "))
    assert (answer.code, answer.out) == (2, "")
    assert part in answer.err
    assert answer.err.replace("\n", "").isprintable()


# Campaign files.


def test_check(call: Callable[..., Answer], tmp_path: Path) -> None:
    """Good files are told on stdout; every mistake of a bad one on stderr with its place; exit code 2 when one is bad."""
    bad = tmp_path / "bad.yaml"
    text = campaign_file.template("supervised").replace("turns: 2000", "turns: none").replace("n_head: 4", "n_haed: 4")
    bad.write_text(text, encoding="utf-8")
    answer = call("check", "tiny_gpt", bad)
    assert answer.code == 2
    assert answer.out == "tiny_gpt: good. The Tiny GPT, 2000 turns, rulebook hero.\n"
    assert ["turns", "model.n_haed"] == [line.split(": ")[1] for line in answer.err.splitlines()]


def test_check_as_json(call: Callable[..., Answer], tmp_path: Path) -> None:
    """--json answers one object a file, on stdout, errors included."""
    (tmp_path / "bad.yaml").write_text("turns: 3\n", encoding="utf-8")
    answer = call("check", "tiny_gpt", tmp_path / "bad.yaml", "--json")
    found = [json.loads(line) for line in answer.out.splitlines()]
    assert [(True, False), (False, True)] == [(one["ok"], len(one["errors"]) > 10) for one in found]
    assert (answer.code, answer.err) == (2, "")


def test_schema(call: Callable[..., Answer]) -> None:
    """The schema is JSON and knows the campaign's keys."""
    answer = call("schema")
    assert {"turns", "dice", "hero"} <= set(json.loads(answer.out)["properties"])


def test_new(call: Callable[..., Answer], tmp_path: Path) -> None:
    """`new` writes a campaign that checks, to stdout or a file, and overwrites only when told to."""
    path = tmp_path / "mine.yaml"
    assert call("new", "supervised").out == campaign_file.template("supervised")
    assert call("new", "supervised", path).code == 0
    assert call("check", path).code == 0
    path.write_text("mine", encoding="utf-8")
    refused = call("new", "supervised", path)
    assert (refused.code, path.read_text(encoding="utf-8")) == (2, "mine")
    assert "--force" in refused.err
    assert call("new", "supervised", path, "--force").code == 0
    assert call("check", path).code == 0


def test_codex(call: Callable[..., Answer]) -> None:
    """A page is printed as it is; without a name the pages are listed; --json gives both as data."""
    assert call("codex", "rage").out.startswith("# Rage\n")
    assert "  rage " in call("codex").out
    assert json.loads(call("codex", "rage", "--json").out)["slug"] == "rage"
    assert len(json.loads(call("codex", "--json").out)) > 20


def test_a_page_that_names_keys_ends_with_what_to_type(call: Callable[..., Answer]) -> None:
    """A shell has no keys to press. A page without keys ends as it does."""
    assert call("codex", "echo_chamber").out.rstrip().endswith("In [plain](plain) play there are no keys. Typed, k is `dial`.")
    assert "Typed," not in call("codex", "rage").out


# Play.


def test_play_without_a_terminal(call: Callable[..., Answer]) -> None:
    """Without a terminal `play` says why and offers the exact command that plays here."""
    answer = call("play", "tiny_gpt", "--steps", 5, "--data", "my book.txt", "--set", "dice.rulebook=off")
    assert (answer.code, answer.out) == (2, "")
    assert "not a terminal" in answer.err
    offered = shlex.split(answer.err.strip().splitlines()[-1])
    expected = ["rolltrain", "train", "tiny_gpt", "--steps", "5", "--data", "my book.txt", "--set", "dice.rulebook=off", "--plain"]
    assert expected == offered


def test_play_launches_the_app(call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny: Path) -> None:
    """On a terminal the app is launched with everything that was asked for."""
    launched: list[Any] = []

    def play(launch: Any, first: Any) -> int:
        assert not first.shown, "the output is no terminal"
        launched.append(launch)
        return 143

    monkeypatch.setattr("rolltrain_tui.tui.play", play)
    monkeypatch.setattr("rolltrain_tui.cli.play.missing_screen", lambda: "")
    script = tmp_path / "moves.jsonl"
    script.write_text('{"turn": 2, "command": {"type": "UseAbility", "ability": "rage"}}\n', encoding="utf-8")
    answer = call("play", tiny, "--seed", 3, "--set", "dice.dc=10", "--out", tmp_path, "--script", script)
    assert answer.code == 143
    launch = launched[0]
    assert (launch.campaign, launch.save, launch.runs) == (tiny, None, tmp_path)
    assert set(launch.overrides) == {"seed=3", "dice.dc=10"}
    assert launch.moves == ((2, UseAbility("rage")),)


@pytest.mark.parametrize("option", ["--set dice.dc=10", "--seed 3", "--steps 9", "--device cpu", "--data book.txt"])
def test_the_title_screen_takes_no_settings(
    call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, option: str
) -> None:
    """They would be lost on the way to a campaign."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.txt").write_text("words", encoding="utf-8")
    monkeypatch.setattr("rolltrain_tui.cli.play.missing_screen", lambda: "")
    answer = call("play", *option.split())
    assert (answer.code, answer.out) == (2, "")
    assert f"The title screen leaves nothing to say to {option.split()[0]}: name a campaign, such as tutorial." in answer.err


def test_play_refuses_a_bad_campaign_before_the_screen(
    call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A campaign with mistakes never opens the screen."""
    monkeypatch.setattr("rolltrain_tui.cli.play.missing_screen", lambda: "")
    (tmp_path / "bad.yaml").write_text("turns: 3\n", encoding="utf-8")
    assert call("play", tmp_path / "bad.yaml").code == 2


# Train.


def train(call: Callable[..., Answer], *words: object) -> dict[str, Any]:
    answer = call("train", *words, "--json")
    assert answer.code == 0, answer.err
    found: dict[str, Any] = json.loads(answer.out)
    return found


@pytest.mark.slow
def test_train_keep_and_go_on(call: Callable[..., Answer], tiny: Path, tmp_path: Path) -> None:
    """A run leaves a save that is listed, shown, gone on with from where it was, and deleted."""
    runs = tmp_path / "runs"
    straight = train(call, tiny, "--out", tmp_path / "straight")
    script = tmp_path / "moves.jsonl"
    script.write_text('{"turn": 6, "command": {"type": "SaveGame", "name": "half-way"}}\n', encoding="utf-8")
    first = train(call, tiny, "--out", runs, "--script", script)
    folder = Path(first["save"]).parents[1]
    resumed = train(call, "--resume", folder / "saves" / "half-way", "--out", runs)
    assert straight["weights_sha256"] == first["weights_sha256"] == resumed["weights_sha256"]
    assert (12, first["xp"]) == (resumed["turns"], resumed["xp"])
    listed = json.loads(call("saves", "list", "--out", runs, "--json").out)
    assert {12} == {run["turn"] for run in listed}
    assert folder.name in call("saves", "list", "--out", runs).out
    assert "half-way" in call("saves", "show", folder.name, "--out", runs).out
    assert call("saves", "delete", folder.name, "--out", runs, "--yes").code == 0
    assert not folder.exists()


def test_train_in_plain_sentences(call: Callable[..., Answer], tiny: Path) -> None:
    """--plain tells the story on stdout, roll by roll, and nothing on stderr but talk."""
    answer = call("train", tiny, "--plain", "--steps", 4)
    lines = answer.out.splitlines()
    assert answer.code == 0
    assert ["1", "2", "3", "4"] == [line.split()[0] for line in lines if "k asked" in line]
    assert any("Played to the end after 4 turns" in line for line in lines)


def test_options_override_the_campaign(call: Callable[..., Answer], tiny: Path) -> None:
    """--seed, --steps and --set change the run, and the result says so."""
    found = train(call, tiny, "--seed", 99, "--steps", 3, "--set", "dice.rulebook=off", "--set", "hero.hero_class=wizard")
    assert (99, 3, "off", "wizard") == (found["seed"], found["turns"], found["rulebook"], found["hero_class"])


def test_a_text_from_anywhere(call: Callable[..., Answer], tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """--data takes a text that lies outside the campaign's folder; its floor is unknown."""
    text = tmp_path_factory.mktemp("elsewhere") / "my text.txt"
    text.write_text(TEXT, encoding="utf-8")
    found = train(call, tiny, "--data", text, "--steps", 3)
    assert (3, None) == (found["turns"], found["limit"])


def overrides(path: Path, **given: Any) -> tuple[str, ...]:
    return options.overrides(path, **{"data": None, "steps": None, "seed": None, "device": None, "settings": (), **given})


def test_steps_shorten_the_warm_up(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A warm-up longer than --steps is shortened in proportion, with a word about it; one that the player set is left to the player."""
    config = campaign_file.load(tiny, found := overrides(tiny, steps=2))
    assert (2, 0) == (config.turns, config.schedule.warmup_turns)
    assert "schedule.warmup_turns becomes 0" in capsys.readouterr().err
    assert found == ("schedule.warmup_turns=0", "turns=2")
    assert overrides(tiny, steps=8) == ("turns=8",)
    assert overrides(tiny, steps=2, settings=("schedule.warmup_turns=1",)) == ("schedule.warmup_turns=1", "turns=2")


# Doctor and bench.


@pytest.mark.slow
def test_doctor(call: Callable[..., Answer], tmp_path: Path) -> None:
    """The doctor looks at everything, says what it is about to do on stderr, and leaves no folder behind."""
    answer = call("doctor", "--json", "--out", tmp_path / "not" / "there")
    found = json.loads(answer.out)
    assert answer.code == 0
    assert {"python", "libraries", "terminal", "saves", "machine", "corpora", "speed"} <= set(found)
    assert found["saves"]["writable"]
    assert not (tmp_path / "not").exists()
    assert found["speed"]["turns_per_second"] > 0
    assert all(abs(corpus["floor"] - corpus["monte_carlo"]) < 5 * corpus["standard_error"] for corpus in found["corpora"])
    assert "Training" in answer.err


@pytest.mark.slow
def test_the_doctor_trains_a_turn_at_least_however_slow_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds pass between any two looks at the clock."""
    clock = count(0.0, 2.0)
    monkeypatch.setattr(doctor, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    found = doctor._speed()
    assert (found["turns_per_second"], found["minutes"]) == (0.5, round(found["turns"] / 30, 1))


def test_bench_delegates(call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, tiny: Path) -> None:
    """`bench` holds the contest on the campaign and prints it as asked."""
    held: list[Any] = []
    monkeypatch.setattr(contest, "run", lambda campaign, settings, **sizes: held.append((campaign, settings, sizes)) or "result")
    monkeypatch.setattr(contest, "as_json", lambda result: json.dumps(result))
    told = call("bench", tiny, "--set", "dice.dc=10", "--blocks", 2, "--json")
    assert told.out == '"result"\n'
    assert "Every contestant plays 2 blocks of 20 turns" in told.err
    assert held == [(tiny, ("dice.dc=10",), {"blocks": 2, "turns": 20})]


# Exits.


def fails(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ValueError("the text is\x1b[2J empty"), 2, "the text is␛[2J empty\n"),
        (OSError(errno.ENOSPC, "No room", "a\x1b.csv"), 2, "a\\x1b.csv cannot be written: No room; make room, or choose another disk\n"),
        (
            OSError(errno.EISDIR, "Is a directory", ".tmp-a.json", None, "a.json"),
            2,
            "a.json cannot be used: it is a folder, where a file belongs; move it away\n",
        ),
        (
            OSError(errno.EACCES, "Permission denied", "a.json"),
            2,
            "a.json cannot be used: Permission denied; give yourself permission (chmod), or choose another place\n",
        ),
        (OSError(errno.EROFS, "Read-only"), 2, "a file cannot be written: Read-only; choose another place\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_exit_codes(capsys: pytest.CaptureFixture[str], error: BaseException, code: int, said: str) -> None:
    """Each kind of end has its code and its words."""
    assert (code, said) == (exit_code_of(fails(error)), capsys.readouterr().err)


def test_a_folder_that_is_gone(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stands in a folder that was removed is told so."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert exit_code_of(Path.cwd) == 2
    assert capsys.readouterr().err == "the folder that you are in is gone: go to another one (cd), and call it again\n"


def test_surprises_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """An unexpected error is told in a line, with its traceback in a file that the line names."""
    assert exit_code_of(fails(RuntimeError("the forge went cold"))) == 1
    said = capsys.readouterr().err
    log = Path(os.environ["ROLLTRAIN_SAVES"]) / "error.log"
    assert said == f"rolltrain failed: RuntimeError: the forge went cold\nThe traceback is in {log}.\n"
    assert "Traceback" in log.read_text(encoding="utf-8")


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With ROLLTRAIN_DEBUG the traceback is shown, also of a mistake."""
    monkeypatch.setenv("ROLLTRAIN_DEBUG", "1")
    assert exit_code_of(fails(ValueError("a mistake"))) == 2
    assert "Traceback" in capsys.readouterr().err


def test_garbage_is_seldom_collected() -> None:
    """Nor while a verb loads what it needs: the pace is set before any verb."""
    script = "import gc; from rolltrain_tui.cli import main as m; m._called = lambda: print(gc.get_threshold()[0]) or 0; m.main()"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert int(out) >= 50_000


def test_help_loads_no_verb(call: Callable[..., Answer]) -> None:
    """So it answers at once. Every verb of its table is there when it is called, and a misspelt one is told the nearest."""
    script = "import sys; sys.argv[1:] = ['--help']\nfrom rolltrain_tui.cli.main import main\ntry: main()\nfinally: print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert not {f"rolltrain_tui.cli.{verb}" for verb in rolltrain.verbs} & set(out.split())
    context = click.Context(rolltrain)
    assert all(isinstance(rolltrain.get_command(context, verb), click.Command) for verb in rolltrain.verbs)
    assert "Did you mean" in call("pley").err
