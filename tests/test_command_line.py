"""The real commands: what they print, where, with which exit code, how soon."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from keras_gpt2 import commands, registry

VERBS = registry.names(commands.__name__)
POEM = {
    "author": "王之渙", "title": "登鸛雀樓", "id": "0",
    "paragraphs": ["白日依山盡，黃河入海流。", "欲窮千里目，更上一層樓。"],
}  # fmt: skip


def run(*argv: str, cwd: Path, stdin: str = "", **options):
    """A command as the user types it."""
    return subprocess.run(
        [sys.executable, "-m", "keras_gpt2", *argv],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        **options,
    )


def write_release(folder: Path, text: str | bytes) -> Path:
    """A release of one file with that text."""
    folder.mkdir(parents=True, exist_ok=True)
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    (folder / "poet.tang.0.json").write_bytes(data)
    return folder


def poems(*changes: dict) -> str:
    """A release with a record per change to a poem."""
    return json.dumps([POEM | change for change in changes], ensure_ascii=False)


def expect(result, code: int, *parts: str) -> None:
    """One line on stderr with these parts, nothing on stdout, this exit code."""
    assert result.returncode == code, result.stderr
    assert result.stdout == ""
    errors = [line for line in result.stderr.splitlines() if line.startswith("error")]
    assert len(errors) == 1 and "Traceback" not in result.stderr, result.stderr
    for part in parts:
        assert part in errors[0]


TRAIN_USAGE = [
    (["--learning-rate", "nan"], "--learning-rate must be in (0, 1]"),
    (["--learning-rate", "-1"], "--learning-rate must be in (0, 1]"),
    (["--learning-rate", "1e9"], "--learning-rate must be in (0, 1]"),
    (["--batch-size", "0"], "--batch-size must be in [1, 65536]"),
    (["--batch-size", "-1"], "--batch-size must be in [1, 65536]"),
    (["--batch-size", "1.5"], "expected a whole number. Received: 1.5"),
    (["--batch-size", "4", "--accumulate", "3"], "multiple of --accumulate"),
    (["--sequence-length", "2048"], "--sequence-length must be in [2, 1024]"),
    (["--epochs", "0"], "--epochs must be in [1, 10000]"),
    (["--preset", "gpt2_bas_en"], "Did you mean 'gpt2_base_en'"),
    (["--preset", "scratch:2x33x2"], "multiple of the heads"),
    (["--corpus", "poetyr"], "Did you mean 'poetry'"),
    (["--batching", "bukcet"], "must be one of bucket, pack, pad"),
    (["--edition", "tnag"], "--edition must be one of tang, song, all"),
    (["--seed", "1" * 400], "--seed must be in [0, 4294967295]"),
    (["--nonsense"], "unrecognized arguments: --nonsense"),
    (["--learningrate", "1"], "Did you mean --learning-rate?"),
]
GENERATE_USAGE = [
    (["--temperature", "-1"], "--temperature must be in [0, 100]"),
    (["--temperature", "nan"], "--temperature must be in [0, 100]"),
    (["--top-k", "0"], "--top-k must be in [1, 1000000]"),
    (["--top-k", "1000000000"], "--top-k must be in [1, 1000000]"),
    (["--top-p", "0"], "--top-p must be in (0, 1]"),
    (["--top-p", "1.5"], "--top-p must be in (0, 1]"),
    (["--max-new-tokens", "1000000000"], "--max-new-tokens must be in [1, 1000000]"),
    (["--sampler", "topp"], "Did you mean 'top_p'"),
    (["--sampler", "greedy", "--top-p", "0.5"], "means nothing to the sampler greedy"),
    (["--author", "李白"], "--author goes with --title"),
    (["--model", "tnag"], "Did you mean 'tang'"),
    (["--model", "scratch:2x32x2"], "has learnt nothing yet"),
    (["--model", "runs/nothing"], "no such folder: "),
    (["--num-samples", "2", "--sampler", "greedy"], "draws nothing"),
    (["春眠不觉晓"], "goes after --prompt"),
]
USAGE = [("train", *case) for case in TRAIN_USAGE]
USAGE += [("generate", *case) for case in GENERATE_USAGE]


@pytest.mark.parametrize(("verb", "flags", "part"), USAGE)
def test_a_setting_wrong_by_itself_is_refused_at_once(verb, flags, part, tmp_path):
    started = time.monotonic()
    result = run(verb, *flags, cwd=tmp_path)
    expect(result, 2, part)
    assert time.monotonic() - started < 2  # 0.5 s on a machine with nothing else to do


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_is_quick_and_imports_no_backend(verb, tmp_path):
    code = (
        "import sys; from keras_gpt2.__main__ import main\n"
        f"try: main({[verb] if verb else []} + ['--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules)"
    )
    started = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path
    )
    assert result.returncode == 0, result.stderr
    assert "usage: keras-gpt2" in result.stdout
    assert time.monotonic() - started < 2  # 0.5 s on a machine with nothing else to do


def test_an_unknown_command_names_the_nearest(tmp_path):
    expect(run("trian", cwd=tmp_path), 2, "Unknown command 'trian'", "'train'")


BAD_RELEASES = {
    "empty file": (b"", 3, ["is no JSON", "line 1"]),
    "no poem": ("[]", 3, ["no usable text"]),
    "only empty poems": (poems({"paragraphs": []}), 3, ["no usable text", "no text"]),
    "fewer tokens than a block": (
        poems({}, {"paragraphs": ["床前明月光。"]}), 3, ["no validation document"],
    ),
    "truncated": (poems({})[:-20], 3, ["is no JSON", "line 1, column"]),
    "trailing comma": ("[{},\n]", 3, ["is no JSON", "line 2"]),
    "JSON lines": ('{"a": 1}\n{"a": 2}', 3, ["looks like JSON Lines"]),
    "nested deeply": ("[" * 100_000, 3, ["nested too deeply"]),
    "5,000-digit integer": ("[" + "1" * 5_000 + "]", 3, ["number over the limit"]),
    "no list": ("{}", 3, ["must hold a list of poems"]),
    "lone surrogate": (
        '[{"title": "", "author": "", "paragraphs": ["\\ud83d"]}]', 3,
        ["lone surrogate", "poem 1", "--on-bad-rows"],
    ),
    "NUL": (poems({"title": "a\0b"}), 3, ["control character", "poem 1"]),
    "not a poem": (poems({"paragraphs": "text"}), 3, ["not a poem", "poem 1"]),
    "all the same": (poems(*[{}] * 50), 3, ["49 duplicates"]),
    "GB18030": (poems({}).encode("gb18030"), 3, ["is not UTF-8", "--encoding gb"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_RELEASES)
def test_a_bad_release_is_refused_in_one_line(name, tmp_path):
    text, code, parts = BAD_RELEASES[name]
    folder = write_release(tmp_path / "release", text)
    expect(run("train", "--data-dir", str(folder), cwd=tmp_path), code, *parts)
    assert not (tmp_path / "runs").exists()


def test_a_release_that_is_not_there_says_how_to_get_it(tmp_path):
    result = run("train", "--data-dir", "nowhere", cwd=tmp_path)
    expect(result, 4, "nowhere does not exist", "git clone")


@pytest.mark.skipif(os.name == "nt", reason="no such files on Windows")
@pytest.mark.parametrize("what", ["pipe", "device", "loop", "folder"])
def test_what_is_no_file_is_named_and_never_waited_for(what, tmp_path):
    folder = tmp_path / "release"
    folder.mkdir()
    path = folder / "poet.tang.0.json"
    if what == "pipe":
        os.mkfifo(path)
    elif what == "device":
        path.symlink_to("/dev/zero")
    elif what == "loop":
        path.symlink_to(path)
    else:
        path.mkdir()
    started = time.monotonic()
    result = run("train", "--data-dir", str(folder), cwd=tmp_path)
    assert result.returncode in (3, 4)
    assert result.stderr.count("error: ") == 1 and "Traceback" not in result.stderr
    assert {"loop": "symbolic links"}.get(what, what) in result.stderr
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("choice", "counts"),
    [
        ("skip", ["20 read = 6 used", "control character 1", "malformed 1", "12 dupl"]),
        ("replace", ["20 read = 7 used", "1 skipped (malformed 1)", "12 dupl"]),
    ],
)
def test_bad_rows_can_be_skipped_or_mended_and_are_counted(choice, counts, tmp_path):
    distinct = [{"paragraphs": [f"{char}眠不覺曉。"]} for char in "春夏秋冬日月"]
    damaged = [{"paragraphs": ["山\0眠不覺曉。"]}, {"title": 7}]
    folder = write_release(tmp_path / "release", poems(*distinct * 3, *damaged))
    flags = ["--data-dir", str(folder), "--on-bad-rows", choice]
    expect(run("train", *flags, cwd=tmp_path), 3, "no ", " document", *counts)


def test_a_run_that_looks_like_another_tools_is_left_alone(tmp_path):
    (tmp_path / "gpt2").mkdir()
    (tmp_path / "gpt2" / "config.json").write_text('{"architectures": ["GPT2"]}')
    result = run("train", "--output", "gpt2", "--overwrite", cwd=tmp_path)
    expect(result, 2, "does not look like a run")


def test_a_prompt_file_in_another_encoding_names_it(tmp_path):
    (tmp_path / "prompt.txt").write_bytes("春眠不覺曉".encode("gb18030"))
    result = run("generate", "--prompt-file", "prompt.txt", cwd=tmp_path)
    expect(result, 3, "prompt.txt is not UTF-8", "gb", "save it as UTF-8")


def test_debug_keeps_the_exit_code_and_shows_where(tmp_path):
    result = run("train", "--steps", "0", "--debug", cwd=tmp_path)
    assert result.returncode == 2
    assert "Traceback" in result.stderr and "error: --steps" in result.stderr


def test_a_release_with_a_byte_order_mark_is_read(tmp_path):
    text = b"\xef\xbb\xbf" + poems({}).encode()
    folder = write_release(tmp_path / "release", text)
    result = run("train", "--data-dir", str(folder), cwd=tmp_path)
    expect(result, 3, "1 read = 1 used")


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("irreplaceable")
    result = run("train", "--output", "mine", cwd=tmp_path)
    expect(result, 2, "mine is not empty", "--output", "--overwrite")
    result = run("train", "--output", "mine", "--overwrite", cwd=tmp_path)
    expect(result, 2, "does not look like a run")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "irreplaceable"


def test_a_sequence_longer_than_the_context_is_refused(tmp_path):
    result = run("train", "--sequence-length", "1000", cwd=tmp_path)
    expect(result, 2, "at most 256, the context of tang")


def test_an_unfinished_run_is_not_mixed_with_a_new_one(tmp_path):
    (tmp_path / "runs" / "poetry").mkdir(parents=True)
    (tmp_path / "runs" / "poetry" / "history.csv").write_text("epoch,loss")
    expect(run("train", cwd=tmp_path), 2, "holds an unfinished run", "--output")


def test_corpora_tells_what_is_on_disk(tmp_path):
    rows = json.loads(run("corpora", "--json", cwd=tmp_path).stdout)
    poetry = next(row for row in rows if row["corpus"].startswith("poetry"))
    assert "sample in" in poetry["on disk"] and "MIT" in poetry["licence"]


def test_doctor_examines_this_machine(tmp_path):
    result = run("doctor", "--json", cwd=tmp_path)
    findings = json.loads(result.stdout)
    assert {"keras", "backend", "GPU", "memory", "disk", "presets"} <= findings.keys()
    assert "tang (bundled)" in findings["presets"]


def test_training_and_generating_from_the_shell(tmp_path):
    flags = ["--steps", "2", "--preset", "scratch:2x32x2", "--json"]
    trained = run("train", "--corpus", "poetry", *flags, cwd=tmp_path)
    assert trained.returncode == 0, trained.stderr
    assert json.loads(trained.stdout)["run"] == str(Path("runs", "poetry"))
    again = run(
        "generate", "--prompt", "春眠不觉晓", "--prompt", "白日", "--num-samples", "2",
        "--seed", "3", "--max-new-tokens", "4", "--json", cwd=tmp_path,
    )  # fmt: skip
    rows = json.loads(again.stdout)
    assert [row["prompt"] for row in rows] == ["春眠不觉晓"] * 2 + ["白日"] * 2
    assert [row["seed"] for row in rows] == [3, 4, 3, 4]
    assert str(Path("runs", "poetry")) in again.stderr  # the newest run that fits
    for row in rows:
        assert row["model"] == str(Path("runs", "poetry"))
        assert row["settings"] == {"top_p": 0.9, "temperature": 0.8}


def test_a_damaged_preset_ends_with_the_step_and_no_traceback(
    make_tiny_model, tmp_path
):
    from keras_gpt2.models import save_model  # here: what else is tested needs no Keras

    model = make_tiny_model()
    model.set_weights([np.full_like(array, np.nan) for array in model.get_weights()])
    facts = {"language": "zh", "script": "traditional"}
    save_model(model, tmp_path / "damaged", facts)
    result = run("train", "--preset", "damaged", "--steps", "3", cwd=tmp_path)
    expect(result, 6, "the loss became nan at step 1.", "the preset may be damaged")


@pytest.mark.skipif(os.name == "nt", reason="no such device on Windows")
@pytest.mark.parametrize("buffering", ["", "1"])
def test_a_full_stdout_is_named(buffering, tmp_path):
    result = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m keras_gpt2 corpora > /dev/full"],
        env={**os.environ, "PYTHONUNBUFFERED": buffering},
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    expect(result, 4, "cannot read or write stdout (no space left on device)")
    assert result.stderr.count("\n") == 1


API = """
from keras_gpt2 import load_model
load_model("tang")
"""


def test_the_python_api_is_as_quiet_as_the_command_line(tmp_path):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    result = subprocess.run(
        [sys.executable, "-c", API],
        cwd=tmp_path, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_only_the_text_goes_to_stdout(tmp_path):
    flags = ["--model", "tang", "--seed", "1", "--max-new-tokens", "12"]
    result = run("generate", "--prompt-file", "-", *flags, cwd=tmp_path, stdin="春\n")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("春") and "seed" not in result.stdout
    assert "tang" in result.stderr and "seed" in result.stderr


def test_a_prompt_longer_than_the_context_is_refused_with_its_tokens(tmp_path):
    result = run("generate", "--model", "tang", "--prompt", "春" * 300, cwd=tmp_path)
    expect(result, 2, "300 tokens", "context of 256")


def test_a_closed_stdout_is_no_error(tmp_path):
    command = f"{sys.executable} -m keras_gpt2 corpora | true"
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert (result.stderr, result.returncode) == ("", 0)


def test_a_locale_without_hanzi_is_no_error(tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = subprocess.run(
        [sys.executable, "-m", "keras_gpt2", "corpora"],
        cwd=tmp_path, capture_output=True, env=environment,
    )  # fmt: skip
    assert result.returncode == 0 and b"Traceback" not in result.stderr
