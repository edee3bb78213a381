"""`rolltrain evolve`: settings are sought by a population of runs."""

import shlex
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.beside import refuse_beside
from rolltrain_tui.cli.shared.executors import executor, executor_options
from rolltrain_tui.cli.shared.exit_codes import DONE, FAILED
from rolltrain_tui.cli.shared.screen import missing_screen

if TYPE_CHECKING:
    from rolltrain_tui.base.jobs import Executor
    from rolltrain_tui.experiment.evolution.course import Evolution
    from rolltrain_tui.experiment.evolution.plan import Method
    from rolltrain_tui.tui.terminal.first_picture import FirstPicture


@click.command(short_help="Seek settings by a population of runs.")
@click.argument("campaign")
@click.option("--mutate", multiple=True, metavar="PATH[=LOW..HIGH]", help="A number to seek; without a range, a tenth to ten times of it.")
@click.option("--population", type=click.IntRange(2, 99), default=8, show_default=True, help="Runs at a time.")
@click.option("--every", type=click.IntRange(min=1), metavar="TURNS", help="Turns of a generation; a fifth of the campaign.")
@click.option("--method", default="pbt", show_default=True, metavar="NAME,...", help="pbt, random, grid: one, or several to compare.")
@click.option("--seeds", type=click.IntRange(1, 100), default=1, show_default=True, help="Evolutions of each method.")
@click.option("--cut", type=click.FloatRange(0.0, 0.5, min_open=True), default=0.25, show_default=True, help="Share that is replaced.")
@click.option("--seed", type=int, help="Seed of the first member; each further one has the next.")
@click.option("--steps", type=click.IntRange(min=1), help="Turns, instead of the campaign's number.")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Any value of the campaign, for all members.")
@click.option("--verify", "verifying", is_flag=True, help="At the end, train every member again and compare; costs as much again.")
@executor_options
@click.option("--out", type=options.FILE, metavar="DIR", help="Folder for the members, instead of evolve-CAMPAIGN.")
@click.option("--plain", is_flag=True, help="Sentences and a table, without a screen.")
@options.AS_JSON
def evolve(
    campaign: str,
    mutate: tuple[str, ...],
    population: int,
    every: int | None,
    method: str,
    seeds: int,
    cut: float,
    seed: int | None,
    steps: int | None,
    settings: tuple[str, ...],
    verifying: bool,
    workers: int | None,
    ray: str | None,
    out: Path | None,
    plain: bool,
    as_json: bool,
) -> int:
    """Seek good settings of CAMPAIGN, such as its learning rate: rolltrain evolve tutorial --mutate optimizer.learning_rate

    With pbt, population based training, all members train at once. After each generation the worst take the weights of better ones, and
    go on with settings of their own. random and grid choose once, at the beginning. Every member is a run in DIR/members, which verify,
    replay and diff take. Stopped, the same command goes on where it was.
    """
    from rolltrain_tui.tui import opening
    from rolltrain_tui.tui.terminal.first_picture import FirstPicture

    with FirstPicture() as picture:
        in_words = plain or as_json or verifying or seeds > 1 or "," in method or bool(missing_screen())
        if not in_words:
            picture.show(partial(opening.loading, opening.MUSTERING))
        from rolltrain_tui.experiment.evolution import plan as plans
        from rolltrain_tui.experiment.evolution.contest import plans as contest
        from rolltrain_tui.experiment.evolution.course import Evolution
        from rolltrain_tui.experiment.grid import chosen
        from rolltrain_tui.modes import campaign_file

        methods: tuple[Any, ...] = chosen(method, plans.METHODS, "method")
        if "pbt" not in methods:
            refuse_beside(f"--method {method}", "nobody is replaced, as pbt would", ("cut",))
        path = options.find_campaign(campaign)
        config = campaign_file.load(path, options.overrides(path, data=None, steps=steps, seed=seed, device=None, settings=settings))
        plan = plans.plan(config, path.parent, method=methods[0], population=population, every=every, cut=cut, mutate=mutate)
        folder = out or Path(f"evolve-{path.stem}")
        alone = len(methods) == seeds == 1
        places = {(methods[0], 0): (plan, folder)} if alone else contest(plan, methods, seeds, folder)
        evolutions = {key: Evolution(of, place) for key, (of, place) in places.items()}
        for evolution in evolutions.values():
            evolution.plan.write(evolution.folder)
        with executor(workers, ray, plan.config) as execute:
            if in_words:
                return _in_words(evolutions, execute, verifying=verifying, as_json=as_json)
            return _on_screen(evolutions[methods[0], 0], execute, picture)


