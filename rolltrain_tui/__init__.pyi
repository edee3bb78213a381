"""What type checkers see of the public names; at run time each is brought in at first use."""

from rolltrain_tui.integrations.begin import session as session
from rolltrain_tui.integrations.characters import Barbarian as Barbarian
from rolltrain_tui.integrations.characters import Cleric as Cleric
from rolltrain_tui.integrations.characters import Fighter as Fighter
from rolltrain_tui.integrations.characters import Paladin as Paladin
from rolltrain_tui.integrations.characters import Rogue as Rogue
from rolltrain_tui.integrations.characters import Wizard as Wizard
from rolltrain_tui.integrations.huggingface import RollToTrainCallback as RollToTrainCallback
from rolltrain_tui.integrations.original import CharacterClass as CharacterClass
from rolltrain_tui.integrations.original import ExperienceSystem as ExperienceSystem
from rolltrain_tui.integrations.original import GradientOoze as GradientOoze
from rolltrain_tui.integrations.original import LossDragon as LossDragon
from rolltrain_tui.integrations.original import Monster as Monster
from rolltrain_tui.integrations.original import MonsterEncounter as MonsterEncounter
from rolltrain_tui.integrations.original import WeightWraith as WeightWraith
from rolltrain_tui.integrations.plain import RollToTrain as RollToTrain
from rolltrain_tui.integrations.session import Session as Session

__version__: str
