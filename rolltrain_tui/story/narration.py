"""Events in words: `tell(event)` gives one sentence, the same for the screen's log, `--plain` and reports.

A sentence is a single line with all its numbers. It names no colour and needs no picture. It holds no control characters, even where an
event holds untrusted text of the model, a file or an error.
"""

import math
from collections import Counter
from collections.abc import Sequence
from functools import singledispatch
from typing import get_args

from rolltrain_tui.base.grammar import capital, counted, fixed, minus, plural, with_minus
from rolltrain_tui.base.safe_text import flat, one_line
from rolltrain_tui.protocol import commands as asked
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.ability import CLAIM
from rolltrain_tui.rules.health.signals import SIGNALS, measurable
from rolltrain_tui.story.measurements import evidence
from rolltrain_tui.story.phrases import HOW_IT_ENDED, dial_value, name_command, number, plus_minus, title
from rolltrain_tui.story.scouts import PACE_WORDS, best_words


def tell(event: ev.Event, objective: Objective = VALIDATION_LOSS) -> str:
    """One sentence; "" for an event without words of its own. `objective`: what the evaluations of this run measure."""
    return flat(sentence(event) or measured(event, objective))


def tell_turn(rolls: Sequence[ev.DiceRolled], step: ev.StepTaken) -> str:
    """The rolls of a turn and the step they led to, in one line: "d20 17 + 2 = 19 against DC 12: hit, k 1.35; loss 2.301, ..."."""
    parts = [_rolls(rolls), _step(step)]
    return flat("; ".join(part for part in parts if part) + ".")


@singledispatch
def sentence(event: ev.Event) -> str:
    """The event in words: one function below per type. "" for a type without words, such as SaveDue."""
    return ""


@singledispatch
def measured(event: ev.Event, objective: Objective) -> str:
    """The same for the events whose words name what evaluations measure."""
    return ""


# The dice and the step.


def _rolls(rolls: Sequence[ev.DiceRolled]) -> str:
    if len(rolls) <= 1:
        return _roll(rolls[0]) if rolls else ""
    outcomes: Counter[ev.Outcome] = Counter(roll.outcome for roll in rolls)
    counted = ", ".join(f"{outcomes[name]} {_OUTCOME[name]}" for name in get_args(ev.Outcome) if outcomes[name])
    mean = sum(roll.k for roll in rolls) / len(rolls)
    return f"{len(rolls)} rolls of the d{rolls[0].die} against DC {rolls[0].dc}: {counted}, mean k {number(mean, 3)}"


def _roll(event: ev.DiceRolled) -> str:
    added = f" {'+' if event.modifier > 0 else '−'} {abs(event.modifier)} = {event.total}" if event.modifier else ""
    note = f" ({_clause(event.note)})" if event.note else ""
    return f"d{event.die} {_naturals(event)}{added} against DC {event.dc}: {_OUTCOME[event.outcome]}, k {number(event.k, 3)}{note}"


def _naturals(event: ev.DiceRolled) -> str:
    if event.natural not in event.naturals:
        return f"{' and '.join(map(str, event.naturals))}, counts as {event.natural},"
    if len(event.naturals) > 1:
        return f"{' and '.join(map(str, event.naturals))}, of which {event.natural}"
    return str(event.natural)


_OUTCOME: dict[ev.Outcome, str] = {"fumble": "fumble", "miss": "miss", "hit": "hit", "crit": "critical hit"}


def _step(event: ev.StepTaken) -> str:
    if not event.finite:
        return "loss or gradient is not finite: nothing was applied, the weights are as they were"
    if event.still:
        return f"loss {fixed(event.loss)}; no optimiser step, so there was nothing to scale"
    felt = "" if event.k_effective is None else f", felt {fixed(event.k_effective)}"
    loss = f"loss {fixed(event.loss)}" if math.isfinite(event.loss) else "loss not told"
    told = f"{loss}, k asked {number(event.k_requested, 3)}{felt}"
    return "; ".join((told, *evidence(dict(event.measured))))


@sentence.register
def _(event: ev.DiceRolled) -> str:
    return _roll(event) + "."


