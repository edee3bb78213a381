"""What --help tells of the options."""

from collections.abc import Iterator

import click
import pytest

from rolltrain_tui.cli.main import rolltrain


def verbs(command: click.Command, *names: str) -> Iterator[tuple[str, click.Command]]:
    """Every verb with its words."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from verbs(found, *names, name)
    else:
        yield " ".join(names), command


VERBS = dict(verbs(rolltrain))


@pytest.mark.parametrize("verb", VERBS)
def test_a_default_is_shown(verb: str) -> None:
    """Every option with a value of its own says which, whether click writes it or the help does. 0 is the number of nothing."""
    options = [option for option in VERBS[verb].params if isinstance(option, click.Option) and not option.is_flag and not option.multiple]
    for option in options:
        default = option.to_info_dict()["default"]
        shown = option.show_default or str(default) in (option.help or "")
        assert default in (None, (), 0) or shown, f"{verb} {option.opts[0]}: {default}"
