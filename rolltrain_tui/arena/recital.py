"""An agent writes, and what it wrote is counted and scored."""

from collections.abc import Iterator
from dataclasses import dataclass

from rolltrain_tui.arena.champions import Champion
from rolltrain_tui.arena.coaching import corpus_for, field_of
from rolltrain_tui.arena.scores import Originality, Score, originality, perplexity, score_of
from rolltrain_tui.arena.training import evaluate
from rolltrain_tui.arena.voices import LONGEST, training_text, write
from rolltrain_tui.base.safe_text import flat


@dataclass(frozen=True, slots=True)
class Recital:
    lines: tuple[str, ...]
    """As the agent wrote them: foreign text."""
    originality: Originality
    score: Score

    def words(self) -> Iterator[str]:
        """The lines, cleaned, and below them what was counted."""
        yield from map(flat, self.lines)
        yield ""
        yield from self.summary()

    def summary(self) -> Iterator[str]:
        own, score = self.originality, self.score
        yield (
            f"{own.distinct} distinct, {own.novel} novel, {own.verbatim} verbatim of {own.asked}; "
            f"perplexity {perplexity(score.loss):.2f}, validation loss {score.loss:.3f}"
        )
        yield f"score {score.score:.1f} = sqrt(quality {score.quality:.1f} x uniqueness {100 * own.uniqueness:.0f} %)"


def recite(champion: Champion, n: int, temperature: float = 1.0, top_k: int | None = None, seed: int = 0) -> Recital:
    """n lines with the seed's luck. The validation loss is measured on the spot. AgentError when its text has changed."""
    corpus, field, agent = corpus_for(champion.agent), field_of([champion]), champion.agent
    lines = write(field, corpus, n, [seed], temperature=temperature, top_k=top_k)[0]
    own = originality(lines, training_text(agent.corpus, agent.shape.context), LONGEST)
    return Recital(tuple(lines), own, score_of(evaluate(field, corpus.val)[0].item(), agent.vocabulary, own.uniqueness))
