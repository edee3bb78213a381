"""Monsters: what brings each and what it does to the training, as rows.

After appearing or acting a monster is quiet for `lull` turns; then it rolls a d6 every turn and acts on `recharge` or more.
"""

from rolltrain_tui.base.promises import fault
from rolltrain_tui.base.registry import Registry
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.rules.health.signals import SIGNALS
from rolltrain_tui.rules.hero.hero_class import STATS
from rolltrain_tui.rules.monsters.monster import XP_BY_CHALLENGE, Affliction, Monster, Sign, Symptom
from rolltrain_tui.rules.plugin_checks import check_portrait, check_row, check_words, one_of, require, whole_number

__all__ = ["BESTIARY", "XP_BY_CHALLENGE", "Affliction", "Monster", "Symptom"]

NEVER = 7
"""More than a d6 can show: such a monster never acts."""

_ANOTHER_PACE: tuple[Sign, ...] = (("update_ratio", "low"), ("temperature", "high"), ("step_excess", "low"), ("step_excess", "high"))
_SLIME = StepEffect(lr_scale=0.5)
_MONSTERS = (
    Monster(
        name="gradient_ooze",
        title="Gradient Ooze",
        challenge="1/2",
        hp=30,
        armour_class=8,
        attack="Slime Trail",
        save_stat="STR",
        damage_die=4,
        lull=3,
        recharge=4,
        failed=Affliction(_SLIME, 3, "the learning rate is halved for 3 turns"),
        saved=Affliction(_SLIME, 1, "the learning rate is halved for 1 turn"),
        symptoms=(Symptom("update_ratio", "low", hold=2, unscouted=True), Symptom("step_excess", "low", hold=1)),
        original=True,
        summary="It gums up the step: while its slime holds, every update is half of what it would be.",
        weak_to="bigger updates: Rage, Reckless Attack, Arcane Recovery, Quicken, Action Surge, Divine Smite, Dash, Sneak Attack",
        portrait=(
            r"      .-~~~~~-.      ",
            r"   .-'  o   o  '-.   ",
            r"  /      ___      \  ",
            r" (   .  '---'   .  ) ",
            r" /~-._  .   . _.-~ \ ",
            r"(_____~~-._.-~~_____)",
            r"   ~  ~   ~   ~  ~   ",
        ),
    ),
    Monster(
        name="loss_dragon",
        title="Loss Dragon",
        challenge="5",
        hp=100,
        armour_class=15,
        attack="Loss Breath",
        save_stat="DEX",
        damage_die=8,
        lull=3,
        recharge=5,
        failed=Affliction(StepEffect(target_noise=0.10), 1, "10% of the next batch's targets are noise"),
        saved=Affliction(StepEffect(target_noise=0.05), 1, "5% of the next batch's targets are noise"),
        symptoms=(
            Symptom("loss_rise", "high", hold=5, unscouted=True),
            Symptom("above_chance", "high", hold=5, at_once=True),
            Symptom("step_excess", "high", hold=1, also=(("loss_rise", "high"),)),
        ),
        original=True,
        summary="Its breath scorches the answers: part of the next batch is taught wrong, and the loss leaps up.",
        weak_to="calm steps while the breath is in the air: Calm, Steady",
        portrait=(
            r"          /\_/\    _     ",
            r"   __    /     \__/o\__  ",
            r"  /  \__/ /\  /  __  __> ",
            r" / /\    /  \/  /  VV  * ",
            r"/_/  \  /\     /  ~~ * * ",
            r"      \_\/ )  (    *  *  ",
            r"   ~~--___/ /\ \         ",
            r"         ^^^ ^^^         ",
        ),
    ),
    Monster(
        name="weight_wraith",
        title="Weight Wraith",
        challenge="3",
        hp=60,
        armour_class=13,
        attack="Weight Drain",
        save_stat="CON",
        damage_die=6,
        lull=3,
        recharge=4,
        failed=Affliction(StepEffect(weight_noise=0.04), 1, "the weights are shaken by 4% of their spread"),
        saved=Affliction(StepEffect(weight_noise=0.02), 1, "the weights are shaken by 2% of their spread"),
        symptoms=(Symptom("weight_growth", "high", hold=2),),
        original=True,
        summary="It reaches into the weights themselves and shakes them; what was learned is blurred.",
        weak_to="smaller steps: Calm, Steady; a hero in a rage feels half of its drain",
        portrait=(
            r"       .-''''-.      ",
            r"      /  _  _  \     ",
            r"     |  (o)(o)  |    ",
            r"     |    /\    |    ",
            r"  .-' \  '--'  / '-. ",
            r" (  ~  '-.  .-'  ~  )",
            r"  '-._  ~ )( ~  _.-' ",
            r"      '~ ~  ~ ~'     ",
        ),
    ),
    Monster(
        name="exploding_hydra",
        title="Exploding Hydra",
        challenge="4",
        hp=60,
        armour_class=14,
        attack="Many Heads",
        save_stat="STR",
        damage_die=8,
        lull=3,
        recharge=5,
        failed=Affliction(StepEffect(clip_factor=4.0), 1, "the clip threshold is four times as high for 1 turn"),
        saved=Affliction(StepEffect(clip_factor=2.0), 1, "the clip threshold is twice as high for 1 turn"),
        symptoms=(Symptom("gradient_spike", "high", hold=1), Symptom("update_ratio", "high", hold=1)),
        summary="Gradients burst out of all proportion, and it tears at what holds them: the clipping.",
        weak_to="a lower learning rate and a lower clip threshold: Calm, Steady, Aura of Protection",
        portrait=(
            r"   __     __     __   ",
            r"  /oo\   /oo\   /oo\  ",
            r"  \vv/   \vv/   \vv/  ",
            r"   \ \    | |    / /  ",
            r"    \ \___| |___/ /   ",
            r"     \   ~~~~~   /    ",
            r"   ~~~\_________/~~~  ",
        ),
    ),
    Monster(
        name="dead_neuron_lich",
        title="Dead-Neuron Lich",
        challenge="3",
        hp=50,
        armour_class=12,
        attack="Withering Touch",
        save_stat="CON",
        damage_die=6,
        lull=4,
        recharge=5,
        failed=Affliction(StepEffect(decay_factor=3.0), 5, "weight decay is tripled for 5 turns"),
        saved=Affliction(StepEffect(decay_factor=3.0), 2, "weight decay is tripled for 2 turns"),
        symptoms=(Symptom("dead_units", "high", hold=2),),
        summary="Units that no text wakes any more are its subjects; it would have the other weights wither too.",
        weak_to="a return to weights from before they died: Divine Intervention; a lower learning rate",
        portrait=(
            r"     _/\__/\_      ",
            r"    /  ____  \     ",
            r"   |  /x  x\  |    ",
            r"   |  \ __ /  |    ",
            r"  /|   |||| _ |\   ",
            r" / |  '----' (_) \ ",
            r"/__|____________\  ",
        ),
    ),
    Monster(
        name="plateau_basilisk",
        title="Plateau Basilisk",
        challenge="2",
        hp=40,
        armour_class=11,
        attack="Petrifying Gaze",
        save_stat="WIS",
        damage_die=6,
        lull=6,
        recharge=5,
        failed=Affliction(NEUTRAL, 5, "the dice are rolled at disadvantage for 5 turns", disadvantage=True),
        saved=Affliction(NEUTRAL, 1, "the dice are rolled at disadvantage for 1 turn", disadvantage=True),
        symptoms=(
            Symptom(
                "projected_gain",
                "low",
                hold=60,
                unless=_ANOTHER_PACE,
            ),
        ),
        summary="The loss lies flat, and whoever meets its eye stands still: of two dice the lower counts.",
        weak_to="a change of pace: Arcane Recovery where steps are small, Calm or Aura of Protection where they bounce",
        portrait=(
            r"   ___                ",
            r"  /(O)\___________    ",
            r" <     ___________ \  ",
            r"  \_vv/ ||   ||   \ \ ",
            r"        ''   ''    ) )",
            r"  ________________/_/ ",
            r" /_________________/  ",
        ),
    ),
    Monster(
        name="overfit_doppelganger",
        title="Overfit Doppelganger",
        challenge="4",
        hp=80,
        armour_class=14,
        attack="False Memory",
        save_stat="CHA",
        damage_die=10,
        lull=3,
        recharge=5,
        failed=Affliction(NEUTRAL, 1, "it says your texts by heart; the training does not feel it"),
        saved=Affliction(NEUTRAL, 1, "it says your texts by heart; the training does not feel it"),
        symptoms=(Symptom("gap", "high", hold=2, also=(("val_rise", "high"),)),),
        summary="It knows every text you trained on by heart and nothing else, and passes that off as learning.",
        weak_to="going back to the best weights: Divine Intervention; more text, dropout, weight decay",
        portrait=(
            r"    ___       ___   ",
            r"   /o o\     /o o\  ",
            r"   \ - /  =  \ - /  ",
            r"   /| |\     /| |\  ",
            r"  / | | \   / | | \ ",
            r"    | |       | |   ",
            r"   _| |_     _| |_  ",
        ),
    ),
    Monster(
        name="nan_void",
        title="NaN Void",
        challenge="8",
        hp=20,
        armour_class=10,
        attack="Nothing",
        save_stat="CON",
        damage_die=12,
        lull=3,
        recharge=NEVER,
        failed=Affliction(NEUTRAL, 0, "nothing further"),
        saved=Affliction(NEUTRAL, 0, "nothing further"),
        symptoms=(Symptom("non_finite", "high", hold=1, at_once=True),),
        fells=True,
        summary="The loss is no number any more. Such a step is never applied; the hero drops, and the death saves decide.",
        weak_to="a return to sound weights: Divine Intervention, or the fall to the last camp; then a lower learning rate",
        portrait=(
            r"     . * .  -  . * .    ",
            r"   .  .-'''''''''-.  .  ",
            r"  * .'   _______   '. * ",
            r" . |    ( N a N )    | .",
            r"  * '.   '''''''   .' * ",
            r"   .  '-._______.-'  .  ",
            r"     . * .  -  . * .    ",
        ),
    ),
    Monster(
        name="oscillation_harpy",
        title="Oscillation Harpy",
        challenge="2",
        hp=35,
        armour_class=13,
        attack="Shriek",
        save_stat="DEX",
        damage_die=6,
        lull=3,
        recharge=4,
        failed=Affliction(StepEffect(weight_noise=0.02), 1, "the weights are shaken by 2% of their spread"),
        saved=Affliction(StepEffect(weight_noise=0.01), 1, "the weights are shaken by 1% of their spread"),
        symptoms=(Symptom("temperature", "high", hold=2, unscouted=True), Symptom("step_excess", "high", hold=1)),
        summary="The weights bounce from wall to wall of a valley instead of going down it, and its shriek shakes them more.",
        weak_to="smaller or steadier steps: Calm, Steady, Healing Word, Aura of Protection, Disengage, Second Wind",
        portrait=(
            r"  /\      ___      /\   ",
            r" /  \_   /o o\   _/  \  ",
            r"/  _  \__\ V /__/  _  \ ",
            r"\_/ \__   | |   __/ \_/ ",
            r"       \__| |__/        ",
            r"          / \           ",
            r"        _/   \_         ",
        ),
    ),
    Monster(
        name="noise_swarm",
        title="Noise Swarm",
        challenge="1",
        hp=25,
        armour_class=10,
        attack="Buzzing",
        save_stat="DEX",
        damage_die=4,
        lull=4,
        recharge=4,
        failed=Affliction(StepEffect(batch_factor=0.5), 3, "the batch is halved for 3 turns"),
        saved=Affliction(StepEffect(batch_factor=0.5), 1, "the batch is halved for 1 turn"),
        symptoms=(Symptom("agree_fraction", "low", hold=3), Symptom("noise_scale", "high", hold=3)),
        summary="Each batch says something else, and it eats half of what you read.",
        weak_to="larger batches: Aura of Protection",
        portrait=(
            r"  .  ,x.    ' .x,   . ",
            r" x,.   '  x.  '  .,x  ",
            r"  ' .x,  ,'.  .x. '   ",
            r" ,x.  ' .x,.x.  ,  x. ",
            r"   ' .x.  ,'  .x,  '  ",
            r"  x,  ' .x. ,   '.x,  ",
            r"    .    '    ,  '    ",
        ),
    ),
    Monster(
        name="leak_imp",
        title="Leak Imp",
        challenge="1",
        hp=10,
        armour_class=10,
        attack="Snigger",
        save_stat="INT",
        damage_die=4,
        lull=5,
        recharge=6,
        failed=Affliction(NEUTRAL, 1, "it whispers that the test is easier than the lessons; look at your data"),
        saved=Affliction(NEUTRAL, 1, "it whispers that the test is easier than the lessons; look at your data"),
        symptoms=(Symptom("gap", "low", hold=5),),
        summary="Validation is better than training for long: perhaps the test text has leaked into the lessons.",
        weak_to="nothing on your sheet: look for text that is in both parts. With dropout it may be no leak at all",
        portrait=(
            r"    /\   /\     ",
            r"   /  \_/  \    ",
            r"   \  ^ ^  /    ",
            r"    \  w  /  _  ",
            r"  '  )   (__/ > ",
            r" '  /  |  \     ",
            r" ' _\  |  /_    ",
        ),
    ),
)