@sentence.register
def _(event: ev.StepTaken) -> str:
    return _step(event).capitalize() + "."


@sentence.register
def _(event: ev.LoopWarned) -> str:
    return event.text.strip() or "Something in the training loop looks wrong."


# Abilities.


@sentence.register
def _(event: ev.AbilityUsed) -> str:
    name = f"{title(event.ability)}, {title(event.option)}" if event.option else title(event.ability)
    by_itself = "" if event.live else " triggers by itself"
    return f"{name}{by_itself}: {_claim(event)}{_duration(event)}{_charges_left(event)}."


def _claim(event: ev.AbilityUsed) -> str:
    if event.note:
        return with_minus(_clause(event.note))
    return _claim_words(event).replace("{k}", number(event.k)).replace("{turns}", str(event.turns))


def _claim_words(event: ev.AbilityUsed) -> str:
    row = ABILITIES.get(event.ability)
    if row is None:  # of a plug-in that is not installed here
        return CLAIM
    return row.claim if event.live else row.passive_claim or row.claim


def _duration(event: ev.AbilityUsed) -> str:
    if not event.note and "{turns}" in _claim_words(event):
        return ""
    if event.turns == 0:
        return " until it is dismissed"
    if event.turns == 1:
        return "" if event.note else " this turn"
    return f" for {event.turns} turns"


def _charges_left(event: ev.AbilityUsed) -> str:
    if event.charges is None:
        return ""
    return f"; {event.charges or 'none'} left"


@sentence.register
def _(event: ev.AbilityEnded) -> str:
    return f"{title(event.ability)} ends: {_period(event.reason)}"


@sentence.register
def _(event: ev.AutoSet) -> str:
    return f"{title(event.ability)} is {'automatic' if event.on else 'manual'} from now on."


@sentence.register
def _(event: ev.DialTurned) -> str:
    return f"{f'{event.title} {dial_value(event.value)}'.rstrip()}: {_period(event.words)}"


# The twin.


def _watched(ability: str) -> str:
    return title(ability) if ability else "the hero's abilities"


@sentence.register
def _(event: ev.TwinSetOut) -> str:
    return f"A shadow twin, a copy of the run without {_watched(event.ability)}, trains beside it for {counted(event.turns, 'turn')}."


@measured.register
def _(event: ev.TwinJudged, objective: Objective) -> str:
    name = _watched(event.ability)
    words = {"helped": f"{name} helped", "hurt": f"{name} hurt", "no measurable effect": f"no measurable effect of {name}"}[event.verdict]
    numbers = f"{objective.name} {minus(f'{event.delta:+.4f}')}{objective.unit_behind}{_give_or_take(event.standard_error, 4)}"
    return f"The twin's verdict: {words}; {numbers}, over {counted(event.turns, 'turn')} beside a twin without."


@sentence.register
def _(event: ev.TwinLost) -> str:
    walked = f"after {counted(event.turns, 'turn')}"
    return f"The twin without {_watched(event.ability)} is lost {walked}, without a verdict: {_period(event.reason)}"


# Monsters.


@sentence.register
def _(event: ev.MonsterAppeared) -> str:
    numbers = f"challenge {event.challenge}, {event.hp} hit points, armour class {event.armour_class}"
    return f"{_a(title(event.monster))} appears ({numbers}): {_period(with_minus(event.signal))}"


@sentence.register
def _(event: ev.MonsterActed) -> str:
    save = f"{event.save_stat} save {event.total} against {event.dc} {'succeeds' if event.saved else 'fails'}"
    effect = _clause(event.effect)  # what the hero loses of the damage, HeroHurt tells
    return f"The {title(event.monster)} uses {event.attack}: {save}{f'; {effect}' if effect else ''}."


@sentence.register
def _(event: ev.MonsterStruck) -> str:
    if event.hp <= 0:
        return ""  # that it falls has a line of its own
    return f"The {title(event.monster)} takes {event.damage} damage: {counted(event.hp, 'hit point')} left."


@sentence.register
def _(event: ev.MonsterFell) -> str:
    return f"The {title(event.monster)} falls."  # its XP has a line of its own


@sentence.register
def _(event: ev.MonsterLeft) -> str:
    return f"The {title(event.monster)} leaves: {_period(event.reason)}"


