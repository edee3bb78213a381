"""What type checkers see of the public names; at run time each is brought in at first use."""

from rolltrain_tui.integrations.huggingface import RollToTrainCallback as RollToTrainCallback
from rolltrain_tui.integrations.plain import RollToTrain as RollToTrain
from rolltrain_tui.integrations.session.begin import session as session
from rolltrain_tui.integrations.session.session import Session as Session
from rolltrain_tui.integrations.terms.characters import Barbarian as Barbarian
from rolltrain_tui.integrations.terms.characters import Cleric as Cleric
from rolltrain_tui.integrations.terms.characters import Fighter as Fighter
from rolltrain_tui.integrations.terms.characters import Paladin as Paladin
from rolltrain_tui.integrations.terms.characters import Rogue as Rogue
from rolltrain_tui.integrations.terms.characters import Wizard as Wizard
from rolltrain_tui.integrations.terms.original import CharacterClass as CharacterClass
from rolltrain_tui.integrations.terms.original import ExperienceSystem as ExperienceSystem
from rolltrain_tui.integrations.terms.original import GradientOoze as GradientOoze
from rolltrain_tui.integrations.terms.original import LossDragon as LossDragon
from rolltrain_tui.integrations.terms.original import Monster as Monster
from rolltrain_tui.integrations.terms.original import MonsterEncounter as MonsterEncounter
from rolltrain_tui.integrations.terms.original import WeightWraith as WeightWraith

__version__: str
