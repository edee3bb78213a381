"""Saves: exact, checked to the last byte, and never lost whatever call of the system fails."""

import errno
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.snapshots import identical, same, save, snapshot

from rolltrain_tui.runs import saves
from rolltrain_tui.runs.saves import manifest, slots, store, tensors
from rolltrain_tui.runs.saves.migrations import FORMAT_VERSION, STEPS, bring_up

GOLDEN = Path(__file__).parent / "golden_saves"
FILES = ("campaign.yaml", "manifest.json", "state.json", "weights.safetensors")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return saves.new_run_folder(tmp_path / "runs", "The Cave", 7)


@pytest.fixture
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real disks make hundreds of saves slow; the order of the syncs has a test of its own."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)


# Round trips.


def test_a_save_is_read_back_exactly(run: Path) -> None:
    """Config, state, tensors of every type and the summary come back to the last bit, by the save's folder or the run's."""
    folder = save(run, 37)
    assert folder == run / "saves" / "turn-000037"
    assert sorted(child.name for child in folder.iterdir()) == sorted(FILES)
    for path in (folder, run):
        got = saves.read(path)
        assert same(snapshot(37), got)
        assert got.note == ""


def test_an_autosave_under_the_name_of_another_turn_is_damaged(run: Path) -> None:
    """Somebody has renamed it, so its place among the others would be wrong. A save with a name of its own may be called anything."""
    save(run, 37).rename(run / "saves" / "turn-000038")
    with pytest.raises(saves.SaveError, match="turn-000038 is damaged: it holds the save of turn 37"):
        saves.read(run / "saves" / "turn-000038")
    (run / "saves" / "turn-000038").rename(run / "saves" / "mine")
    assert saves.read(run / "saves" / "mine").summary.turn == 37


@pytest.mark.parametrize("dtype", sorted(tensors._CODES))
def test_every_dtype_keeps_its_bits(dtype: str) -> None:
    """Any bit pattern of any dtype survives, in any shape, contiguous or not."""
    kind = getattr(torch, dtype)
    raw = torch.arange(96 * 8).mul(37).remainder(2 if dtype == "bool" else 256).to(torch.uint8)
    flat = raw.view(kind)[:24]
    given_tensors = {"cube": flat.reshape(2, 3, 4), "turned": flat.reshape(4, 6).t(), "one": flat[5], "none": flat[:0], "again": flat}
    got = tensors.unpack(tensors.pack(given_tensors))
    assert got.keys() == given_tensors.keys()
    assert all(identical(tensor, got[name]) for name, tensor in given_tensors.items())


def test_the_weights_are_ordinary_safetensors(run: Path) -> None:
    """Other tools can open the weights, and the tensors lie aligned in them."""
    import safetensors

    path = save(run, 3) / "weights.safetensors"
    with safetensors.safe_open(path, "pt") as file:
        assert set(file.keys()) == snapshot(3).tensors.keys()
    data = path.read_bytes()
    head = int.from_bytes(data[:8], "little")
    sizes = {"F32": 4, "BF16": 2, "I64": 8, "U8": 1, "BOOL": 1}
    assert all(entry["data_offsets"][0] % sizes[entry["dtype"]] == 0 for entry in json.loads(data[8 : 8 + head]).values())
    assert head % 8 == 0


def test_read_tensors_can_be_trained_on(run: Path) -> None:
    """What is read is the reader's own, to write into."""
    save(run, 3)
    weights = saves.read(run).tensors["weights/wte"]
    weights.add_(1)
    assert identical(snapshot(3).tensors["weights/wte"], saves.read(run).tensors["weights/wte"])


@pytest.mark.slow
@given(
    st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=8,
        ),
        max_size=4,
    )
)
def test_any_json_state_survives(state: dict[str, Any]) -> None:
    """State is exact, nan and infinities included, and the file is strict JSON."""
    data = store.dump_state(state)
    json.loads(data, parse_constant=pytest.fail)
    assert repr(store.load_state(data)) == repr(state)


def test_the_golden_save_opens(tmp_path: Path) -> None:
    """A save made by the first release of format 1 opens, now and later."""
    run = tmp_path / "run"
    (run / "saves").mkdir(parents=True)
    shutil.copytree(GOLDEN / "format-1", run / "saves" / "turn-000037")
    assert same(snapshot(37), saves.read(run / "saves" / "turn-000037"))
    assert same(snapshot(37), saves.read(run))


