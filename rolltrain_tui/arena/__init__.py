"""The arena: small language models are created, trained, and compared by quality and by quality per energy.

agents/      an agent and its file          training/    what trains and measures agents
battles/     battles, tournaments, boards   parse.py     the lines of the dialogs
duel/        the players and the cup of the duel         dungeon.py   a saved run as a rival in the dungeon
"""
