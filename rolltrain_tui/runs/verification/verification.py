"""Verification: a run is trained again and compared with its record, event by event, and with its saves, byte by byte.

On the kind of machine that trained it everything must be the same to the last bit. Elsewhere sums are rounded differently. Numbers may
then differ by `tolerance` (absolute below 1, relative above), and the model's text, the histograms of its layers and the saves are not
compared. Dice, orders and story must still be the same, as far as rounding cannot change them (`rounding`).

| verdict | the same kind of machine | another kind, or one that the run does not tell |
|---|---|---|
| exact | every bit is the same | every bit is the same |
| consistent | - | dice, orders and story are the same, numbers within the tolerance |
| undecided | - | numbers drifted further apart, or the story parted where rounding can part it |
| contradicted | anything differs | a roll that the dice did not show, or what rounding cannot change |
"""

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from rolltrain_tui.base.memory import NotEnoughMemoryError
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.game.counterfactual import PREFIX
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.protocol.events import DiceRolled, Event, SaveDue, StepTaken, TrainingFailed
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.open import SavedRun, with_settings
from rolltrain_tui.runs.run import settings_changed
from rolltrain_tui.runs.saves import slots
from rolltrain_tui.runs.saves.store import dump_state, load_state
from rolltrain_tui.runs.saves.tensors import pack
from rolltrain_tui.runs.verification import reexecution
from rolltrain_tui.runs.verification.dice_ledger import forged_roll
from rolltrain_tui.runs.verification.differences import Difference, compare, first_apart
from rolltrain_tui.runs.verification.reexecution import GatedInbox, StartPoint
from rolltrain_tui.runs.verification.rounding import Gap, could_cause, gap

Verdict = Literal["exact", "consistent", "undecided", "contradicted"]
SENTENCES: dict[Verdict, str] = {
    "exact": "✔ Exact: the same to the last bit.",
    "consistent": "✔ Consistent: dice, orders and story are the same, and numbers differ as rounding elsewhere makes them differ.",
    "undecided": "? Undecided: it drifted apart, as training can on another kind of machine. A person has to look; it proves nothing.",
    "contradicted": "✖ Contradicted: it did not happen so. The record was changed, or another version of rolltrain made it.",
}


@dataclass(slots=True, kw_only=True)
class Findings:
    """What was compared, and the first difference."""

    first_turn: int = 0
    last_turn: int = 0
    """The last turn that was compared whole."""
    events: int = 0
    rolls: int = 0
    saves: int = 0
    """Saves on disk whose weights and state were reached again."""
    reloads: int = 0
    """Turns after which everything was saved, loaded and compared (--heavy)."""
    largest_loss_difference: float = 0.0
    """Largest difference between recorded and repeated training losses."""
    tolerance: float | None = None
    """How far numbers may be apart for "consistent"; None: no tolerance is known."""
    verdict: Verdict = "exact"
    difference: Difference | None = None
    """The first one that decided the verdict."""
    largest_gap: float = 0.0
    """Largest difference of any two numbers, absolute below 1, relative above; where not every bit counts."""


class Differs(Exception):
    def __init__(self, difference: Difference, verdict: Verdict = "contradicted") -> None:
        super().__init__(difference)
        self.difference, self.verdict = difference, verdict


