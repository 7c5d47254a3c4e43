"""Fine-tune a GPT-2 on a corpus."""

import json
from typing import Any

from keras_gpt2 import backend
from keras_gpt2.commands._corpus_flags import add_corpus_flags
from keras_gpt2.config import TrainConfig
from keras_gpt2.runs import told_when_stopped


def add_arguments(parser) -> None:
    """The flags of training, then those of the corpora."""
    add_corpus_flags(parser, TrainConfig)


def run(given: dict[str, Any]) -> None:
    """Train, and print the run folder."""
    given, options = TrainConfig.split(given)
    TrainConfig(**given)  # refuses what is wrong by itself
    from keras_gpt2.console import Console
    from keras_gpt2.plan import make_plan

    console = Console()
    plan = make_plan(given, options, console.warn)
    name = backend.choose(plan.config.backend)
    from keras_gpt2.training import Training

    with console, told_when_stopped(plan.run):
        console.warn(backend.gpu_warning(name))
        training = Training(plan, console.say, console.show)
        result = training.rehearse() if plan.config.dry_run else training.run()
    if plan.config.json:
        print(json.dumps(result, ensure_ascii=False))
    elif not plan.config.dry_run:
        print(plan.run.folder)
