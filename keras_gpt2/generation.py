"""Model and sampler into text."""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import keras_hub
import numpy as np
from keras import ops

from keras_gpt2.errors import UsageError
from keras_gpt2.samplers import load_sampler
from keras_gpt2.samplers._banned import BannedTokens
from keras_gpt2.script import convert, detect, mend
from keras_gpt2.tokenizers import FastTokenizer

SEEDS = 2**32


@dataclass(frozen=True)
class GeneratedText:
    """One continuation.

    Args:
        prompt: str. As it was given.
        text: str. What the model added; prompt + text is the whole.
        seed: int. Gives the same text again, with the same model and settings.
        sampler: str. Name of the sampler.
    """

    prompt: str
    text: str
    seed: int
    sampler: str

    def to_dict(self) -> dict:
        """Plain values, for JSON."""
        return asdict(self)


class TextGenerator:
    """Continues texts.

    The model's optimizer and compiled loss are left as they are.

    Args:
        model: GPT2CausalLM with its preprocessor.
        sampler: str. Name of a sampler.
        **settings: of the sampler: temperature, top_k, top_p.

    Example:

    >>> generator = TextGenerator(load_model("tang"), "top_p")  # doctest: +SKIP
    >>> generator.generate(["春眠不觉晓"], seed=0)[0].text  # doctest: +SKIP
    """

    def __init__(
        self, model: keras_hub.models.GPT2CausalLM, sampler="top_p", **settings
    ):
        self.model = model
        self.tokenizer = model.preprocessor.tokenizer
        self.name = sampler
        if settings.get("top_k"):  # more candidates than tokens are all of them
            size = self.tokenizer.vocabulary_size()
            settings["top_k"] = min(settings["top_k"], size)
        self.sampler = BannedTokens(
            load_sampler(sampler, **settings), banned(self.tokenizer)
        )
        # `compile(sampler=)` would do the same and forget the optimizer's state.
        model.sampler = self.sampler
        model.generate_function = None
        self.step = model.make_generate_function()

    @property
    def context(self) -> int:
        """Most tokens of prompt and text together."""
        return self.model.backbone.max_sequence_length

    @property
    def script(self) -> str:
        """Script the model writes, or ""."""
        return getattr(self.tokenizer, "script", "")

    def generate(
        self,
        prompts: Sequence[str],
        *,
        num_samples: int = 1,
        seed: int | None = None,
        max_new_tokens: int | None = None,
        script: str | None = None,
    ) -> list[GeneratedText]:
        """Continue each prompt up to the end of the text.

        Args:
            prompts: sequence of str. "" starts from the start token alone.
            num_samples: int. Texts per prompt; sample i uses seed + i.
            seed: int, or None to draw one.
            max_new_tokens: int, or None for as many as the context holds.
            script: "simplified" or "traditional", or None for the prompt's.

        Returns:
            list of GeneratedText, prompt by prompt.

        Raises:
            UsageError: if a prompt fills the context.
        """
        seed = random.randrange(SEEDS - num_samples) if seed is None else seed
        if not 0 <= seed <= SEEDS - num_samples:
            raise UsageError(f"`seed` must be in [0, 2**32). Received: seed={seed}")
        return [
            self._continue(prompt, seed + sample, max_new_tokens, script)
            for prompt in prompts
            for sample in range(num_samples)
        ]

    def unknown_share(self, prompt: str) -> float:
        """Share of a prompt's tokens that stand for what the model does not know."""
        prompt = mend(prompt)
        known = convert(prompt, self.script) if self._is_foreign(prompt) else prompt
        return unknown_share(self.tokenizer.fast, known)

    def _is_foreign(self, prompt: str) -> bool:
        return detect(prompt) not in ("", self.script) if self.script else False

    def _continue(self, prompt, seed, max_new_tokens, script) -> GeneratedText:
        prompt = mend(prompt)
        # Only if it must be: a conversion there and back can lose a character.
        is_foreign = self._is_foreign(prompt)
        known = convert(prompt, self.script) if is_foreign else prompt
        token_ids = self._complete(known, seed, max_new_tokens)
        text = self._new_text(known, token_ids)
        wanted = script or (detect(prompt) if is_foreign else self.script)
        if wanted != self.script:
            text = convert(text, wanted)
        return GeneratedText(prompt, text, seed, self.name)

    def _complete(self, prompt: str, seed: int, max_new_tokens: int | None):
        """Token ids of prompt and continuation, special tokens left out."""
        size = 1 + len(self.tokenizer.tokenize(prompt))
        if size >= self.context:
            raise UsageError(
                f"the prompt has {size - 1:,} tokens; with the start token it must "
                f"leave room in the context of {self.context:,}. Shorten it"
            )
        most = self.context - size if max_new_tokens is None else max_new_tokens
        inputs = self.model.preprocessor.generate_preprocess(
            [prompt], sequence_length=min(self.context, size + most)
        )
        self.model.sampler = self.sampler  # read when the step is traced, not made
        self.sampler.reseed(seed)
        end = [self.tokenizer.end_token_id]
        outputs = self.step(inputs, stop_token_ids=end)
        token_ids = ops.convert_to_numpy(outputs["token_ids"])[0]
        is_text = ops.convert_to_numpy(outputs["padding_mask"])[0]
        return [int(i) for i in token_ids[is_text] if i not in self._special()]

    def _special(self) -> set[int]:
        return set(self.tokenizer.special_token_ids)

    def _new_text(self, prompt: str, token_ids: list[int]) -> str:
        size = len(self.tokenizer.tokenize(prompt))
        head = self.tokenizer.detokenize(token_ids[:size]) if size else ""
        return self.tokenizer.detokenize(token_ids)[len(head) :] if token_ids else ""


def unknown_share(fast: FastTokenizer, text: str) -> float:
    """Share of a text's tokens that are the unknown token.

    >>> from keras_gpt2.tokenizers import wordpiece
    >>> tokenizer = wordpiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "春", "眠"])
    >>> unknown_share(tokenizer, "春眠不觉")
    0.5
    """
    (ids,) = fast.encode([text])
    if fast.unknown_token_id is None or not len(ids):
        return 0.0
    return float((ids == fast.unknown_token_id).mean())


def banned(tokenizer) -> np.ndarray:
    """Tokens that are never text: the special ones and [UNK], but not the end.

    Returns:
        bool array (vocabulary,).
    """
    is_banned = np.zeros(tokenizer.vocabulary_size(), bool)
    is_banned[tokenizer.special_token_ids] = True
    unknown = getattr(tokenizer, "oov_token", None)
    if unknown:
        is_banned[tokenizer.token_to_id(unknown)] = True
    is_banned[tokenizer.end_token_id] = False
    return is_banned
