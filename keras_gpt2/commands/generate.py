"""Continue a text, or write one."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from keras_gpt2 import backend, corpora, presets, samplers
from keras_gpt2.commandline import add_options
from keras_gpt2.config import GenerateConfig
from keras_gpt2.errors import UsageError
from keras_gpt2.files import decode, read_bytes, regular_file
from keras_gpt2.script import has_hanzi

DEFAULT_SAMPLER = "top_p"
# A prompt of which more than this share is unknown to the model tells it little. Rare
# characters of a real prompt stay below: one in five hanzi at most.
MANY_UNKNOWN = 0.3


def add_arguments(parser) -> None:
    """The flags of generation."""
    add_options(parser, GenerateConfig)


def run(given: dict[str, Any]) -> None:
    """Generate, and print the texts."""
    given["prompt"] = tuple(given.get("prompt", ()))
    config = GenerateConfig(**given)
    if config.sampler is not None:
        samplers.known_settings(config.sampler)  # refuses an unknown name at once
    prompts = list(config.prompt) + read_prompt(config)
    source = choose_model(config, prompts)
    facts = source.facts()
    sampler, settings = choose_sampler(config, facts)
    refuse_the_same_again(config, sampler)
    if config.title is not None:
        prompts = [title_prompt(config, facts)]
    name = backend.choose(config.backend)
    from keras_gpt2.console import Console
    from keras_gpt2.generation import TextGenerator
    from keras_gpt2.models import load_model

    console = Console()
    console.warn(backend.gpu_warning(name))
    console.say("model", f"{source.name}, {name}")
    generator = TextGenerator(load_model(source), sampler, **settings)
    console.warn(unknown_warning(source.name, prompts, generator.unknown_share))
    texts = generator.generate(
        prompts or [""],
        num_samples=config.num_samples,
        seed=config.seed,
        max_new_tokens=config.max_new_tokens,
        script=config.script,
    )
    shown = ", ".join(f"{key} {value}" for key, value in settings.items())
    console.say("sampler", f"{sampler} {shown}".rstrip())
    if config.json:
        shared = {"model": source.name, "settings": samplers.in_full(sampler, settings)}
        rows = [text.to_dict() | shared for text in texts]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    tell(texts, console, samplers.takes_chances(sampler))


def tell(texts, console, is_drawn: bool) -> None:
    """Print the texts, a blank line between two; on stderr each seed that matters."""
    from keras_gpt2.console import print_result

    for number, text in enumerate(texts):
        if number:
            print()
        if is_drawn:
            console.say("seed", str(text.seed))
        print_result(text.prompt + text.text)


def read_prompt(config: GenerateConfig) -> list[str]:
    """The whole of --prompt-file as one prompt; its last line end is the editor's."""
    if config.prompt_file is None:
        return []
    if config.prompt_file == "-":
        data, where = sys.stdin.buffer.read(), "the prompt on stdin"
    else:
        path = regular_file(Path(config.prompt_file), "Name a file")
        data, where = read_bytes(path), str(path)
    text = decode(data, where, remedy="save it as UTF-8")
    return [text.removesuffix("\n").removesuffix("\r")]


def choose_model(config: GenerateConfig, prompts: list[str]) -> presets.ModelSource:
    """The model asked for, else the newest run that fits, else a bundled preset."""
    if config.model is not None:
        source = presets.find(config.model)
        if source.scratch:
            raise UsageError(f"{config.model} has learnt nothing yet. Train it first")
        return source
    text = "".join(prompts) + (config.title or "")
    return presets.newest(language(text))


def language(text: str) -> str | None:
    """Language of a prompt, or None for a prompt of no words."""
    return "zh" if has_hanzi(text) else "en" if text.strip() else None


def choose_sampler(config: GenerateConfig, facts: dict) -> tuple[str, dict[str, Any]]:
    """Sampler and settings: as asked for, else the model's own, else top_p.

    The model's own temperature is for draws, and plays no part where nothing is drawn.
    """
    own = {"sampler": DEFAULT_SAMPLER, **facts.get("sampling", {})}
    name = config.sampler or own["sampler"]
    settings = {}
    if name == own["sampler"] or samplers.takes_chances(name):
        settings = {key: own.get(key) for key in samplers.known_settings(name)}
    for key in ("temperature", "top_k", "top_p"):
        if (asked := getattr(config, key)) is not None:
            settings[key] = asked
    return samplers.check_settings(name, settings)


def refuse_the_same_again(config: GenerateConfig, sampler: str) -> None:
    """Refuse several samples of a sampler that gives one.

    Raises:
        UsageError: names one that draws.
    """
    if config.num_samples > 1 and not samplers.takes_chances(sampler):
        is_cold = config.temperature is not None and config.temperature < samplers.COLD
        cause = "a temperature of 0" if is_cold else f"the sampler {sampler}"
        other = "a higher --temperature" if is_cold else f"--sampler {DEFAULT_SAMPLER}"
        raise UsageError(
            f"{cause} draws nothing: all {config.num_samples} samples would be the "
            f"same. Leave out --num-samples, or take {other}"
        )


def unknown_warning(
    model: str, prompts: list[str], unknown_share: Callable[[str], float]
) -> str:
    """One line if a model does not know much of a prompt, else "".

    Args:
        model: str. Its name.
        prompts: list of str.
        unknown_share: callable(prompt). Share of its tokens that are unknown.
    """
    shares = {prompt: unknown_share(prompt) for prompt in prompts}
    worst = max(shares, key=lambda prompt: shares[prompt], default="")
    if shares.get(worst, 0.0) <= MANY_UNKNOWN:
        return ""
    others = (presets.find(name) for name in presets.names() if name != model)
    wanted = language(worst)
    fitting = [other for other in others if other.facts().get("language") == wanted]
    remedy = f". Try --model {fitting[0].name}" if fitting else ""
    return f"{model} does not know {shares[worst]:.0%} of the prompt's tokens{remedy}"


def title_prompt(config: GenerateConfig, facts: dict) -> str:
    """Heading in the form of the corpus the model has learnt."""
    corpus = corpora.corpus_class(facts.get("corpus", "poetry"))
    return corpus.title_prompt(config.title or "", config.author or "")
