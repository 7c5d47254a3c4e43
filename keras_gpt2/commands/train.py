"""Fine-tune a GPT-2 on a corpus."""

import dataclasses
import json
from typing import Any

from keras_gpt2 import backend, corpora
from keras_gpt2.commandline import add_options
from keras_gpt2.config import TrainConfig
from keras_gpt2.runs import told_when_stopped

SHARED = frozenset(field.name for field in dataclasses.fields(corpora.Corpus))


def add_arguments(parser) -> None:
    """The flags of training, then those of the corpora."""
    add_options(parser, TrainConfig)
    for name in corpora.names():
        group = parser.add_argument_group(f"with --corpus {name}")
        add_options(group, corpora.corpus_class(name), without=SHARED)


def run(given: dict[str, Any]) -> None:
    """Train, and print the run folder."""
    fields = {field.name for field in dataclasses.fields(TrainConfig)}
    options = {key: given.pop(key) for key in given.keys() - fields}
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
