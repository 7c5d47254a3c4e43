"""Any model name in, a `GPT2CausalLM` with its preprocessor out, and back to disk."""

import json
import os
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import keras
import keras_hub
import numpy as np

from keras_gpt2.errors import InputError
from keras_gpt2.presets import FACTS_FILE, ModelSource, Scratch, find
from keras_gpt2.tokenizers import FastTokenizer
from keras_gpt2.tokenizers.chinese import (
    ChineseGPT2CausalLMPreprocessor,
    ChineseTokenizer,
)
from keras_gpt2.tokenizers.english import EnglishTokenizer, as_plain_text, as_stock

# How libraries say that there is no network, and where they name the host.
OFFLINE = re.compile(
    r"Max retries|NameResolution|ConnectionError|resolve|unreachable|timed out", re.I
)
HOST = re.compile(r"host='([^']+)'|https?://([\w.-]+)")


def load_model(
    name: str | ModelSource,
    *,
    dtype: str = "float32",
    dropout: float | None = None,
    sequence_length: int | None = None,
) -> keras_hub.models.GPT2CausalLM:
    """A model by name, with its preprocessor.

    Args:
        name: str. Any name `keras_gpt2.presets.find` knows, but no `scratch:`.
        dtype: str. Keras dtype policy of the backbone.
        dropout: float or None. None keeps the preset's.
        sequence_length: int or None. Of the preprocessor; at most the context, which
            None takes.

    Raises:
        UsageError: if there is no such model.
        InputError: if its files cannot be had or read.
    """
    source = find(name) if isinstance(name, str) else name
    model = (
        load_keras_file(source) if source.is_keras_file else load_preset(source, dtype)
    )
    if dropout not in (None, model.backbone.dropout):
        model = with_dropout(model, dropout)
    context, preprocessor = model.backbone.max_sequence_length, model.preprocessor
    preprocessor.sequence_length = min(sequence_length or context, context)
    if type(preprocessor.tokenizer) is keras_hub.tokenizers.GPT2Tokenizer:
        preprocessor.tokenizer = as_plain_text(preprocessor.tokenizer)
        preprocessor.tokenizer.script = source.facts().get("script", "")
    return model


def load_fast(source: ModelSource) -> FastTokenizer:
    """A model's tokenizer alone.

    Raises:
        InputError: if its files cannot be had or read.
    """
    if source.is_keras_file:
        return load_keras_file(source).preprocessor.tokenizer.fast
    try:
        stock = keras_hub.models.GPT2Tokenizer.from_preset(source.name)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(unavailable(source, error)) from error
    return as_plain_text(stock).fast


