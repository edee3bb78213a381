"""An expedition without a model: a seeded, realistic stream of events that obeys the player, for the screens' tests."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.commands import (
    Predict,
    RaiseStat,
    SaveGame,
    SetAuto,
    Speak,
    SpendInspiration,
    TakeShortRest,
    UseAbility,
    UseItem,
)
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.readings import LayerReading, Reading
from rolltrain_tui.protocol.sheet import Charge, Sheet
from rolltrain_tui.rules.health.signals import SIGNALS, STEP_EXCESS
from support.paths import CAMPAIGNS

FLOOR, START = 1.31, 4.62
RAGE_TURNS, RAGE_K = 10, 1.5
STATS = (("STR", 16), ("DEX", 12), ("CON", 14), ("INT", 15), ("WIS", 10), ("CHA", 8))
WORDS = ("the", "old", "ranger", "found", "a", "cursed", "amulet", "while", "bards", "sang", "of", "ale", "and", "the", "dragon", "slept")


@cache
def fake_config(*overrides: str) -> CampaignConfig:
    return load(CAMPAIGNS / "tiny_gpt.yaml", ("pace.turns_per_second=null", "schedule.warmup_turns=0", "diagnosis.scouts=off", *overrides))


class FakeExpedition:
    """Answers like an expedition. Turn 30, and every 120 turns after it, brings a dragon that stays about 60 turns."""

    def __init__(
        self,
        folder: Path,
        config: CampaignConfig,
        *,
        said: str | None = None,
        fail_at: int | None = None,
        save_error: bool = False,
        hero_class: str = "barbarian",
        script: Sequence[ev.Event] | None = None,
    ) -> None:
        """`script`: these events instead of the dice's; `fail_at`: the training raises in this turn; `said`: what the model says."""
        self.config, self.folder, self.note, self.learner = config, folder, "", None
        self.story: list[ev.Event] = []
        self.drained: list[object] = []
        """Every command that was taken, in order."""
        self.left = False
        """The traveller has come to the end of its road."""
        self._said, self._fail_at, self._save_error, self._script = said, fail_at, save_error, script
        self._dice = random.Random(config.seed)
        self._hero_class = hero_class
        self._loss, self._ema, self._best = START, START, START
        self._rage_until = 0
        self._rage_k = 1.0
        self._hp, self._xp, self._level = 12, 0, 1
        self._foe_hp = 0
        if hero_class == "barbarian":
            self._charges = {
                "rage": Charge("rage", 2, 2, "long", False),
                "reckless_attack": Charge("reckless_attack", None, None, "", False),
            }
        else:
            self._charges = {
                "arcane_recovery": Charge("arcane_recovery", 3, 3, "long", False),
                "spell_mastery": Charge("spell_mastery", None, None, "", False),
            }

    def play(self, inbox: Inbox) -> Iterator[ev.Event]:
        try:
            if self._script is not None:
                yield from self._play_script(inbox)
                return
            yield self._begin()
            yield self._evaluate(0)
            yield from self._examine(0)
            for turn in range(1, self.config.turns + 1):
                if not inbox.wait_for_turn():
                    yield self._save(turn - 1, "quit")
                    yield ev.CampaignStopped(turn - 1)
                    return
                if turn == self._fail_at:
                    yield ev.TrainingFailed(turn, "RuntimeError: the fake \x1b[2J model [/] broke")
                    return
                yield from self._turn(turn, inbox)
            yield self._evaluate(self.config.turns)
            yield self._end()
            yield self._save(self.config.turns, "end")
        finally:
            self.left = True

    def _play_script(self, inbox: Inbox) -> Iterator[ev.Event]:
        assert self._script is not None
        for event in self._script:
            if isinstance(event, ev.DiceRolled) and not inbox.wait_for_turn():
                yield ev.CampaignStopped(event.turn - 1)
                return
            yield event

    def _begin(self) -> ev.CampaignBegan:
        return ev.CampaignBegan(
            turn=0,
            campaign=self.config.name,
            kind="supervised",
            seed=self.config.seed,
            turns=self.config.turns,
            rulebook="hero",
            die=20,
            dc=12,
            sheet=self._sheet(),
            objective=Objective(limit=FLOOR),
            parameters=804_096,
            model="804,096 weights, 45 tokens",
            device="cpu",
            dtype="float32",
        )

    def _sheet(self, **parts: Any) -> Sheet:
        known = Sheet(
            name=self.config.hero.name,
            hero_class=self._hero_class,
            level=self._level,
            stats=STATS,
            modifier=2,
            hp=self._hp,
            max_hp=14 if self._level == 1 else 14 + 6 * self._level,
            xp=self._xp,
            next_level_xp=int(1000 * 1.5 ** (self._level - 1)),
            expected_k=0.9125 if self._level == 1 else 0.92,
            charges=tuple(self._charges.values()),
        )
        return replace(known, **parts)

    def _turn(self, turn: int, inbox: Inbox) -> Iterator[ev.Event]:
        commands = inbox.drain(turn)
        self.drained += commands
        for command in commands:
            yield from self._obey(turn, command)
        roll = self._roll(turn)
        yield roll
        yield from self._monster(turn, roll)
        raging = turn < self._rage_until
        k = roll.k * (self._rage_k if raging else 1.0)
        yield self._step(turn, k)
        if self._rage_until == turn + 1:
            yield ev.AbilityEnded(turn, "rage", "its time is over")
        if turn % 50 == 0:
            yield self._evaluate(turn)
            yield from self._examine(turn)
            gained = self._dice.randint(60, 260)
            self._xp += gained
            yield ev.XPGained(turn, gained, self._xp, "a new best validation loss")
            if self._xp >= 1000 * 1.5 ** (self._level - 1):
                yield self._level_up(turn)
        if turn % 100 == 0 or any(isinstance(command, Speak) for command in commands):
            yield ev.Spoke(turn, self._said or self._babble(turn), self._best)
        if turn % 250 == 0:
            yield ev.Rested(turn, "long", self._sheet())
        for command in commands:
            if isinstance(command, SaveGame):
                yield self._save(turn, "player")
        if turn % 50 == 0:
            yield self._save(turn, "autosave")

    def _obey(self, turn: int, command: object) -> Iterator[ev.Event]:
        match command:
            case UseAbility("rage", _):
                charge = self._charges["rage"]
                if not charge.left:
                    yield ev.CommandRefused(turn, command, "No Rage is left until a long rest")
                    return
                self._charges["rage"] = replace(charge, left=charge.left - 1)
                self._rage_until, self._rage_k = turn + RAGE_TURNS, RAGE_K
                yield ev.CommandAccepted(turn, command)
                yield ev.AbilityUsed(turn, "rage", "", True, RAGE_K, RAGE_TURNS, charge.left - 1)
            case UseAbility(ability, option):
                yield ev.CommandAccepted(turn, command)
                yield (
                    ev.AbilityUsed(turn, ability, option, True, 0.75, 0, None)
                    if option != "dismiss"
                    else ev.AbilityEnded(turn, ability, "dismissed")
                )
            case SetAuto(ability, on):
                self._charges[ability] = replace(self._charges[ability], auto=on)
                yield ev.CommandAccepted(turn, command)
                yield ev.AutoSet(turn, ability, on)
            case Predict(guess):
                yield ev.CommandAccepted(turn, command)
                yield ev.Foretold(turn, guess, 2.0, 2.1)
            case SpendInspiration():
                yield ev.CommandAccepted(turn, command)
                yield ev.InspirationSpent(turn)
            case UseItem(item):
                yield ev.CommandAccepted(turn, command)
                yield ev.ItemUsed(turn, item, 10, "every update is three tenths of what it would be")
            case RaiseStat(stat):
                yield ev.CommandAccepted(turn, command)
                yield ev.StatRaised(turn, stat, dict(STATS)[stat] + 2, self._sheet(expected_k=0.95))
            case TakeShortRest():
                yield ev.CommandRefused(turn, command, "A short rest is possible once in 100 turns")
            case _:
                yield ev.CommandAccepted(turn, command)

    def _roll(self, turn: int) -> ev.DiceRolled:
        natural = self._dice.randint(1, 20)
        total = natural + 2
        outcome: ev.Outcome = "fumble" if natural == 1 else "crit" if natural == 20 else "hit" if total >= 12 else "miss"
        k = {"fumble": 0.0, "crit": 2.0, "miss": 0.5, "hit": 1 + (total - 12) / 20}[outcome]
        return ev.DiceRolled(turn, 20, (natural,), natural, 2, total, 12, outcome, k)

    def _step(self, turn: int, k: float) -> ev.StepTaken:
        self._loss = FLOOR + 0.45 + (START - FLOOR - 0.45) * math.exp(-turn / 90) + 0.5 * math.exp(-turn / 500) + self._dice.gauss(0, 0.09)
        self._ema = self._loss if turn == 1 else 0.95 * self._ema + 0.05 * self._loss
        return ev.StepTaken(
            turn=turn,
            loss=self._loss,
            loss_ema=self._ema,
            grad_norm=abs(self._dice.gauss(0.8, 0.2)),
            lr=1e-3 * min(1, turn / 100),
            k_requested=k,
            k_effective=k * (1 + 1e-6),
            proposed_norm=0.02,
            applied_norm=0.02 * k,
            tokens=768,
            gflop=3.96 * turn,
            finite=True,
            levers=("update_scale", "clip_factor") if turn < self._rage_until else ("update_scale",),
        )

    def _monster(self, turn: int, roll: ev.DiceRolled) -> Iterator[ev.Event]:
        if turn % 120 == 30:
            self._foe_hp = 100
            yield ev.MonsterAppeared(turn, "loss_dragon", "5", 100, 15, "The smoothed loss stands 0.36 above its best")
        elif self._foe_hp > 0 and roll.total >= 15:
            damage = self._dice.randint(2, 9)
            self._foe_hp = max(0, self._foe_hp - damage)
            yield ev.MonsterStruck(turn, "loss_dragon", damage, self._foe_hp)
            if self._foe_hp == 0:
                yield ev.MonsterFell(turn, "loss_dragon", 1800)
                self._hp = 14
                yield ev.HeroHealed(turn, 3, 14, "victory")
        elif self._foe_hp > 0 and self._dice.random() < 0.15:
            effect = "10% of the next batch's targets are noise"
            yield ev.MonsterActed(turn, "loss_dragon", "Loss Breath", "DEX", 8, 9, 15, False, 2, effect)
            self._hp = max(1, self._hp - 2)
            yield ev.HeroHurt(turn, 2, self._hp, "Loss Breath")

    def _evaluate(self, turn: int) -> ev.Evaluated:
        loss = self._ema + 0.02 + self._dice.gauss(0, 0.01)
        improved = loss < self._best
        self._best = min(self._best, loss)
        return ev.Evaluated(turn, loss, 0.021, self._best, self._ema, improved)

    def _examine(self, turn: int) -> Iterator[ev.Event]:
        """Healthy up to turn 100; from then on it runs hot."""
        if self.config.diagnosis.examine:
            yield examined(turn, **({"temperature": 0.31, "update_ratio": 0.2} if turn >= 100 else {}))

    def _level_up(self, turn: int) -> ev.LevelGained:
        self._level += 1
        gains = ("Proficiency +2", "Rage: a third charge a day") if self._level == 3 else ("6 more hit points",)
        self._hp = 14 + 6 * self._level
        return ev.LevelGained(turn, gains, self._sheet())

    def _babble(self, turn: int) -> str:
        letters = "abcdefghiklmnoprstuwy  "
        clear = min(1.0, turn / 900)
        return " ".join(
            word if self._dice.random() < clear else "".join(self._dice.choice(letters) for _ in word)
            for word in (self._dice.choice(WORDS) for _ in range(22))
        )

    def _save(self, turn: int, reason: str) -> ev.Event:
        if self._save_error:
            return ev.SaveFailed(turn, str(self.folder), "No space left on device")
        return ev.Saved(turn, reason, str(self.folder / f"turn-{turn:06d}"))

    def _end(self) -> ev.CampaignEnded:
        return ev.CampaignEnded(
            turn=self.config.turns,
            ending="victory",
            train_loss=self._ema,
            value=self._best,
            standard_error=0.005,
            best=self._best,
            sheet=self._sheet(),
            gflop=3.96 * self.config.turns,
        )


