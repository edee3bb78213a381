"""What foreign code answers is held to the type hints of the interface; what keeps them is not touched."""

import signal
from collections.abc import Mapping
from copy import copy, deepcopy
from dataclasses import dataclass, replace
from inspect import signature
from math import inf, nan
from typing import Any, Literal

import pytest

from rolltrain_tui.base.blame import ForeignError, told
from rolltrain_tui.base.promises import fault, hold, kept
from rolltrain_tui.base.registry import PLUGINS, RowError
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import DiceRolled
from rolltrain_tui.protocol.learner import Evaluation, Examination, Learner
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.ability import AbilityState, Activation, Power, PowerContext
from rolltrain_tui.rules.dice import SeededDice
from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.hero.hero_class import STATS
from rolltrain_tui.rules.hero.levels import TOP_LEVEL
from rolltrain_tui.rules.heroes import new_hero
from rolltrain_tui.rules.monsters.monsters import BESTIARY, check_monster
from rolltrain_tui.rules.rulebooks import RULEBOOKS, Formula, Rulebook, Table, check_rulebook, held


@pytest.fixture(autouse=True)
def brought(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row that these tests are about is a package's."""
    monkeypatch.setitem(PLUGINS.packages, "moan", "rolltrain-frail 0.1")


@pytest.mark.parametrize(
    ("answer", "promise", "words"),
    [
        (None, float, "None, not a finite number"),
        (nan, float, "nan, not a finite number"),
        ("loud", float, "'loud', not a finite number"),
        (True, int, "True, not a whole number"),
        (2.0, int | None, "2.0, not a whole number or None"),
        (1, bool, "1, not True or False"),
        (None, str, "None, not text"),
        ("both", Literal["hold", "skip"], "'both', not one of 'hold', 'skip'"),
        (("a", 1), tuple[str, ...], "1, not text"),
        ((1,), tuple[int, int], "a tuple, not a tuple"),
        ({"gap": "wide"}, Mapping[str, float], "'wide', not a finite number"),
        ({3: 1.0}, Mapping[str, float], "3, not text"),
        (object(), StepEffect, "an object, not a StepEffect"),
        (StepEffect(update_scale=inf), StepEffect, "a StepEffect whose update_scale is inf, not a finite number"),
        (StepEffect(lr_scale=-1.0), StepEffect, "a StepEffect whose lr_scale is -1.0, not 0 or more"),
        (StepEffect(heal_alpha=2.0), StepEffect, "a StepEffect whose heal_alpha is 2.0, not 1 or less"),
        (StepEffect(clip_factor=0.0), StepEffect, "a StepEffect whose clip_factor is 0.0, not more than 0"),
        (StepEffect(dials=(("pace", 2),)), StepEffect, "a StepEffect whose dials is 2, not text"),  # type: ignore[arg-type]
        (Activation(facts=(3,)), Activation, "an Activation whose facts is 3, not an Event"),  # type: ignore[arg-type]
        (Activation(words=None), Activation | None, "an Activation whose words is None, not text"),  # type: ignore[arg-type]
    ],
)
def test_what_breaks_a_promise_is_told_with_what_was_expected(answer: object, promise: Any, words: str) -> None:
    """However deep it lies, and whatever holds it."""
    assert fault(answer, promise, finite=True) == words


def test_a_number_of_training_may_be_none() -> None:
    """A loss that is NaN is a finding. A promise of finite numbers is the rules' alone."""
    found = Examination(values={"gap": nan}, layers=(), gflop=1.0)
    assert fault(found, Examination) == ""
    assert "not a finite number" in fault(found, Examination, finite=True)


@pytest.mark.parametrize("name", sorted(ABILITIES.own))
def test_every_ability_of_the_house_keeps_its_promises(name: str) -> None:
    """In each form, at every level, with each of its options."""
    ability = ABILITIES[name]
    power = hold(copy(ability.power), Power, "ability", name, finite=True)
    roll = DiceRolled(1, 20, (15,), 15, 2, 17, 12, "hit", 1.2)
    for level in range(1, TOP_LEVEL + 1):
        hero = new_hero("Ada", ability.hero_class, level, dict.fromkeys(STATS, 12))
        for form in ("live", "passive"):
            for option in [option.name for option in ability.options] or [""]:
                held = AbilityState(1)
                held.begin(form, 3, option)  # type: ignore[arg-type]
                held.amount = 0.5
                scene = PowerContext(SeededDice(level), lambda *_: (), roll, 2.0, 1.5)
                given = {"held": held, "hero": hero, "scene": scene, "roll": roll, "level": level}
                for part in vars(Power):
                    if callable(getattr(power, part)) and part[0] != "_":
                        getattr(power, part)(*(given[each] for each in signature(getattr(Power, part)).parameters if each != "self"))


class Moan(Power):
    """Its answers are what a test makes them."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def k(self, held: AbilityState, hero: Hero, roll: DiceRolled) -> float:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[return-value]


def asked(answer: object) -> object:
    return hold(Moan(answer), Power, "ability", "moan", finite=True).k(None, None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("much", "its k gave 'much', not a finite number"),
        (SystemExit(3), "its k must not end the program, as a SystemExit does"),
        (BaseExceptionGroup("", [SystemExit()]), "its k must not end the program, as a BaseExceptionGroup does"),
    ],
)
def test_a_wrong_answer_is_told_with_package_row_and_method(answer: object, words: str) -> None:
    """And so is an end of the whole program, which no part of it may bring about."""
    with pytest.raises(ForeignError) as caught:
        asked(answer)
    assert told(caught.value) == f"Plug-in rolltrain-frail 0.1, ability 'moan': {words}"


class Deaf(Power):
    def k(self, held: AbilityState) -> float:  # type: ignore[override]
        return 1.0


def test_a_method_with_other_parameters_is_told_as_one() -> None:
    """No line of the plug-in has run, so nothing else would name it. A wrong call that its code makes stays its own error."""
    deaf = hold(Deaf(), Power, "ability", "moan", finite=True)
    with pytest.raises(ForeignError) as caught:
        deaf.k(None, None, None)  # type: ignore[arg-type,call-arg]
    assert told(caught.value).startswith("Plug-in rolltrain-frail 0.1, ability 'moan': its k does not take what it is given: Deaf.k()")
    with pytest.raises(ForeignError, match="its rule does not take what it is given"):
        kept(lambda over: over, Any, "reward", "moan", "rule")("host", 1, 2, 3)
    with pytest.raises(ForeignError, match="its build does not take what it is given: 'str' object is not callable"):
        kept("build", Any, "mode", "moan", "build")()  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes 0 positional"):
        kept(lambda: (lambda: 0)(1), Any, "reward", "moan", "rule")()  # type: ignore[call-arg]


def test_an_interrupt_is_the_players_only_where_his_keys_make_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a handler of ours the keys raise none, so a KeyboardInterrupt is of the plug-in's own making."""
    monkeypatch.setattr("rolltrain_tui.base.promises.getsignal", lambda number: signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        asked(KeyboardInterrupt())
    monkeypatch.setattr("rolltrain_tui.base.promises.getsignal", lambda number: signal.SIG_IGN)
    with pytest.raises(ForeignError):
        asked(KeyboardInterrupt())


def test_what_is_held_stays_itself_and_so_do_its_copies() -> None:
    """The object, its type, its own words and errors, and what it does; a copy of it is held too."""
    power, plain = Moan(0.5), Moan("much")
    same = hold(power, Power, "ability", "moan", finite=True)
    assert same is power
    assert isinstance(same, Moan)
    assert same.k(None, None, None) == 0.5  # type: ignore[arg-type]
    with pytest.raises(LookupError, match="lost"):
        asked(LookupError("lost"))
    other = deepcopy(same)
    other.answer = "much"
    with pytest.raises(ForeignError):
        other.k(None, None, None)  # type: ignore[arg-type]
    assert plain.k(None, None, None) == "much"  # type: ignore[arg-type,comparison-overlap]


@dataclass
class Half:
    """A learner that was begun."""

    def info(self) -> None: ...


def test_a_learner_that_lacks_a_part_is_refused_before_the_first_turn() -> None:
    """By the name of the first part that is not there."""
    with pytest.raises(ForeignError, match="it gave a Half, which has no prepare"):
        hold(Half(), Learner, "mode", "moan")
    with pytest.raises(ForeignError, match="it gave a NoneType, which has no info"):
        hold(None, Learner, "mode", "moan")


def test_a_function_is_held_like_a_method() -> None:
    """Such as an expert's."""
    expert = kept(lambda: 0.5, Evaluation, "mode", "moan", "expert")
    with pytest.raises(ForeignError, match=r"its expert gave 0\.5, not an Evaluation"):
        expert()


def test_a_rulebook_whose_k_is_none_for_one_total_is_told_when_it_is_rolled() -> None:
    """The check of the row rolls every die, with no modifier; a modifier may bring a total that it never saw."""
    odd = Formula("odd", lambda total, dc, sides: nan if total == 25 else 1.0)
    book = held(check_rulebook("moan", book_with(odd)))
    assert book.judge(18, 0, 12, 20, 1) == ("hit", 1.0)
    with pytest.raises(ForeignError, match="its k for a hit gave nan, not a finite number"):
        book.judge(18, 7, 12, 20, 1)


def book_with(hit: Formula) -> Rulebook:
    table = RULEBOOKS["hero"].table
    return replace(RULEBOOKS["hero"], name="moan", table=Table(table.fumble, table.miss, hit, table.crit))


def test_a_monster_whose_power_is_out_of_range_is_left_out() -> None:
    """With its lever and its value."""
    dragon = BESTIARY["loss_dragon"]
    with pytest.raises(RowError, match=r"decay_factor is -2\.0, not 0 or more"):
        check_monster("moan", replace(dragon, name="moan", failed=replace(dragon.failed, effect=StepEffect(decay_factor=-2.0))))
