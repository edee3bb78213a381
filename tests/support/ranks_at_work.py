"""What the processes of a test do together: `python -m support.ranks_at_work FOLDER SCENE ...`. Each prints one JSON object.

A rank is a process with torch, which costs two seconds before it does anything: so a job plays many short scenes.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

import rolltrain_tui
from rolltrain_tui.cluster import boundary
from rolltrain_tui.cluster.boundary import FollowersInbox
from rolltrain_tui.cluster.gang import Gang, gathered
from rolltrain_tui.cluster.runs import Beginning, Follower, Resuming, open_run
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.commands import Command, SaveGame, SendScouts, Speak, UseAbility
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import CommandAccepted, StepTaken
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.protocol.learner import StepReport
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.saves.tensors import pack
from rolltrain_tui.training import dtype_trial
from rolltrain_tui.training.machine.ranks import ALONE
from rolltrain_tui.training.tensors.shards import own, whole
from support.paths import CAMPAIGNS, TINY
from support.stories import lines
from support.texts import sentence

UNEVEN = ("batch.sequences=5", "batch.accumulation=2", "optimizer.clip=0.5")
EFFECTS = {
    "neutral": NEUTRAL,
    "half": StepEffect(update_scale=0.5),
    "none": StepEffect(update_scale=0.0),
    "skipped": StepEffect(update_scale=0.0, on_zero="skip"),
    "back": StepEffect(update_scale=-1.0),
    "rate": StepEffect(lr_scale=1.5),
    "loss": StepEffect(loss_scale=0.0),
    "gradient": StepEffect(grad_scale=2.0),
    "micro": StepEffect(micro_scales=(0.5, 2.0)),
    "clip": StepEffect(clip_factor=2.0),
    "decay": StepEffect(decay_factor=0.0),
    "extra": StepEffect(extra_steps=1, extra_batch_factor=0.5),
    "one row": StepEffect(batch_factor=0.1),
    "many rows": StepEffect(batch_factor=1.7),
    "weight noise": StepEffect(weight_noise=0.01),
    "target noise": StepEffect(target_noise=0.5),
    "cap": StepEffect(norm_cap=0.3),
    "gain": StepEffect(agreeing_gain=1.5),
    "cautious": StepEffect(cautious=True, update_scale=0.5),
    "worst": StepEffect(drop_worst=3),
    "forget": StepEffect(forget_momentum=True),
    "heal": StepEffect(heal_alpha=0.5),
    "best": StepEffect(restore_best=True),
    "rollback": StepEffect(rollback=True),
}
ORDERS = {"wizard": [UseAbility("spell_mastery", "steady")], "barbarian": [UseAbility("rage"), UseAbility("reckless_attack")]}
BACK = ("heal_alpha", "restore_best", "norm_cap", "examine")
STORY = (*TINY, "turns=20", "batch.sequences=5", "twin.mode=on_use", "hero.hero_class=barbarian", "save.autosave_every=4")
MOVES: list[tuple[int, Command]] = [
    (2, UseAbility("rage")),
    (3, Speak()),
    (5, SaveGame("mine")),
    (6, SendScouts()),
    (11, UseAbility("rage")),
]


def levers(gang: Gang) -> dict[str, Any]:
    """Each lever on many ranks, beside a learner that trains alone: the largest differences."""
    alone, shared = (
        TextLearner(load(CAMPAIGNS / "tiny_gpt.yaml", (*TINY, *UNEVEN, "optimizer.name=sgd")), sentence(), r) for r in (ALONE, gang)
    )
    for learner in (alone, shared):
        learner.prepare(BACK)
        for _ in range(12):  # a cap needs norms to be a quantile of
            learner.step(StepEffect(update_scale=0.9))
        learner.snapshot()
        learner.remember(learner.evaluate(5))
    found: dict[str, Any] = {}
    for name, effect in EFFECTS.items():
        one, many = alone.step(effect), shared.step(effect)
        found[name] = {"report": _apart(one, many), "weights": weights_apart(alone, shared), "k": [many.k_requested, many.k_effective]}
    evaluations = [learner.evaluate(7).values + learner.evaluate(1).values for learner in (alone, shared)]  # of one, most ranks have none
    found["evaluation"] = max(abs(a - b) for a, b in zip(*evaluations, strict=True))
    examined = [learner.examine(learner.evaluate(7)).values for learner in (alone, shared)]
    found["examination"] = {name: [value, examined[1][name]] for name, value in examined[0].items()}
    found["spoken"] = [learner.perform() for learner in (alone, shared)]
    return found


def weights_apart(a: TextLearner, b: TextLearner) -> float:
    pairs = zip(a.model.parameters(), b.model.parameters(), strict=True)
    return max((whole(p) - whole(q)).abs().max().item() for p, q in pairs)


def _apart(one: StepReport, many: StepReport) -> dict[str, float]:
    """By field and lever, how far two reports are apart; 1e9 where one of them has no such number."""
    pairs = {name: (value, asdict(many)[name]) for name, value in asdict(one).items() if name not in ("seconds", "measured")}
    pairs |= {name: (one.measured.get(name), many.measured.get(name)) for name in {*one.measured, *many.measured}}
    return {name: _difference(a, b) for name, (a, b) in pairs.items() if a != b}


def _difference(a: Any, b: Any) -> float:
    return abs(float(a) - float(b)) if a is not None and b is not None else 1e9


def cut(gang: Gang) -> dict[str, Any]:
    """How many weights this rank holds, of how many."""
    learner = TextLearner(load(CAMPAIGNS / "tiny_gpt.yaml", (*TINY, *UNEVEN)), sentence(), gang)
    held = [own(p) for p in learner.model.parameters()]
    return {"held": sum(p.numel() for p in held), "all": learner.model.num_parameters(), "empty": sum(not p.numel() for p in held)}


def dtypes(gang: Gang) -> list[float]:
    """What the trial of dtypes has measured, in the opinion of this rank."""
    found = dtype_trial.trial(TextLearner(load(CAMPAIGNS / "tiny_gpt.yaml", (*TINY, *UNEVEN)), sentence(), gang))
    return [found.float32, found.bfloat16]


def not_finite(gang: Gang) -> dict[str, Any]:
    """One rank's share of a batch is NaN."""
    learner = TextLearner(load(CAMPAIGNS / "tiny_gpt.yaml", (*TINY, *UNEVEN)), sentence(), gang)
    learner.step(NEUTRAL)
    before = learner.weights_sha256()
    descend = learner._descend

    def spoilt(*batch: torch.Tensor, weight: float) -> torch.Tensor:
        loss = descend(*batch, weight=weight)
        for p in learner.levers.parameters:
            assert p.grad is not None
            p.grad.mul_(torch.nan)
        return loss * torch.nan

    if gang.rank == gang.size - 1:
        learner._descend = spoilt  # type: ignore[method-assign]
    report = learner.step(NEUTRAL)
    learner._descend = descend  # type: ignore[method-assign]
    after = learner.weights_sha256()
    return {"finite": report.finite, "kept": before == after, "goes on": learner.step(NEUTRAL).finite, "weights": learner.weights_sha256()}


