"""Campaigns with a real, tiny model, played to their end in this process and resumed from their state."""

import json
from pathlib import Path

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.events import Event
from rolltrain_tui.protocol.inbox import ScriptedInbox

Moves = list[tuple[int, Command]]
"""Turns and what the player asks for in them."""
Played = tuple[Campaign, list[Event]]


def campaign_of(config: CampaignConfig) -> Campaign:
    return Campaign(config, build_learner(config, base=Path()))


def played_out(config: CampaignConfig, moves: Moves) -> Played:
    campaign = campaign_of(config)
    return campaign, list(campaign.play(ScriptedInbox(moves)))


def resumed(config: CampaignConfig, campaign: Campaign, moves: Moves) -> Played:
    """The campaign's state, through JSON, in a new campaign, played to its end."""
    again = campaign_of(config)
    again.load_state(json.loads(json.dumps(campaign.state_dict())), campaign.tensors())
    begun = campaign.turn + (campaign.state_dict()["effect"] is not None)
    return again, list(again.play(ScriptedInbox([move for move in moves if move[0] > begun])))
