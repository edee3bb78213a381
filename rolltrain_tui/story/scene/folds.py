"""How each event changes the scene: one function a type of event, the table of them below."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from rolltrain_tui.protocol.events import (
    AbilityEnded,
    AbilityUsed,
    ActBegan,
    AutoSet,
    CampaignBegan,
    CampaignEnded,
    CampaignResumed,
    CampaignStopped,
    Charge,
    CommandAccepted,
    CommandRefused,
    DeathSaveRolled,
    DiceRolled,
    Evaluated,
    Examined,
    ForetellingJudged,
    Foretold,
    GateFaced,
    GhostSeen,
    HeroFell,
    HeroHealed,
    HeroHurt,
    InspirationSpent,
    ItemFaded,
    ItemFound,
    ItemUsed,
    LevelGained,
    MonsterActed,
    MonsterAppeared,
    MonsterFell,
    MonsterLeft,
    MonsterStruck,
    Outcome,
    Rested,
    Saved,
    SaveFailed,
    SettingsChanged,
    Spoke,
    StatRaised,
    StepTaken,
    TrainingFailed,
    TwinJudged,
    TwinLost,
    TwinSetOut,
    XPGained,
)
from rolltrain_tui.story.scene.views import AbilityView, HeroView, ItemView, MonsterView, Proof, RollView, Span, TurnLine, TwinView

if TYPE_CHECKING:
    from rolltrain_tui.story.scene.scene import Scene


def _began(scene: "Scene", event: CampaignBegan) -> None:
    scene.campaign, scene.kind, scene.seed = event.campaign, event.kind, event.seed
    scene.turn, scene.turns = event.turn, event.turns
    scene.rulebook, scene.die, scene.dc, scene.modifier = event.rulebook, event.die, event.dc, event.modifier
    scene.expected_k, scene.floor, scene.energy = event.expected_k, event.floor, event.energy
    scene.parameters, scene.vocabulary, scene.device, scene.dtype = event.parameters, event.vocabulary, event.device, event.dtype
    scene.hero = HeroView(
        name=event.hero,
        hero_class=event.hero_class,
        level=event.level,
        proficiency=event.proficiency,
        stats=event.stats,
        hp=event.hp,
        max_hp=event.max_hp,
        next_level_xp=event.next_level_xp,
    )
    _set_charges(scene, event.charges)


def _set_charges(scene: "Scene", charges: Iterable[Charge]) -> None:
    scene.charges = {charge.ability: charge for charge in charges}


def _rolled(scene: "Scene", event: DiceRolled) -> None:
    last = scene.roll
    outcomes: dict[Outcome, int] = dict(last.outcomes) if last is not None and last.turn == event.turn else {}
    outcomes[event.outcome] = outcomes.get(event.outcome, 0) + 1
    scene.outcomes[event.outcome] += 1
    scene.die, scene.dc, scene.modifier = event.die, event.dc, event.modifier
    scene.roll = RollView(
        turn=event.turn,
        die=event.die,
        naturals=event.naturals,
        natural=event.natural,
        modifier=event.modifier,
        total=event.total,
        dc=event.dc,
        outcome=event.outcome,
        k=event.k,
        outcomes=outcomes,
    )


def _stepped(scene: "Scene", event: StepTaken) -> None:
    scene.turn = max(scene.turn, event.turn)
    change = None if scene.previous_loss is None or not event.finite else event.loss - scene.previous_loss
    scene.step, scene.gflop, scene.tokens = event, event.gflop, scene.tokens + event.tokens
    if event.finite:
        scene.previous_loss = event.loss
        scene.losses.add(event.turn, event.loss, event.loss_ema)
    else:
        scene.not_finite += 1
    roll = scene.roll if scene.roll is not None and scene.roll.turn == event.turn else None
    scene.turn_lines.append(TurnLine(scene.lines, event.turn, roll, event, change))
    scene.lines += 1
    if scene.proof is not None and scene.proof.open:
        _prove(scene.proof, event)
    if scene.twin is not None and scene.twin.walking:
        scene.twin.walked += 1
    for name, view in list(scene.active.items()):
        if view.until is not None and view.until <= event.turn:
            _leave_force(scene, name, event.turn)
    for item, used in list(scene.items.items()):
        if used.until <= event.turn:
            del scene.items[item]


def _prove(proof: Proof, step: StepTaken) -> None:
    if step.finite:
        proof.turns += 1
        proof.asked += step.k_requested
        proof.felt += step.k_effective
        capped = "norm_cap" in step.levers and abs(step.k_effective) <= abs(step.k_requested)  # cut to a length, as it claims
        proof.worst = max(proof.worst, 0.0 if capped else abs(step.k_effective - step.k_requested))
        proof.levers = tuple(dict.fromkeys((*proof.levers, *step.levers)))
        proof.measured |= dict(step.measured)


def _twin_set_out(scene: "Scene", event: TwinSetOut) -> None:
    scene.twin = TwinView(event.ability, event.turn, event.turns)


def _twin_judged(scene: "Scene", event: TwinJudged) -> None:
    scene.twin_gflop = event.gflop
    scene.twin = TwinView(event.ability, event.since, event.turns, event.turns, event)


def _twin_lost(scene: "Scene", event: TwinLost) -> None:
    scene.twin_gflop = event.gflop
    scene.twin = TwinView(event.ability, event.since, event.turns, event.turns, event)


def _evaluated(scene: "Scene", event: Evaluated) -> None:
    scene.evaluation, scene.best_val_loss = event, event.best_val_loss
    scene.validations.append((event.turn, event.val_loss))


def _used(scene: "Scene", event: AbilityUsed) -> None:
    until = event.turn + event.turns - 1 if event.turns else None
    if event.ability in scene.active:
        _leave_force(scene, event.ability, event.turn)
    scene.active[event.ability] = AbilityView(event.ability, event.option, event.turn, until)
    scene.spans.append(Span(event.ability, event.turn, None))
    if event.live or scene.proof is None or not scene.proof.live:
        scene.proof = Proof(event.ability, event.option, event.turn, event.k, event.live)
    if (charge := scene.charges.get(event.ability)) is not None:
        scene.charges[event.ability] = Charge(charge.ability, event.charges, charge.most, charge.recharge, charge.auto)


def _leave_force(scene: "Scene", ability: str, turn: int) -> None:
    scene.active.pop(ability, None)
    for span in scene.spans:
        if span.ability == ability and span.end is None:
            span.end = max(turn, span.start)
    if scene.proof is not None and scene.proof.ability == ability:
        scene.proof.open = False


def _auto_set(scene: "Scene", event: AutoSet) -> None:
    if (charge := scene.charges.get(event.ability)) is not None:
        scene.charges[event.ability] = Charge(charge.ability, charge.left, charge.most, charge.recharge, event.on)


def _met(scene: "Scene", event: MonsterAppeared) -> None:
    scene.monster = MonsterView(event.monster, event.challenge, event.hp, event.hp, event.armour_class, event.signal, event.turn)


def _monster_acted(scene: "Scene", event: MonsterActed) -> None:
    if scene.monster is not None:
        scene.monster.last_act = event.effect


def _struck(scene: "Scene", event: MonsterStruck) -> None:
    if scene.monster is not None:
        scene.monster.hp = max(0, event.hp)


def _monster_fell(scene: "Scene", event: MonsterFell) -> None:
    scene.monster, scene.last_foe = None, f"fell in turn {event.turn}, {event.xp} XP"


def _monster_left(scene: "Scene", event: MonsterLeft) -> None:
    scene.monster, scene.last_foe = None, f"left in turn {event.turn}: {event.reason}"


def _hurt(scene: "Scene", event: HeroHurt) -> None:
    scene.hero.hp = max(0, event.hp)


def _healed(scene: "Scene", event: HeroHealed) -> None:
    scene.hero.hp = event.hp
    if event.hp > 0:
        scene.hero.death_saves = None


def _death_save(scene: "Scene", event: DeathSaveRolled) -> None:
    scene.hero.death_saves = (event.successes, event.failures)


def _fell(scene: "Scene", event: HeroFell) -> None:
    hero = scene.hero
    hero.deaths, hero.death_saves = event.deaths, None
    if event.max_hp:  # the sheet of the last camp; older chronicles tell none
        hero.level, hero.proficiency, hero.max_hp = event.level, event.proficiency, event.max_hp
        hero.xp, hero.next_level_xp, hero.choices = event.xp, event.next_level_xp, event.choices
        scene.expected_k = event.expected_k
        _set_charges(scene, event.charges)
    if event.stats:
        _set_stats(scene, event.stats)


def _gained_xp(scene: "Scene", event: XPGained) -> None:
    scene.hero.xp = event.total


def _levelled(scene: "Scene", event: LevelGained) -> None:
    hero = scene.hero
    hero.level, hero.proficiency, hero.hp, hero.max_hp = event.level, event.proficiency, event.hp, event.max_hp
    hero.next_level_xp, hero.choices = event.next_level_xp, event.choices
    scene.expected_k, scene.level_gained = event.expected_k, event
    _set_charges(scene, event.charges)


def _rested(scene: "Scene", event: Rested) -> None:
    scene.hero.hp, scene.hero.death_saves = event.hp, None
    _set_charges(scene, event.charges)


def _set_stats(scene: "Scene", stats: tuple[tuple[str, int], ...]) -> None:
    """The scores, and what INT adds to the die."""
    scene.hero.stats = stats
    scene.modifier = next(((score - 10) // 2 for name, score in stats if name == "INT"), scene.modifier)


def _stat_raised(scene: "Scene", event: StatRaised) -> None:
    _set_stats(scene, tuple((name, event.score if name == event.stat else score) for name, score in scene.hero.stats))
    scene.hero.choices, scene.expected_k = event.choices, event.expected_k
    if event.max_hp:
        scene.hero.hp, scene.hero.max_hp = event.hp, event.max_hp


def _examined(scene: "Scene", event: Examined) -> None:
    scene.examined = event


def _saw_ghost(scene: "Scene", event: GhostSeen) -> None:
    scene.ghost = event


def _faced_gate(scene: "Scene", event: GateFaced) -> None:
    scene.gate = event


def _act_began(scene: "Scene", event: ActBegan) -> None:
    scene.act = event


def _foretold(scene: "Scene", event: Foretold) -> None:
    scene.foretold = event


def _judged(scene: "Scene", event: ForetellingJudged) -> None:
    scene.foretold, scene.judged = None, event
    scene.hero.inspired = scene.hero.inspired or event.inspired


def _inspiration_spent(scene: "Scene", event: InspirationSpent) -> None:
    scene.hero.inspired = False


def _item_found(scene: "Scene", event: ItemFound) -> None:
    scene.bag[event.item] = scene.bag.get(event.item, 0) + 1


def _item_used(scene: "Scene", event: ItemUsed) -> None:
    left = scene.bag.get(event.item, 0) - 1
    if left > 0:
        scene.bag[event.item] = left
    else:
        scene.bag.pop(event.item, None)
    if event.turns:
        scene.items[event.item] = ItemView(event.item, event.words, event.turn + event.turns - 1)


def _item_faded(scene: "Scene", event: ItemFaded) -> None:
    scene.items.pop(event.item, None)


def _answered(scene: "Scene", event: CommandAccepted | CommandRefused) -> None:
    scene.acknowledged = event


def _spoke(scene: "Scene", event: Spoke) -> None:
    scene.spoke = event


def _saved(scene: "Scene", event: Saved | SaveFailed) -> None:
    scene.saved = event


def _ended(scene: "Scene", event: CampaignEnded) -> None:
    scene.ending, scene.gflop, scene.best_val_loss = event, event.gflop, event.best_val_loss
    scene.hero.level, scene.hero.xp, scene.hero.deaths = event.level, event.xp, event.deaths


def _resumed(scene: "Scene", event: CampaignResumed) -> None:
    scene.campaign, scene.stopped, scene.failure = event.campaign, False, ""
    scene.turn = event.turn


def _settings_changed(scene: "Scene", event: SettingsChanged) -> None:
    scene.turns, scene.energy, scene.expected_k = event.turns, event.energy, event.expected_k
    scene.rulebook, scene.die, scene.dc, scene.modifier = event.rulebook, event.die, event.dc, event.modifier


def _stopped(scene: "Scene", event: CampaignStopped) -> None:
    scene.stopped = True


def _failed(scene: "Scene", event: TrainingFailed) -> None:
    scene.failure = event.error


FOLDS: dict[type, Any] = {
    CampaignBegan: _began,
    GhostSeen: _saw_ghost,
    DiceRolled: _rolled,
    StepTaken: _stepped,
    Evaluated: _evaluated,
    AbilityUsed: _used,
    AbilityEnded: lambda scene, event: _leave_force(scene, event.ability, scene.turn),
    AutoSet: _auto_set,
    MonsterAppeared: _met,
    MonsterActed: _monster_acted,
    MonsterStruck: _struck,
    MonsterFell: _monster_fell,
    MonsterLeft: _monster_left,
    HeroHurt: _hurt,
    HeroHealed: _healed,
    DeathSaveRolled: _death_save,
    HeroFell: _fell,
    XPGained: _gained_xp,
    LevelGained: _levelled,
    Rested: _rested,
    CommandAccepted: _answered,
    CommandRefused: _answered,
    Spoke: _spoke,
    Saved: _saved,
    SaveFailed: _saved,
    CampaignEnded: _ended,
    CampaignResumed: _resumed,
    SettingsChanged: _settings_changed,
    CampaignStopped: _stopped,
    TrainingFailed: _failed,
    TwinSetOut: _twin_set_out,
    TwinJudged: _twin_judged,
    TwinLost: _twin_lost,
    Examined: _examined,
    GateFaced: _faced_gate,
    ActBegan: _act_began,
    Foretold: _foretold,
    ForetellingJudged: _judged,
    InspirationSpent: _inspiration_spent,
    ItemFound: _item_found,
    ItemUsed: _item_used,
    ItemFaded: _item_faded,
    StatRaised: _stat_raised,
}
"""One function a type of event; SaveDue is answered by Saved or SaveFailed and shows nothing of its own."""
