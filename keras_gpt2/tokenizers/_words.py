"""Words that both Chinese tokenizers, KerasHub's and the plain one, are made of."""

import os
import re

import tokenizers

# Stands for a line end in vocabularies of our own; BERT's own drop line ends.
LINE_TOKEN = "\N{SYMBOL FOR NEWLINE}"
SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
END_OF_TEXT = "<|endoftext|>"
LATIN = re.compile(r"[0-9A-Za-z]")


def join(tokens: list[str]) -> str:
    """Text of WordPiece tokens: spaces only between Latin words.

    >>> join(["我", "爱", "gp", "##t", "2", "和", "ke", "##ras"])
    '我爱gpt 2和keras'
    """
    text = ""
    for token in tokens:
        if token == LINE_TOKEN:
            text += "\n"
        elif token.startswith("##") and len(token) > 2:
            text += token[2:]
        else:
            spaced = LATIN.match(token) and LATIN.match(text[-1:])
            text += f" {token}" if spaced else token
    return text


def words(engine: tokenizers.Tokenizer, text: str) -> list[str]:
    """Words of a text, cleaned up, before WordPiece looks for pieces in them."""
    assert engine.normalizer and engine.pre_tokenizer
    normal = engine.normalizer.normalize_str(text)
    return [word for word, _ in engine.pre_tokenizer.pre_tokenize_str(normal)]


def normalize(engine: tokenizers.Tokenizer, text: str) -> str:
    """The text as it comes back from its tokens, if none of them is unknown."""
    return join(words(engine, text))


def split_vocabulary(text: str) -> list[str]:
    """Tokens of a vocabulary file's text, one per line.

    Lines end at "\\n", or "\\r\\n" where KerasHub saved it on Windows, and nowhere
    else: token 343 of bert-base-chinese is U+2028, a line end to `str.splitlines`.
    """
    return text.replace("\r\n", "\n").removesuffix("\n").split("\n")


def read_vocabulary(path: str | os.PathLike) -> list[str]:
    """Tokens of a vocabulary file."""
    with open(path, encoding="utf-8", newline="") as file:
        return split_vocabulary(file.read())
