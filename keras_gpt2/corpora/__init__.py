"""Text in: each file of this folder is a corpus, read as it is really released."""

from keras_gpt2.corpora._corpus import (
    Corpus,
    Reading,
    ReadReport,
    Row,
    Split,
    split_of,
)
from keras_gpt2.corpora._open import (
    corpus_class,
    is_sample,
    names,
    on_disk,
    open_corpus,
    release_folder,
    sample_folder,
)

__all__ = [
    "Corpus",
    "ReadReport",
    "Reading",
    "Row",
    "Split",
    "corpus_class",
    "is_sample",
    "names",
    "on_disk",
    "open_corpus",
    "release_folder",
    "sample_folder",
    "split_of",
]
