"""Byte-level BPE of GPT-2, on which text cannot play at being a control token."""

import keras_hub


def as_plain_text(
    tokenizer: keras_hub.tokenizers.GPT2Tokenizer,
) -> keras_hub.tokenizers.GPT2Tokenizer:
    """The same tokenizer, to which "<|endoftext|>" in a text is ordinary text.

    KerasHub's own gives it the id of the end token, so that a corpus or a prompt can
    end a document (tiktoken refuses such text unless asked). Still a stock
    `GPT2Tokenizer`: presets saved with it open in KerasHub.

    Args:
        tokenizer: GPT2Tokenizer with its vocabulary.

    Returns:
        GPT2Tokenizer with equal ids for all other text.
    """
    config = {**tokenizer.get_config(), "unsplittable_tokens": []}
    plain = type(tokenizer).from_config(config)
    plain.set_vocabulary_and_merges(tokenizer.vocabulary, tokenizer.merges)
    return plain
