"""What type checkers see of the public names; at run time each is brought in at first use."""

from rolltrain_tui.integrations.characters import Barbarian as Barbarian
from rolltrain_tui.integrations.characters import Cleric as Cleric
from rolltrain_tui.integrations.characters import Fighter as Fighter
from rolltrain_tui.integrations.characters import Paladin as Paladin
from rolltrain_tui.integrations.characters import Rogue as Rogue
from rolltrain_tui.integrations.characters import Wizard as Wizard
from rolltrain_tui.integrations.plain import RollToTrain as RollToTrain
from rolltrain_tui.integrations.session import Session as Session
from rolltrain_tui.integrations.session import session as session

__version__: str
