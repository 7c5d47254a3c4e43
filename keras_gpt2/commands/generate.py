"""Continue a text, or write one."""

import json
import sys
from pathlib import Path
from typing import Any

from keras_gpt2 import backend, corpora, presets, samplers
from keras_gpt2.commandline import add_options
from keras_gpt2.config import GenerateConfig
from keras_gpt2.errors import UsageError
from keras_gpt2.files import decode, read_text
from keras_gpt2.script import has_hanzi

DEFAULT_SAMPLER = "top_p"


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
    if config.title is not None:
        prompts = [title_prompt(config, facts)]
    name = backend.choose(config.backend)
    from keras_gpt2.console import Console, print_result
    from keras_gpt2.generation import TextGenerator
    from keras_gpt2.models import load_model

    console = Console()
    console.warn(backend.gpu_warning(name))
    console.say("model", f"{source.name}, {name}")
    generator = TextGenerator(load_model(source), sampler, **settings)
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
        rows = [text.to_dict() for text in texts]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for text in texts:
        console.say("seed", str(text.seed))
        print_result(text.prompt + text.text)


def read_prompt(config: GenerateConfig) -> list[str]:
    """The whole of --prompt-file as one prompt; its last line end is the editor's."""
    if config.prompt_file is None:
        return []
    if config.prompt_file == "-":
        text = decode(sys.stdin.buffer.read(), "the prompt on stdin")
    else:
        text = read_text(Path(config.prompt_file))
    return [text.removesuffix("\n").removesuffix("\r")]


def choose_model(config: GenerateConfig, prompts: list[str]) -> presets.ModelSource:
    """The model asked for, else the newest run that fits, else a bundled preset."""
    if config.model is not None:
        source = presets.find(config.model)
        if source.scratch:
            raise UsageError(f"{config.model} has learnt nothing yet. Train it first")
        return source
    text = "".join(prompts) + (config.title or "")
    return presets.newest("zh" if has_hanzi(text) else "en" if text.strip() else None)


def choose_sampler(config: GenerateConfig, facts: dict) -> tuple[str, dict[str, Any]]:
    """Sampler and settings: as asked for, else the model's own, else top_p."""
    own = {"sampler": DEFAULT_SAMPLER, **facts.get("sampling", {})}
    name = config.sampler or own["sampler"]
    settings = {key: own.get(key) for key in samplers.known_settings(name)}
    for key in ("temperature", "top_k", "top_p"):
        if (asked := getattr(config, key)) is not None:
            settings[key] = asked
    return samplers.check_settings(name, settings)


def title_prompt(config: GenerateConfig, facts: dict) -> str:
    """Heading in the form of the corpus the model has learnt."""
    corpus = corpora.corpus_class(facts.get("corpus", "poetry"))
    return corpus.title_prompt(config.title or "", config.author or "")
