"""Text to token ids and back: WordPiece for Chinese, byte-level BPE for English."""

from keras_gpt2.tokenizers._coverage import Counting, Coverage
from keras_gpt2.tokenizers._fast import (
    FastTokenizer,
    byte_pairs,
    load_tokenizer,
    wordpiece,
)
from keras_gpt2.tokenizers._vocabulary import (
    build_byte_pairs,
    build_wordpiece,
    extend,
)
from keras_gpt2.tokenizers._words import read_vocabulary

__all__ = [
    "Counting",
    "Coverage",
    "FastTokenizer",
    "build_byte_pairs",
    "build_wordpiece",
    "byte_pairs",
    "extend",
    "load_tokenizer",
    "read_vocabulary",
    "wordpiece",
]
