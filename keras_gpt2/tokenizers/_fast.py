"""Text to token ids and back by Hugging Face's `tokenizers`: no Keras is needed here.

What KerasHub's tokenizers give inside tf.data, this gives in a process of 60 MB, and
is the reference they are tested against.
"""

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers

from keras_gpt2.tokenizers._alone import AloneTable
from keras_gpt2.tokenizers._words import END_OF_TEXT, LINE_TOKEN, join

# Longer words become [UNK]: the default of BERT's tokenizer, in characters.
MAX_WORD = 100


@dataclass(frozen=True)
class FastTokenizer:
    """A tokenizer of plain text: no string in a text gives a control token.

    Args:
        engine: tokenizers.Tokenizer. Makes the ids.
        start_token_id: int. Begins a document.
        end_token_id: int. Ends a document; GPT-2's begins the next one too.
        pad_token_id: int. Fills what is left of a row.
        unknown_token_id: int or None. Stands for what the vocabulary lacks.
        table: AloneTable or None. Quick way for characters that stand alone.

    Example:

    >>> tokenizer = wordpiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "春", "眠"])
    >>> tokenizer.encode(["春眠", "眠 !"])
    [array([4, 5], dtype=int32), array([5, 1], dtype=int32)]
    >>> tokenizer.decode([4, 5])
    '春眠'
    """

    engine: tokenizers.Tokenizer
    start_token_id: int
    end_token_id: int
    pad_token_id: int
    unknown_token_id: int | None = None
    table: AloneTable | None = field(default=None, repr=False)

    @property
    def vocabulary_size(self) -> int:
        return self.engine.get_vocab_size()

    @functools.cached_property
    def fingerprint(self) -> str:
        """sha256 of all that decides the ids."""
        special = (self.start_token_id, self.end_token_id, self.pad_token_id)
        return hashlib.sha256(f"{self.engine.to_str()}{special}".encode()).hexdigest()

    def encode_flat(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Token ids of texts, one after the other; lone surrogates become U+FFFD.

        Args:
            texts: sequence of str.

        Returns:
            ids: int32 array (tokens,).
            counts: int64 array (texts,). Tokens of each text.
        """
        texts = [as_unicode(text) for text in texts]
        if self.table:
            return self.table.encode(texts)
        rows = [encoding.ids for encoding in self.engine.encode_batch_fast(texts)]
        counts = np.fromiter(map(len, rows), "int64", len(rows))
        flat = (token_id for row in rows for token_id in row)
        return np.fromiter(flat, "int32", int(counts.sum())), counts

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token ids of each text, special ones left out.

        Returns:
            list of int32 arrays (tokens,).
        """
        ids, counts = self.encode_flat(texts)
        return np.split(ids, np.cumsum(counts)[:-1]) if len(counts) else []

    def decode(self, ids: Sequence[int]) -> str:
        """Text of token ids."""
        if self.engine.decoder is not None:
            return self.engine.decode(list(map(int, ids)), skip_special_tokens=False)
        tokens = (self.engine.id_to_token(int(token_id)) for token_id in ids)
        return join([token for token in tokens if token is not None])


def as_unicode(text: str) -> str:
    """The text with U+FFFD for lone surrogates, which no encoding has."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def wordpiece(
    vocabulary: Sequence[str],
    do_lower_case: bool = True,
    tokenize_chinese_chars: bool = True,
) -> FastTokenizer:
    """BERT's WordPiece; a line end is a token if `LINE_TOKEN` is in the vocabulary.

    Args:
        vocabulary: sequence of str. Tokens, in the order of their ids.
        do_lower_case: bool. Lower-case, and strip accents.
        tokenize_chinese_chars: bool. Make each hanzi a word.
    """
    ids = {token: number for number, token in enumerate(vocabulary)}
    model = models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=MAX_WORD)
    engine = tokenizers.Tokenizer(model)
    bert = normalizers.BertNormalizer(
        lowercase=do_lower_case, handle_chinese_chars=tokenize_chinese_chars
    )
    line = normalizers.Replace(tokenizers.Regex("\r?\n"), f" {LINE_TOKEN} ")
    steps = [line, bert] if LINE_TOKEN in ids else [bert]
    engine.normalizer = normalizers.Sequence(steps)
    engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = (ids.get(name, 0) for name in ("[CLS]", "[SEP]", "[PAD]", "[UNK]"))
    return FastTokenizer(engine, *special, table=AloneTable(engine))


def byte_pairs(vocabulary: Mapping[str, int], merges: Sequence[str]) -> FastTokenizer:
    """GPT-2's byte-level BPE.

    Args:
        vocabulary: mapping of token to id, with "<|endoftext|>".
        merges: sequence of str, two tokens with a space between.
    """
    pairs = [merge.partition(" ") for merge in merges if "#version" not in merge]
    rules = [(left, right) for left, _, right in pairs]
    engine = tokenizers.Tokenizer(models.BPE(vocab=dict(vocabulary), merges=rules))
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    engine.decoder = decoders.ByteLevel()
    end = vocabulary[END_OF_TEXT]
    # KerasHub pads GPT-2 with 0; the mask tells such a 0 from "!".
    return FastTokenizer(engine, end, end, 0)


def parse_byte_pairs(vocabulary: str, merges: str) -> FastTokenizer:
    """GPT-2's byte-level BPE from the text of its two files."""
    lines = [line for line in merges.split("\n") if line]
    return byte_pairs(json.loads(vocabulary), lines)
