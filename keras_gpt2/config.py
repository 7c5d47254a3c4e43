"""Settings of each command: frozen, and checked the moment they are made.

A setting is decided by the first that speaks: command line, recipe of the corpus,
default. Nothing here imports Keras, so a wrong setting is refused at once.
"""

from dataclasses import dataclass

from keras_gpt2.errors import UsageError
from keras_gpt2.options import Config, option
from keras_gpt2.script import SCRIPTS

BATCHINGS = ("bucket", "pack", "pad")
BACKENDS = ("auto", "tensorflow", "jax", "torch")
DTYPES = ("float32", "mixed_bfloat16")


@dataclass(frozen=True, kw_only=True)
class CorpusConfig(Config):
    """Settings of every command that reads a corpus for a model."""

    corpus: str = option("poetry", "corpus to read, by name", metavar="NAME")
    data_dir: str | None = option(
        None, "the corpus in its released layout (default: data/CORPUS/, else the "
        "bundled sample)", metavar="PATH",
    )  # fmt: skip
    on_bad_rows: str = option(
        "stop", "what to do with rows that are damaged",
        choices=("stop", "skip", "replace"),
    )  # fmt: skip
    encoding: str | None = option(None, "encoding of the corpus' files")
    script: str | None = option(
        None, "Chinese script of the documents (default: the preset's, else as "
        "released)", choices=SCRIPTS,
    )  # fmt: skip
    exclude: str | None = option(
        None, "leave out the documents of this folder, and those sharing a line",
        metavar="PATH",
    )  # fmt: skip
    vocabulary_size: int | None = option(
        None, "most tokens (default: 8000 when built, 1000 more when extended)",
        interval="[300, 1000000]",
    )  # fmt: skip
    min_count: int = option(
        2, "fewest occurrences of a token built or added", interval="[1, 1000000]"
    )
    add_token: tuple[str, ...] = option((), "token to add; repeatable")

    def __post_init__(self):
        super().__post_init__()
        for token in self.add_token:
            if not token.isprintable() or not token or " " in token:
                raise UsageError(
                    "--add-token takes printable characters without a space. "
                    f"Received: {token!r}"
                )


@dataclass(frozen=True, kw_only=True)
class TrainConfig(CorpusConfig):
    """Settings of `train`."""

    tokens: str | None = option(
        None, "train on the tokens in this folder, made by `prepare`", metavar="FOLDER"
    )
    preset: str | None = option(
        None, "model to start from: a bundled preset, a run, a folder, a KerasHub "
        "name, or scratch:LAYERSxWIDTHxHEADS", metavar="MODEL",
    )  # fmt: skip
    output: str | None = option(None, "run folder (default: runs/CORPUS)")
    overwrite: bool = option(False, "empty the run folder first")
    epochs: int | None = option(
        None, "passes over the data (default: the recipe of the corpus)",
        interval="[1, 10000]",
    )  # fmt: skip
    steps: int | None = option(
        None, "optimizer steps (default: the recipe of the corpus)",
        interval="[1, 100000000]",
    )  # fmt: skip
    batch_size: int = option(
        16, "documents (blocks, when packed) per optimizer step (default: the recipe "
        "of the corpus, else 16)",
        interval="[1, 65536]",
    )  # fmt: skip
    accumulate: int = option(
        1, "parts a batch is cut into to save memory; the result is the same",
        interval="[1, 65536]",
    )  # fmt: skip
    sequence_length: int | None = option(
        None, "tokens per sequence (default: the preset's context, at most 1024)",
        interval="[2, 1024]",
    )  # fmt: skip
    batching: str = option(
        "bucket", "bucket, pack or pad (default: the recipe of the corpus, else "
        "bucket)", choices=BATCHINGS,
    )  # fmt: skip
    learning_rate: float = option(
        1e-4, "peak learning rate, falling to 0 (default: the recipe of the corpus, "
        "else 0.0001)", interval="(0, 1]",
    )  # fmt: skip
    warmup: float = option(
        0.05, "share of the steps over which the rate rises", interval="[0, 1)"
    )
    clip: float = option(1.0, "largest global gradient norm", interval="(0, 1000]")
    dropout: float | None = option(
        None, "dropout rate (default: the preset's)", interval="[0, 1)"
    )
    validate_every: int | None = option(
        None, "steps between validations (default: an epoch)",
        interval="[1, 100000000]",
    )  # fmt: skip
    validation_limit: int = option(
        1000, "most documents a validation reads", interval="[1, 100000000]"
    )
    patience: int = option(
        2, "validations without a better loss before stopping",
        interval="[1, 10000]",
    )  # fmt: skip
    vocabulary: str = option(
        "preset", "the preset's vocabulary, or that and what the corpus needs besides; "
        "scratch builds its own", choices=("preset", "extend"),
    )  # fmt: skip
    dtype: str = option("float32", "precision of the arithmetic", choices=DTYPES)
    seed: int = option(0, "order of the data, dropout", interval="[0, 4294967295]")
    backend: str = option("auto", "Keras backend", choices=BACKENDS)
    dry_run: bool = option(False, "report, samples and estimates; trains nothing")
    json: bool = option(False, "result as JSON on stdout")

    def __post_init__(self):
        super().__post_init__()
        if self.batch_size % self.accumulate:
            raise UsageError(
                f"--batch-size must be a multiple of --accumulate. Received: "
                f"{self.batch_size} and {self.accumulate}."
            )


