"""Archives: a run goes out and comes in whole, and nothing else ever comes in with it."""

import hashlib
import json
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.shell import Answer
from support.snapshots import same, save, snapshot

from rolltrain_tui.protocol.events import Spoke
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.runs.saves import Lock, archive


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Three saves, one of them named, and a chronicle."""
    folder = saves.new_run_folder(tmp_path / "runs", "The Cave", 7)
    (folder / "campaign.yaml").write_text("name: The Cave\n")
    with Chronicle(folder / "chronicle.jsonl") as chronicle:
        chronicle.append(Spoke(1, "a\x1b[2J", None))
    save(folder, 30)
    save(folder, 31, name="boss")
    save(folder, 37)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "lock"}


def test_a_run_comes_back_to_the_last_byte(run: Path, tmp_path: Path) -> None:
    """Campaign, chronicle, pointer and saves; the lock stays behind, and no run is written over."""
    assert archive.pack(run, tmp_path / "run.zip") == []
    folder = archive.unpack(tmp_path / "run.zip", tmp_path / "elsewhere")
    assert contents(folder) == contents(run)
    assert same(snapshot(37), saves.read(folder))
    with pytest.raises(saves.SaveError, match="left alone"):
        archive.unpack(tmp_path / "run.zip", tmp_path / "elsewhere")
    assert contents(archive.unpack(tmp_path / "run.zip", tmp_path / "elsewhere", "another-one")) == contents(run)
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == ["another-one", folder.name]


@pytest.mark.parametrize(("name", "plain"), [("../../Another One", "another-one"), ("Anna", "anna"), ("", "run"), ("con", "run-con")])
def test_a_name_that_no_folder_can_have_is_refused_with_one_that_it_can(name: str, plain: str, run: Path, tmp_path: Path) -> None:
    """Nothing is renamed behind the player's back, and nothing is written."""
    archive.pack(run, tmp_path / "run.zip")
    with pytest.raises(saves.SaveError, match=f"such as --as {plain}$"):
        archive.unpack(tmp_path / "run.zip", tmp_path / "elsewhere", name)
    assert not (tmp_path / "elsewhere").exists()


def test_damaged_saves_stay_behind(run: Path, tmp_path: Path) -> None:
    """What is damaged is named and left out; the pointer then leads to the newest good save."""
    (run / "saves" / "turn-000037" / "state.json").write_bytes(b"")
    [left_out] = archive.pack(run, tmp_path / "run.zip")
    assert "turn-000037" in left_out
    assert saves.read(archive.unpack(tmp_path / "run.zip", tmp_path / "in")).summary.turn == 31


def test_nothing_is_written_over_and_nobody_disturbed(run: Path, tmp_path: Path) -> None:
    """An archive that is there stays; a run that is being played is not packed."""
    (tmp_path / "run.zip").write_text("mine")
    with pytest.raises(saves.SaveError, match="left alone"):
        archive.pack(run, tmp_path / "run.zip")
    assert (tmp_path / "run.zip").read_text() == "mine"
    with Lock(run), pytest.raises(saves.SaveError, match="being played"):
        archive.pack(run, tmp_path / "other.zip")
    assert not (tmp_path / "other.zip").exists()


