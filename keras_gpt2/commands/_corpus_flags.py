"""Flags of a command that reads a corpus: its own, and those of each corpus."""

import dataclasses

from keras_gpt2 import corpora
from keras_gpt2.commandline import add_options

SHARED = frozenset(field.name for field in dataclasses.fields(corpora.Corpus))


def add_corpus_flags(parser, settings: type) -> None:
    """The flags of a settings class, then those of the corpora."""
    add_options(parser, settings)
    for name in corpora.names():
        group = parser.add_argument_group(f"with --corpus {name}")
        add_options(group, corpora.corpus_class(name), without=SHARED)
