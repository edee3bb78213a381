"""Monsters that come because something ails the run."""

import json
import math

import pytest
from support.tabletop import make_table, of

from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.protocol.events import (
    DiceRolled,
    Examined,
    HeroFell,
    HeroHurt,
    MonsterActed,
    MonsterAppeared,
    MonsterFell,
    MonsterLeft,
    MonsterStruck,
    ScoutsReturned,
    XPGained,
)
from rolltrain_tui.rules.health.signals import SIGNALS, STEP_EXCESS
from rolltrain_tui.rules.monsters.due_monsters import EVERY_TURN
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.runs.verification.differences import same

HEALTHY = {"update_ratio": 1e-3, "gap": 0.1, "dead_units": 0.0, "temperature": 0.0}
SYMPTOMS = [(row.name, index) for row in BESTIARY.values() for index in range(len(row.symptoms))]


def table_with(mode="diagnosed", **rules):
    """Nobody strikes, nobody acts: the hero's die shows 2, the others 1."""
    return make_table(encounter_mode=mode, encounter_chance=0.0, faces=[2] * 3000, fate=[], level=9, **rules)


def examine(table, **values):
    table.facts += (facts := table.game.examined(table.turn, HEALTHY | values, ()))
    return facts


def dead(table, part=0.5, times=2):
    """Examinations that find dead units."""
    return [fact for _ in range(times) for fact in examine(table, dead_units=part)]


def set_sign(table, signal, side, *, sick):
    """Put a signal beyond its bound, or well within it."""
    row = SIGNALS[signal]
    bound = row.high if side == "high" else row.low
    step = (abs(bound) + 1) * (1 if side == "high" else -1)
    table.game.monitor._values[signal] = (bound / 10 if bound > 0 and side == "low" else bound + step) if sick else bound


@pytest.mark.parametrize(("name", "index"), SYMPTOMS)
def test_each_symptom_brings_its_monster_and_takes_it_away(name, index):
    """It must hold as long as its row says, and be healthy half as long; the fact says which signal it was."""
    table, monster = table_with(), BESTIARY[name]
    symptom = monster.symptoms[index]
    when = "turn" if symptom.signal in EVERY_TURN else "scouts" if symptom.signal == STEP_EXCESS else "examination"
    for _ in range(symptom.hold):
        assert not of(MonsterAppeared, table.facts)
        for sign in symptom.signs:
            set_sign(table, *sign, sick=True)
        table.facts += table.game._diagnose(1, when)
    (came,) = of(MonsterAppeared, table.facts)
    assert (name, monster.hp) == (came.monster, came.hp)
    assert all(SIGNALS[signal].title in came.signal for signal, _ in symptom.signs)
    set_sign(table, symptom.signal, symptom.side, sick=False)
    for _ in range(math.ceil(symptom.hold / 2)):
        assert not of(MonsterLeft, table.facts)
        table.facts += table.game._diagnose(1, when)
    assert [name] == [left.monster for left in of(MonsterLeft, table.facts)]
    assert [monster.xp] == [gained.amount for gained in of(XPGained, table.facts)]


def test_what_has_nearly_held_begins_anew_after_a_fall():
    """The run goes on from older weights: what was measured before says nothing of them."""
    table, symptom = table_with(), BESTIARY["loss_dragon"].symptoms[0]

    def measured(times):
        for _ in range(times):
            set_sign(table, symptom.signal, symptom.side, sick=True)
            table.facts += table.game._diagnose(1, "turn")
        return len(of(MonsterAppeared, table.facts))

    assert 0 == measured(symptom.hold - 1)
    table.game.life.death_save = lambda turn: [HeroFell(turn, None, table.game.sheet())]
    table.game._death_save(1)
    assert 0 == measured(symptom.hold - 1)
    assert 1 == measured(1)


def hold(table, *signs, times=9):
    """Signals beyond their bounds, for so many measurements of every kind."""
    for _ in range(times):
        for sign in signs:
            set_sign(table, *sign, sick=True)
        for when in ("turn", "examination", "scouts"):
            table.facts += table.game._diagnose(1, when)


UNSCOUTED = [(row.name, symptom) for row in BESTIARY.values() for symptom in row.symptoms if symptom.unscouted]


def test_monsters_of_pace_are_told_by_scouts_where_there_are_any():
    """The ooze, the dragon and the harpy have one symptom that scouts replace, and one that only scouts measure."""
    assert {"gradient_ooze", "loss_dragon", "oscillation_harpy"} == {name for name, _ in UNSCOUTED}
    for name, _ in UNSCOUTED:
        assert STEP_EXCESS in [symptom.signal for symptom in BESTIARY[name].symptoms]


