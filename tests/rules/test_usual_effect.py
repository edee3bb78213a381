"""The turn under which scouts walk: an average one of the hero as it stands."""

import pytest
from support.tabletop import Table, make_table

from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.classes.wizard import CANTRIPS
from rolltrain_tui.rules.rulebooks import RULEBOOKS

FACES = list(range(1, 21))


def mean_k(table: Table) -> float:
    """Of twenty turns, one for each face of the die."""
    asked = []
    for _ in FACES:
        table.play()
        asked.append(table.effect.k_requested)
    return sum(asked) / len(asked)


@pytest.mark.parametrize("rulebook", RULEBOOKS.built_in)
def test_it_is_the_mean_of_all_faces(rulebook: str) -> None:
    """Whatever the rulebook makes of a roll."""
    table = make_table("wizard", rulebook=rulebook, faces=FACES)
    expected = table.game.usual_effect().k_requested
    assert mean_k(table) == pytest.approx(expected)


@pytest.mark.parametrize("hero_class", CLASSES.built_in)
def test_it_is_the_mean_of_all_faces_for_each_class(hero_class: str) -> None:
    """The paladin's aura lifts low rolls, in every turn."""
    table = make_table(hero_class, faces=FACES, level=5)
    expected = table.game.usual_effect().k_requested
    assert mean_k(table) == pytest.approx(expected)


@pytest.mark.parametrize("cantrip", [option.name for option in CANTRIPS])
def test_what_is_held_counts(cantrip: str) -> None:
    """Each cantrip multiplies the average step, until it is dismissed."""
    table = make_table("wizard", level=5, faces=[12, *FACES])
    before = table.game.usual_effect()
    table.play(UseAbility("spell_mastery", cantrip))
    [k] = [option.k for option in CANTRIPS if option.name == cantrip]
    held = table.game.usual_effect().k_requested
    assert held == pytest.approx(k * before.k_requested)
    assert mean_k(table) == pytest.approx(held)
    table.play(UseAbility("spell_mastery", "dismiss"))
    assert before == table.game.usual_effect()


def test_a_held_factor_on_hits_counts_by_how_often_one_hits() -> None:
    """Reckless Attack rolls two dice, doubles hits and reads half a batch. Of all 400 pairs of faces the mean is this."""
    pairs = [(one, other) for one in FACES for other in FACES]
    table = make_table(faces=[12, 12, *(face for pair in pairs for face in pair)])
    table.play(UseAbility("reckless_attack"))
    usual = table.game.usual_effect()
    asked = []
    for _ in pairs:
        table.game.hero.hp = table.game.hero.max_hp  # whoever is down takes smaller steps
        table.play()
        asked.append(table.effect.k_requested)
    assert usual.k_requested == pytest.approx(sum(asked) / len(asked))
    assert (usual.batch_factor, table.effect.batch_factor) == (0.5, 0.5)


def test_what_passes_by_itself_does_not_count() -> None:
    """A Rage of ten turns is over before it would matter, and so is what a monster does."""
    table = make_table(faces=[20] * 3)
    before = table.game.usual_effect()
    table.play(UseAbility("rage"))
    assert table.effect.k_requested > 2
    assert before == table.game.usual_effect()


def test_asking_changes_nothing() -> None:
    """No die is rolled and no charge spent for it."""
    table = make_table("fighter", level=5, seed=3)
    other = make_table("fighter", level=5, seed=3)
    for _ in range(5):
        table.game.usual_effect()
        assert table.play() == other.play()
    assert table.game.state_dict() == other.game.state_dict()
