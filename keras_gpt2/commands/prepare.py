"""Compute a corpus' tokens, to train on them here or elsewhere."""

import json
from typing import Any

from keras_gpt2.commands._corpus_flags import add_corpus_flags
from keras_gpt2.config import PrepareConfig


def add_arguments(parser) -> None:
    """The flags of preparation, then those of the corpora."""
    add_corpus_flags(parser, PrepareConfig)


def run(given: dict[str, Any]) -> None:
    """Prepare, tell what came of it, and print the folder."""
    given, options = PrepareConfig.split(given)
    config = PrepareConfig(**given)
    from keras_gpt2.console import Console
    from keras_gpt2.plan import prepare_tokens

    console = Console()
    tokens = prepare_tokens(config, options, console.warn)
    for line in (*tokens.report.lines(), *tokens.coverage.lines()):
        console.say("", line)
    kind = "WordPiece" if tokens.tokenizer.is_wordpiece else "byte-level BPE"
    console.say("", f"vocabulary of {tokens.tokenizer.vocabulary_size:,}, {kind}")
    console.warn(tokens.coverage.warning())
    if config.json:
        account = {
            "folder": str(tokens.folder),
            "data": tokens.report.to_dict(),
            "coverage": tokens.coverage.to_dict(),
            "vocabulary_size": tokens.tokenizer.vocabulary_size,
        }
        print(json.dumps(account, ensure_ascii=False))
    else:
        print(tokens.folder)