def load_preset(source: ModelSource, dtype: str) -> keras_hub.models.GPT2CausalLM:
    """A model in KerasHub's layout: a folder, or by name from where KerasHub looks."""
    try:
        return keras_hub.models.GPT2CausalLM.from_preset(
            str(source.path or source.name), dtype=dtype
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(unavailable(source, error)) from error


def load_keras_file(source: ModelSource) -> keras_hub.models.GPT2CausalLM:
    """A model saved by `model.save`, compiled anew: KerasHub keeps no compile state."""
    try:
        model = keras.saving.load_model(source.path, compile=False)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(unavailable(source, error)) from error
    model.compile()
    return model


def with_dropout(
    model: keras_hub.models.GPT2CausalLM, dropout: float
) -> keras_hub.models.GPT2CausalLM:
    """The same model with another dropout rate.

    Made anew, since KerasHub hands no such setting on to a preset's backbone, and a
    Dropout layer made with rate 0 has no random numbers.
    """
    config = {**model.backbone.get_config(), "dropout": dropout}
    backbone = type(model.backbone).from_config(config)
    backbone.set_weights(model.backbone.get_weights())
    return type(model)(backbone, model.preprocessor)


def why(error: Exception) -> str:
    """A library's long message in a few words.

    >>> why(OSError("HTTPSConnectionPool(host='a.com', port=443): Max retries"))
    'no network to a.com'
    """
    text = " ".join(str(error).split()) or type(error).__name__
    host = HOST.search(text)
    if host and OFFLINE.search(text):
        return f"no network to {host[1] or host[2]}"
    first = re.split(r"(?<=[.;])\s", text)[0]
    return first if len(first) <= 200 else first[:200].rsplit(" ", 1)[0] + " ..."


def with_vocabulary(
    model: keras_hub.models.GPT2CausalLM, fast: FastTokenizer
) -> keras_hub.models.GPT2CausalLM:
    """The same model with a longer vocabulary; new rows are the mean of the old.

    The rows serve as input and output embedding, so that every new token starts with a
    mean logit: probable enough to be learnt, too improbable to disturb.

    Args:
        model: GPT2CausalLM.
        fast: FastTokenizer. Begins with the model's own vocabulary.

    Raises:
        InputError: if it does not.

    Reference: Hewitt 2021, https://nlp.stanford.edu/~johnhew/vocab-expansion.html
    """
    old, script = model.preprocessor.tokenizer.fast, model.preprocessor.tokenizer.script
    if list(fast.vocabulary[: old.vocabulary_size]) != list(old.vocabulary):
        raise InputError(
            f"the tokens are of another vocabulary ({fast.vocabulary_size:,} tokens) "
            f"than the model ({old.vocabulary_size:,}). Prepare them with this --preset"
        )
    config = model.backbone.get_config() | {"vocabulary_size": fast.vocabulary_size}
    backbone = type(model.backbone).from_config(config)
    missing = fast.vocabulary_size - old.vocabulary_size
    for new, value in zip(backbone.weights, model.backbone.get_weights(), strict=True):
        if new.shape != value.shape:
            mean = value.mean(axis=0, keepdims=True)
            value = np.concatenate([value, np.repeat(mean, missing, axis=0)])
        new.assign(value)
    length = model.preprocessor.sequence_length
    return type(model)(backbone, new_preprocessor(fast, script, length))


def unavailable(source: ModelSource, error: Exception) -> str:
    """One line on why a model's files cannot be used."""
    reason = why(error)
    if source.path:
        return f"{source.path} cannot be loaded ({reason}). Take a fresh copy"
    return (
        f"'{source.name}' is not on this disk and could not be downloaded ({reason}). "
        "Connect once, or name a folder that holds it"
    )


def new_model(
    size: Scratch,
    fast: FastTokenizer,
    *,
    script: str = "",
    sequence_length: int = 1024,
    dropout: float = 0.1,
    dtype: str = "float32",
) -> keras_hub.models.GPT2CausalLM:
    """A GPT-2 with random weights.

    Args:
        size: Scratch. Layers, width and heads.
        fast: FastTokenizer. Its vocabulary becomes the model's.
        script: str. Script of the texts, for the tokenizer to remember.
        sequence_length: int. Context, in tokens.
        dropout: float. Dropout rate.
        dtype: str. Keras dtype policy.
    """
    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=fast.vocabulary_size,
        num_layers=size.layers,
        num_heads=size.heads,
        hidden_dim=size.width,
        intermediate_dim=4 * size.width,
        dropout=dropout,
        max_sequence_length=sequence_length,
        dtype=dtype,
    )
    preprocessor = new_preprocessor(fast, script, sequence_length)
    return keras_hub.models.GPT2CausalLM(backbone, preprocessor)


def new_preprocessor(
    fast: FastTokenizer, script: str, sequence_length: int
) -> keras_hub.models.GPT2CausalLMPreprocessor:
    """KerasHub's preprocessor with the tokenizer that gives the same ids."""
    if fast.is_wordpiece:
        tokenizer = ChineseTokenizer(fast.vocabulary, script, **fast.options)
        return ChineseGPT2CausalLMPreprocessor(tokenizer, sequence_length)
    ids = {token: number for number, token in enumerate(fast.vocabulary)}
    tokenizer = EnglishTokenizer(ids, list(fast.merges or ()), script)
    return keras_hub.models.GPT2CausalLMPreprocessor(tokenizer, sequence_length)


def save_model(
    model: keras_hub.models.GPT2CausalLM, folder: Path, facts: dict[str, Any]
) -> None:
    """Save as a KerasHub preset, whole or not at all.

    Args:
        model: GPT2CausalLM with its preprocessor.
        folder: Path. Must not exist.
        facts: dict. Language, script, corpus, sampler: kept beside KerasHub's files.
    """
    partial = folder.with_name(f".{folder.name}-{os.getpid()}")
    partial.mkdir(parents=True)
    try:
        with_stock_classes(model).save_to_preset(str(partial))
        text = json.dumps(facts, ensure_ascii=False, indent=2)
        (partial / FACTS_FILE).write_text(text + "\n", encoding="utf-8")
        os.replace(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def with_stock_classes(
    model: keras_hub.models.GPT2CausalLM,
) -> keras_hub.models.GPT2CausalLM:
    """The same weights in classes of KerasHub alone, where it has any that will do."""
    preprocessor = model.preprocessor
    if not isinstance(preprocessor.tokenizer, EnglishTokenizer):
        return model
    stock = keras_hub.models.GPT2CausalLMPreprocessor(
        as_stock(preprocessor.tokenizer), preprocessor.sequence_length
    )
    return keras_hub.models.GPT2CausalLM(model.backbone, stock)


def logits(model: keras_hub.models.GPT2CausalLM, x) -> np.ndarray:
    """Next-token logits at every position.

    Args:
        model: GPT2CausalLM.
        x: list of str, or a batch of "token_ids" and "padding_mask" (batch, length).

    Returns:
        float array (batch, length, vocabulary).
    """
    if not isinstance(x, dict):
        x, _, _ = keras.utils.unpack_x_y_sample_weight(model.preprocessor(x))
    return keras.ops.convert_to_numpy(model(x, training=False))
