"""Play a campaign on the pretended device, with every order that its hero and its kind of training know:

    python -m support.on_a_device CAMPAIGN HERO_CLASS FOLDER [SETTING ...]

It is played to its end, gone on with from a save, and examined; then played once more on the CPU. The last line has the losses of both.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch

torch.inference_mode = torch.no_grad  # the device's tensors know no such mode

from click.testing import CliRunner  # noqa: E402

import rolltrain_tui.modes.duel.learner  # noqa: E402
import rolltrain_tui.modes.dungeon.learner  # noqa: E402
import rolltrain_tui.modes.text.build  # noqa: E402
import rolltrain_tui.modes.text.learner  # noqa: E402, F401
from rolltrain_tui.cli.main import rolltrain  # noqa: E402
from rolltrain_tui.modes.campaign_file import find, load  # noqa: E402
from rolltrain_tui.protocol.events import StepTaken  # noqa: E402
from rolltrain_tui.rules.classes.abilities import ABILITIES  # noqa: E402
from rolltrain_tui.runs.log.event_log import read  # noqa: E402
from rolltrain_tui.training.machine.machine import pick_device  # noqa: E402
from rolltrain_tui.training.tensors.precise import WITHOUT_FLOAT64  # noqa: E402
from support.pretended_device import DEVICE, pretended  # noqa: E402

TURNS, SAVED_AT = 24, 20


def orders(campaign: str, hero_class: str) -> list[dict[str, Any]]:
    """Every ability in each of its forms, each dial, a rest, a sample and a save, one order a turn."""
    found: list[dict[str, Any]] = []
    for ability in ABILITIES.values():
        if ability.hero_class == hero_class:
            found += [{"type": "UseAbility", "ability": ability.name, "option": option.name} for option in ability.options] or [
                {"type": "UseAbility", "ability": ability.name}
            ]
    found += [{"type": "TurnDial", "dial": dial.name, "value": next(iter(dial.choices), "")} for dial in load(find(campaign)).dials]
    found += [{"type": "TakeShortRest"}, {"type": "Speak"}]
    timed = [{"turn": 2 + j, "command": command} for j, command in enumerate(found)]
    assert len(timed) < SAVED_AT - 2, "an order would come after the save"
    return [*timed, {"turn": SAVED_AT, "command": {"type": "SaveGame", "name": "kept"}}]


def said(*words: str) -> str:
    """What a verb prints. It must end well."""
    answer = CliRunner().invoke(rolltrain, [*words], standalone_mode=False)
    if answer.exit_code or answer.return_value:
        print(answer.output, answer.exception)
        raise SystemExit(f"rolltrain {' '.join(words)} failed") from answer.exception
    return answer.output


def losses(run: Path) -> list[float]:
    return [event.loss for event in read(run / "chronicle.jsonl") if isinstance(event, StepTaken)]


def move_to(device: torch.device) -> None:
    """Campaigns train there, whatever their files say."""
    for name, module in list(sys.modules.items()):
        if name.startswith("rolltrain_tui") and hasattr(module, "pick_device"):
            module.pick_device = lambda name: device


def main(campaign: str, hero_class: str, folder: str, *settings: str) -> None:
    place = Path(folder)
    script = place / "orders.jsonl"
    script.write_text("".join(f"{json.dumps(order)}\n" for order in orders(campaign, hero_class)), encoding="utf-8")
    hero = ("hero.level=20", f"hero.hero_class={hero_class}", "hero.auto=[]", "device.threads=1", f"turns={TURNS}")
    sets = [word for setting in (*hero, *settings) for word in ("--set", setting)]

    def played(runs: Path) -> Path:
        said("train", campaign, *sets, "--script", str(script), "--out", str(runs), "--json")
        (run,) = runs.iterdir()
        return run

    there = pick_device("cpu"), DEVICE
    move_to(there[1])
    WITHOUT_FLOAT64.add(DEVICE.type)
    with pretended(float64=False) as world:
        run = played(place / "run")
        said("train", "--resume", str(run / "saves" / "kept"), "--out", str(place / "again"), "--json")
        said("diagnose", str(run))
    move_to(there[0])
    print(json.dumps({"there": losses(run), "here": losses(played(place / "plain")), "taken": world.taken_there}))


if __name__ == "__main__":
    main(*sys.argv[1:])
