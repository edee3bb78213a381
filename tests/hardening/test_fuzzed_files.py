"""Fuzzed saves, archives and campaigns: whatever they hold, the answer is a sentence, and nothing is written anywhere."""

import hashlib
import json
import random
import resource
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.modes.campaign_file import CampaignFileError, load_text
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.open import SavedRun
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.saves import archive

pytestmark = pytest.mark.slow

FILES = ("campaign.yaml", "state.json", "weights.safetensors")
SCRAPS = [
    b"\x80\x04\x95cposix\nsystem\n", b"PK\x03\x04", b"null", b"1e999", b"-1", b"9" * 20, b"NaN", b'"', b"{", b"[" * 200, b"\x00",
    b"\xff\xfe", b"../../", b"true", b"{}", b"[]", b"1e-3",
    b"!!python/object/apply:os.system", b"&a", b"*a", b"<<: *a", b"\xe2\x80\xae", b": ",
]  # fmt: skip
Tally = Callable[[str], None]
BYTES = 500 << 20


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A few of: flipped bits, scraps put in or over, pieces cut, doubled or moved."""
    new = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, size = rng.randrange(len(new) + 1), rng.randint(1, 40)
        match rng.randrange(6):
            case 0 if new:
                new[at % len(new)] ^= 1 << rng.randrange(8)
            case 1:
                new[at:at] = rng.choice(SCRAPS)
            case 2:
                new[at : at + size] = rng.choice(SCRAPS)
            case 3:
                del new[at : at + size]
            case 4:
                new[at:at] = new[at : at + size] * rng.randint(1, 3)
            case _:
                del new[rng.randrange(len(new) + 1) :]
    return bytes(new)


def sign(folder: Path, change: Callable[[dict[str, object]], object] = lambda contents: None) -> None:
    """Give a save an honest manifest of whatever it holds, so that what lies behind the checksums is reached."""
    _, _, body = (folder / "manifest.json").read_bytes().partition(b'",\n')
    contents = json.loads(b"{" + body)
    for record in contents["files"]:
        data = (folder / record["name"]).read_bytes()
        record |= {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    change(contents)
    body = json.dumps(contents, separators=(",", ":")).encode()[1:] + b"\n"
    (folder / "manifest.json").write_bytes(b'{"sha256":"' + hashlib.sha256(body).hexdigest().encode() + b'",\n' + body)


@pytest.fixture
def run(tiny_config: Callable[..., CampaignConfig], tmp_path: Path) -> Path:
    expedition = Run.begin(tiny_config("turns=3", "save={autosave_every: 3, keep: 1}"), base=CAMPAIGNS, runs=tmp_path / "runs")
    list(expedition.play(Inbox()))
    return expedition.folder


class Limits:
    """CPU seconds of each try and the process's memory."""

    def __init__(self) -> None:
        self.slowest = 0.0
        self._memory = self._peak()

    def _peak(self) -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    def took(self, start: float) -> None:
        self.slowest = max(self.slowest, cpu() - start)

    def __str__(self) -> str:
        return f"slowest {self.slowest:.2f} s of CPU, memory +{self.grown >> 20} MB, no crash"

    @property
    def grown(self) -> int:
        return self._peak() - self._memory


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def around(tmp_path: Path) -> list[str]:
    return sorted(str(path) for path in tmp_path.rglob("*"))


def test_saves(run: Path, tmp_path: Path, count: Callable[[int, int], int], tally: Tally) -> None:
    """Fuzzed files behind honest checksums, read and put into a campaign: it opens or says in a sentence why not."""
    tries, rng, limits = count(150, 20_000), random.Random(1), Limits()
    [folder] = [slot.folder for slot in saves.describe(run).slots]
    whole = {name: (folder / name).read_bytes() for name in (*FILES, "manifest.json")}
    config = load_text(whole["campaign.yaml"].decode(), "save")
    campaign = Campaign(config, build_learner(config, base=CAMPAIGNS))
    before, opened = around(tmp_path), 0
    for _ in range(tries):
        name = rng.choice((*FILES, "state.json", "manifest.json"))
        (folder / name).write_bytes(mutated(whole[name], rng))
        if name != "manifest.json":
            sign(folder)
        start = cpu()
        try:
            saved = SavedRun.read(folder)
            if name == "campaign.yaml":
                saved.config()
            saved.load_into(campaign)
            opened += 1
        except ValueError:
            pass
        limits.took(start)
        for other, data in whole.items():
            (folder / other).write_bytes(data)
    assert around(tmp_path) == before
    assert limits.grown < BYTES
    tally(f"9. fuzzed saves: {tries}, {opened} opened; {limits}")


def test_archives(run: Path, tmp_path: Path, count: Callable[[int, int], int], tally: Tally) -> None:
    """Fuzzed archives: brought in whole, or not at all."""
    tries, rng, limits = count(150, 10_000), random.Random(2), Limits()
    path, root = tmp_path / "run.zip", tmp_path / "in"
    archive.pack(run, path)
    with zipfile.ZipFile(path) as zipped:
        members = {entry.filename: zipped.read(entry) for entry in zipped.infolist()}
    whole, came_in = path.read_bytes(), 0
    small = {name: data for name, data in members.items() if name == "run.json"}
    root.mkdir()
    before = around(tmp_path)
    for number in range(tries):
        if number % 2:
            path.write_bytes(mutated(whole, rng))
        else:  # a good zip with a fuzzed manifest
            with zipfile.ZipFile(path, "w") as zipped:
                for name, data in members.items():
                    zipped.writestr(name, mutated(data, rng) if name in small else data)
        start = cpu()
        try:
            folder = archive.unpack(path, root, "x")
        except saves.SaveError:
            assert not list(root.iterdir())
        else:
            came_in += 1
            assert saves.read(folder).note == ""
            saves.delete(folder)
        limits.took(start)
    assert around(tmp_path) == before
    assert limits.grown < BYTES
    tally(f"9. fuzzed archives: {tries}, {came_in} brought in whole; {limits}")


def test_campaigns(tmp_path: Path, count: Callable[[int, int], int], tally: Tally) -> None:
    """Fuzzed campaign files: every mistake has its place, and nothing else happens."""
    tries, rng, limits = count(40, 20_000), random.Random(3), Limits()
    texts = [path.read_bytes() for path in sorted(CAMPAIGNS.glob("*.yaml"))]
    good, named, path = 0, 0, tmp_path / "c.yaml"
    for _ in range(tries):
        path.write_bytes(mutated(rng.choice(texts), rng))
        start = cpu()
        try:
            campaign_file.load(path)
            good += 1
        except CampaignFileError as error:
            named += "c.yaml" in str(error)
        limits.took(start)
    assert around(tmp_path) == [str(path)]
    assert good + named == tries
    assert limits.grown < BYTES
    tally(f"9. fuzzed campaigns: {tries}, {good} still good; {limits}")
