"""Bits that flip, files that are cut, files of other saves: all of it is found before anything is read out of it."""

import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.verification.reexecution import from_the_beginning

pytestmark = pytest.mark.slow

FILES = ("manifest.json", "campaign.yaml", "state.json", "weights.safetensors")


@pytest.fixture
def folders(tiny_config: Callable[..., CampaignConfig], tmp_path: Path) -> list[Path]:
    """The saves of a real run; of the last, everything is tried."""
    run = Run.begin(tiny_config("encounters.chance=1.0"), base=CAMPAIGNS, runs=tmp_path)
    list(run.play(Inbox()))
    return [slot.folder for slot in reversed(saves.describe(run.folder).slots)]


def loads(folder: Path) -> bool:
    try:
        saves.read(folder)
    except saves.SaveError:
        return False
    return True


def test_no_damage_is_loaded(folders: list[Path], count: Callable[[int, int], int], tally: Callable[[str], None]) -> None:
    """Single-bit flips, truncations and swaps, spread over the files by their size and one in three evenly: none is loaded."""
    folder, rng = folders[-1], random.Random(5)
    whole = {name: (folder / name).read_bytes() for name in FILES}
    flips, cuts, swaps = count(300, 10_000), count(100, 2_000), count(30, 500)

    def pick() -> str:
        return rng.choice(FILES) if rng.random() < 1 / 3 else rng.choices(FILES, [len(whole[name]) for name in FILES])[0]

    loaded = 0
    for _ in range(flips):
        name = pick()
        data = bytearray(whole[name])
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        (folder / name).write_bytes(data)
        loaded += loads(folder)
        (folder / name).write_bytes(whole[name])
    for _ in range(cuts):
        name = pick()
        (folder / name).write_bytes(whole[name][: rng.randrange(len(whole[name]))])
        loaded += loads(folder)
        (folder / name).write_bytes(whole[name])
    for _ in range(swaps):
        names = rng.sample(FILES, rng.randint(1, len(FILES) - 1))
        for name in names:
            shutil.copyfile(rng.choice(folders[:-1]) / name, folder / name)
        loaded += any((folder / name).read_bytes() != whole[name] for name in names) and loads(folder)
        for name in names:
            (folder / name).write_bytes(whole[name])
    tally(f"3. damage: {flips} bit flips, {cuts} truncations, {swaps} swaps: {loaded} loaded")
    assert loaded == 0
    assert loads(folder)


def test_a_folder_in_the_place_of_a_file_is_refused_in_words(tiny_config: Callable[..., CampaignConfig], tmp_path: Path) -> None:
    """Whoever goes on with the run, trains it again or reads its story hears which file it is, or does without it."""
    begun = Run.begin(tiny_config(), base=CAMPAIGNS, runs=tmp_path)
    list(begun.play(Inbox()))
    run = begun.folder
    refused = set()
    for file in [path for path in sorted(run.iterdir()) if path.is_file()]:
        aside = tmp_path / "aside"
        file.rename(aside)
        file.mkdir()
        for act in (Run.resume, from_the_beginning, lambda run: list(event_log.read(run / "chronicle.jsonl"))):
            with suppress(ValueError):
                act(run)
                continue
            with pytest.raises(ValueError, match=file.name):
                act(run)
            refused.add(file.name)
        file.rmdir()
        aside.rename(file)
    assert {"campaign.yaml", "chronicle.jsonl", "lock"} <= refused
