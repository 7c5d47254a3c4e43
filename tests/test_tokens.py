"""Tokens on disk: what was written is what is read, or an error."""

import itertools
import json
import shutil

import numpy as np
import pytest

from keras_gpt2.corpora import ReadReport, Split, open_corpus, sample_folder
from keras_gpt2.errors import InputError, StorageError
from keras_gpt2.tokenizers import build_wordpiece, wordpiece
from keras_gpt2.tokens import (
    CHUNK_CHARACTERS,
    MANIFEST,
    TokenSplit,
    Writer,
    open_tokens,
)

FACTS = {"corpus": "poetry", "prompt": "白日"}


@pytest.fixture(scope="module")
def tokenizer():
    reading = open_corpus("poetry", str(sample_folder("poetry"))).read()
    return wordpiece(build_wordpiece(itertools.chain(*reading.documents.values())))


@pytest.fixture(scope="module")
def folder(tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokens")
    corpus = open_corpus("poetry", str(sample_folder("poetry")))
    report = ReadReport()
    writer = Writer(folder, tokenizer)
    writer.add_all(corpus.stream(report))
    writer.finish(report, FACTS)
    return folder


@pytest.fixture
def copy(folder, tmp_path):
    return shutil.copytree(folder, tmp_path / "copy")


def test_every_document_comes_back_in_its_split(folder, tokenizer):
    tokens = open_tokens(folder)
    reading = open_corpus("poetry", str(sample_folder("poetry"))).read()
    for split, texts in reading.documents.items():
        documents = tokens.splits[split]
        assert [tokens.tokenizer.decode(ids) for ids in documents] == texts
        assert documents.characters.tolist() == list(map(len, texts))
        assert documents.counts.tolist() == [len(ids) for ids in documents]
    assert tokens.report == reading.report
    assert tokens.facts == FACTS
    assert tokens.tokenizer.fingerprint == tokenizer.fingerprint


def test_ids_are_small_and_stay_on_disk(folder):
    ids = open_tokens(folder).splits[Split.TRAIN].ids
    assert isinstance(ids, np.memmap) and ids.dtype == "uint16"


def test_chunks_leave_no_seam(tokenizer, tmp_path, sample_poems):
    text = "".join(sample_poems)
    long = [text * (1 + CHUNK_CHARACTERS // len(text)), "白日", ""] * 2
    writer = Writer(tmp_path, tokenizer)
    writer.add_all((Split.TRAIN, text) for text in long)
    writer.finish(ReadReport(), FACTS)
    written = open_tokens(tmp_path).splits[Split.TRAIN]
    expected = TokenSplit.of(long, tokenizer)
    assert len(written) == 6 and len(written[2]) == 0
    assert np.array_equal(written.ids, expected.ids)
    assert np.array_equal(written.starts, expected.starts)


def test_the_same_corpus_gives_the_same_bytes(folder, tokenizer, tmp_path):
    report = ReadReport()
    writer = Writer(tmp_path, tokenizer)
    writer.add_all(open_corpus("poetry", str(sample_folder("poetry"))).stream(report))
    writer.finish(report, FACTS)
    assert (tmp_path / MANIFEST).read_bytes() == (folder / MANIFEST).read_bytes()


def names(folder):
    return sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())


def test_every_damaged_byte_is_found(folder, copy):
    for name in names(copy):
        whole = (copy / name).read_bytes()
        for spoilt in (whole[:-2], whole[: len(whole) // 2], flipped(whole)):
            (copy / name).write_bytes(spoilt)
            with pytest.raises(InputError, match="damaged"):
                open_tokens(copy)
        (copy / name).unlink()
        with pytest.raises(InputError):
            open_tokens(copy)
        (copy / name).write_bytes(whole)
    assert open_tokens(copy).facts == FACTS


def flipped(data: bytes) -> bytes:
    """The same with a bit in the middle changed."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def test_a_newer_format_is_named(copy):
    manifest = json.loads((copy / MANIFEST).read_text("utf-8"))
    (copy / MANIFEST).write_text(json.dumps(manifest | {"format": 99}), "utf-8")
    with pytest.raises(InputError, match="format 99"):
        open_tokens(copy)


@pytest.mark.parametrize(
    "text", ["{}", "[]", '{"format": 1}', '{"format": 1, "sha256": 2}']
)
def test_a_manifest_that_says_too_little_is_damaged(copy, text):
    (copy / MANIFEST).write_text(text, "utf-8")
    with pytest.raises(InputError, match="is damaged"):
        open_tokens(copy)


def test_what_cannot_be_read_is_not_called_damaged(copy, monkeypatch):
    def refuse(path):
        raise OSError(24, "Too many open files", str(path))

    monkeypatch.setattr("keras_gpt2.tokens.digest", refuse)
    with pytest.raises(StorageError, match="Too many open files"):
        open_tokens(copy)


def test_a_file_taken_away_while_it_is_written_is_found(tokenizer, tmp_path):
    writer = Writer(tmp_path, tokenizer)
    writer.add_all([(Split.TRAIN, "白日")] * 9)
    (tmp_path / "train.ids").unlink()
    writer.finish(ReadReport(), FACTS)
    with pytest.raises(InputError, match="train.ids is missing"):
        open_tokens(tmp_path)


def test_a_folder_without_tokens_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no tokens"):
        open_tokens(tmp_path)


def test_some_documents_can_be_taken(tokenizer):
    split = TokenSplit.of(["白日", "", "依山盡"], tokenizer)
    some = split.take([2, 0])
    assert [len(ids) for ids in some] == [3, 2]
    assert some.characters.tolist() == [3, 2]
    with pytest.raises(IndexError, match="below 2"):
        some[2]
