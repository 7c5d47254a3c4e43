"""python benchmarks/input_pipeline.py --data-dir RELEASE [--novels FOLDER] [--english FOLDER] [--gigabytes 1]

What reading, tokenizing and batching cost, each beside a peer in the same run.

1. Into the cache: all Tang poems; texts in Chinese and in English, MB/s beside Hugging
   Face's `tokenizers`, which makes the same ids (compared, token by token).
2. Batching of poems: share of padding, and useful tokens/s of the pipeline alone and of
   training `tang`, beside KerasHub's recipe (strings, padded to 128), alternating.
3. The next start: seconds to the first batch.
4. With --gigabytes: a text of that size through `prepare`, and its memory.
"""  # noqa: E501

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from keras_gpt2 import backend
from keras_gpt2.corpora import ReadReport, Split, open_corpus
from keras_gpt2.corpora.text import Text
from keras_gpt2.preparation import Preparation
from keras_gpt2.presets import find
from keras_gpt2.tokenizers import build_byte_pairs, byte_pairs
from keras_gpt2.tokens import Tokens, Writer

BATCH_SIZE = 16
STEPS = 24
ROUNDS = 3


def told(text: str) -> None:
    print(text, flush=True)


def seconds_of(work) -> float:
    """Time that a call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def cache_poems(release: str) -> Tokens:
    """All Tang poems into the cache, from nothing; then the next start."""
    preparation = Preparation(open_corpus("poetry", release), find("tang"))
    made = seconds_of(lambda: preparation.cached(told))
    found = seconds_of(lambda: preparation.cached(told))
    tokens = preparation.cached(told)
    size = tokens.coverage.num_bytes / 1e6
    told(
        f"poems into the cache: {made:.1f} s ({size / made:.1f} MB/s with reading); "
        f"the next start finds them in {found:.2f} s"
    )
    return tokens


def write_poems(tokens: Tokens, documents: dict[Split, list[str]]) -> None:
    """Documents that have been read, into a folder of tokens."""
    pairs = [(split, text) for split, texts in documents.items() for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        writer = Writer(Path(folder), tokens.tokenizer)
        seconds = seconds_of(lambda: writer.add_all(pairs))
        seconds += seconds_of(lambda: writer.finish(ReadReport(), {}))
    size = tokens.coverage.num_bytes / 1e6
    told(f"poems that were read before: {size / seconds:.1f} MB/s into the cache")


def texts_of(folder: str) -> list[str]:
    """Documents of a folder, as the corpus `text` cuts them."""
    corpus = Text(folder=Path(folder), on_bad_rows="replace")
    return [row.text for row in corpus.rows() if row.text]


def compare_tokenizers(name: str, texts: list[str], tokenizer) -> None:
    """MB/s of ours beside `tokenizers` on the same texts, and that ids are equal."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    ours, theirs = [], []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        ids, counts = tokenizer.encode_flat(texts)
        ours.append(time.perf_counter() - started)
        started = time.perf_counter()
        rows = [row.ids for row in tokenizer.engine.encode_batch_fast(texts)]
        theirs.append(time.perf_counter() - started)
        assert counts.tolist() == [len(row) for row in rows]
        assert np.array_equal(ids, np.concatenate([np.array(r, "int32") for r in rows]))
    fast, slow = size / statistics.median(ours), size / statistics.median(theirs)
    told(
        f"{name}: {size:.1f} MB, {fast:.1f} MB/s beside {slow:.1f} MB/s of tokenizers "
        f"on all cores ({fast / slow:.1f} x), {len(ids):,} equal ids"
    )


