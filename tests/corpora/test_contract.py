"""What every corpus promises; a new one is tested by existing."""

import dataclasses
import itertools

import pytest

from keras_gpt2 import corpora
from keras_gpt2.config import TrainConfig
from keras_gpt2.corpora import Split

FACTS = ("title", "source", "licence", "citation", "download", "preset")


@pytest.fixture(scope="module", params=corpora.names())
def corpus(request):
    """The bundled sample of each corpus."""
    folder = corpora.sample_folder(request.param)
    return corpora.open_corpus(request.param, str(folder))


@pytest.fixture(scope="module")
def reading(corpus):
    return corpus.read()


def test_it_is_known_by_its_file_name(corpus):
    assert corpora.corpus_class(corpus.name) is type(corpus)


def test_it_knows_the_facts_about_itself(corpus):
    for fact in FACTS:
        value = getattr(corpus, fact)
        assert isinstance(value, str) and value.strip() == value != "", fact
    assert corpus.language in ("en", "zh")
    assert corpus.source.startswith("https://")


@pytest.mark.parametrize("recipe", ["recipe", "gentle_recipe"])
def test_its_recipes_are_settings_of_training(corpus, recipe):
    TrainConfig.resolve({}, getattr(corpus, recipe))


def test_its_choices_cannot_change_under_a_reader(corpus):
    with pytest.raises(dataclasses.FrozenInstanceError):
        corpus.script = "simplified"


def test_its_sample_is_known_as_the_sample(corpus):
    assert corpora.is_sample(corpus)
    assert corpus.files() and all(path.is_file() for path in corpus.files())


def test_every_row_is_accounted_for(corpus, reading):
    report = reading.report
    skipped, duplicates = report.skipped.total(), report.duplicates
    documents = sum(map(len, reading.documents.values()))
    assert documents + skipped + duplicates == len(list(corpus.rows())) == report.read


def test_every_split_has_the_documents_it_counts(reading):
    assert set(reading.documents) == set(Split)
    for split, documents in reading.documents.items():
        assert len(documents) == reading.report.used[split] > 0


def test_no_document_is_in_two_splits(reading):
    for one, other in itertools.combinations(reading.documents.values(), 2):
        assert set(one).isdisjoint(other)


def test_documents_hold_text(reading):
    for document in itertools.chain.from_iterable(reading.documents.values()):
        assert document.strip() == document != ""


def test_a_prompt_is_words_of_its_document_and_leaves_some(corpus, reading):
    for document in itertools.chain.from_iterable(reading.documents.values()):
        prompt = corpus.prompt(document)
        assert prompt.strip() and prompt in document != prompt


def test_reading_again_gives_the_same(corpus, reading):
    again = corpus.read()
    assert again.documents == reading.documents
    assert again.report == reading.report


def test_reversing_the_rows_moves_no_document(corpus, reading):
    class Reversed(type(corpus)):
        def rows(self):
            return reversed(list(super().rows()))

    back = Reversed(**vars(corpus)).read()
    assert back.report == reading.report
    for split, other in itertools.permutations(Split, 2):
        assert set(reading.documents[split]).isdisjoint(back.documents[other])
