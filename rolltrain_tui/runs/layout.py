"""The names of all files in a run folder.

RUN/
  campaign.yaml         the campaign as it was begun
  ghost.json            the baseline that it is compared with, if it has one
  chronicle.jsonl       the story so far; older parts of a long one are chronicle-0001.jsonl, chronicle-0002.jsonl ...
  trajectories.jsonl    moves of training, where the campaign asks for them
  export/               what the game's ending wrote for other programs
  error.log             tracebacks of failed training
  latest                the name of the newest save, with its CRC-32
  lock                  held while the run is played
  saves/turn-000037/    campaign.yaml  state.json  weights.safetensors  manifest.json
"""

CAMPAIGN = "campaign.yaml"
"""In the run and in every save, because settings may change on the way."""
GHOST, CHRONICLE, ERRORS = "ghost.json", "chronicle.jsonl", "error.log"
TRAJECTORIES = "trajectories.jsonl"
EXPORT = "export"
LATEST, LOCK, SAVES = "latest", "lock", "saves"
STATE, WEIGHTS, MANIFEST = "state.json", "weights.safetensors", "manifest.json"