def _on_screen(evolution: "Evolution", execute: "Executor", first: "FirstPicture") -> int:
    from rolltrain_tui.experiment.evolution.table import answer, table
    from rolltrain_tui.runs.saves import saves_root
    from rolltrain_tui.tui import play
    from rolltrain_tui.tui.evolution.screen import EvolutionScreen
    from rolltrain_tui.tui.launch import Launch

    code = play(Launch(runs=saves_root(None), screen=lambda: EvolutionScreen(evolution, execute)), first=first)
    click.echo(f"{table(evolution)}\n\n{answer(evolution)}")
    return code


def _in_words(evolutions: "dict[tuple[Method, int], Evolution]", execute: "Executor", *, verifying: bool, as_json: bool) -> int:
    from rolltrain_tui.experiment.evolution import contest
    from rolltrain_tui.experiment.evolution import table as tables
    from rolltrain_tui.plain.signals import caught

    stop: list[bool] = []
    verdicts: dict[tuple[Method, int], dict[int, str]] = {}
    with caught(lambda: stop.append(True)) as signal:
        for key, evolution in evolutions.items():
            finished = False
            for scene in evolution.scenes(execute, lambda: bool(stop)):
                finished = scene.finished
                _tell(scene.words if len(evolutions) == 1 else f"{evolution.folder.name}: {scene.words}")
            if finished and verifying:
                verdicts[key] = dict(_verdicts(evolution, execute, lambda: bool(stop)))
            if stop:
                _tell(f"Stopped. The same command goes on from here; {evolution.folder} keeps what is done.")
                return signal.exit_code or FAILED
    pages = [tables.as_json(evolution, verdicts.get(key)) for key, evolution in evolutions.items()]
    if len(evolutions) == 1:
        ((key, only),) = evolutions.items()
        said, page = f"{tables.table(only, verdicts.get(key))}\n\n{tables.answer(only)}", pages[0]
        best = only.runs / only.ranking[0].run
        _tell(f"Train the best again, back through its parents, and compare: rolltrain verify {shlex.quote(str(best))}")
    else:
        said, page = contest.table(evolutions), {"evolutions": pages, **contest.as_json(evolutions)}
        _draw(evolutions)
    click.echo(json_text(page) if as_json else said)
    if verifying:
        _tell(_tally(verdicts))
    failed = any(member.failure for evolution in evolutions.values() for member in evolution.members)
    unproven = any(word != "exact" for found in verdicts.values() for word in found.values())
    return FAILED if failed or unproven else DONE


def _draw(evolutions: "dict[tuple[Method, int], Evolution]") -> None:
    """The picture of a contest, beside the folders of its evolutions."""
    from rolltrain_tui.base import atomic_files
    from rolltrain_tui.base.plotting import NoPlotsError
    from rolltrain_tui.experiment.evolution.picture import draw

    folder = next(iter(evolutions.values())).folder.parent
    try:
        for name, content in draw(evolutions).items():
            atomic_files.replace(folder / name, content)
            _tell(f"Drawn: {folder / name}")
    except NoPlotsError as error:
        _tell(str(error))


def _verdicts(evolution: "Evolution", execute: "Executor", stopped: Callable[[], bool]) -> Iterator[tuple[int, str]]:
    for member, word in evolution.verdicts(execute, stopped):
        _tell(f"{member.run}: {word}")
        yield member.index, word


def _tally(verdicts: "dict[tuple[Method, int], dict[int, str]]") -> str:
    words = [word for found in verdicts.values() for word in found.values()]
    return f"{words.count('exact')} of {len(words)} members are exact: trained again they are the same to the last bit."


def _tell(text: str) -> None:
    click.echo(text, err=True)
