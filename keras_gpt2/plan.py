"""A training decided in full, before a backend starts: what, from what, to where."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_gpt2.cache import whole_or_nothing
from keras_gpt2.config import CorpusConfig, PrepareConfig, TrainConfig
from keras_gpt2.corpora import Corpus, Split, corpus_class, is_sample, open_corpus
from keras_gpt2.errors import InputError, UsageError
from keras_gpt2.options import flag
from keras_gpt2.preparation import Preparation, VocabularyChoice
from keras_gpt2.presets import MAX_CONTEXT, ModelSource, find
from keras_gpt2.runs import RUNS, Run, new_run, probe
from keras_gpt2.tokens import Tokens, TokenSplit, open_tokens

SAMPLE = "bundled sample (the full corpus: keras-gpt2 corpora)"

# Fields of TrainConfig that a corpus reads by.
READING_OPTIONS = ("on_bad_rows", "encoding", "script")


@dataclass(frozen=True)
class TrainPlan:
    """Everything a training needs to know.

    Args:
        config: TrainConfig. Settings, all decided.
        options: mapping. The corpus' own settings, such as `edition`.
        source: ModelSource. The base.
        corpus: Corpus class. What the documents are.
        origin: str. Where they come from, in words.
        tokens: Tokens. The documents.
        run: Run. Where the result goes.
        sequence_length: int. Tokens per sequence.
    """

    config: TrainConfig
    options: Mapping[str, Any]
    source: ModelSource
    corpus: type[Corpus]
    origin: str
    tokens: Tokens
    run: Run
    sequence_length: int

    @property
    def train(self) -> TokenSplit:
        return self.tokens.splits[Split.TRAIN]

    @property
    def validation(self) -> TokenSplit:
        """Validation documents, at most `validation_limit`, spread evenly."""
        documents = self.tokens.splits[Split.VALIDATION]
        size = min(len(documents), self.config.validation_limit)
        return documents.take(np.linspace(0, len(documents) - 1, size).astype(int))

    @property
    def script(self) -> str:
        """Script of the documents, "" if the corpus has none."""
        return self.tokens.facts.get("script", "")

    @property
    def prompt(self) -> str:
        """Opening of the first validation document."""
        return self.tokens.facts["prompt"]


def make_plan(
    given: Mapping[str, Any],
    options: Mapping[str, Any],
    warn: Callable[[str], None] = lambda text: None,
) -> TrainPlan:
    """Decide a training, and have its tokens at hand.

    Args:
        given: mapping. Settings that were asked for, by `TrainConfig` field.
        options: mapping. The corpus' own settings.
        warn: callable(text). Told what is odd but no mistake.

    Raises:
        UsageError: if a setting is wrong, by itself or for this model.
        InputError, StorageError: if the corpus cannot be read.
    """
    asked = TrainConfig(**given)
    ready = open_ready(asked, given, options)
    name = ready.facts["corpus"] if ready else asked.corpus
    cls = corpus_class(name)
    source = find(asked.preset or cls.preset)
    given = {**given, "corpus": name}
    config = TrainConfig.resolve(given, recipe_of(cls, source))
    fit_length(config, source, given)
    run = choose_run(config)
    if ready:
        refuse_overlap(run, source.path, ready.folder)
        tokens, origin = ready, f"tokens in {ready.folder}"
    else:
        corpus = open_corpus(name, config.data_dir, **reading(config, source, options))
        refuse_overlap(run, source.path, corpus.folder)
        tokens = prepare(corpus, source, config, options).cached(warn)
        origin = SAMPLE if is_sample(corpus) else str(corpus.folder)
    if tokens.facts["is_sample"] and not source.scratch:
        config = TrainConfig.resolve(given, cls.gentle_recipe)
    check_size(tokens)
    warn(tokens.coverage.warning())
    length = fit_length(config, source, given)
    return TrainPlan(config, options, source, cls, origin, tokens, run, length)


def open_ready(
    asked: TrainConfig, given: Mapping[str, Any], options: Mapping[str, Any]
) -> Tokens | None:
    """The tokens asked for by folder, or None.

    Raises:
        UsageError: if anything else was asked for that decides tokens.
    """
    if asked.tokens is None:
        return None
    names = {field.name for field in dataclasses.fields(CorpusConfig)}
    spoken = [*sorted(given.keys() & (names | {"vocabulary"})), *options]
    tokens = open_tokens(Path(asked.tokens))
    if asked.corpus == tokens.facts["corpus"]:
        spoken = [name for name in spoken if name != "corpus"]
    if spoken:
        raise UsageError(
            f"--tokens are made already, of the corpus {tokens.facts['corpus']}. "
            f"Leave out {', '.join(map(flag, spoken))}"
        )
    return tokens


def recipe_of(cls: type[Corpus], source: ModelSource) -> dict[str, Any]:
    """The corpus' recipe for that model."""
    if find(cls.preset).scratch and not source.scratch:
        return dict(cls.gentle_recipe)  # the other is for random weights
    recipe = dict(cls.recipe)
    if source.is_bundled:  # it has learnt such text before
        recipe["learning_rate"] = cls.gentle_recipe["learning_rate"]
    return recipe


