"""An agent: a small language model with its recipe and its record, and where it is kept. Nothing here imports torch.

agents.py       shape, recipe, record     agent_file.py   one agent as one checked file
roster.py       the agents on disk        corpora.py      their texts
"""