@pytest.mark.parametrize("played", ["played-1", "played-2"])
def test_a_played_save_of_every_format_goes_on(tmp_path: Path, played: str) -> None:
    """A run that a game of each format has left half-way is resumed, says nothing of damage, and is played to its end."""
    from rolltrain_tui.protocol.events import CampaignEnded, CampaignResumed
    from rolltrain_tui.protocol.inbox import Inbox
    from rolltrain_tui.runs.run import Run

    run = tmp_path / "run"
    (run / "saves").mkdir(parents=True)
    shutil.copytree(GOLDEN / played, run / "saves" / "turn-000030")
    assert manifest.load(run / "saves" / "turn-000030").format_version == int(played[-1])
    expedition = Run.resume(run)
    before = expedition.campaign.learner.weights_sha256()
    events = list(expedition.play(Inbox()))
    assert isinstance(events[0], CampaignResumed)
    [end] = [event for event in events if isinstance(event, CampaignEnded)]
    assert (end.turn, end.ending) == (40, "victory")
    assert expedition.campaign.learner.weights_sha256() != before
    assert manifest.load(run / "saves" / "turn-000040").format_version == FORMAT_VERSION


def test_every_format_has_its_step_and_its_golden_save() -> None:
    """Whoever raises the format writes the step from the one before it, and keeps a save of it."""
    assert sorted(STEPS) == list(range(1, FORMAT_VERSION))
    assert sorted(path.name for path in GOLDEN.glob("played-*")) == [f"played-{n}" for n in range(1, FORMAT_VERSION + 1)]


def test_a_campaign_file_of_the_first_format_gains_only_the_sections_that_it_lacks() -> None:
    """Later builds wrote some of them into that format: named twice, they would be no YAML that opens."""
    game = {"life": {"hero": {"level": 1}, "kit": {}}, "encounters": {}}
    text, _ = bring_up(1, "name: old\ngate: {mode: always}", {"campaign": {"game": game}})
    sections = [line.partition(":")[0] for line in text.splitlines()]
    assert sorted(sections) == ["acts", "adventure", "diagnosis", "endings", "gate", "name", "twin"]
    assert "gate: {mode: always}" in text


