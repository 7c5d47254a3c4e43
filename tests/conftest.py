"""Fixtures of all tests: a tiny model, the bundled sample, real releases."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # read when Keras is imported
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from keras_gpt2.corpora import Reading, Split, open_corpus, sample_folder

# Real text in each released layout; it stands beside the checkout where it stands.
SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Tokens are cached among the tests' own files."""
    os.environ["KERAS_GPT2_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def sample_poems() -> list[str]:
    """Training documents of the bundled sample."""
    sample = open_corpus("poetry", str(sample_folder("poetry")))
    return list(sample.read().documents[Split.TRAIN])


@pytest.fixture(scope="session")
def make_tiny_model(sample_poems) -> Callable:
    """make_tiny_model(**options): a new model, the same each time.

    Two layers, width 32, two heads, context 64; the vocabulary of the bundled sample.
    Options are those of `keras_gpt2.models.new_model`.
    """
    import keras

    from keras_gpt2.models import new_model
    from keras_gpt2.presets import Scratch
    from keras_gpt2.tokenizers import build_wordpiece, wordpiece

    tokenizer = wordpiece(build_wordpiece(sample_poems, min_count=2))

    def make(**options):
        keras.utils.set_random_seed(0)
        options = {"script": "traditional", "sequence_length": 64, **options}
        return new_model(Scratch(2, 32, 2), tokenizer, **options)

    return make


@pytest.fixture(scope="session")
def tiny_model(make_tiny_model):
    """One tiny model for tests that leave its weights alone."""
    return make_tiny_model()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real releases."""
    if not SHARED.is_dir():
        pytest.skip(f"wants the real corpora in {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def tang(shared_data) -> Reading:
    """All of the Tang poems."""
    return open_corpus("poetry", str(shared_data / "chinese-poetry")).read()
