"""A training decided in full, before a backend starts: what, from what, to where."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_gpt2.config import TrainConfig
from keras_gpt2.corpora import (
    Corpus,
    Reading,
    Split,
    corpus_class,
    is_sample,
    open_corpus,
)
from keras_gpt2.errors import InputError, UsageError
from keras_gpt2.presets import MAX_CONTEXT, ModelSource, find
from keras_gpt2.runs import RUNS, Run, new_run

# Fields of TrainConfig that a corpus reads by.
READING_OPTIONS = ("on_bad_rows", "encoding", "script")


@dataclass(frozen=True)
class TrainPlan:
    """Everything a training needs to know.

    Args:
        config: TrainConfig. Settings, all decided.
        options: mapping. The corpus' own settings, such as `edition`.
        source: ModelSource. The base.
        corpus: Corpus, as read.
        reading: Reading. Its documents.
        run: Run. Where the result goes.
        sequence_length: int. Tokens per sequence.
    """

    config: TrainConfig
    options: Mapping[str, Any]
    source: ModelSource
    corpus: Corpus
    reading: Reading
    run: Run
    sequence_length: int

    @property
    def train(self) -> list[str]:
        return self.reading.documents[Split.TRAIN]

    @property
    def validation(self) -> list[str]:
        """Validation documents, at most `validation_limit`, spread evenly."""
        documents = self.reading.documents[Split.VALIDATION]
        size = min(len(documents), self.config.validation_limit)
        rows = np.linspace(0, len(documents) - 1, size).astype(int)
        return [documents[row] for row in rows]

    @property
    def script(self) -> str:
        """Script of the documents, "" if the corpus has none."""
        return self.corpus.script or self.corpus.released_script


def make_plan(given: Mapping[str, Any], options: Mapping[str, Any]) -> TrainPlan:
    """Decide a training.

    Args:
        given: mapping. Settings that were asked for, by `TrainConfig` field.
        options: mapping. The corpus' own settings.

    Raises:
        UsageError: if a setting is wrong, by itself or for this model.
        InputError, StorageError: if the corpus cannot be read.
    """
    name = given.get("corpus", TrainConfig(**given).corpus)
    cls = corpus_class(name)
    source = find(given.get("preset") or cls.preset)
    recipe = dict(cls.recipe)
    if source.is_bundled:  # it has learnt such text before
        recipe["learning_rate"] = cls.gentle_recipe["learning_rate"]
    config = TrainConfig.resolve(given, recipe)
    sequence_length = fit_length(config, source)
    run = choose_run(config)
    script = config.script or source.facts().get("script") or None
    reading_options = {key: getattr(config, key) for key in READING_OPTIONS}
    reading_options |= {"script": script, **options}
    corpus = open_corpus(name, config.data_dir, **reading_options)
    refuse_overlap(run, source.path, corpus.folder)
    if is_sample(corpus) and not source.scratch:
        config = TrainConfig.resolve(given, cls.gentle_recipe)
    excluded = frozenset[str]()
    if config.exclude:
        excluded = open_corpus(name, config.exclude, **options).all_passages()
    reading = corpus.read(excluded)
    check_size(reading)
    return TrainPlan(config, options, source, corpus, reading, run, sequence_length)


def choose_run(config: TrainConfig) -> Run:
    """Where the run goes; a dry run writes nothing, so any place will do."""
    if config.dry_run:
        return Run(Path(config.output or RUNS / config.corpus))
    return new_run(config.corpus, config.output, config.overwrite)


def refuse_overlap(run: Run, *inputs: Path | None) -> None:
    """Refuse a run folder that holds what the training reads.

    Raises:
        UsageError: if it does: emptying the folder would take it away.
    """
    folder = run.folder.resolve()
    for path in inputs:
        if path is not None and path.resolve().is_relative_to(folder):
            raise UsageError(
                f"{run.folder} holds {path}, which this training reads. Choose another "
                "folder with --output"
            )


def fit_length(config: TrainConfig, source: ModelSource) -> int:
    """Tokens per sequence: as asked for, at most the model's context."""
    context = MAX_CONTEXT if source.scratch else source.context()
    if config.sequence_length is None:
        return min(context, MAX_CONTEXT)
    if config.sequence_length > context:
        raise UsageError(
            f"--sequence-length must be at most {context}, the context of "
            f"{source.name}. Received: {config.sequence_length}"
        )
    return config.sequence_length


def check_size(reading: Reading) -> None:
    """Refuse a corpus too small to train on and to validate."""
    for split in (Split.TRAIN, Split.VALIDATION):
        if not reading.documents[split]:
            raise InputError(
                f"no {split} document ({reading.report.lines()[0]}). About one "
                "document in ten is for validation: add more text"
            )
