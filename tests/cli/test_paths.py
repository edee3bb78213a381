"""Paths on the command line: what they may name, and what is said where they cannot be used."""

import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from support.shell import Answer

from rolltrain_tui.cli.shared import options
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.modes.text import config as text_config

TEXT = "The dragon sleeps under the hill, and the hill sleeps under the snow. " * 40
BYTES = os.fsdecode(b"b\xff.txt")


@pytest.fixture
def tiny(tmp_path: Path, tiny_config: Callable[..., CampaignConfig], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign file; the current folder is another one."""
    path = tmp_path / "tiny.yaml"
    path.write_text(campaign_file.dump(tiny_config("turns=2", "schedule.warmup_turns=0")), encoding="utf-8")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return path


@pytest.mark.parametrize(
    "name", ["~x.txt", "aux.txt", "con.txt", "what?.txt", "a|b.txt", "Chapter 1: start.txt", "-", "~", "my text.txt", "é.txt"]
)
@pytest.mark.skipif(os.name == "nt", reason="such files cannot be made on Windows")
def test_data_may_have_any_name_that_the_system_allows(call: Callable[..., Answer], tiny: Path, name: str) -> None:
    """The file is read, and the run goes on with it later."""
    Path(name).write_text(TEXT, encoding="utf-8")
    answer = call("train", tiny, "--data", name, "--out", "runs", "--json")
    assert 0 == answer.code, answer.err
    [run] = Path("runs").iterdir()
    assert 0 == call("train", "--resume", run).code


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("folder", "'folder' is a folder: name one text file in it"),
        ("pipe", "'pipe' is a pipe, socket or device, not an ordinary file"),
        ("nope.txt", "'nope.txt' does not exist: check the file's name and its folder"),
        ("deep/er.txt", "'deep/er.txt' does not exist"),
        (r"a\b.txt", "the file's name holds a backslash; copy it to a plain name"),
        (BYTES, "the file's name holds characters that cannot be printed; copy it to a plain name"),
        ("c:x.txt", "the file's name begins like a drive; copy it to a plain name"),
        (".", "this is a folder; name a text file"),
        ("..", "this is a folder; name a text file"),
        ("-", "standard input is not read; save the text to a file and name that"),
        ("", "it is empty; name a path"),
    ],
)
@pytest.mark.skipif(os.name == "nt", reason="such files cannot be made on Windows")
def test_data_that_cannot_be_used_is_told_with_the_true_reason(call: Callable[..., Answer], tiny: Path, name: str, says: str) -> None:
    """One reason, one remedy that works here, and nothing about the campaign's own data.path."""
    Path("folder").mkdir()
    os.mkfifo("pipe")
    for odd in (r"a\b.txt", BYTES, "c:x.txt"):
        Path(odd).write_text(TEXT, encoding="utf-8")
    code, out, err = call("train", tiny, "--data", name, "--out", "runs")
    assert (2, "") == (code, out)
    assert says in err
    assert "data.path" not in err
    assert "leads out" not in err
    assert not Path("runs").exists()


def test_names_of_devices_are_refused_where_they_open_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows opens a device by such a name, in whatever folder."""
    assert "" == text_config.unusable("texts/nul.txt")
    monkeypatch.setattr(text_config, "_ON_WINDOWS", True)
    assert ["is the name of a device"] * 3 == list(map(text_config.unusable, ("CON", "texts/nul.txt", "com1")))
    assert "" == text_config.unusable("texts/console.txt")


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="there is no /dev/stdin here")
def test_a_device_name_of_a_file_becomes_the_file(tmp_path: Path) -> None:
    """/dev/stdin names a file only as long as the program runs, so the run remembers the file itself."""
    text = tmp_path / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    with text.open() as file:
        assert text == options.own_text(Path(f"/dev/fd/{file.fileno()}"))
        text.unlink()
        assert Path(f"/dev/fd/{file.fileno()}") == options.own_text(Path(f"/dev/fd/{file.fileno()}"))


def test_a_home_is_found_where_the_shell_left_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--data=~/x reaches the program as it stands."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert tmp_path / "x.txt" == options.own_text(Path("~/x.txt"))
    (tmp_path / "~").mkdir()
    (tmp_path / "~" / "x.txt").touch()
    assert Path("~/x.txt") == options.own_text(Path("~/x.txt"))


@pytest.mark.parametrize(
    "words",
    ["train CAMPAIGN --out", "saves list --out", "saves list --runs", "compare CAMPAIGN --out", "train CAMPAIGN --script", "arena --out"],
)
def test_an_empty_path_is_a_mistake(call: Callable[..., Answer], tiny: Path, words: str) -> None:
    """A shell variable that is not set must not mean the current folder."""
    code, out, err = call(*[str(tiny) if word == "CAMPAIGN" else word for word in words.split()], "")
    assert (2, "") == (code, out)
    assert "it is empty" in err
    assert [] == list(Path().iterdir())


@pytest.mark.parametrize("words", ["train", "play", "check", "serve --headless", "saves show", "verify", "train --resume"])
def test_an_empty_name_is_a_mistake(call: Callable[..., Answer], words: str) -> None:
    """It is not the current folder, and not a run without a name either."""
    code, _, err = call(*words.split(), "")
    assert 2 == code
    assert "name is empty" in err
    assert "is a shell variable not set?" in err


def test_a_script_that_never_ends_is_refused(call: Callable[..., Answer], tiny: Path) -> None:
    """A device is read no further than a line may be long, and a folder is called one."""
    answer = call("train", tiny, "--script", "/dev/zero")
    assert 2 == answer.code
    assert "line 1: the line is longer than" in answer.err
    assert "this is a folder" in call("train", tiny, "--script", Path()).err


def test_what_the_system_refuses_is_told_with_a_remedy(call: Callable[..., Answer], tiny: Path, tmp_path: Path) -> None:
    """Also for a folder that is not there, a file where a folder belongs, and a folder where a file belongs."""
    (tmp_path / "file").touch()
    for words, remedy in {
        ("new", "supervised", tmp_path / "none" / "my.yaml"): "check the name, and that the folder",
        ("new", "supervised", tmp_path): "is a folder; name the file to write, such as",
        ("new", "supervised", tmp_path / ("n" * 300)): "choose one of at most 255",
        ("train", tiny, "--out", tmp_path / "file"): "choose another name",
        ("train", tiny, "--out", tmp_path / "file" / "runs"): "a part of the path is a file",
    }.items():
        answer = call(*words)
        assert 2 == answer.code
        assert remedy in answer.err


def verbs(group: click.Group) -> list[click.Command]:
    context = click.Context(group)
    commands = [group.get_command(context, name) for name in group.list_commands(context)]  # verbs are loaded when they are asked for
    return [verb for command in commands if command for verb in (verbs(command) if isinstance(command, click.Group) else [command])]


def test_the_folder_of_the_runs_is_called_runs_everywhere() -> None:
    """--out is where a verb writes. Where it is the folder of the runs, --runs means the same."""
    from rolltrain_tui.cli.main import rolltrain

    for verb in verbs(rolltrain):
        for option in verb.params:
            if isinstance(option, click.Option) and "older that holds the runs" in (option.help or ""):
                assert "--runs" in option.opts, verb.name


def test_an_ended_run_takes_no_other_settings(call: Callable[..., Answer], tiny: Path) -> None:
    """To open it is fine. To ask for more turns is refused with the verb that can."""
    assert 0 == call("train", tiny, "--out", "runs").code
    [run] = Path("runs").iterdir()
    assert 0 == call("train", "--resume", run).code
    code, _, err = call("train", "--resume", run, "--steps", 30)
    assert 2 == code
    assert "Nothing is trained. This run has ended." in err
    assert "rolltrain branch" in err


@pytest.mark.skipif(sys.platform != "linux", reason="paths of this system")
def test_another_shape_of_the_model_is_refused_with_what_to_do(call: Callable[..., Answer], tiny: Path) -> None:
    """A saved run keeps the shape of its model."""
    script = Path("quit.jsonl")
    script.write_text('{"turn": 1, "command": {"type": "SaveGame", "name": "one"}}\n')
    assert 0 == call("train", tiny, "--out", "runs", "--script", script).code
    code, _, err = call("train", "--resume", next(Path("runs").iterdir()) / "saves" / "one", "--set", "model.n_embd=32")
    assert 2 == code
    assert "a saved run keeps the shape of its model" in err


@pytest.mark.parametrize("words", ["diff {} {}", "replay {} --plain", "saves show {}", "watch {}", "train --resume {}", "export {}"])
def test_a_run_that_is_nowhere(call: Callable[..., Answer], tmp_path: Path, words: str) -> None:
    """Every verb names both places that were looked at, and the run that may have been meant."""
    (tmp_path / "the-first-lesson-seed1").mkdir()
    where = ("--runs",) if words.startswith("export") else ("--out",)
    where = () if words.startswith("saves") else (*where, tmp_path)
    answer = call(*words.format("the-first-leson", "the-first-leson").split(), *where)
    assert answer.code == 2
    assert "no run or save 'the-first-leson', neither here nor in" in answer.err
    assert where == () or "did you mean the-first-lesson-seed1?" in answer.err


@pytest.mark.parametrize("name", ["my file.yaml", "-x.yaml", "it's #1.yaml"])
def test_a_command_line_that_is_told_can_be_typed(call: Callable[..., Answer], tiny: Path, name: str) -> None:
    """The name is one word of the shell, and no option."""
    told = call("new", "supervised", "--", name).err.partition("rolltrain play ")[2].strip()
    [word] = shlex.split(told)
    assert Path(word) == Path(name)
    assert not word.startswith("-")


def test_who_has_joined_already_is_told_where_the_campaign_lies(call: Callable[..., Answer], tiny: Path) -> None:
    """Also where it was written into another folder."""
    assert 0 == call("class", "new", tiny, "hw.class").code
    words = ("class", "join", "hw.class", "--name", "Anna", "--to", "my work", "--out", "runs")
    assert 0 == call(*words).code
    again = call(*words)
    assert 2 == again.code
    told = again.err.partition("rolltrain play ")[2].splitlines()[0]
    [word] = shlex.split(told)
    assert Path(word).is_file()


def test_runs_are_not_listed_of_what_is_no_folder(call: Callable[..., Answer], tiny: Path) -> None:
    """Where nothing is, there are no saves yet; a file is a mistake."""
    assert 0 == call("saves", "list", "--out", "later").code
    answer = call("saves", "list", "--out", tiny)
    assert 2 == answer.code
    assert "cannot be listed: Not a directory" in answer.err


def test_a_replay_that_would_end_before_it_begins_is_refused(call: Callable[..., Answer], tiny: Path) -> None:
    assert 0 == call("train", tiny, "--out", "runs").code
    [run] = Path("runs").iterdir()
    answer = call("replay", run, "--plain", "--from", "2", "--until", "1")
    assert 2 == answer.code
    assert "--until 1 lies before --from 2" in answer.err
    assert 0 == call("replay", run, "--plain", "--from", "2", "--until", "2").code


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("replay RUN --plain --from 3", "--from 3: the recording ends with turn 2"),
        ("replay RUN --plain --from 200%", "--from 200%: the recording ends with turn 2"),
        ("replay RUN --plain --until 3", "--until 3: the recording ends with turn 2"),
        ("verify RUN --until 0", "0 is not in the range"),
        ("verify RUN --until 3", "--until 3: the turns to compare are 1 to 2"),
        ("verify RUN/saves/one --until 1", "--until 1: the turns to compare are 2 to 2"),
        ("verify RUN/saves/turn-000002 --until 2", "--until 2: there is no turn after 2 to compare"),
    ],
)
def test_a_turn_that_the_run_does_not_have_is_refused(call: Callable[..., Answer], tiny: Path, words: str, told: str) -> None:
    """It is told which turns there are."""
    script = Path("moves.jsonl")
    script.write_text('{"turn": 1, "command": {"type": "SaveGame", "name": "one"}}\n')
    assert 0 == call("train", tiny, "--out", "runs", "--script", script).code
    [run] = Path("runs").iterdir()
    answer = call(*words.replace("RUN", str(run)).split())
    assert 2 == answer.code
    assert told in answer.err


def test_verify_tells_which_turns_it_compared(call: Callable[..., Answer], tiny: Path) -> None:
    """Also where it is one turn, or none."""
    script = Path("moves.jsonl")
    script.write_text('{"turn": 1, "command": {"type": "SaveGame", "name": "one"}}\n')
    assert 0 == call("train", tiny, "--out", "runs", "--script", script).code
    [run] = Path("runs").iterdir()
    assert "Compared: turns 1 to 2, " in call("verify", run).out
    assert "Compared: turn 1, " in call("verify", run, "--until", 1).out
    assert "Compared: no whole turn, " in call("verify", run / "saves" / "turn-000002").out


def test_a_save_that_is_not_there_is_likened_to_its_neighbours(call: Callable[..., Answer], tiny: Path) -> None:
    """Not to a run of another name."""
    assert 0 == call("train", tiny, "--out", "runs").code
    [run] = Path("runs").iterdir()
    answer = call("verify", run / "saves" / "turn-000001", "--out", "runs")
    assert 2 == answer.code
    assert f"did you mean {run / 'saves' / 'turn-000002'}?" in answer.err


def test_commands_that_are_told_name_a_file_with_spaces_as_one_word(
    call: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text and an assignment in the place of a campaign."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my book.txt").write_text("once upon a time\n")
    (tmp_path / "my home work.class").write_text("{}")
    assert "--data 'my book.txt'" in call("train", "my book.txt").err
    assert "rolltrain class join 'my home work.class' --name NAME" in call("train", "my home work.class").err