class Verification:
    """One run under examination."""

    def __init__(
        self,
        start: StartPoint,
        *,
        tolerance: float | None = None,
        strict: bool = True,
        heavy: bool = False,
        until: int | None = None,
        watch: Callable[[Event], object],
    ) -> None:
        """`strict`: the same kind of machine, so that every bit counts. `watch` is shown every event as it happens again."""
        self.start, self.campaign, self.strict, self.until, self.watch = start, start.campaign, strict, until, watch
        self._dice = copy.deepcopy(start.campaign.game.dice.state_dict()), start.campaign.game.rules.sides
        self._same_bits = True
        self.findings = Findings(first_turn=self.campaign.turn, last_turn=self.campaign.turn, tolerance=tolerance)
        self._heavy = heavy
        self._passed = False
        self._differs: Difference | None = None
        self._unmet = _saves_of(start.run, self.campaign.turn) if strict else {}
        self._changes = list(start.changes)
        self._inbox = GatedInbox(start.moves, self._may_pass)

    def run(self) -> Findings:
        """Play and compare up to the end of the record, or to the first difference."""
        found = self.findings
        try:
            self._follow_the_record()
            found.verdict = self._verdict()
        except Differs as differs:
            found.difference, found.verdict = differs.difference, differs.verdict
            found.last_turn = max(found.first_turn, differs.difference.turn - 1)
        if not self.strict and found.verdict != "exact" and (forged := self._forged_roll()) is not None:
            found.difference, found.verdict = forged, "contradicted"
        return found

    def _verdict(self) -> Verdict:
        """The verdict on a record that was followed to its end."""
        if self._same_bits:
            return "exact"
        assert not self.strict
        if self.findings.tolerance is None or self.findings.largest_gap > self.findings.tolerance:
            return "undecided"
        self.findings.difference = None
        return "consistent"

    def _forged_roll(self) -> Difference | None:
        """The dice of the whole record, which no rounding changes."""
        dice, sides = self._dice
        try:
            return forged_roll(dice, sides, reexecution.recorded(self.start))
        except (event_log.ChronicleError, OSError):
            return None  # the comparison has reported it already

    def _follow_the_record(self) -> None:
        recorded = reexecution.recorded(self.start)
        found, last = self._happens_again(), self.campaign.turn
        for event in recorded:
            last = event.turn
            if self.until is not None and last > self.until:
                return
            again = next(found, None)
            if again is None:
                raise Differs(Difference(last, "story", "", type(event).__name__, "nothing more happens"), self._unless_rounding)
            self._compare(event, again)
            self.watch(again)
            if isinstance(event, StepTaken):
                self.findings.last_turn = last
        if next(found, None) is None and (missed := self._unmet.get(last)):  # a save at the end of the record
            raise Differs(self._missed(missed[0]))

    # The run, once more.

    def _happens_again(self) -> Iterator[Event]:
        while not self.campaign.ended:
            for event in self.campaign.play(self._inbox):
                if isinstance(event, TrainingFailed):
                    if isinstance(self.campaign.failure, NotEnoughMemoryError):
                        raise self.campaign.failure  # it says nothing about the record
                    raise Differs(Difference(event.turn, "training", "", "the turn was taken", event.error), self._unless_rounding)
                if isinstance(event, SaveDue):
                    self._meet_saves()
                elif event.in_story:
                    yield event
            if self._differs is not None:
                raise Differs(self._differs)
            if self._heavy and not self.campaign.ended:
                self.campaign = self._through_the_disk()
            if self._settings_change():
                change = self._changes.pop(0)
                self.campaign = with_settings(self.campaign, change.changes, self.start.base)
                yield settings_changed(self.campaign, change.changes)

    def _settings_change(self) -> bool:
        """Whether the settings change after this turn."""
        return bool(self._changes) and self._changes[0].turn == self.campaign.turn

    def _may_pass(self) -> bool:
        """Between two turns. In heavy mode play stops after every turn."""
        self._meet_saves()
        if self._settings_change():
            return False
        turn = self.campaign.turn
        if missed := self._unmet.pop(turn, None):
            self._differs = self._missed(missed[0])  # not raised here: the campaign would report it as a failure of the training
            return False
        if not self._heavy:
            return True
        self._passed = not self._passed
        return self._passed

    def _missed(self, folder: Path) -> Difference:
        """The difference between a save and the campaign at its turn."""
        found = _state_difference(folder, self.campaign)
        assert found is not None, folder
        return Difference(self.campaign.turn, *found)

    def _through_the_disk(self) -> Campaign:
        """Save the campaign, load it into a new one, and compare the two."""
        campaign = self.campaign
        state = {"base": str(self.start.base), "events": 0, "pending": [], "campaign": campaign.state_dict()}
        summary = saves.Summary(campaign.config.name, "", "", 1, campaign.turn, campaign.config.turns, None, None)
        with TemporaryDirectory(prefix="rolltrain-") as folder:
            snapshot = saves.Snapshot(campaign_file.dump(campaign.config), state, campaign.tensors(), summary)
            fresh = SavedRun.read(saves.write(Path(folder), snapshot, name="", keep=None)).open(campaign.config)
        for name, before, after in (
            ("state", dump_state(campaign.state_dict()), dump_state(fresh.state_dict())),
            ("weights", pack(campaign.tensors()), pack(fresh.tensors())),
        ):
            if before != after:
                raise Differs(Difference(campaign.turn, name, "after loading", "as it was saved", "something else"))
        self.findings.reloads += 1
        return fresh

    # Against the record.

    def _compare(self, recorded: Event, found: Event) -> None:
        self.findings.events += 1
        self.findings.rolls += isinstance(recorded, DiceRolled)
        if isinstance(recorded, StepTaken) and isinstance(found, StepTaken) and recorded.finite and found.finite:
            self.findings.largest_loss_difference = max(self.findings.largest_loss_difference, abs(recorded.loss - found.loss))
        if self.strict:
            if (difference := compare(recorded, found)) is not None:
                raise Differs(difference)
            return
        apart = gap(recorded, found)
        self._same_bits = self._same_bits and apart.same_bits
        if apart.difference is not None and math.isinf(apart.size):
            raise Differs(apart.difference, "undecided" if could_cause(recorded, found) else "contradicted")
        if apart.size > self.findings.largest_gap:
            self._note_gap(apart)

    def _note_gap(self, apart: Gap) -> None:
        """Keep the first gap that is wider than the tolerance; before there is one, the widest."""
        tolerance, before = self.findings.tolerance, self.findings.largest_gap
        if tolerance is None or before <= tolerance:
            self.findings.difference = apart.difference
        self.findings.largest_gap = apart.size

    @property
    def _unless_rounding(self) -> Verdict:
        return "contradicted" if self.strict else "undecided"

    def _meet_saves(self) -> None:
        """Count the saves of this turn that hold exactly the campaign's state, and expect them no longer."""
        for folder in list(self._unmet.get(self.campaign.turn, ())):
            try:
                same = _state_difference(folder, self.campaign) is None
            except saves.SaveError:
                if folder.exists():
                    raise
                self._unmet[self.campaign.turn].remove(folder)  # a game that goes on has let it go for a newer one
                continue
            if same:
                self._unmet[self.campaign.turn].remove(folder)
                self.findings.saves += 1


