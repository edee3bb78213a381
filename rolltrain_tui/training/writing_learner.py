"""A learner whose voice is text."""

from abc import abstractmethod

from rolltrain_tui.training.levered_learner import LeveredLearner


class WritingLearner(LeveredLearner):
    """A mode writes `sample`; how much of it the game hears is the campaign's to say."""

    @abstractmethod
    def sample(self, characters: int, *, temperature: float, top_k: int | None, prompt: str = "") -> str:
        """Text that the model writes after `prompt`."""

    def perform(self) -> str:
        """Write as much as the campaign's speech section says."""
        speech = self.config.speech
        return self.sample(speech.characters, temperature=speech.temperature, top_k=speech.top_k)
