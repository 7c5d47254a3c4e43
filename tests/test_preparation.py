"""`prepare` and `cache`: tokens made, kept, listed and cleared, without Keras."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from keras_gpt2 import cache
from keras_gpt2.__main__ import main
from keras_gpt2.corpora import Split
from keras_gpt2.plan import make_plan
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
    for output in (tmp_path / "mine", ""):
        code, _, told = run("prepare", "--output", output)
        assert code == 2 and "must be a folder that is yet to be" in told


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


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "\ud800"])
def test_a_token_that_no_file_can_hold_is_refused(run, token):
    code, _, told = run("prepare", "--vocabulary", "extend", "--add-token", token)
    assert code == 2 and "--add-token takes printable characters" in told


def test_what_would_change_a_vocabulary_is_not_ignored(run):
    code, _, told = run("prepare", "--add-token", "[speaker1]")
    assert code == 2 and "--vocabulary extend" in told
    flags = ["--corpus", "text", "--vocabulary", "build", "--add-token", "[speaker1]"]
    code, _, told = run("prepare", *flags)
    assert code == 2 and "goes with a WordPiece vocabulary" in told


def test_a_token_that_was_built_is_not_added_again(run):
    flags = ["--vocabulary", "build", "--vocabulary-size", 400]
    tokens = prepared(run, *flags, "--add-token", "春", "--add-token", "春")
    vocabulary = tokens.tokenizer.vocabulary
    assert len(set(vocabulary)) == len(vocabulary) <= 400


@pytest.mark.parametrize(
    "flags",
    [
        ["--script", "simplified"], ["--exclude", "nowhere"], ["--edition", "song"],
        ["--vocabulary", "extend"], ["--corpus", "text"], ["--data-dir", "nowhere"],
    ],
    ids=lambda flags: flags[0],
)  # fmt: skip
def test_tokens_that_are_made_take_no_settings_of_their_making(run, tmp_path, flags):
    tokens = prepared(run, "--output", tmp_path / "tokens")
    code, _, told = run("train", "--tokens", tokens.folder, *flags)
    assert code == 2 and f"Leave out {flags[0]}" in told


def test_tokens_of_the_sample_train_by_its_recipe(run, tmp_path):
    prepared(run, "--output", tmp_path / "tokens")
    by_tokens = make_plan({"tokens": str(tmp_path / "tokens"), "dry_run": True}, {})
    by_corpus = make_plan({"corpus": "poetry", "dry_run": True}, {})
    for name in ("epochs", "steps", "learning_rate"):
        one, other = (getattr(p.config, name) for p in (by_tokens, by_corpus))
        assert one == other


def test_a_trained_model_learns_a_text_gently(tmp_path):
    (tmp_path / "text.txt").write_text("白日依山盡。\n\n" * 9 + "\n\n".join(
        f"{n}黃河入海流，欲窮千里目。" * 50 for n in range(60)
    ), "utf-8")  # fmt: skip
    given = {"corpus": "text", "data_dir": str(tmp_path / "text.txt"), "dry_run": True}
    scratch = make_plan(given, {}).config
    trained = make_plan({**given, "preset": "tang"}, {})
    assert trained.config.learning_rate < scratch.learning_rate / 10
    assert trained.sequence_length == 256  # the context of tang