def pipelines(tokens: Tokens, texts: list[str], model) -> dict[str, tuple]:
    """Ways to batch poems: name -> (dataset, share of padding)."""
    from keras_gpt2.datasets import MAX_COMPILED_WIDTHS, TokenDataset
    from keras_gpt2.pipelines import TextDataset

    poems, tokenizer = tokens.splits[Split.TRAIN], tokens.tokenizer
    ways = {
        "bucket, 64 widths": TokenDataset(poems, tokenizer, 256, BATCH_SIZE),
        "bucket, 8 widths (JAX)": TokenDataset(
            poems, tokenizer, 256, BATCH_SIZE, max_widths=MAX_COMPILED_WIDTHS
        ),
        "pack to 256": TokenDataset(poems, tokenizer, 256, BATCH_SIZE // 4, "pack"),
        "pad to 128 (KerasHub's recipe)": TextDataset(
            texts, with_length(model.preprocessor, 128), BATCH_SIZE, "pad"
        ),
    }
    return {name: (dataset, dataset.padding) for name, dataset in ways.items()}


def with_length(preprocessor, length: int):
    """The same preprocessor for another length."""
    return type(preprocessor)(preprocessor.tokenizer, sequence_length=length)


def useful(batches: Iterator, steps: int) -> tuple[float, int]:
    """Seconds for some batches, and the tokens in them that are to be predicted."""
    next(batches)
    started, tokens = time.perf_counter(), 0
    for _ in range(steps):
        _, _, weights = next(batches)
        tokens += int((np.asarray(weights) > 0).sum())
    return time.perf_counter() - started, tokens


def measure_batching(tokens: Tokens, texts: list[str]) -> None:
    """Padding, and useful tokens/s of each way to batch, in turns."""
    import keras

    from keras_gpt2.losses import token_loss
    from keras_gpt2.models import load_model

    model = load_model("tang")
    model.compile(keras.optimizers.Adam(1e-5), token_loss(), weighted_metrics=[])
    ways = pipelines(tokens, texts, model)
    alone: dict[str, list[float]] = {name: [] for name in ways}
    trained: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (dataset, _) in ways.items():
            batches = iter(dataset.tensors(None))
            seconds, count = useful(batches, 200)
            alone[name].append(count / seconds)
            trained[name].append(train(model, dataset))
    peer = statistics.median(trained["pad to 128 (KerasHub's recipe)"])
    for name, (_, padding) in ways.items():
        told(
            f"{name}: padding {padding:.1%}; pipeline alone "
            f"{statistics.median(alone[name]):,.0f}, training "
            f"{statistics.median(trained[name]):,.0f} useful tokens/s "
            f"({statistics.median(trained[name]) / peer:.2f} x)"
        )


def train(model, dataset) -> float:
    """Useful tokens/s of some training steps, all compiled before."""
    import keras

    batches = dataset.tensors(None)
    options = {"verbose": 0, "shuffle": False, "epochs": 1}
    keras.Model.fit(model, batches, steps_per_epoch=2, **options)
    seconds = seconds_of(
        lambda: keras.Model.fit(model, batches, steps_per_epoch=STEPS, **options)
    )
    return STEPS * dataset.num_predictions / dataset.steps_per_epoch / seconds


def prepare_gigabytes(novels: str, gigabytes: float) -> None:
    """A large text through `prepare` in a process of its own."""
    corpus = Text(folder=Path(novels), on_bad_rows="replace", document="paragraph")
    texts = [row.text for row in corpus.rows() if row.text]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "large.txt")
        write_large(path, texts, gigabytes * 1e9)
        size = path.stat().st_size / 1e6
        command = [sys.executable, "-m", "keras_gpt2", "prepare", "--corpus", "text"]
        command += ["--data-dir", str(path), "--preset", "tang"]
        command += ["--output", str(Path(folder, "tokens"))]
        seconds = seconds_of(
            lambda: subprocess.run(command, check=True, capture_output=True)
        )
    # Of the largest child so far: there was but one.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    told(f"{size:,.0f} MB of text: {seconds:.0f} s ({size / seconds:.1f} MB/s), "
         f"{peak:.0f} MiB of memory")  # fmt: skip


def write_large(path: Path, texts: list[str], size: float) -> None:
    """Paragraphs in new combinations until the file has that size."""
    written, number = 0, 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            for text in texts:
                line = f"{number} {text}\n\n"
                written += len(line.encode())
                file.write(line)
                number += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", required=True, help="release of poetry")
    parser.add_argument("--novels", help="Chinese texts")
    parser.add_argument("--english", help="English texts")
    parser.add_argument("--gigabytes", type=float, default=0, help="size of a text")
    arguments = parser.parse_args()
    if arguments.novels and arguments.gigabytes:
        prepare_gigabytes(arguments.novels, arguments.gigabytes)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KERAS_GPT2_CACHE"] = folder
        tokens = cache_poems(arguments.data_dir)
        if arguments.novels:
            texts = texts_of(arguments.novels)
            compare_tokenizers("Chinese", texts, tokens.tokenizer)
        if arguments.english:
            texts = texts_of(arguments.english)
            own = byte_pairs(*build_byte_pairs(texts, 16_000))
            compare_tokenizers("English", texts, own)
        documents = open_corpus("poetry", arguments.data_dir).read().documents
        write_poems(tokens, dict(documents))
        backend.choose()
        measure_batching(tokens, documents[Split.TRAIN])


if __name__ == "__main__":
    main()