def dropout(gang: Gang) -> dict[str, Any]:
    """Ranks draw masks of their own, and stay together."""
    learner = TextLearner(load(CAMPAIGNS / "tiny_gpt.yaml", (*TINY, *UNEVEN, "model.dropout=0.5")), sentence(), gang)
    learner.step(NEUTRAL)
    with learner.streams.lend_dropout(gang):
        drawn = torch.rand(4).tolist()
    return {"drawn": drawn, "stream": digest(learner.streams.pack()), "weights": learner.weights_sha256()}


def unlike(gang: Gang) -> dict[str, Any]:
    """What every rank takes for its own, where its machine rounds in another way than the first one's."""
    report = StepReport(
        loss=gang.rank + 0.5, grad_norm=1.0, lr=0.1, proposed_norm=None, applied_norm=None, k_requested=1.0, k_effective=gang.rank + 2.0,
        tokens=1, gflop=0.0, seconds=0.0, measured={"norm_cap": gang.rank + 3.0},
    )  # fmt: skip
    gang.alike = False
    told = gang.agree_on(report)
    return {"loss": told.loss, "k": told.k_effective, "proposed": told.proposed_norm, "measured": dict(told.measured)}


def paused(gang: Gang) -> dict[str, Any]:
    """The first rank waits for its player for three heartbeats; then another rank is asked to end."""
    words: list[int] = []
    highest = gang.highest
    gang.highest = lambda number: words.append(highest(number)) or words[-1]  # type: ignore[method-assign, func-returns-value]
    boundary.HEARTBEAT = 0.05
    if gang.rank == 0:
        inbox = Inbox()
        leading = boundary.LeadersInbox(gang, inbox, lambda: 1)
        inbox.pause()

        def step_after_three() -> None:
            while words.count(boundary.WAIT) < 3:
                time.sleep(0.01)
            inbox.step_once()

        with leading.beating():
            Thread(target=step_after_three, daemon=True).start()
            may = [leading.wait_for_turn(), leading.wait_for_turn()]
        stopped = leading.stopped
    else:
        following = FollowersInbox(gang)
        may = [following.wait_for_turn()]
        following.stop()
        may.append(following.wait_for_turn())
        stopped = following.stopped
    gang.highest = highest  # type: ignore[method-assign]
    return {"may": may, "stopped": stopped, "waits": words.count(boundary.WAIT), "last": words[-1] == boundary.STOP}


