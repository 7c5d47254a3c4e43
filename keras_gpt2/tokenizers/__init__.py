"""Text to token ids and back: WordPiece for Chinese, byte-level BPE for English."""

from keras_gpt2.tokenizers._fast import FastTokenizer, byte_pairs, wordpiece
from keras_gpt2.tokenizers._vocabulary import build_wordpiece
from keras_gpt2.tokenizers._words import read_vocabulary

__all__ = [
    "FastTokenizer",
    "build_wordpiece",
    "byte_pairs",
    "read_vocabulary",
    "wordpiece",
]