# The hero.


@sentence.register
def _(event: ev.HeroHurt) -> str:
    return f"{event.damage} damage ({_clause(event.cause)}): " + ("down at 0 HP." if event.hp <= 0 else f"{event.hp} HP left.")


@sentence.register
def _(event: ev.HeroHealed) -> str:
    return f"{event.amount} HP back ({_clause(event.cause)}): {event.hp} HP."


@sentence.register
def _(event: ev.DeathSaveRolled) -> str:
    return f"Death save: d20 {event.natural}; {counted(event.successes, 'success', 'successes')}, {counted(event.failures, 'failure')}."


@sentence.register
def _(event: ev.HeroFell) -> str:
    if event.back_to_turn is None:
        return "The third failed death save: the hero has fallen, and the campaign ends here."
    woken = f"the next turn begins with the weights of turn {event.back_to_turn}"
    hero = event.sheet
    return f"The third failed death save: {woken}, at level {hero.level} with {hero.xp} XP ({counted(hero.deaths, 'death')} so far)."


@sentence.register
def _(event: ev.XPGained) -> str:
    change = f"{event.amount} XP" if event.amount >= 0 else f"{-event.amount} XP lost"
    return f"{change} ({_clause(event.cause)}): {event.total} in all."


@sentence.register
def _(event: ev.LevelGained) -> str:
    gains = f" New: {'; '.join(_clause(gain) for gain in event.gains)}." if event.gains else ""
    hero = event.sheet
    health = f"proficiency +{hero.proficiency}, {hero.hp}/{hero.max_hp} HP, E[k] {hero.expected_k:.3f}"
    return f"Level {hero.level}: {health}, next level at {hero.next_level_xp} XP.{gains}"


@sentence.register
def _(event: ev.Rested) -> str:
    pools = ", ".join(f"{title(c.ability)} {c.left}/{c.most}" for c in event.sheet.charges if c.most is not None)
    kind = "Camp and a long rest" if event.kind == "long" else "A short rest"
    return f"{kind}: {event.sheet.hp} HP{', ' + pools if pools else ''}."


@sentence.register
def _(event: ev.StatRaised) -> str:
    hero = event.sheet
    more = f"; {counted(hero.choices, 'more choice')} to make" if hero.choices else ""
    return f"{event.stat} rises to {event.score}: {hero.hp}/{hero.max_hp} HP, E[k] {hero.expected_k:.3f}{more}."


# Predictions, loot, gates and examinations.


@measured.register
def _(event: ev.Foretold, objective: Objective) -> str:
    level = f"from {fixed(event.low)} to {fixed(event.high)}{objective.unit_behind}"
    return f"Predicted: {event.guess}; {level} the next {objective.name} counts as level."


@measured.register
def _(event: ev.ForetellingJudged, objective: Objective) -> str:
    came = f"from {fixed(event.before)} to {fixed(event.after)}{objective.unit_behind}, which is {event.answer or 'more than can be told'}"
    if not event.inspired:
        return f"The prediction {event.guess} was wrong: {came}."
    return f"The prediction {event.guess} was right: {came}. Inspiration can be spent."


@sentence.register
def _(event: ev.InspirationSpent) -> str:
    return "Inspiration is spent: the roll has advantage."


@sentence.register
def _(event: ev.ItemFound) -> str:
    return f"{_a(title(event.item))} goes into the bag: {_period(event.cause)}"


@sentence.register
def _(event: ev.RoomVoted) -> str:
    votes = "; ".join(f"{name}: {count}" for name, count in event.votes)
    return f"The room chose {event.winner}. {event.question.strip()} {votes}."


@sentence.register
def _(event: ev.ItemUsed) -> str:
    lasting = f" for {counted(event.turns, 'turn')}" if event.turns else ""
    return f"{title(event.item)} used{lasting}: {_period(event.words)}"


@sentence.register
def _(event: ev.ItemFaded) -> str:
    return f"{title(event.item)} has faded."