def session(gang: Gang) -> dict[str, Any]:
    """A loop of somebody else's, under DistributedDataParallel or fully_shard, with every class of hero."""
    found: dict[str, Any] = {}
    for hero in CLASSES:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 3))
        outer: nn.Module = model
        if gang.shards:
            from torch.distributed.fsdp import fully_shard  # a second that the other jobs save

            fully_shard(model)
        else:
            outer = DistributedDataParallel(model)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
        with torch.no_grad():
            outer(torch.zeros(1, 7))  # after it, FSDP2 keeps the weights gathered
        game = rolltrain_tui.session(outer, optimizer, character_class=hero, monsters="off", camp_every=4)
        data = torch.Generator().manual_seed(3)
        for turn in range(10):
            if turn == 3 and gang.first:  # only the first process has a player
                game.inbox.put(*ORDERS.get(hero, ()))
            x, y = torch.randn(4 * gang.size, 7, generator=data), torch.randint(3, (4 * gang.size,), generator=data)
            mine = gang.share(len(x))
            loss = nn.functional.cross_entropy(outer(x[mine]), y[mine])
            if turn == 6 and gang.rank:
                loss = loss * torch.nan
            optimizer.zero_grad()
            loss.backward()
            with game.turn(loss):
                optimizer.step()
        with torch.no_grad():
            outer(x)  # so it does here
        game.evaluated(1.0)
        steps = [event for event in game.events if isinstance(event, StepTaken)]
        state = game.state_dict()
        game.load_state_dict(state)
        weights = [whole(p).tolist() for p in model.parameters()]
        heard = any(isinstance(event, CommandAccepted) for event in game.events)
        game.close()
        found[hero] = {"k": [(s.k_requested, s.k_effective, s.finite) for s in steps], "weights": weights, "heard": heard}
    return found


def story(gang: Gang, folder: Path, *, path: Path | None = None) -> dict[str, Any]:
    """Begin a run, or go on with the one at `path`, and play it to its end."""
    config = load(CAMPAIGNS / "tiny_gpt.yaml", STORY)
    beginning = Beginning(config=config, base=CAMPAIGNS, runs=folder)
    run = open_run(gang, lambda: beginning if path is None else Resuming(path=path, runs=folder))
    start = run.campaign.learner.tensors()
    if isinstance(run, Follower):
        run.play(FollowersInbox(gang))
        return _told(start, run.campaign)
    return _played(start, run)


def _played(start: dict[str, Any], run: Run) -> dict[str, Any]:
    list(run.play(ScriptedInbox(move for move in MOVES if move[0] > run.campaign.turn)))
    return _told(start, run.campaign) | {"story": lines(run.story), "folder": str(run.folder)}


def _told(start: dict[str, Any], campaign: Campaign) -> dict[str, Any]:
    end = campaign.learner.tensors()
    return {"start": digest(start), "end": digest(end), "turn": campaign.turn, "value": campaign.value}


def digest(tensors: dict[str, Any]) -> str:
    """Of all weights, moments, snapshots and streams, to the bit."""
    return hashlib.sha256(pack(tensors)).hexdigest()


def alone(folder: Path, *, path: Path | None = None) -> dict[str, Any]:
    """As `story`, in this process alone."""
    config = load(CAMPAIGNS / "tiny_gpt.yaml", STORY)
    run = Run.begin(config, base=CAMPAIGNS, runs=folder) if path is None else Run.resume(path)
    return _played(run.campaign.learner.tensors(), run)


def main(scenes: Sequence[str], folder: Path) -> Iterable[tuple[str, Any]]:
    torch.set_num_threads(1)
    with gathered(shards="shards" in scenes) as gang:
        for scene in scenes:
            name, _, where = scene.partition("=")
            match name:
                case "levers":
                    yield name, levers(gang)
                case "dtypes":
                    yield name, dtypes(gang)
                case "not_finite":
                    yield name, not_finite(gang)
                case "session":
                    yield name, session(gang)
                case "cut":
                    yield name, cut(gang)
                case "unlike":
                    yield name, unlike(gang)
                case "paused":
                    yield name, paused(gang)
                case "dropout":
                    yield name, dropout(gang)
                case "story":
                    yield name, story(gang, folder)
                case "resume":
                    yield scene, story(gang, folder, path=Path(where))


if __name__ == "__main__":
    print(json.dumps(dict(main(sys.argv[2:], Path(sys.argv[1])))))