def forge(target: Path, members: dict[str, bytes], *, link: str = "", twice: str = "", **wrong: Any) -> None:
    """An archive with these files and an honest manifest of them, but for `wrong`."""
    records = [{"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in members.items()]
    listed = {"format_version": 1, "rolltrain": "0", "run": "cave", "latest": "", "files": records, **wrong}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("run.json", json.dumps(listed))
        for name, data in members.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o120777 if name == link else 0o100644) << 16
            zipped.writestr(entry, data)
        if twice:
            with pytest.warns(UserWarning, match="Duplicate"):
                zipped.writestr(twice, b"other")


GOOD = {"campaign.yaml": b"name: x\n", "chronicle.jsonl": b""}
EVIL_NAMES = [
    "",
    "../evil",
    "/etc/evil",
    "saves/../../evil",
    "saves/a/../../evil",
    "C:\\evil",
    "saves\\a\\state.json",
    "evil.pt",
    "saves/a/evil.pkl",
    "saves/a/b/state.json",
    "saves/.tmp-a/state.json",
    "saves/a/state.json/",
    "lock",
    "latest",
    ".git/config",
    "saves/a\n/state.json",
    "saves/\u202e/state.json",
    "output.log",
    "saves/" + "a" * 300 + "/state.json",
]


@pytest.mark.parametrize("name", EVIL_NAMES)
def test_no_other_name_comes_in(tmp_path: Path, name: str) -> None:
    """Whatever else an archive holds, even with an honest checksum, all of it is refused and nothing is left."""
    forge(tmp_path / "evil.zip", {**GOOD, name: b"evil"})
    refused(tmp_path, "no run does|names other files|a file twice")


BIG = {"sha256": "0" * 64}
CASES: dict[str, dict[str, Any]] = {
    "a link": {"link": "campaign.yaml"},
    "a file twice": {"twice": "campaign.yaml"},
    "a wrong size": {"files": [{"name": "campaign.yaml", "size": 9, **BIG}, {"name": "chronicle.jsonl", "size": 0, **BIG}]},
    "a wrong hash": {"files": [{"name": "campaign.yaml", "size": 8, **BIG}, {"name": "chronicle.jsonl", "size": 0, **BIG}]},
    "a giant": {"files": [{"name": "campaign.yaml", "size": 1 << 60, **BIG}, {"name": "chronicle.jsonl", "size": 0, **BIG}]},
    "less than nothing": {"files": [{"name": "campaign.yaml", "size": -8, **BIG}, {"name": "chronicle.jsonl", "size": 0, **BIG}]},
    "missing files": {"files": []},
    "no list": {"files": None},
    "another format": {"format_version": 99},
    "no format": {"format_version": "1"},
    "something more": {"pickle": "gASV"},
}


@pytest.mark.parametrize("case", CASES)
def test_a_forged_archive_is_refused(tmp_path: Path, case: str) -> None:
    forge(tmp_path / "evil.zip", GOOD, **CASES[case])
    refused(tmp_path, "archive")


def test_a_forged_save_is_refused(run: Path, tmp_path: Path) -> None:
    """An archive that is honest about a save that is not."""
    (run / "saves" / "turn-000037" / "weights.safetensors").write_bytes(b"\x80\x04evil")
    files = {name: data for name, data in contents(run).items() if name not in ("latest", "lock")}
    forge(tmp_path / "evil.zip", files)
    refused(tmp_path, "damaged")


def test_bombs_and_rubbish(tmp_path: Path) -> None:
    """A file that unpacks to more than it says, a directory without end, and what is no zip at all."""
    forge(tmp_path / "evil.zip", {**GOOD, "ghost.json": b"0" * 1000})
    raw = (tmp_path / "evil.zip").read_bytes()
    for data in (
        raw.replace(struct.pack("<L", 1000), struct.pack("<L", 999)),
        raw[:-30],
        raw[: len(raw) // 2],
        b"",
        b"PK\x05\x06" + b"\xff" * 18,
        b"\x1f\x8b" + bytes(1000),
        raw.replace(b"PK\x01\x02", b"PK\x09\x09"),
        raw[:-12] + struct.pack("<LL", 1 << 30, 0) + raw[-4:],
    ):
        (tmp_path / "evil.zip").write_bytes(data)
        refused(tmp_path, "not an archive of a run|damaged")


def refused(tmp_path: Path, why: str) -> None:
    before = sorted(path.name for path in tmp_path.rglob("*"))
    root = tmp_path / "in"
    with pytest.raises(saves.SaveError, match=why):
        archive.unpack(tmp_path / "evil.zip", root)
    assert sorted(root.iterdir()) == []
    root.rmdir()
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "missing"])
def test_only_plain_files_are_opened(tmp_path: Path, kind: str) -> None:
    import os

    path = tmp_path / "evil.zip"
    if kind == "link":
        (tmp_path / "real.zip").write_bytes(b"")
        path.symlink_to(tmp_path / "real.zip")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    with pytest.raises(saves.SaveError, match=r"plain file|cannot be read"):
        archive.unpack(path, tmp_path / "in")


def test_the_verbs(run: Path, tmp_path: Path, call: Callable[..., Answer]) -> None:
    """export and import on the command line; show reads every byte and exits with 1 where one is wrong."""
    file = tmp_path / "run.zip"
    assert (call("saves", "export", run, file).code, file.exists()) == (0, True)
    brought = call("saves", "import", file, "--out", tmp_path / "in")
    assert (brought.code, Path(brought.out.strip()).parent) == (0, tmp_path / "in")
    assert f"Go on with it: rolltrain play {brought.out}" == brought.err
    assert call("saves", "import", file, "--out", tmp_path / "in").code == 2
    shown = call("saves", "show", run)
    assert (shown.code, shown.out.count("✔")) == (0, 3)
    weights = run / "saves" / "turn-000037" / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    shown = call("saves", "show", run)
    assert (shown.code, shown.out.count("✔"), "weights.safetensors is damaged" in shown.out) == (1, 2, True)
    as_json = json.loads(call("saves", "show", run, "--json").out)
    assert (as_json["good"], [bool(slot["damage"]) for slot in as_json["slots"]]) == (False, [True, False, False])
    (run / "chronicle.jsonl").write_bytes(b"x\ny\n")
    assert "line 1 of the chronicle is damaged" in call("saves", "show", run).out


@pytest.mark.parametrize(("ended", "words"), [(True, "It has ended. Look at it: "), (False, "Another program trained it.")])
def test_import_says_what_can_be_done_with_the_run(ended: bool, words: str, run: Path, tmp_path: Path, call: Callable[..., Answer]) -> None:
    """A run that has ended is looked at or branched. One without a campaign, as a loop of one's own leaves it, is looked at."""
    if ended:
        saves.write(run, replace(snapshot(40), summary=replace(snapshot(40).summary, ending="victory")), name="", keep=None)
    else:
        (run / "campaign.yaml").unlink()
    call("saves", "export", run, tmp_path / "run.zip")
    brought = call("saves", "import", tmp_path / "run.zip", "--out", tmp_path / "in")
    assert brought.err.startswith(words)
    assert ended == ("rolltrain branch" in brought.err)
    assert "rolltrain play" not in brought.err


def test_a_damaged_save_names_the_newest_good_one(run: Path) -> None:
    """Asked for a save that is damaged, the error says which one is good and what would be lost."""
    (run / "saves" / "turn-000037" / "state.json").write_bytes(b"")
    with pytest.raises(saves.SaveError, match=r"turn-000037.*damaged.*newest good save of the run is boss \(turn 31, 6 turns before it\)"):
        saves.read(run / "saves" / "turn-000037")
    assert "Opened boss (turn 31); 6 turns lost" in saves.read(run).note
