"""The campaign: the one place where the rules and the training meet.

`Campaign.play(inbox)` is a generator of events; whoever iterates it owns the thread. One turn, in fixed order:

    wait for the tempo -> drain commands -> rules answer with facts and one StepEffect -> the twin's step, if one walks
    -> learner.step -> StepReport -> consequences -> the twin's verdict if due -> evaluation, speech, camp if due -> save if due
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from math import log
from typing import Any

from rolltrain_tui.config.schema import CampaignConfig, EndingConfig, GameConfig
from rolltrain_tui.game import baseline as ghosts
from rolltrain_tui.game.baseline import Ghost
from rolltrain_tui.game.counterfactual import PREFIX, Shadow, load_effect
from rolltrain_tui.game.setup import new_game
from rolltrain_tui.protocol.commands import SaveGame, Speak
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import (
    ActBegan,
    CampaignBegan,
    CampaignEnded,
    CampaignStopped,
    CommandAccepted,
    CommandRefused,
    Ending,
    Evaluated,
    Event,
    GhostSeen,
    SaveDue,
    Spoke,
    StepTaken,
    TrainingFailed,
)
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import Learner, LearnerInfo, StepAbandoned, StepReport
from rolltrain_tui.rules.game import Game
from rolltrain_tui.rules.gate import Gate

LOSS_EMA_DECAY = 0.95  # about the last 20 turns


class Campaign:
    """One adventure under way: a game of rules, a learner, and how far they have come together."""

    def __init__(self, config: GameConfig, learner: Learner, ghost: Ghost | None = None) -> None:
        self.config = config
        self.learner = learner
        self.ghost = ghost
        facts = learner.info()
        self.game = new_game(config, unavailable_levers=facts.unavailable_levers)
        learner.prepare(self.game.prepares() | ({"examine"} if config.diagnosis.examine else set()))
        self.game.watch.chance = log(facts.vocabulary) if facts.vocabulary else None
        self.mute = facts.mute
        self.shadow = Shadow(config.twin, learner, tuple(self.game.kit.held))
        self.turn = 0
        """The last turn that is done."""
        self.began = False
        self.ended = False
        self.val_loss: float | None = None
        self.best_val_loss: float | None = None
        self.loss_ema: float | None = None
        self.gflop = 0.0
        self.failure: Exception | None = None
        """What the learner raised, after a TrainingFailed event."""
        self._effect: StepEffect | None = None
        """Decided by the rules but not applied yet: a turn that was stopped half-way is finished on resuming, not rolled again."""
        self._wishes: list[Speak | SaveGame] = []
        """Samples and saves the player asked for at the start of the turn, granted at its end."""

    def play(self, inbox: Inbox) -> Iterator[Event]:
        """Events until the campaign ends or the inbox is stopped. Can be called again after a stop, and goes on where it was."""
        self.learner.should_stop = lambda: inbox.stopped
        try:
            if not self.began:
                yield from self._begin()
            while not self.ended:
                if not inbox.wait_for_turn():
                    yield SaveDue(self.turn, "quit")
                    yield CampaignStopped(self.turn)
                    return
                yield from self._play_turn(inbox)
        except StepAbandoned:
            yield SaveDue(self.turn, "quit")
            yield CampaignStopped(self.turn)
        except Exception as error:
            self.failure = error
            yield TrainingFailed(self.turn + 1, f"{type(error).__name__}: {error}")

    def _begin(self) -> Iterator[Event]:
        self.began = True
        yield campaign_began(self.config, self.game, self.learner.info())
        if self.ghost is not None:
            yield GhostSeen(0, self.ghost.seed, self.ghost.points)
        yield from self._act(0)
        self.learner.snapshot()
        yield from self._evaluate(self.config.evaluation.sequences)

    def _act(self, turn: int) -> Iterator[ActBegan]:
        """The part of the story that this turn is the first of, if it is."""
        for number, act in enumerate(self.config.acts, 1):
            if act.from_turn == turn:
                yield ActBegan(turn, number, act.title, act.text)

    def _play_turn(self, inbox: Inbox) -> Iterator[Event]:
        turn = self.turn + 1
        if self._effect is None:
            yield from self._act(turn)
            commands = inbox.drain(turn)
            facts, self._effect = self.game.begin_turn(turn, commands)
            self._wishes = [command for command in commands if isinstance(command, Speak | SaveGame)]
            yield from facts
            yield from self._hear_wishes(turn)
            yield from self.shadow.begin_turn(turn, facts, self.game.effect_without)
        # The twin first: when the turn is stopped half-way, what is left of it is the same for both after resuming.
        yield from self.shadow.step(turn)
        report = self.learner.step(self._effect)
        effect, self._effect = self._effect, None
        self.turn = turn
        yield self._note_step(report, effect)
        consequences = self.game.end_turn(turn, report)
        yield from consequences
        last = turn >= self.config.turns or self.game.fallen or self.spent
        yield from self.shadow.end_turn(turn, consequences, last=last)
        if last:
            yield from self._end()
        else:
            yield from self._after_turn()

    def _hear_wishes(self, turn: int) -> Iterator[Event]:
        for wish in self._wishes:
            yield CommandRefused(turn, wish, self.mute) if self.mute and isinstance(wish, Speak) else CommandAccepted(turn, wish)
        self._wishes = [wish for wish in self._wishes if not (self.mute and isinstance(wish, Speak))]

    def _note_step(self, report: StepReport, effect: StepEffect) -> StepTaken:
        self.gflop += report.gflop
        if report.finite:
            ema = report.loss if self.loss_ema is None else self.loss_ema
            self.loss_ema = LOSS_EMA_DECAY * ema + (1 - LOSS_EMA_DECAY) * report.loss
        return step_taken(self.turn, report, self.train_loss, self.gflop, effect.levers())

    def _after_turn(self) -> Iterator[Event]:
        """What falls due between two turns."""
        turn, config = self.turn, self.config
        if turn % config.evaluation.every == 0:
            yield from self._evaluate(config.evaluation.sequences)
        spoken = not self.mute and config.speech.every and turn % config.speech.every == 0
        if spoken or any(isinstance(wish, Speak) for wish in self._wishes):
            yield self._speak()
        # No camp for the fallen: the snapshot must stay the one they will wake with.
        camp = turn % config.camps.every == 0 and not self.game.rollback_due
        if camp:
            yield from self._face_gate()
            yield from self.game.camp(turn)
            self.learner.snapshot()
        yield from (SaveDue(turn, "player", wish.name) for wish in self._wishes if isinstance(wish, SaveGame))
        self._wishes = []
        if camp or turn % config.save.autosave_every == 0:
            yield SaveDue(turn, "camp" if camp else "autosave")

    def _face_gate(self) -> Iterator[Event]:
        """The run against plain training, on an evaluation of this turn."""
        if (gate := self.gate) is None:
            return
        if self.turn % self.config.evaluation.every != 0:
            yield from self._evaluate(self.config.evaluation.sequences)
        assert self.val_loss is not None
        yield from self.game.face_gate(self.turn, gate, self.val_loss)

    def _evaluate(self, sequences: int) -> Iterator[Event]:
        examine = self.config.diagnosis.examine
        evaluation = (self.learner.evaluate_sequences if examine else self.learner.evaluate)(sequences)
        self.learner.remember(evaluation)
        self.gflop += evaluation.gflop
        self.val_loss = evaluation.loss
        improved = self.best_val_loss is None or evaluation.loss < self.best_val_loss
        if improved:
            self.best_val_loss = evaluation.loss
        assert self.best_val_loss is not None
        yield Evaluated(self.turn, evaluation.loss, evaluation.standard_error, self.best_val_loss, self.train_loss, improved)
        yield from self.game.learned(self.turn, evaluation.loss)
        found = self.learner.examine(evaluation) if examine else None
        if found is not None:
            self.gflop += found.gflop
        yield from self.game.examined(self.turn, *((found.values, found.layers) if found is not None else ({}, ())))

    def _speak(self) -> Spoke:
        speech = self.config.speech
        text = self.learner.sample(speech.characters, temperature=speech.temperature, top_k=speech.top_k)
        return Spoke(self.turn, text, self.val_loss)

    def _end(self) -> Iterator[Event]:
        yield from self._evaluate(self.config.evaluation.sequences)
        if not self.mute:
            yield self._speak()
        final = self.learner.evaluate(self.config.evaluation.final_sequences)
        self.gflop += final.gflop
        assert self.best_val_loss is not None
        self._wishes = []
        self.ended = True
        told = self._story_ending(final.loss)
        yield CampaignEnded(
            turn=self.turn,
            ending=self.ending,
            train_loss=self.train_loss,
            val_loss=final.loss,
            standard_error=final.standard_error,
            best_val_loss=self.best_val_loss,
            floor=self.learner.info().floor,
            level=self.game.hero.level,
            xp=self.game.hero.xp,
            deaths=self.game.hero.deaths,
            gflop=self.gflop,
            title=told.title if told else "",
            text=told.text if told else "",
        )
        yield SaveDue(self.turn, "end")

    @property
    def spent(self) -> bool:
        """The energy that the campaign was given is gone."""
        energy = self.config.adventure.energy
        return energy is not None and self.gflop >= energy

    @property
    def ending(self) -> Ending:
        """How a campaign that has ended did; who reached the last turn has won, whatever it cost."""
        if self.game.fallen:
            return "fallen"
        return "victory" if self.turn >= self.config.turns else "spent"

    def _story_ending(self, val_loss: float) -> EndingConfig | None:
        """The first ending that the final validation loss earns; the fallen have none."""
        earned = (ending for ending in self.config.endings if ending.val_loss is None or val_loss <= ending.val_loss)
        return None if self.game.fallen else next(earned, None)

    def leave_ghost(self) -> str:
        """Part with a ghost that is of another campaign than this has become (a save can be opened with other values): why, or ""."""
        if self.ghost is None:
            return ""
        assert isinstance(self.config, CampaignConfig), "ghosts are recorded of campaign files"
        if not (reason := ghosts.difference(self.ghost, ghosts.recipe_of(self.config, self.learner.info().text_sha256))):
            return ""
        self.ghost = None
        return f"The ghost stays behind, and no gate stands any more: it {reason}."

    @property
    def gate(self) -> Gate | None:
        """The gates at the camps; None without a ghost to measure by."""
        config, ghost = self.config.gate, self.ghost
        return None if ghost is None or config.mode == "off" else Gate(ghost.points, config.tolerance, config.xp)

    @property
    def train_loss(self) -> float:
        """The smoothed raw training loss; before the first finite step, the validation loss stands in for it."""
        if self.loss_ema is not None:
            return self.loss_ema
        return self.val_loss if self.val_loss is not None else float("nan")

    def tensors(self) -> dict[str, Any]:
        """The learner's tensors, and a walking twin's, by name."""
        return {**self.learner.tensors(), **self.shadow.tensors()}

    def state_dict(self) -> dict[str, Any]:
        """Everything but the tensors, as JSON values."""
        return {
            "turn": self.turn,
            "began": self.began,
            "ended": self.ended,
            "val_loss": self.val_loss,
            "best_val_loss": self.best_val_loss,
            "loss_ema": self.loss_ema,
            "gflop": self.gflop,
            "ghost": None if self.ghost is None else ghosts.text_of(self.ghost),
            "effect": None if self._effect is None else asdict(self._effect),
            "wishes": [{"save": wish.name} if isinstance(wish, SaveGame) else {"speak": True} for wish in self._wishes],
            "game": self.game.state_dict(),
            "learner": self.learner.state_dict(),
            "shadow": self.shadow.state_dict(),
        }

    def load_state(self, state: Mapping[str, Any], tensors: Mapping[str, Any]) -> None:
        """Exact inverse of state_dict() and tensors(); ValueError when they do not belong to this campaign."""
        try:
            self.turn, self.began, self.ended = int(state["turn"]), bool(state["began"]), bool(state["ended"])
            self.val_loss, self.best_val_loss, self.loss_ema = state["val_loss"], state["best_val_loss"], state["loss_ema"]
            self.gflop = float(state["gflop"])
            self.ghost = ghosts.parse(state["ghost"]) if state["ghost"] else None
            self._effect = load_effect(state["effect"])
            self._wishes = [Speak() if "speak" in wish else SaveGame(wish["save"]) for wish in state["wishes"]]
            self.game.load_state_dict(state["game"])
            self.learner.load_state({name: t for name, t in tensors.items() if not name.startswith(PREFIX)}, state["learner"])
            self.shadow.load_state(state["shadow"], tensors)
        except (
            LookupError,
            TypeError,
            AttributeError,
            ArithmeticError,
            RuntimeError,
            AssertionError,
        ) as error:
            raise ValueError(f"this save does not hold the state of a campaign: {type(error).__name__}: {error}") from error


def campaign_began(config: GameConfig, game: Game, facts: LearnerInfo) -> CampaignBegan:
    hero = game.hero
    return CampaignBegan(
        turn=0,
        campaign=config.name,
        kind=config.kind,
        seed=config.seed,
        turns=config.turns,
        rulebook=config.dice.rulebook,
        die=game.rules.sides,
        dc=game.dc,
        modifier=game.modifier,
        expected_k=game.expected_k(),
        hero=hero.name,
        hero_class=hero.hero_class,
        level=hero.level,
        proficiency=game.proficiency,
        stats=tuple(hero.stats.items()),
        hp=hero.hp,
        max_hp=hero.max_hp,
        next_level_xp=game.next_level_xp(),
        charges=game.charges(),
        parameters=facts.parameters,
        vocabulary=facts.vocabulary,
        floor=facts.floor,
        device=facts.device,
        dtype=facts.dtype,
        energy=config.adventure.energy,
    )


def step_taken(turn: int, report: StepReport, loss_ema: float, gflop: float, levers: tuple[str, ...] = ()) -> StepTaken:
    """A learner's report as the event of its turn; `gflop` is what the run has spent so far."""
    return StepTaken(
        turn=turn,
        loss=report.loss,
        loss_ema=loss_ema,
        grad_norm=report.grad_norm,
        lr=report.lr,
        k_requested=report.k_requested,
        k_effective=report.k_effective,
        proposed_norm=report.proposed_norm,
        applied_norm=report.applied_norm,
        tokens=report.tokens,
        gflop=gflop,
        finite=report.finite,
        levers=levers,
        measured=tuple(report.measured.items()),
    )
