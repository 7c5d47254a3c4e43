"""What a training tells: lines of a label and a text."""

import os
import re
import shlex
from collections.abc import Iterator

from keras_gpt2.datasets import TokenDataset
from keras_gpt2.estimates import Estimate
from keras_gpt2.losses import in_words
from keras_gpt2.plan import TrainPlan

Lines = Iterator[tuple[str, str]]


def corpus_lines(plan: TrainPlan) -> Lines:
    """What was read, and what became of it."""
    yield plan.corpus.name, plan.origin
    for line in plan.tokens.report.lines():
        yield "", line


def model_lines(plan: TrainPlan, num_parameters: int, backend: str) -> Lines:
    """What is trained, and on what."""
    source = plan.source
    verb = "new," if source.scratch else "from"
    origin = ""
    if source.is_bundled:
        origin = ", bundled; not OpenAI's GPT-2: --preset gpt2_base_en"
    millions = num_parameters / 1e6
    yield (
        "model",
        f"{verb} {source.name} ({millions:.1f} M parameters{origin})   "
        f"{backend}, {os.cpu_count()} cores",
    )


def plan_lines(
    plan: TrainPlan, train: TokenDataset, steps: int, estimate: Estimate
) -> Lines:
    """How long, how fast, at what cost."""
    config = plan.config
    if train.num_cut:
        yield (
            "",
            f"{train.num_cut:,} of {len(train.documents):,} documents are cut at "
            f"{train.sequence_length} tokens",
        )
    noun = "step" if steps == 1 else "steps"
    yield (
        "plan",
        f"{steps:,} {noun} x {config.batch_size}, {config.learning_rate:g} -> 0; "
        f"{estimate}",
    )


def sample_lines(train: TokenDataset, number: int = 3) -> Lines:
    """Some documents as the model sees them."""
    for row in range(min(number, len(train.documents))):
        ids = train.documents[row][: train.sequence_length]
        text = train.tokenizer.decode(ids)
        yield "sample" if row == 0 else "", f"{len(ids)} tokens: {text}"


def result_lines(plan: TrainPlan, result: dict) -> Lines:
    """What came of it, and what to do next."""
    best, before = (result[key]["bits_per_character"] for key in ("best", "before"))
    verdict = "" if best < before else "; the base was better"
    yield (
        "best",
        f"{best:.2f} bits/character at {result['best_at']}, restored"
        f"{verdict}   saved {result['run']} (reload check: logits equal)",
    )
    words = "generate.py", "--model", result["run"], "--prompt", plan.prompt
    yield "next", f"python {' '.join(map(quoted, words))}"


def quoted(word: str) -> str:
    """A word as a shell takes it; hanzi need no quotation marks.

    >>> quoted("春眠不觉晓"), quoted("A crow")
    ('春眠不觉晓', "'A crow'")
    """
    return word if re.fullmatch(r"[\w./:-]+", word) else shlex.quote(word)


def describe(score: dict[str, float]) -> str:
    """A validation loss in words.

    >>> describe(
    ...     {"bits_per_character": 7.0, "nats_per_token": 4.8, "perplexity": 121.51}
    ... )
    '7.00 bits/character, 4.80 nats/token, perplexity 121.5'
    """
    return (
        f"{score['bits_per_character']:.2f} bits/character, "
        f"{score['nats_per_token']:.2f} nats/token, "
        f"perplexity {in_words(score['perplexity'])}"
    )