def prepare_tokens(
    config: PrepareConfig, options: Mapping[str, Any], warn: Callable[[str], None]
) -> Tokens:
    """Tokens of a corpus for a model, in the cache or in a folder of their own.

    Raises:
        UsageError, InputError, StorageError: as `make_plan`.
    """
    cls = corpus_class(config.corpus)
    source = find(config.preset or cls.preset)
    settings = reading(config, source, options)
    corpus = open_corpus(config.corpus, config.data_dir, **settings)
    preparation = prepare(corpus, source, config, options)
    if config.output is None:
        return preparation.cached(warn)
    folder = Path(config.output)
    if not config.output or folder.exists():
        raise UsageError(
            f"--output must be a folder that is yet to be. Received: '{folder}'"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with whole_or_nothing(folder) as partial:
        preparation.write(partial, preparation.base())
    return open_tokens(folder)


def reading(
    config: TrainConfig | PrepareConfig,
    source: ModelSource,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Fields of the corpus, as asked for; its script is the model's if none was."""
    script = config.script or source.facts().get("script") or None
    shared = {key: getattr(config, key) for key in READING_OPTIONS}
    return {**shared, "script": script, **options}


def prepare(
    corpus: Corpus,
    source: ModelSource,
    config: TrainConfig | PrepareConfig,
    options: Mapping[str, Any],
) -> Preparation:
    """What the tokens of a training are to be."""
    kind = "build" if source.scratch else config.vocabulary
    added = tuple(config.add_token)
    choice = VocabularyChoice(kind, config.vocabulary_size, config.min_count, added)
    if kind == "preset":
        if added or config.vocabulary_size:
            raise UsageError(
                "--add-token and --vocabulary-size change a vocabulary, the preset's "
                "stays as it is. Add --vocabulary extend"
            )
        choice = VocabularyChoice()
    without = None
    if config.exclude:
        without = open_corpus(config.corpus, config.exclude, **options)
    keras_backend = getattr(config, "backend", "auto")
    return Preparation(corpus, source, choice, without, keras_backend)


def choose_run(config: TrainConfig) -> Run:
    """Where the run goes; a dry run writes nothing, so a full folder will do."""
    if config.dry_run:
        run = Run(Path(config.output or RUNS / config.corpus))
    else:
        run = new_run(config.corpus, config.output, config.overwrite)
    probe(run.folder)
    return run


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


def fit_length(
    config: TrainConfig, source: ModelSource, given: Mapping[str, Any]
) -> int:
    """Tokens per sequence: as asked for, else of the recipe, at most the context."""
    context = MAX_CONTEXT if source.scratch else source.context()
    length = config.sequence_length or context
    if "sequence_length" in given and length > context:
        raise UsageError(
            f"--sequence-length must be at most {context}, the context of "
            f"{source.name}. Received: {length}"
        )
    return min(length, context, MAX_CONTEXT)


def check_size(tokens: Tokens) -> None:
    """Refuse a corpus too small to train on and to validate."""
    for split in (Split.TRAIN, Split.VALIDATION):
        if not len(tokens.splits[split]):
            raise InputError(
                f"no {split} document ({tokens.report.lines()[0]}). About one "
                "document in ten is for validation: add more text"
            )
