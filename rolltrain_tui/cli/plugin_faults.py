"""What the command line says of plug-ins: those that were left out, each once, on stderr."""

import sys

import click

_told: set[str] = set()


def tell_of_faults() -> None:
    """Of plug-ins that were looked for; a verb that needs none of them never loads them just to complain."""
    if "rolltrain_tui.rules.plugins" not in sys.modules:
        return
    from rolltrain_tui.base.safe_text import flat
    from rolltrain_tui.rules.plugins import looked_for

    guests = looked_for()
    for fault in [] if guests is None else guests.faults:
        if fault not in _told:
            _told.add(fault)
            click.echo(flat(fault), err=True)
