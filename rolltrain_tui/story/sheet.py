"""How events change the character sheet. Some carry it whole; the others change a single entry."""

from dataclasses import replace
from functools import singledispatch

from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.sheet import Sheet


@singledispatch
def sheet_after(event: ev.Event, sheet: Sheet) -> Sheet:
    """The sheet after the event, chosen by its type by the functions below. Most events leave it as it was."""
    return sheet


@sheet_after.register
def _(
    event: ev.CampaignBegan | ev.SettingsChanged | ev.LevelGained | ev.StatRaised | ev.Rested | ev.HeroFell | ev.CampaignEnded, sheet: Sheet
) -> Sheet:
    return event.sheet


@sheet_after.register
def _(event: ev.HeroHurt | ev.HeroHealed, sheet: Sheet) -> Sheet:
    return replace(sheet, hp=max(0, event.hp))


@sheet_after.register
def _(event: ev.XPGained, sheet: Sheet) -> Sheet:
    return replace(sheet, xp=event.total)


@sheet_after.register
def _(event: ev.AbilityUsed, sheet: Sheet) -> Sheet:
    return replace(sheet, charges=tuple(replace(c, left=event.charges) if c.ability == event.ability else c for c in sheet.charges))


@sheet_after.register
def _(event: ev.AutoSet, sheet: Sheet) -> Sheet:
    return replace(sheet, charges=tuple(replace(c, auto=event.on) if c.ability == event.ability else c for c in sheet.charges))