@measured.register
def _(event: ev.GateFaced, objective: Objective) -> str:
    bar = f"a bar of {fixed(event.bar)}{objective.unit_behind}"
    found = f"{objective.label} {fixed(event.value)} against {bar} ({objective.par} stood at {fixed(event.ghost)})"
    return f"The Validation Gate {'opens' if event.opened else 'stays shut'}: {found}."  # its XP has a line of its own


@sentence.register
def _(event: ev.ScoutsSetOut) -> str:
    return "Scouts go out: copies of the run try smaller and larger steps."


@sentence.register
def _(event: ev.ScoutsReturned) -> str:
    return f"Scouts are back. {PACE_WORDS[event.pace]}{best_words(event)}."


@measured.register
def _(event: ev.Examined, objective: Objective) -> str:
    sick = [_reading(reading, objective) for reading in event.sick]
    young = [_reading(reading, objective) for reading in event.readings if reading.signal in event.uncounted]
    told = measurable(event.readings, objective)
    unknown = sum(reading.condition == "unknown" for reading in told)
    rest = f" ({unknown} of {len(told)} signals {plural(unknown, 'is', 'are')} not measurable yet)" if unknown else ""
    start = any(reading.signal == "gap" and reading.condition == "sick" for reading in event.readings) and event.turn == 0
    unlearnt = f" The gap stands there {UNLEARNT}." if start else ""
    later = f" The run is young, so this does not count yet: {'; '.join(young)}." if young else ""
    return f"Examined: {'; '.join(sick) or 'nothing is sick'}{rest}.{later}{unlearnt}"


UNLEARNT = "before anything was learnt: the validation data differ from the training data"
"""Of a gap at turn 0."""


def _reading(reading: Reading, objective: Objective) -> str:
    row = SIGNALS.get(reading.signal)
    unit = f" {row.unit_of(objective)}".rstrip() if row is not None else ""
    value, low, high = (None if number is None else with_minus(f"{number:.3g}") for number in (reading.value, reading.low, reading.high))
    healthy = f"at least {low}" if high is None else f"at most {high}" if low is None else f"{low} to {high}"
    return f"{title(reading.signal)} {value}{unit}, healthy {healthy}"


# The run.


def _give_or_take(standard_error: float, digits: int = 3) -> str:
    return plus_minus(standard_error, digits, ", plus or minus ")


def _amount(value: float, objective: Objective) -> str:
    """With its unit; in words where it is no number."""
    return f"{fixed(value)}{objective.unit_behind}" if math.isfinite(value) else number(value)


@measured.register
def _(event: ev.CampaignBegan, objective: Objective) -> str:
    found = event.objective
    limit = f", {found.limit_name} {fixed(found.limit)}{found.unit_behind}" if found.limit is not None else ""
    sheet = event.sheet
    hero = f"{sheet.name} the {title(sheet.hero_class)}, level {sheet.level}, {sheet.hp}/{sheet.max_hp} HP"
    dice = f"rulebook {event.rulebook} on a d{event.die} against DC {event.dc}, E[k] {sheet.expected_k:.3f}"
    model = f"{event.model}{limit}, {event.device} in {event.dtype}"
    turns = "no end set" if event.length is None else counted(event.length, "turn")
    return f"{event.campaign} begins, seed {event.seed}, {turns}: {hero}; {dice}; {model}."


@measured.register
def _(event: ev.GhostSeen, objective: Objective) -> str:
    end = ""
    if event.points:
        last = event.points[-1]
        value = f"{number(last.value, 3)}{objective.unit_behind}"
        found = f"at {value} of {objective.label}" if objective.of_loss else f"with a {objective.name} of {value}"
        end = f", which ended {found} in turn {last.turn}"
    who = f"plain training without dice, seed {event.seed}" if objective.par == VALIDATION_LOSS.par else objective.par
    return f"A ghost walks along: {who}{end}."


@sentence.register
def _(event: ev.ActBegan) -> str:
    return f"Act {event.number}, {event.title}" + (f": {_period(event.text)}" if event.text.strip() else ".")