@pytest.mark.parametrize(("name", "symptom"), UNSCOUTED, ids=lambda value: value if isinstance(value, str) else value.signal)
def test_where_scouts_go_out_a_single_signal_brings_no_monster_of_pace(name, symptom):
    """The same signal brings it where none go out."""
    for scouts in (True, False):
        hold(table := table_with(scouts=scouts), *symptom.signs)
        assert ([] if scouts else [name]) == [came.monster for came in of(MonsterAppeared, table.facts)]


def returned(best, pace, turn=60):
    return ScoutsReturned(turn, pace, best, best, best, (), 1.0)


@pytest.mark.parametrize(("best", "pace", "name"), [(9.0, "slow", "gradient_ooze"), (0.3, "hot", "oscillation_harpy")])
def test_scouts_bring_a_monster_of_pace_and_take_it_away(best, pace, name):
    """One return is enough to come; it stays while later ones say the same, and leaves at the first that calls the run tuned."""
    table = table_with(scouts=True)
    for _ in range(3):
        table.facts += table.game.scouted(60, returned(best, pace))
    assert [name] == [came.monster for came in of(MonsterAppeared, table.facts)]
    assert [] == of(MonsterLeft, table.facts)
    table.facts += table.game.scouted(120, returned(1.0, "tuned"))
    assert [name] == [left.monster for left in of(MonsterLeft, table.facts)]
    assert [BESTIARY[name].xp] == [gained.amount for gained in of(XPGained, table.facts)]


def test_a_hot_run_whose_loss_has_risen_brings_the_dragon():
    """It is the worse of the two."""
    table = table_with(scouts=True)
    set_sign(table, "loss_rise", "high", sick=True)
    table.facts += table.game.scouted(60, returned(0.3, "hot"))
    assert ["loss_dragon"] == [came.monster for came in of(MonsterAppeared, table.facts)]


def test_scouts_who_cannot_tell_bring_nobody_and_keep_who_is_there():
    """Also where the run's own steps came to nothing, so that there is no best step."""
    table = table_with(scouts=True)
    for best, pace in ((9.0, "unclear"), (math.nan, "unclear"), (math.nan, "hot"), (1.0, "tuned")):
        table.facts += table.game.scouted(60, returned(best, pace))
    assert [] == of(MonsterAppeared, table.facts)
    table.facts += table.game.scouted(120, returned(9.0, "slow"))
    table.facts += table.game.scouted(180, returned(9.0, "unclear"))
    assert "gradient_ooze" == table.game.encounters.monster.name


def test_what_scouts_found_holds_over_examinations():
    """The turns and examinations between two returns neither bring the monster again nor drive it off."""
    table = table_with(scouts=True)
    table.facts += table.game.scouted(60, returned(9.0, "slow"))
    table.play_turns(20)
    for _ in range(5):
        examine(table)
    assert "gradient_ooze" == table.game.encounters.monster.name


@pytest.mark.parametrize("mode", ["random", "off"])
def test_without_a_diagnosis_nobody_comes_for_an_illness(mode):
    """The signals are told all the same."""
    table = table_with(mode)
    facts = dead(table)
    assert [] == of(MonsterAppeared, facts)
    assert {"sick"} == {reading.condition for fact in of(Examined, facts) for reading in fact.readings if reading.signal == "dead_units"}


def test_while_scouting_only_the_worst_comes():
    """Dead units wait for the end of it, a loss that is not finite does not."""
    table = table_with(scouting=30)
    dead(table, times=5)
    assert [] == of(MonsterAppeared, table.facts)
    table.play(finite=False)
    assert ["nan_void"] == [came.monster for came in of(MonsterAppeared, table.facts)]


@pytest.mark.parametrize("counts", [True, False])
def test_signs_of_youth_count_afterwards_unless_they_are_ignored(counts):
    """Where they are ignored, the signs must hold anew once scouting is over."""
    table = table_with(scouting=1, youth_counts=counts)
    dead(table, times=3)
    table.play_turns(2)
    assert counts == bool(of(MonsterAppeared, table.facts))
    dead(table, times=2)
    assert ["dead_neuron_lich"] == [came.monster for came in of(MonsterAppeared, table.facts)]


def test_an_examination_tells_which_signs_do_not_count_yet():
    """Those that bring nobody while the run is young: not what comes at once, nothing after scouting, nothing where youth counts."""
    sick = {"dead_units": 0.5}
    for counts, turns, untold in [(False, 0, ("dead_units",)), (False, 2, ()), (True, 0, ())]:
        table = table_with(scouting=1, youth_counts=counts)
        table.play_turns(turns)
        table.play(finite=False)
        (found,) = of(Examined, examine(table, **sick))
        assert untold == found.uncounted
        assert {"non_finite", "dead_units"} - {*untold} == {reading.signal for reading in found.sick}