HEALTHY = {
    "loss_rise": 1.02,
    "gradient_spike": 1.4,
    "non_finite": 0.0,
    "projected_gain": 12.5,
    "update_ratio": 0.0012,
    "weight_growth": 3.1,
    "temperature": -0.004,
    "gap": 0.05,
    "val_rise": 0.0,
    "dead_units": 0.02,
    "agree_fraction": 0.71,
    "noise_scale": math.nan,
}


def examined(turn: int, **values: float) -> ev.Examined:
    """An examination by the table's own bounds, healthy but for these values."""
    rows = [
        (name, row) for name, row in SIGNALS.everywhere.items() if name != STEP_EXCESS or name in values
    ]  # read only where scouts have been out
    readings = tuple(Reading(name, values.get(name, HEALTHY.get(name, math.nan)), row.low, row.high) for name, row in rows)
    layers = [a_layer("embedding", 5760, math.nan)]
    layers += [a_layer(f"block {n} {part}", weights, dead) for n in range(4) for part, weights, dead in PARTS]
    return ev.Examined(turn, readings, tuple(layers))


PARTS = (("attention", 65_536, math.nan), ("mlp", 131_072, 0.02))


def a_layer(name: str, weights: int, dead: float) -> LayerReading:
    return LayerReading(
        name=name,
        weights=weights,
        weight_norm=12.5,
        gradient_norm=0.213,
        update_ratio=1.2e-3,
        histogram=(0, 0, 3, 40, 210, 900, 600, 80, 2, 0),
        dead=dead,
    )


