"""Plug-ins that were left out, told on stderr, each once."""

import click

_told: set[str] = set()


def tell_of_faults() -> None:
    """Faults found so far. A verb that asks for no plug-in loads none, so there is nothing to tell."""
    from rolltrain_tui.base.registry import PLUGINS
    from rolltrain_tui.base.safe_text import flat

    for fault in PLUGINS.faults:
        if fault not in _told:
            _told.add(fault)
            click.echo(flat(fault), err=True)