@measured.register
def _(event: ev.Evaluated, objective: Objective) -> str:
    verdict = "the best so far" if event.improved else f"best {fixed(event.best)}"
    verdict = "none so far was a number" if math.isnan(event.best) else verdict
    training = "training" if objective.of_loss else "training loss"
    found = f"{_amount(event.value, objective)}{_give_or_take(event.standard_error)}, {verdict}"
    loss = "" if math.isnan(event.train_loss) else f"; {training} {fixed(event.train_loss)}"  # before the first step there is none
    return f"{capital(objective.label)}: {found}{loss}."


@measured.register
def _(event: ev.Spoke, objective: Objective) -> str:
    loss = f" ({objective.label} {fixed(event.value)})" if event.value is not None else ""
    text = event.text.strip("\r\n").replace("\n", " / ")
    return f"It says{loss}: {text}"


@measured.register
def _(event: ev.CampaignEnded, objective: Objective) -> str:
    limit = f" ({objective.limit_name} {fixed(objective.limit)})" if objective.limit is not None else ""
    spent = f", {number(event.gflop)} GFLOP" if event.gflop else ""
    hero = f"level {event.sheet.level}, {event.sheet.xp} XP, {counted(event.sheet.deaths, 'death')}{spent}"
    test = f"{objective.label} {_amount(event.value, objective)}{_give_or_take(event.standard_error)}{limit}"
    end = f"{HOW_IT_ENDED[event.ending]} after {counted(event.turn, 'turn')}"
    return f"{end}: {test}; best on the way {fixed(event.best)}; {hero}.{_story_ending(event)}"


def _story_ending(event: ev.CampaignEnded) -> str:
    if not event.title:
        return ""
    return f" {_clause(event.title)}" + (f": {_period(event.text)}" if event.text.strip() else ".")


@sentence.register
def _(event: ev.Saved) -> str:
    return f"Saved ({event.reason}): {event.path}"


@sentence.register
def _(event: ev.CommandRefused) -> str:
    return f"Refused: {name_command(event.command)}. {_period(event.reason)}"


@sentence.register
def _(event: ev.CommandAccepted) -> str:
    # Further events tell what an ability or a rest does. A sample or a save follows only at the end of the turn.
    if isinstance(event.command, asked.SendScouts):
        return f"Scouts go out at the end of turn {event.turn}."
    if isinstance(event.command, asked.Speak | asked.SaveGame):
        return f"{name_command(event.command).capitalize()} follows at the end of turn {event.turn}."
    return f"Accepted: {name_command(event.command)}, in force from turn {event.turn}."


@sentence.register
def _(event: ev.SettingsChanged) -> str:
    changes = (f"{path} {one_line(before, 40)} → {one_line(after, 40)}" for path, before, after in event.changes)
    return f"Other settings from here on: {', '.join(changes)}."


@sentence.register
def _(event: ev.KeptBack) -> str:
    match event.secret:
        case "verdict":
            return f"The twin's verdict on {_watched(event.ability)} is in, and kept back until it is revealed."
        case "ghost":
            return "The comparison with the ghost is kept back until it is revealed."
        case "diagnosis":
            return "The scouts are back. What they found is kept back until it is revealed."
        case "floor":
            return "The floor is kept back until it is revealed."


@sentence.register
def _(event: ev.MachineChanged) -> str:
    machine = event.machine
    named = (machine.system, machine.processor or machine.architecture, machine.capability, machine.torch and f"torch {machine.torch}")
    return f"From here on another kind of machine trains: {one_line(', '.join(filter(None, named)), 120)}."


@sentence.register
def _(event: ev.CampaignResumed) -> str:
    return f"{event.campaign} goes on after turn {event.turn}."


@sentence.register
def _(event: ev.CampaignStopped) -> str:
    return f"The party stops after turn {event.turn}; the campaign can be continued."


@sentence.register
def _(event: ev.SaveFailed) -> str:
    return f"The save could not be written to {event.path}: {_period(event.error)} The training is not affected."


@sentence.register
def _(event: ev.TrainingFailed) -> str:
    return f"Training failed in turn {event.turn}, the last save is intact: {_period(event.error)}"


# Grammar.


def _a(noun: str) -> str:
    return f"{'An' if noun[:1] in 'AEIOU' else 'A'} {noun}"


def _clause(text: str) -> str:
    return text.strip().rstrip(".")


def _period(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