class FakeOutfitter:
    """Readies the expedition it was given; nothing is imported and nothing is slow."""

    def __init__(self, expedition: FakeExpedition | None = None, error: Exception | None = None) -> None:
        self.expedition, self.error = expedition, error
        self.asked: list[tuple[str, Path, tuple[str, ...]]] = []
        self.before: Callable[[], object] = lambda: None
        """Called in the worker thread before an expedition is handed out."""

    def preload(self) -> str:
        return "torch 2.13 · cpu, 2 threads"

    def begin(self, campaign: Path, overrides: Sequence[str]) -> FakeExpedition:
        return self._answer("begin", campaign, overrides)

    def resume(self, save: Path, overrides: Sequence[str]) -> FakeExpedition:
        return self._answer("resume", save, overrides)

    def branch(self, run: Path, turn: int) -> FakeExpedition:
        return self._answer("branch", run, (str(turn),))

    def _answer(self, verb: str, path: Path, overrides: Sequence[str]) -> FakeExpedition:
        self.asked.append((verb, path, tuple(overrides)))
        self.before()
        if self.error is not None:
            raise self.error
        assert self.expedition is not None
        return self.expedition


class Asked:
    """An expedition that notes what the page asks of it, and answers."""

    def __init__(self) -> None:
        self.orders: list[object] = []
        self.notice = ""

    def note(self, *order: object) -> None:
        self.orders.append(order[0] if len(order) == 1 else order)
        self.notice = f"{self.orders[-1]}: next turn"

    def action_use(self, number: int) -> None:
        self.note(number)

    def action_auto(self) -> None:
        self.note("auto")

    def action_dials(self) -> None:
        self.note("dials")

    def action_turn_dial(self, name: str, value: str) -> None:
        self.note(name, value)

    def send_scouts(self) -> None:
        self.note("scouts")
