"""Text to token ids and back by Hugging Face's `tokenizers`: no Keras is needed here.

What KerasHub's tokenizers give inside tf.data, this gives in a process of 60 MB, and
is the reference they are tested against.
"""

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers

from keras_gpt2.errors import InputError, StorageError
from keras_gpt2.tokenizers._alone import AloneTable
from keras_gpt2.tokenizers._word_cache import WordCache
from keras_gpt2.tokenizers._words import END_OF_TEXT, LINE_TOKEN, join, split_vocabulary

# Longer words become [UNK]: the default of BERT's tokenizer, in characters.
MAX_WORD = 100
# Texts of more characters are tokenized in pieces.
LONG = 2**20
LINE_END = re.compile(r"(?<=\S)\n")
BERT_SPECIAL = ("[CLS]", "[SEP]", "[PAD]", "[UNK]")
# KerasHub's layout of a preset, which a folder of ours follows.
CONFIG_FILE = "tokenizer.json"
ASSETS = Path("assets", "tokenizer")
WORDPIECE_CLASS = "ChineseTokenizer"
BYTE_PAIR_CLASSES = ("EnglishTokenizer", "GPT2Tokenizer")


@dataclass(frozen=True, eq=False)
class FastTokenizer:
    """A tokenizer of plain text: no string in a text gives a control token.

    Args:
        engine: tokenizers.Tokenizer. Makes the ids.
        encoder: AloneTable or WordCache. Makes the same ids quicker.
        vocabulary: sequence of str. Tokens in the order of their ids.
        start_token_id: int. Begins a document.
        end_token_id: int. Ends a document; GPT-2's begins the next one too.
        pad_token_id: int. Fills what is left of a row.
        unknown_token_id: int or None. Stands for what the vocabulary lacks.
        merges: sequence of str, or None for WordPiece. Of byte-level BPE, two tokens
            with a space between.
        options: mapping. Flags of BERT's tokenizer, by name.

    Example:

    >>> tokenizer = wordpiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "春", "眠"])
    >>> tokenizer.encode(["春眠", "眠 !"])
    [array([4, 5], dtype=int32), array([5, 1], dtype=int32)]
    >>> tokenizer.decode([4, 5])
    '春眠'
    """

    engine: tokenizers.Tokenizer
    encoder: AloneTable | WordCache
    vocabulary: Sequence[str]
    start_token_id: int
    end_token_id: int
    pad_token_id: int
    unknown_token_id: int | None = None
    merges: Sequence[str] | None = None
    options: Mapping[str, bool] = field(default_factory=dict)

    @property
    def is_wordpiece(self) -> bool:
        return self.merges is None

    @property
    def vocabulary_size(self) -> int:
        return len(self.vocabulary)

    @functools.cached_property
    def fingerprint(self) -> str:
        """sha256 of all that decides the ids."""
        facts = [list(self.vocabulary), list(self.merges or ()), dict(self.options)]
        text = json.dumps(facts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def encode_flat(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Token ids of texts, one after the other; lone surrogates become U+FFFD.

        Args:
            texts: sequence of str.

        Returns:
            ids: int32 array (tokens,).
            counts: int64 array (texts,). Tokens of each text.
        """
        texts = [as_unicode(text) for text in texts]
        if max(map(len, texts), default=0) <= LONG:
            return self.encoder.encode(texts)
        pieces = [cut(text) for text in texts]
        rows = [self.encoder.encode([piece])[0] for row in pieces for piece in row]
        sizes = np.array([len(row) for row in rows])
        ends = np.cumsum([len(row) for row in pieces])
        counts = np.array([part.sum() for part in np.split(sizes, ends[:-1])], "int64")
        return np.concatenate(rows), counts

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token ids of each text, special ones left out.

        Returns:
            list of int32 arrays (tokens,).
        """
        ids, counts = self.encode_flat(texts)
        return np.split(ids, np.cumsum(counts)[:-1]) if len(counts) else []

    def decode(self, ids: Iterable[int]) -> str:
        """Text of token ids."""
        if self.is_wordpiece:
            return join([self.vocabulary[token_id] for token_id in ids])
        return self.engine.decode(list(map(int, ids)), skip_special_tokens=False)

    def save(self, folder: Path) -> None:
        """Write the files of KerasHub's layout into a folder."""
        assets = folder / ASSETS
        assets.mkdir(parents=True)
        name = WORDPIECE_CLASS if self.is_wordpiece else BYTE_PAIR_CLASSES[0]
        config = {"class_name": name, "config": dict(self.options)}
        texts = {folder / CONFIG_FILE: json.dumps(config)}
        if self.is_wordpiece:
            texts[assets / "vocabulary.txt"] = "\n".join(self.vocabulary)
        else:
            ids = {token: number for number, token in enumerate(self.vocabulary)}
            texts[assets / "vocabulary.json"] = json.dumps(ids)
            texts[assets / "merges.txt"] = "\n".join(self.merges or ())
        for path, text in texts.items():
            path.write_bytes(f"{text}\n".encode())


def cut(text: str) -> list[str]:
    """A long text in pieces with the same tokens: no word goes across a line's end.

    >>> cut("a\\n b"), "".join(cut("春眠\\n" * LONG)) == "春眠\\n" * LONG
    (['a\\n b'], True)
    """
    starts = [0]
    for match in LINE_END.finditer(text, LONG):
        if match.start() - starts[-1] >= LONG:
            starts.append(match.start())
    return [text[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]


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

    Raises:
        InputError: if a special token is missing.
    """
    ids = {token: number for number, token in enumerate(vocabulary)}
    if missing := [token for token in BERT_SPECIAL if token not in ids]:
        raise InputError(
            f"a WordPiece vocabulary needs {', '.join(BERT_SPECIAL)}. Missing: "
            f"{', '.join(missing)}, in one of {len(vocabulary):,} tokens"
        )
    engine = tokenizers.Tokenizer(
        models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=MAX_WORD)
    )
    bert = normalizers.BertNormalizer(
        lowercase=do_lower_case, handle_chinese_chars=tokenize_chinese_chars
    )
    line = normalizers.Replace(tokenizers.Regex("\r?\n"), f" {LINE_TOKEN} ")
    steps = [line, bert] if LINE_TOKEN in ids else [bert]
    engine.normalizer = normalizers.Sequence(steps)
    engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return FastTokenizer(
        engine,
        AloneTable(engine),
        vocabulary,
        ids["[CLS]"],
        ids["[SEP]"],
        ids["[PAD]"],
        ids["[UNK]"],
        options={
            "do_lower_case": do_lower_case,
            "tokenize_chinese_chars": tokenize_chinese_chars,
        },
    )


def byte_pairs(vocabulary: Mapping[str, int], merges: Sequence[str]) -> FastTokenizer:
    """GPT-2's byte-level BPE.

    Args:
        vocabulary: mapping of token to id, from 0 without a gap.
        merges: sequence of str, two tokens with a space between.

    Raises:
        InputError: if the end token is missing.
    """
    if END_OF_TEXT not in vocabulary:
        raise InputError(
            f"a GPT-2 vocabulary needs {END_OF_TEXT}. Received {len(vocabulary):,} "
            "tokens without it"
        )
    merges = [merge for merge in merges if merge and "#version" not in merge]
    pairs = [merge.partition(" ") for merge in merges]
    rules = [(left, right) for left, _, right in pairs]
    for left, right in rules:
        if not {left, right, left + right} <= vocabulary.keys():
            raise InputError(
                f"the merge '{left} {right}' needs tokens that the vocabulary of "
                f"{len(vocabulary):,} lacks. Take both files from the same place"
            )
    if sorted(vocabulary.values()) != list(range(len(vocabulary))):
        raise InputError(
            f"the ids of a vocabulary must be 0 to {len(vocabulary) - 1:,}, each once. "
            "Take a fresh copy"
        )
    engine = tokenizers.Tokenizer(models.BPE(vocab=dict(vocabulary), merges=rules))
    engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    engine.decoder = decoders.ByteLevel()
    end = vocabulary[END_OF_TEXT]
    tokens = sorted(vocabulary, key=lambda token: vocabulary[token])
    # KerasHub pads GPT-2 with 0; the mask tells such a 0 from "!".
    return FastTokenizer(engine, WordCache(engine), tokens, end, end, 0, merges=merges)


def load_tokenizer(folder: Path) -> FastTokenizer:
    """The tokenizer of a preset folder in KerasHub's layout.

    Raises:
        InputError: if there is none, or none of a kind known here.
        StorageError: if its files cannot be read.
    """
    try:
        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        kind, options = config["class_name"], config["config"]
        assets = folder / ASSETS
        if kind == WORDPIECE_CLASS:
            text = (assets / "vocabulary.txt").read_bytes().decode()
            flags = ("do_lower_case", "tokenize_chinese_chars")
            known = {flag: options[flag] for flag in flags if flag in options}
            return wordpiece(split_vocabulary(text), **known)
        if kind in BYTE_PAIR_CLASSES:
            vocabulary = json.loads((assets / "vocabulary.json").read_bytes())
            merges = (assets / "merges.txt").read_bytes().decode()
            return byte_pairs(vocabulary, merges.splitlines())
    except FileNotFoundError as error:
        raise InputError(
            f"{folder} holds no tokenizer (no {Path(error.filename).name}). Name a "
            "preset folder"
        ) from error
    except OSError as error:
        raise StorageError(
            f"cannot read {error.filename} ({error.strerror})"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"the tokenizer in {folder} is damaged: {error}") from error
    raise InputError(
        f"{folder} has a tokenizer of class {kind}. Known: {WORDPIECE_CLASS}, "
        f"{', '.join(BYTE_PAIR_CLASSES)}"
    )