def test_another_torch_is_mentioned(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A save of another torch version opens, and says that the run will not be the same to the bit."""
    save(run, 3)
    monkeypatch.setattr(torch, "__version__", "9.9")
    got = saves.read(run)
    assert same(snapshot(3), got)
    assert "this is 9.9: the run goes on, but not bit for bit" in got.note


# Which saves there are.


def turns(run: Path) -> list[str]:
    return sorted(child.name for child in (run / "saves").iterdir())


def test_old_autosaves_are_pruned_and_the_players_kept(run: Path) -> None:
    """Only the newest autosaves stay; every save the player asked for stays, named or not."""
    save(run, 1, keep=2)
    save(run, 2, name="before the ooze", keep=2)
    save(run, 3, keep=None)
    for turn in (4, 5, 6):
        save(run, turn, keep=2)
    assert turns(run) == ["before-the-ooze", "turn-000003", "turn-000005", "turn-000006"]
    assert saves.read(run).summary.turn == 6
    assert saves.read(run / "saves" / "before-the-ooze").summary.turn == 2


def test_a_save_the_player_wished_for_stays_kept(run: Path) -> None:
    """An autosave in the same turn replaces the player's save and inherits its right to stay."""
    save(run, 3, keep=None)
    for turn in (3, 4, 5, 6):
        save(run, turn, keep=1)
    assert turns(run) == ["turn-000003", "turn-000006"]


def test_pruning_goes_by_when_it_was_saved(run: Path) -> None:
    """After going back to an earlier turn, the saves of the abandoned future go first."""
    for turn in (80, 90, 100, 60, 70):
        save(run, turn, keep=3)
    assert turns(run) == ["turn-000060", "turn-000070", "turn-000100"]


def test_a_clock_that_is_put_back_makes_no_save_older(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are kept, fallen back on and listed first, though the clock says that one of an earlier turn is newer."""
    save(run, 1, keep=3)
    save(run, 2, keep=3)
    monkeypatch.setattr(store, "time", SimpleNamespace(time=lambda: 5.0))
    for turn in (3, 4, 5):
        save(run, turn, keep=3)
    assert ["turn-000003", "turn-000004", "turn-000005"] == turns(run)
    assert [5, 4, 3] == [contents.summary.turn for _, contents in slots.newest_first(run) if contents is not None]


def test_a_damaged_autosave_does_not_count(run: Path) -> None:
    """A damaged autosave never crowds out a good one, and is left for whoever wants to look into it."""
    for turn in (1, 2):
        save(run, turn, keep=2)
    (run / "saves" / "turn-000002" / "manifest.json").write_bytes(b"")
    save(run, 3, keep=2)
    assert turns(run) == ["turn-000001", "turn-000002", "turn-000003"]
    save(run, 4, keep=2)
    assert turns(run) == ["turn-000002", "turn-000003", "turn-000004"]


def test_same_name_replaces_and_other_name_does_not(run: Path) -> None:
    """Saving twice under one name keeps the later; two names that would make the same folder make two."""
    save(run, 1, name="boss")
    assert save(run, 2, name="boss").name == "boss"
    assert [save(run, turn, name=name).name for turn, name in ((3, "Boss!"), (4, "boss?"), (5, "Boss!"))] == ["boss-2", "boss-3", "boss-2"]
    assert {slot.name: slot.summary.turn for slot in saves.describe(run).slots if slot.summary} == {"boss": 2, "Boss!": 5, "boss?": 4}


HOSTILE = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    ".hidden",
    "~",
    "C:\\Windows",
    "a/b\\c",
    "CON",
    "nul",
    "com1",
    "x" * 300,
    "\x1b]0;pwned\x07",
    "a\x00b",
    "line\nbreak",
    "\u202eevil",
    "---",
    "🐉🐉",
    "Ünïcödé Höhle",
    "turn-000001",
    "-rf",
    "$(rm -rf ~)",
    "\ud800",
    "trailing. ",
    ".tmp-x",
    ".old-turn-000001",
    "latest",
]


@pytest.mark.usefixtures("unsynced")
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_make_harmless_folders(tmp_path: Path, name: str) -> None:
    """Whatever a campaign or a save is called, its folder is one plain, short, portable name in the right place."""
    root = tmp_path / "runs"
    run = saves.new_run_folder(root, name, 7)
    auto = save(run, 1)
    folder = save(run, 2, name=name)
    assert (run.parent, folder.parent, auto.name) == (root, run / "saves", "turn-000001")
    for made in (run.name, folder.name):
        assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert 0 < len(made) <= 80
        assert made[0] != "-"
        assert made not in {"con", "nul", "com1"}
    assert [child.name for child in tmp_path.iterdir()] == ["runs"]
    assert (saves.read(auto).summary.turn, saves.read(folder).summary.turn, saves.read(run).summary.turn) == (1, 2, 2)


def test_run_folders_are_unique(tmp_path: Path) -> None:
    """Runs of the same campaign and seed get folders of their own."""
    made = [saves.new_run_folder(tmp_path, "The Cave", 7).name for _ in range(3)]
    assert made == ["the-cave-seed7", "the-cave-seed7-2", "the-cave-seed7-3"]


def test_an_impossible_root_is_explained(tmp_path: Path) -> None:
    """Where no folder can be made, the error is a sentence that names the place."""
    (tmp_path / "file").write_text("")
    for root in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(saves.SaveError, match="no folder for the run can be made in"):
            saves.new_run_folder(root, "x", 1)


# Damage.


@pytest.mark.slow
@pytest.mark.usefixtures("unsynced")
def test_every_changed_byte_is_detected(run: Path) -> None:
    """Change any one byte of any file of a save, and it is refused; every byte is tried."""
    folder, rng = save(run, 37), random.Random(1)
    for name in FILES:
        path = folder / name
        whole = path.read_bytes()
        for place in range(len(whole)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ (1 << rng.randrange(8))]) + whole[place + 1 :])
            with pytest.raises(saves.SaveError, match=r"turn-000037.*damaged"):
                saves.read(folder)
        path.write_bytes(whole)
    assert same(snapshot(37), saves.read(folder))


@pytest.mark.usefixtures("unsynced")
def test_every_cut_is_detected(run: Path) -> None:
    """A file that is cut, grown, emptied or gone is refused."""
    folder, rng = save(run, 37), random.Random(2)
    for name in FILES:
        path = folder / name
        whole = path.read_bytes()
        for size in {0, len(whole) - 1, *(rng.randrange(len(whole)) for _ in range(15))}:
            path.write_bytes(whole[:size])
            with pytest.raises(saves.SaveError, match="damaged"):
                saves.read(folder)
        path.write_bytes(whole + b"\n")
        with pytest.raises(saves.SaveError, match="damaged"):
            saves.read(folder)
        path.unlink()
        with pytest.raises(saves.SaveError, match=f"{name} is missing"):
            saves.read(folder)
        path.write_bytes(whole)


def test_files_of_another_save_are_detected(run: Path) -> None:
    """Files swapped between two good saves are refused."""
    first, second = save(run, 1), save(run, 2)
    for name in FILES:
        whole = (first / name).read_bytes()
        shutil.copyfile(second / name, first / name)
        with pytest.raises(saves.SaveError, match="damaged"):
            saves.read(first)
        (first / name).write_bytes(whole)


@pytest.mark.usefixtures("unsynced")
def test_a_changed_pointer_never_opens_an_older_save_unsaid(run: Path) -> None:
    """Whatever byte of `latest` changes, the newest save opens, and the player is told."""
    save(run, 36)
    save(run, 37)
    whole = (run / "latest").read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            (run / "latest").write_bytes(whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :])
            got = saves.read(run)
            assert got.summary.turn == 37
            assert got.note == "Opened turn-000037 (turn 37): the pointer to the latest save is damaged."


def test_a_damaged_latest_save_falls_back(run: Path) -> None:
    """The newest good save opens instead, and the note names the damaged one and the turns it cost."""
    for turn in (10, 20, 30):
        save(run, turn)
    for turn in (30, 20):
        (run / "saves" / f"turn-{turn:06d}" / "weights.safetensors").write_bytes(b"rotten")
    got = saves.read(run)
    assert same(snapshot(10), got)
    assert got.note.startswith("Opened turn-000010 (turn 10); 20 turns lost: save turn-000030: weights.safetensors is damaged (6 bytes")
    assert "turn-000020" in got.note


def test_a_lost_latest_save_falls_back(run: Path) -> None:
    """A save folder that is gone altogether is passed over the same way."""
    save(run, 10)
    shutil.rmtree(save(run, 11))
    assert saves.read(run).note.startswith("Opened turn-000010 (turn 10); 1 turn lost: there is no save at ")


def test_a_damaged_save_of_an_unknown_turn_costs_nothing_that_is_known(run: Path) -> None:
    """Where neither its manifest nor its name tells the turn, the note counts no lost turns."""
    save(run, 0)
    (save(run, 5, name="boss") / "manifest.json").write_bytes(b"rotten")
    assert saves.read(run).note.startswith("Opened turn-000000 (turn 0): ")


@pytest.mark.parametrize("name", ["saves/turn-000002/weights.safetensors", "chronicle.jsonl"])
def test_a_file_that_is_still_in_icloud_costs_no_turns(name: str, run: Path) -> None:
    """A placeholder is no damage: the run waits for the file, where it would go back to turn 1 or begin its story anew."""
    save(run, 1)
    save(run, 2)
    (run / "chronicle.jsonl").write_text("")
    file = run / name
    placeholder = file.rename(file.with_name(f".{file.name}.icloud"))
    with pytest.raises(saves.SaveError, match=rf"{file.name} is in iCloud and not on this disk; let the Finder download the folder"):
        saves.read(run)
    placeholder.rename(file)
    assert saves.read(run).summary.turn == 2


def test_files_of_other_programs_are_no_saves(run: Path) -> None:
    """What Windows or a cloud tool puts beside the save folders damages nothing."""
    save(run, 1)
    for name in ("desktop.ini", "Thumbs.db", "turn-000001 (1)", "turn-000007"):
        (run / "saves" / name).write_text("x")
    assert ["turn-000001"] == [slot.name for slot in saves.describe(run).slots]
    assert "" == saves.read(run).note


def test_no_good_save_is_an_error_that_says_why(run: Path) -> None:
    """When nothing can be opened, every reason is given; a run without saves and a wrong path say so."""
    with pytest.raises(saves.SaveError, match="the run the-cave-seed7 has no save yet"):
        saves.read(run)
    for turn in (1, 2):
        (save(run, turn) / "state.json").unlink()
    with pytest.raises(
        saves.SaveError, match=r"no save of the run .*turn-000002: state.json is missing; save turn-000001: state.json is missing"
    ):
        saves.read(run)
    with pytest.raises(saves.SaveError, match="there is no run or save at"):
        saves.read(run / "nowhere")
    with pytest.raises(saves.SaveError, match="is neither a run nor a save of one"):
        saves.read(run.parent)


def forge(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Give a save a manifest that is consistent in itself but says something else."""
    path = folder / "manifest.json"
    plain = json.loads(path.read_bytes())
    del plain["sha256"]
    change(plain)
    body = (json.dumps(plain)[1:] + "\n").encode()
    path.write_bytes(b'{"sha256":"' + hashlib.sha256(body).hexdigest().encode() + b'",\n' + body)


FORGERIES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "newer": (lambda plain: plain.update(format_version=FORMAT_VERSION + 1, more=1), "saved by a newer rolltrain"),
    "no such format": (lambda plain: plain.update(format_version=0), "there is no format 0"),
    "path": (lambda plain: plain["files"][0].update(name="../../secret"), "names other files"),
    "absolute path": (lambda plain: plain["files"][0].update(name="/etc/passwd"), "names other files"),
    "fewer files": (lambda plain: plain["files"].pop(), "names other files"),
    "twice": (lambda plain: plain["files"].append(plain["files"][0]), "names other files"),
    "absurd size": (lambda plain: plain["files"][2].update(size=2**60), "is said to have"),
    "negative size": (lambda plain: plain["files"][2].update(size=-1), "is said to have"),
    "wrong size": (lambda plain: plain["files"][2].update(size=2**30), "bytes instead of 1073741824"),
    "wrong type": (lambda plain: plain.update(created="now"), "Manifest.created: expected a number"),
    "extra": (lambda plain: plain.update(pickle="yes"), "there is no field 'pickle'"),
    "missing": (lambda plain: plain.pop("summary"), "the field 'summary' is missing"),
}


@pytest.mark.parametrize("case", FORGERIES)
def test_a_forged_manifest_is_refused(run: Path, case: str) -> None:
    """A manifest whose checksum is right is still believed only as far as it makes sense."""
    change, reason = FORGERIES[case]
    folder = save(run, 3)
    forge(folder, change)
    with pytest.raises(saves.SaveError) as caught:
        saves.read(folder)
    assert reason in str(caught.value)


def refill(folder: Path, name: str, data: bytes) -> None:
    """Replace a file of a save and make its manifest agree."""
    (folder / name).write_bytes(data)
    record = manifest.record_of(name, data)
    forge(folder, lambda plain: next(f for f in plain["files"] if f["name"] == name).update(size=record.size, sha256=record.sha256))


def header(text: bytes, data: bytes = b"") -> bytes:
    return len(text).to_bytes(8, "little") + text + data


HOSTILE_FILES = {
    "pickle": ("weights.safetensors", b"cos\nsystem\n(S'touch pwned'\ntR."),
    "zip": ("weights.safetensors", b"PK\x03\x04" + b"\x00" * 100),
    "huge header": ("weights.safetensors", (2**62).to_bytes(8, "little") + b"{}"),
    "overlap": (
        "weights.safetensors",
        header(b'{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}', b"abc"),
    ),
    "overflowing shape": (
        "weights.safetensors",
        header(b'{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}'),
    ),
    "unknown dtype": ("weights.safetensors", header(b'{"a":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3]}}', b"abc")),
    "state not JSON": ("state.json", b"(1, 2)"),
    "state a list": ("state.json", b"[]"),
    "state NaN": ("state.json", b'{"a":NaN}'),
    "state deep": ("state.json", b"[" * 200_000),
    "state not UTF-8": ("state.json", b'{"a":"\xff"}'),
    "config not UTF-8": ("campaign.yaml", b"name: \xff"),
}


@pytest.mark.parametrize("case", HOSTILE_FILES)
def test_hostile_contents_are_refused(run: Path, case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files made to harm, with checksums that agree, are a sentence and nothing more; nothing is unpickled."""
    monkeypatch.chdir(run)
    folder = save(run, 3)
    refill(folder, *HOSTILE_FILES[case])
    with pytest.raises(saves.SaveError, match="save turn-000003 cannot be read: "):
        saves.read(folder)
    assert not (run / "pwned").exists()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["link", "fifo", "folder"])
def test_only_plain_files_are_read(run: Path, name: str, kind: str) -> None:
    """A link, a pipe or a folder in the place of a file is refused at once, even when what it leads to is right."""
    path = save(run, 3) / name
    aside = run / "aside"
    path.rename(aside)
    {"link": lambda: path.symlink_to(aside), "fifo": lambda: os.mkfifo(path), "folder": path.mkdir}[kind]()
    with pytest.raises(saves.SaveError, match=f"{name} is not a plain file"):
        saves.read(path.parent)


def test_linked_save_folders_are_refused(run: Path) -> None:
    """A save folder that is a link is not followed."""
    folder = save(run, 3)
    (run / "saves" / "turn-000009").symlink_to(folder)
    with pytest.raises(saves.SaveError, match="is a link"):
        saves.read(run / "saves" / "turn-000009")


def test_other_files_in_a_save_are_ignored(run: Path) -> None:
    """What somebody laid into a save folder is neither read nor a reason to refuse the save."""
    folder = save(run, 3)
    (folder / "notes.txt").write_text("the ooze hates fire")
    (folder / "evil.pt").write_bytes(b"cos\nsystem\n")
    assert same(snapshot(3), saves.read(folder))


# Crashes.

CALLS = ("open", "write", "fsync", "rename", "replace", "mkdir", "unlink", "rmdir")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EINTR)


@contextmanager
def failing(number: int, *, dead: bool) -> Iterator[list[str]]:
    """Make the number-th call to the system fail (with `dead`, every one from it on, as if the process had been killed there).

    Yields the list of calls that were made. A failing write leaves half of its data; sync does nothing, for speed.
    """
    made: list[str] = []
    real = {name: getattr(os, name) for name in CALLS}
    real["fsync"] = lambda fd: None

    def wrap(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            made.append(name)
            if len(made) == number or (dead and len(made) > number):
                if name == "write" and len(made) == number:
                    real["write"](arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                code = ERRORS[number % len(ERRORS)]
                raise OSError(code, os.strerror(code))
            return real[name](*arguments, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, wrap(name))
        yield made


@pytest.mark.parametrize("dead", [False, True], ids=["one call fails", "killed there"])
@pytest.mark.parametrize("again", [False, True], ids=["new save", "same name again"])
@pytest.mark.usefixtures("unsynced")
def test_no_failing_call_costs_a_good_save(tmp_path: Path, dead: bool, again: bool) -> None:
    """Fail the n-th call for every n: the old save or the new one opens to the last bit, and the next save works and leaves no litter."""
    old, mid = snapshot(30), snapshot(31)
    new = snapshot(31, value=1.0) if again else snapshot(32)
    number = 0
    while True:
        number += 1
        run = saves.new_run_folder(tmp_path / "runs", "cave", number)
        saves.write(run, old, name="", keep=2)
        saves.write(run, mid, name="", keep=2)
        try:
            with failing(number, dead=dead) as made:
                saves.write(run, new, name="", keep=2)
            failed = False
        except OSError:
            failed = True
        got = saves.read(run)
        assert same(got, mid if failed and not same(got, new) else new), made
        assert saves.list_runs(run.parent)[0].turn in (31, 32)
        assert dead or (run / "saves" / "turn-000031").is_dir()  # a program that lives puts the name back
        saves.write(run, new, name="", keep=2)
        assert same(new, saves.read(run))
        assert turns(run) == (["turn-000030", "turn-000031"] if again else ["turn-000031", "turn-000032"])
        assert sorted(child.name for child in run.iterdir()) == ["latest", "saves"]
        shutil.rmtree(run)
        if len(made) < number:
            break
    assert not failed
    assert {"open", "write", "fsync", "rename", "replace", "mkdir"} <= set(made)


@pytest.mark.usefixtures("unsynced")
def test_between_two_names_the_old_save_is_found(run: Path) -> None:
    """Killed in the one moment when a save being replaced has lost its name, it opens all the same, by run and by path."""
    folder = save(run, 37)
    folder.rename(run / "saves" / ".old-turn-000037")
    for path in (run, folder):
        assert same(snapshot(37), saves.read(path))
    assert saves.is_latest(folder)
    assert [run.turn for run in saves.list_runs(run.parent)] == [37]
    save(run, 38)
    assert turns(run) == ["turn-000037", "turn-000038"]


def test_the_order_of_the_syncs(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is on the disk before the save gets its name, the name before the pointer moves, and the pointer before write returns."""
    log: list[str] = []
    fsync, rename, replace_ = os.fsync, os.rename, os.replace

    def told(fd: int) -> str:
        return str(Path(f"/proc/self/fd/{fd}").readlink().relative_to(run.resolve()))

    monkeypatch.setattr(os, "fsync", lambda fd: (log.append(f"sync {told(fd)}"), fsync(fd))[1])
    monkeypatch.setattr(os, "rename", lambda a, b: (log.append(f"name {Path(b).name}"), rename(a, b))[1])
    monkeypatch.setattr(os, "replace", lambda a, b: (log.append(f"name {Path(b).name}"), replace_(a, b))[1])
    folder = save(run, 37)
    assert [step.rpartition("/")[2] for step in log[:4]] == ["campaign.yaml", "state.json", "weights.safetensors", "manifest.json"]
    assert all(step.startswith("sync saves/.tmp-turn-000037-") for step in log[:5])
    assert log[5:7] == [f"name {folder.name}", "sync saves"]
    assert log[7].startswith("sync .tmp-latest")
    assert log[8:] == ["name latest", "sync ."]


def test_a_disk_that_is_really_full(run: Path) -> None:
    """With a file-size limit set by the system, the save fails as OSError, leaves no torso, and the one before opens."""
    script = f"""
import resource, signal, sys
from pathlib import Path
from rolltrain_tui.base.atomic_files import write_new
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_new(Path({str(run / "torso")!r}), bytes(10_000))
except OSError as error:
    print(error.errno)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(errno.EFBIG)
    assert not (run / "torso").exists()


# Runs.


def test_runs_are_listed_newest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list holds what the latest saves say, the run saved last first; other folders and links are not runs."""
    monkeypatch.setattr(store.time, "time", iter([100.0, 300.0, 200.0]).__next__)
    runs = [saves.new_run_folder(tmp_path, name, 1) for name in ("one", "two", "three")]
    for turn, run in enumerate(runs, 1):
        save(run, turn)
    (tmp_path / "README.md").write_text("")
    (tmp_path / "photos").mkdir()
    (tmp_path / ".gone-x" / "saves").mkdir(parents=True)
    (tmp_path / "linked").symlink_to(runs[0])
    listed = saves.list_runs(tmp_path)
    assert [(run.folder, run.turn, run.saved_at, run.damage) for run in listed] == [
        (runs[1], 2, 300.0, ""),
        (runs[2], 3, 200.0, ""),
        (runs[0], 1, 100.0, ""),
    ]
    assert listed[0] == saves.RunSummary(runs[1], "The Cave", "Brakka", "wizard", 2, 2, 100, 2.5, 300.0, None)
    assert saves.list_runs(tmp_path / "nowhere") == []


def test_damaged_runs_are_listed_with_the_reason(tmp_path: Path) -> None:
    """A run whose latest save is damaged shows its newest good one; one with none shows only what is wrong."""
    half, none, fresh = (saves.new_run_folder(tmp_path, name, 1) for name in ("half", "none", "fresh"))
    save(half, 1)
    (save(half, 2) / "weights.safetensors").write_bytes(b"")
    (save(none, 3) / "manifest.json").write_bytes(b"{}")
    listed = {run.folder: run for run in saves.list_runs(tmp_path)}
    assert (listed[half].turn, listed[half].campaign) == (1, "The Cave")
    assert listed[half].damage.startswith("save turn-000002: weights.safetensors is damaged (0 bytes instead of ")
    assert (listed[none].turn, listed[none].damage) == (0, "save turn-000003: manifest.json is damaged")
    assert (listed[fresh].turn, listed[fresh].damage) == (0, "no save yet")


def test_a_run_is_described_with_all_its_saves(run: Path) -> None:
    """describe tells each save's name, turn and size, which is the latest, which are kept, and which are damaged."""
    save(run, 1)
    save(run, 2, name="Before the ooze!")
    save(run, 3)
    (run / "saves" / "turn-000001" / "state.json").unlink()
    details = saves.describe(run / "saves" / "turn-000003")
    assert details.run.turn == 3
    assert [(slot.name, slot.latest, slot.kept, slot.damage) for slot in details.slots] == [
        ("turn-000003", True, False, ""),
        ("Before the ooze!", False, True, ""),
        ("turn-000001", False, False, "save turn-000001: state.json is missing"),
    ]
    folder = details.slots[1].folder
    assert details.slots[1].size == sum((folder / name).stat().st_size for name in FILES if name != "manifest.json")


def test_which_run_and_whether_the_latest(run: Path) -> None:
    """A save knows its run, and whether going on from it goes on where the run stopped."""
    first, second = save(run, 1), save(run, 2)
    assert [saves.run_of(path) for path in (run, first, second)] == [run, run, run]
    assert [saves.is_latest(path) for path in (run, first, second)] == [True, False, True]
    for stray in (run / "saves" / "nothing" / "here", run.parent / "nowhere"):
        with pytest.raises(saves.SaveError, match="there is no run or save at"):
            saves.run_of(stray)
    with pytest.raises(saves.SaveError, match="neither a run nor a save"):
        saves.run_of(run.parent)


def test_a_run_inside_a_folder_named_saves(tmp_path: Path) -> None:
    """The folder of all runs is called saves too; a run in it is not taken for a save."""
    run = saves.new_run_folder(tmp_path / "saves", "cave", 1)
    assert saves.run_of(run) == run
    save(run, 4)
    assert (saves.run_of(run), saves.read(run).summary.turn) == (run, 4)


def test_a_deleted_run_is_gone(run: Path) -> None:
    """Deleting removes the run's folder and nothing beside it."""
    other = saves.new_run_folder(run.parent, "other", 1)
    save(run, 1)
    saves.delete(run)
    assert list(run.parent.iterdir()) == [other]


@pytest.mark.parametrize("kind", ["root", "home", "file", "link", "missing", "save"])
def test_only_runs_are_deleted(run: Path, kind: str) -> None:
    """Anything that is not a run folder is left alone."""
    home = run.parent.parent / "home"
    (home / "saves").mkdir(parents=True)
    (home / "thesis.tex").write_text("years")
    (run.parent / "linked").symlink_to(run)
    places = {"root": run.parent, "home": home, "file": home / "thesis.tex", "link": run.parent / "linked", "missing": run / "x"}
    places["save"] = save(run, 1)
    with pytest.raises(saves.SaveError, match="is not a run, so it is left alone"):
        saves.delete(places[kind])
    assert (home / "thesis.tex").read_text() == "years"
    assert saves.read(run).summary.turn == 1


def test_nothing_here_needs_torch(run: Path) -> None:
    """Importing saves, listing, describing, locking and deleting load neither torch nor safetensors."""
    save(run, 1)
    script = f"""
import sys
from pathlib import Path
from rolltrain_tui.runs import saves
run = Path({str(run)!r})
assert [entry.turn for entry in saves.list_runs(run.parent)] == [1]
assert len(saves.describe(run).slots) == 1
saves.saves_root(None)
with saves.Lock(run):
    pass
saves.delete(run)
print([name for name in ("torch", "safetensors", "textual") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
    assert not run.exists()


def test_where_runs_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option wins, then the environment, then a checkout's saves folder, then the user's data folder."""
    checkout, elsewhere = tmp_path / "checkout", tmp_path / "elsewhere"
    for folder, text in ((checkout, '[project]\nname = "rolltrain-tui"\n'), (elsewhere, '[project]\nname = "other"\n')):
        (folder / "campaigns").mkdir(parents=True)
        (folder / "pyproject.toml").write_text(text)
    monkeypatch.setenv("ROLLTRAIN_SAVES", str(tmp_path / "env"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(checkout / "campaigns")
    assert saves.saves_root(tmp_path / "option") == tmp_path / "option"
    assert saves.saves_root(Path("~/mine")) == tmp_path / "home" / "mine"
    assert saves.saves_root(None) == tmp_path / "env"
    monkeypatch.setenv("ROLLTRAIN_SAVES", "")
    assert saves.saves_root(None) == checkout / "saves"
    (elsewhere / "campaigns" / "pyproject.toml").write_text("not [toml")
    monkeypatch.chdir(elsewhere / "campaigns")
    root = saves.saves_root(None)
    assert root.name == "saves"
    assert "rolltrain" in root.parts
    assert checkout not in root.parents


# The lock.

HOLDER = """
import os, sys
from pathlib import Path
from rolltrain_tui.runs import saves
with saves.Lock(Path(sys.argv[1])):
    print(os.getpid(), flush=True)
    sys.stdin.read()
"""


def test_one_player_a_run(run: Path) -> None:
    """A second process is told who plays the run and can delete nothing; when the holder is killed, the lock is free at once."""
    (run / "lock").write_text("123456789012345\n")
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(run)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        pid = holder.stdout.readline().strip()
        expected = rf"the-cave-seed7 is being played by another rolltrain \(process {pid}\); close that one first"
        with pytest.raises(saves.SaveError, match=expected), saves.Lock(run):
            pass
        with pytest.raises(saves.SaveError, match=expected):
            saves.delete(run)
        holder.kill()
        holder.wait()
    with saves.Lock(run):
        assert (run / "lock").read_text().strip() == str(os.getpid())
    with saves.Lock(run):
        pass


def test_a_lock_holds_within_one_process(run: Path) -> None:
    """Two travellers of one process are two players as well, and a refused one does not free the lock."""
    with saves.Lock(run):
        for _ in range(2):
            with pytest.raises(saves.SaveError, match=f"process {os.getpid()}"), saves.Lock(run):
                pass


def test_a_lock_is_a_plain_file(run: Path, tmp_path: Path) -> None:
    """A link in the lock's place is not written through; a run folder that is gone is a sentence."""
    precious = tmp_path / "precious"
    precious.write_text("thesis")
    (run / "lock").symlink_to(precious)
    with pytest.raises(saves.SaveError, match="lock is not a plain file"), saves.Lock(run):
        pass
    assert precious.read_text() == "thesis"
    with pytest.raises(saves.SaveError, match="cannot be written to"), saves.Lock(run / "nowhere"):
        pass


def test_a_file_system_without_locks_is_trusted(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system cannot lock, the game is played without."""
    import fcntl

    def flock(fd: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with saves.Lock(run), saves.Lock(run):
        pass


def test_names_of_slots() -> None:
    """Autosave folders sort by turn, and their names tell it."""
    assert [slots.autosave_turn(slots.autosave_name(turn)) for turn in (0, 37, 12_345_678)] == [0, 37, 12_345_678]
    assert slots.autosave_turn("turn-37") is slots.autosave_turn("boss") is None