def test_what_no_healthy_run_shows_counts_in_youth_too():
    """A loss that is not finite brings the Void at once, also where other signs of youth are ignored."""
    table = table_with(scouting=30, youth_counts=False)
    table.play(finite=False)
    assert ["nan_void"] == [came.monster for came in of(MonsterAppeared, table.facts)]


def test_the_void_fells_the_hero():
    """Death saves begin in the next turn, and it leaves no later than 20 finite turns after."""
    table = table_with()
    table.play(finite=False)
    assert table.game.hero.down
    assert "the NaN Void" in [hurt.cause for hurt in of(HeroHurt, table.facts)]
    table.play_turns(20)
    assert table.game.encounters.monster is None


def test_hit_points_are_the_signal():
    """Half of the excess is half of them; what comes back heals nothing; the last one is not the signal's to take."""
    table, hp = table_with(), BESTIARY["dead_neuron_lich"].hp
    table.play()
    dead(table, 0.5)
    left = []
    for part in (0.3, 0.5, 0.2, 0.101):
        examine(table, dead_units=part)
        left.append(table.game.encounters.hp)
    assert [25, 25, 13, 1] == left
    assert hp - 1 == sum(struck.damage for struck in of(MonsterStruck, table.facts))


def test_blows_cure_nothing():
    """A hundred hits take a quarter of its hit points, and it stays."""
    table = make_table(encounter_mode="diagnosed", faces=[19] * 200, fate=[], level=9, stats={"STR": 20})
    dead(table)
    table.play_turns(100)
    lich = BESTIARY["dead_neuron_lich"]
    assert (lich, lich.hp - lich.hp // 4) == (table.game.encounters.monster, table.game.encounters.hp)


def test_a_blow_may_end_what_the_training_has_worn_down():
    """It falls with its XP, and does not come again for a hundred turns however sick the run."""
    table = make_table(encounter_mode="diagnosed", faces=[19] * 500, fate=[], level=9)
    table.play()
    dead(table)
    examine(table, dead_units=0.101)
    table.play()
    assert [700] == [fell.xp for fell in of(MonsterFell, table.facts)]
    for _ in range(table.turn, table.turn + 100):
        table.play()
        dead(table)
    assert 1 == len(of(MonsterAppeared, table.facts))
    table.play()
    dead(table)
    assert 2 == len(of(MonsterAppeared, table.facts))


def test_the_worse_monster_makes_the_other_give_way():
    """A chance ooze goes for the lich, without XP; the lich stays when a harpy would come."""
    table = make_table(encounter_mode="both", encounter_chance=1.0, bestiary=("gradient_ooze",), faces=[2] * 100, fate=[1, 1])
    table.play()
    dead(table)
    assert ["gradient_ooze", "dead_neuron_lich"] == [came.monster for came in of(MonsterAppeared, table.facts)]
    assert ["it makes way for the Dead-Neuron Lich"] == [left.reason for left in of(MonsterLeft, table.facts)]
    assert [] == of(XPGained, table.facts)
    for _ in range(4):
        examine(table, dead_units=0.5, gap=-1.0)
    assert 2 == len(of(MonsterAppeared, table.facts))


def test_a_badly_hurt_hero_does_not_shake_it_off():
    """It stays near, and does not act."""
    table = make_table(encounter_mode="diagnosed", faces=[2] * 100, fate=[6] * 300)
    dead(table)
    table.game.hero.hp = 3
    facts = table.play_turns(20)
    assert "dead_neuron_lich" == table.game.encounters.monster.name
    assert [] == of(MonsterActed, facts)


def test_under_the_basilisks_gaze_the_lower_die_counts():
    """Two dice are thrown while it holds, on both sides of the twin; nothing else of the step changes."""
    table = make_table(rulebook="off", faces=[18, 3, 17, 4], fate=[])
    table.game.encounters._afflict(BESTIARY["plateau_basilisk"], failed=False)
    (roll,) = of(DiceRolled, table.play())
    assert ((18, 3), 3) == (roll.naturals, roll.natural)
    assert NEUTRAL == table.effect
    (roll,) = of(DiceRolled, table.play())
    assert (17,) == roll.naturals


def test_a_game_under_diagnosis_is_saved_and_goes_on():
    """Monster, its tie to the signal, omens and bounds travel as JSON."""
    table, other = table_with(scouting=3), table_with(scouting=3)
    table.play_turns(5)
    dead(table, 0.5, 3)
    examine(table, dead_units=0.4, gap=-1.0)
    other.game.load_state_dict(json.loads(json.dumps(table.game.state_dict())))
    other.turn = table.turn
    for part in (0.3, 0.05, 0.05):
        assert table.play() == other.play()
        assert same(examine(table, dead_units=part), examine(other, dead_units=part))
    assert table.game.state_dict() == other.game.state_dict()
