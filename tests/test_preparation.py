"""`prepare` and `cache`: tokens made, kept, listed and cleared, without Keras."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keras_gpt2 import cache
from keras_gpt2.__main__ import main
from keras_gpt2.corpora import Split
from keras_gpt2.preparation import is_chinese
from keras_gpt2.tokens import open_tokens


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def run(capsys):
    """run(*arguments): exit code, stdout and stderr of a command."""

    def run(*arguments):
        code = main([str(word) for word in arguments])
        told = capsys.readouterr()
        return code, told.out.strip(), told.err

    return run


def prepared(run, *arguments):
    """Tokens that `prepare` made."""
    code, folder, told = run("prepare", *arguments)
    assert code == 0, told
    return open_tokens(Path(folder))


def test_tokens_are_in_the_cache_and_can_be_cleared(run):
    tokens = prepared(run, "--corpus", "poetry")
    assert tokens.folder.parent == cache.cache_folder()
    code, listed, _ = run("cache", "list", "--json")
    assert (code, [row["documents"] for row in json.loads(listed)]) == (0, [297])
    assert run("cache", "clear", "--corpus", "text")[0] == 0
    assert len(cache.entries()) == 1
    code, told, _ = run("cache", "clear")
    assert code == 0 and "1 removed" in told
    assert cache.entries() == [] and not tokens.folder.exists()


def test_tokens_can_have_a_folder_of_their_own(run, tmp_path):
    tokens = prepared(run, "--corpus", "poetry", "--output", tmp_path / "mine")
    assert tokens.folder == tmp_path / "mine" and cache.entries() == []
    code, _, told = run("prepare", "--output", tmp_path / "mine")
    assert code == 2 and "is there already" in told


def test_a_chinese_corpus_builds_wordpiece(run):
    flags = ["--vocabulary", "build", "--vocabulary-size", 400, "--min-count", 3]
    tokens = prepared(run, "--corpus", "poetry", *flags)
    assert tokens.tokenizer.is_wordpiece
    assert tokens.tokenizer.vocabulary_size == 400
    assert tokens.coverage.unknown_share > 0.2


def test_an_english_corpus_builds_byte_pairs(run):
    flags = ["--vocabulary", "build", "--vocabulary-size", 600]
    tokens = prepared(run, "--corpus", "text", *flags)
    assert not tokens.tokenizer.is_wordpiece
    assert tokens.tokenizer.vocabulary_size == 600
    assert tokens.coverage.unknown == 0
    assert 2 < tokens.coverage.characters / tokens.coverage.tokens < 5


def test_a_vocabulary_is_extended_by_what_is_missing(run, tmp_path):
    text = "\n<|endoftext|>\n".join(f"鑿{n}齉龘" for n in range(60))
    (tmp_path / "text.txt").write_text(text, "utf-8")
    flags = [
        "--corpus",
        "text",
        "--data-dir",
        tmp_path / "text.txt",
        "--preset",
        "tang",
    ]
    before = prepared(run, *flags)
    after = prepared(run, *flags, "--vocabulary", "extend", "--add-token", "[speaker1]")
    assert before.coverage.unknown and not after.coverage.unknown
    old = before.tokenizer.vocabulary
    assert after.tokenizer.vocabulary[: len(old)] == old
    assert after.tokenizer.vocabulary[len(old)] == "[speaker1]"


def test_coverage_names_what_is_missing(run, tmp_path):
    text = "\n<|endoftext|>\n".join(f"白日{n}" + "齉" * 9 for n in range(60))
    (tmp_path / "text.txt").write_text(text, "utf-8")
    flags = ["--corpus", "text", "--data-dir", tmp_path / "text.txt", "--json"]
    code, account, told = run("prepare", *flags, "--preset", "tang")
    coverage = json.loads(account)["coverage"]
    assert code == 0 and coverage["uncovered"] == {"齉": 540}
    assert coverage["unknown"] == 540
    assert "[UNK]" in told and "--vocabulary extend" in told


def test_byte_pairs_of_english_warn_of_chinese(run, tmp_path):
    english = prepared(run, "--corpus", "text", "--vocabulary", "build")
    preset = tmp_path / "preset"
    english.tokenizer.save(preset)
    (preset / "task.json").write_text("{}")
    code, _, told = run("prepare", "--corpus", "poetry", "--preset", preset)
    assert code == 0 and "cuts hanzi into bytes" in told


def test_first_opening_and_language_are_noted(run):
    poems = prepared(run, "--corpus", "poetry")
    assert poems.facts["language"] == "zh"
    opening = poems.tokenizer.decode(poems.splits[Split.VALIDATION][0])
    assert opening.startswith(poems.facts["prompt"])
    assert (
        prepared(run, "--corpus", "text", "--vocabulary", "build").facts["language"]
        == "en"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("春眠不覺曉", True),
        ("A crow, 烏", True),
        ("The crow named 烏 flew away.", False),
    ],
)
def test_language_is_told_by_its_hanzi(text, expected):
    assert is_chinese(text) is expected


def test_preparing_imports_no_keras(tmp_path):
    code = (
        "import sys; from keras_gpt2.__main__ import main\n"
        "assert main(['prepare', '--corpus', 'poetry']) == 0\n"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