@dataclass(frozen=True, kw_only=True)
class GenerateConfig(Config):
    """Settings of `generate`."""

    model: str | None = option(
        None, "run, bundled preset, folder, .keras file or KerasHub name (default: "
        "the newest run that fits the prompt, else a bundled preset)",
    )  # fmt: skip
    prompt: tuple[str, ...] = option((), "text to continue; repeatable")
    prompt_file: str | None = option(
        None, "file whose text is a prompt; - is stdin", metavar="PATH"
    )
    title: str | None = option(None, "title of the poem to write")
    author: str | None = option(None, "poet to write as; goes with --title")
    sampler: str | None = option(
        None, "how the next token is taken (default: the model's, else top_p)"
    )
    temperature: float | None = option(
        None, "below 1 bolder, above 1 wilder; 0 is greedy", interval="[0, 100]"
    )
    top_k: int | None = option(
        None, "candidates of top_k and contrastive", interval="[1, 1000000]"
    )
    top_p: float | None = option(None, "probability mass of top_p", interval="(0, 1]")
    max_new_tokens: int | None = option(
        None, "most tokens to add (default: to the end of the text or context)",
        interval="[1, 1000000]",
    )  # fmt: skip
    num_samples: int = option(1, "texts per prompt", interval="[1, 10000]")
    seed: int | None = option(
        None, "sample i uses seed + i (default: drawn, printed)",
        interval="[0, 4294957295]",
    )  # fmt: skip
    script: str | None = option(
        None, "script of the output (default: the prompt's)", choices=SCRIPTS
    )
    backend: str = option("auto", "Keras backend", choices=BACKENDS)
    json: bool = option(False, "a JSON list on stdout")

    def __post_init__(self):
        super().__post_init__()
        if self.author is not None and self.title is None:
            raise UsageError("--author goes with --title. Received: no --title.")
        if self.title is not None and (self.prompt or self.prompt_file):
            raise UsageError("--title is a prompt of its own. Leave out --prompt.")


@dataclass(frozen=True, kw_only=True)
class CorporaConfig(Config):
    """Settings of `corpora`."""

    json: bool = option(False, "a JSON list on stdout")


@dataclass(frozen=True, kw_only=True)
class DoctorConfig(Config):
    """Settings of `doctor`."""

    backend: str = option("auto", "Keras backend", choices=BACKENDS)
    json: bool = option(False, "a JSON object on stdout")


@dataclass(frozen=True, kw_only=True)
class PrepareConfig(CorpusConfig):
    """Settings of `prepare`."""

    preset: str | None = option(
        None, "model the tokens are for (default: the corpus' own)", metavar="MODEL"
    )
    vocabulary: str = option(
        "preset", "the preset's vocabulary, one built of the corpus, or the preset's "
        "and what the corpus needs besides", choices=("preset", "build", "extend"),
    )  # fmt: skip
    output: str | None = option(
        None, "folder for the tokens (default: the cache)", metavar="FOLDER"
    )
    json: bool = option(False, "the account as JSON on stdout")


@dataclass(frozen=True, kw_only=True)
class CacheConfig(Config):
    """Settings of `cache`."""

    corpus: str | None = option(None, "tokens of this corpus alone", metavar="NAME")
    json: bool = option(False, "a JSON list on stdout")