def check_monster(name: str, row: object) -> Monster:
    """The row, if a plug-in may add it under this name. RowError says why not."""
    monster = check_row(Monster, name, row)
    one_of(monster, challenge=XP_BY_CHALLENGE, save_stat=STATS)
    whole_number(monster, hp=1, armour_class=1, damage_die=1, lull=0, recharge=1)
    check_portrait(monster.portrait)
    for power in (monster.failed, monster.saved):
        sound = isinstance(power, Affliction) and isinstance(power.effect, StepEffect)
        require(sound, "its failed and saved must each be an Affliction with a StepEffect")
        require(not (wrong := fault(power, Affliction, finite=True)), f"its failed and saved must be in range: {wrong}")
        check_words(power)
        whole_number(power, turns=0)
    require(isinstance(monster.symptoms, tuple), "its symptoms must be a tuple of Symptoms; one alone is written (Symptom(...),)")
    for symptom in monster.symptoms:
        require(isinstance(symptom, Symptom), "its symptoms must be Symptoms")
        whole_number(symptom, hold=1)
        for signal, side in (*symptom.signs, *symptom.unless):
            require(signal in SIGNALS, f"there is no signal {signal!a}")
            require(side in ("low", "high") and getattr(SIGNALS[signal], side) is not None, f"{signal} has no {side} bound")
    return monster


BESTIARY = Registry("rolltrain.monsters", _MONSTERS, of_modes="rolltrain_tui.modes:monsters", kind="monster", check=check_monster)