def _saves_of(run: Path, after: int) -> dict[int, list[Path]]:
    """The good saves of a run after a turn, by their turn."""
    found: dict[int, list[Path]] = {}
    for folder, manifest in slots.newest_first(run):
        if manifest is not None and manifest.summary.turn > after:
            found.setdefault(manifest.summary.turn, []).append(folder)
    return found


def _state_difference(folder: Path, campaign: Campaign) -> tuple[str, str, str, str] | None:
    """The first tensor, or part of the state, in which a save differs from the campaign: (where, field, recorded, found)."""
    snapshot = saves.read(folder)
    state = snapshot.state["campaign"]
    half_way = state["effect"] is not None  # stopped inside the next turn: rolled already, and the twin may have stepped
    ours = campaign.tensors()
    for name, tensor in snapshot.tensors.items():
        if half_way and name.startswith(PREFIX):
            continue
        if name not in ours:
            return "weights", name, "saved", "not there"
        if pack({name: tensor}) != pack({name: ours[name]}):
            return "weights", name, _digest(tensor), _digest(ours[name])
    plain = load_state(dump_state(campaign.state_dict()))
    for name, value in state.items():
        if not half_way and (apart := first_apart(value, _as_old_as(value, plain[name]), name)) is not None:
            return "state", *apart
    return None


def _as_old_as(saved: Any, ours: Any) -> Any:
    """Our value without the names that the save lacks: a program of before did not write them yet."""
    if isinstance(saved, dict) and isinstance(ours, dict):
        return {name: _as_old_as(saved[name], part) for name, part in ours.items() if name in saved}
    if isinstance(saved, list) and isinstance(ours, list) and len(saved) == len(ours):
        return [_as_old_as(before, part) for before, part in zip(saved, ours, strict=True)]
    return ours


def _digest(tensor: Any) -> str:
    import hashlib

    return f"sha256 {hashlib.sha256(pack({'': tensor})).hexdigest()[:16]}"
