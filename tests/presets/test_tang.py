"""The bundled preset `tang`: what its card promises."""

import json
import re

import keras
import pytest

from keras_gpt2 import presets
from keras_gpt2.corpora import Split, open_corpus, sample_folder
from keras_gpt2.generation import TextGenerator
from keras_gpt2.losses import NatsPerToken, token_loss
from keras_gpt2.models import load_model
from keras_gpt2.pipelines import TextDataset

FOLDER = presets.BUNDLED / "tang"
# Bits per character of the sample's 297 poems, verses alone, none of them trained on:
# as measured on the day the preset was made, and 1 % of room.
BITS_PER_CHARACTER = 6.219 * 1.01


@pytest.fixture(scope="module")
def tang_model():
    return load_model("tang")


@pytest.fixture(scope="module")
def sample():
    return open_corpus("poetry", str(sample_folder("poetry")))


def test_it_is_small_and_has_a_card():
    size = sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file())
    assert size <= 15e6
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    for part in ("licence", "train.py", "seed", "bits per character"):
        assert part in card


def test_it_says_what_it_is_for():
    facts = json.loads((FOLDER / presets.FACTS_FILE).read_text(encoding="utf-8"))
    assert (facts["language"], facts["script"]) == ("zh", "traditional")
    assert facts["corpus"] == "poetry"
    assert presets.find("tang").context() == 256


def test_its_vocabulary_is_its_own(tang_model):
    size = tang_model.preprocessor.tokenizer.vocabulary_size()
    assert 7_000 <= size <= 8_000 and tang_model.backbone.vocabulary_size == size


@pytest.mark.parametrize(
    "edition", ["tang", pytest.param("all", marks=pytest.mark.slow)]
)
def test_the_samples_poems_are_kept_from_its_training(shared_data, sample, edition):
    folder = str(shared_data / "chinese-poetry")
    release = open_corpus("poetry", folder, edition=edition)
    reading = release.read(exclude=sample.all_passages())
    assert reading.report.skipped["excluded"] > 297 - 10  # a few are not in the release
    trained = {
        line
        for document in reading.documents[Split.TRAIN]
        for line in re.split("[，。？！]", document.splitlines()[-1])
    }
    lines = {
        line
        for row in sample.rows()
        for line in re.split("[，。？！]", row.text)
        if len(line) >= 5
    }
    assert trained.isdisjoint(lines)


def test_it_knows_poems_it_has_not_seen_as_well_as_its_card_says(tang_model, sample):
    poems = [row.text for row in sample.rows() if not row.skipped]
    tang_model.compile(loss=token_loss(), weighted_metrics=[NatsPerToken()])
    dataset = TextDataset(poems, tang_model.preprocessor, 64)
    results = keras.Model.evaluate(
        tang_model, dataset.tensors(shuffle=False), verbose=0, return_dict=True
    )
    bits = dataset.bits_per_character(results["nats_per_token"])
    assert bits <= BITS_PER_CHARACTER


def test_most_of_its_lines_have_the_length_of_the_first(tang_model):
    generator = TextGenerator(tang_model, "top_p", temperature=0.8)
    texts = generator.generate(["春眠不覺曉，"], seed=0, num_samples=10)
    lines = [
        line
        for text in texts
        for line in re.split("[，。？！]", text.text)
        if line
    ]  # fmt: skip
    regular = sum(len(line) == 5 for line in lines)
    assert len(lines) >= 30 and regular / len(lines) >= 0.9
