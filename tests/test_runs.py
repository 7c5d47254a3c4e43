"""Run folders: which one is written to, and which is left alone."""

import errno
import json
import os
import tempfile

import pytest

from keras_gpt2.errors import KerasGPT2Error, StorageError, UsageError
from keras_gpt2.runs import (
    Run,
    finished_runs,
    new_run,
    next_free,
    probe,
    told_when_stopped,
)


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


FACTS = {"config": {"seed": 0}, "data": {}, "versions": {}}


def unfinished(run: Run) -> Run:
    run.create()
    run.write_config(FACTS)
    return run


def finished(run: Run) -> Run:
    unfinished(run).preset.mkdir()
    return run


def test_first_run_of_a_corpus_has_its_name():
    assert new_run("poetry", None, overwrite=False).folder.as_posix() == "runs/poetry"


def test_asking_for_a_run_creates_nothing(workplace):
    new_run("poetry", None, overwrite=False)
    assert list(workplace.iterdir()) == []


def test_runs_after_finished_ones_are_numbered():
    for expected in ("poetry", "poetry-2", "poetry-3"):
        assert finished(next_free("poetry")).folder.name == expected
    assert next_free("lyrics").folder.name == "lyrics"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_finished_run_is_never_taken_by_default(overwrite):
    finished(next_free("poetry"))
    assert new_run("poetry", None, overwrite).folder.name == "poetry-2"


def test_unfinished_run_is_refused_with_the_ways_out():
    unfinished(next_free("poetry"))
    with pytest.raises(UsageError, match="unfinished run.*--output.*--overwrite"):
        new_run("poetry", None, overwrite=False)


@pytest.mark.parametrize("state", [unfinished, finished])
def test_output_that_is_not_empty_is_refused_and_kept(state, workplace):
    run = state(Run(workplace / "mine"))
    with pytest.raises(UsageError, match="mine is not empty.*--overwrite"):
        new_run("poetry", str(run.folder), overwrite=False)
    assert (run.folder / "config.json").is_file()


@pytest.mark.parametrize("folder", ["mine", "deep/er/mine"])
def test_a_folder_that_can_be_written_is_probed_without_a_trace(workplace, folder):
    probe(workplace / folder)
    assert list(workplace.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(workplace, monkeypatch):
    def refuse(dir):
        raise OSError(errno.EROFS, "Read-only file system", f"{dir}/tmp1234")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(StorageError) as error:
        probe(workplace / "mine")
    assert str(error.value) == (
        f"cannot write to {workplace / 'mine'} (read-only file system). Choose another "
        "folder with --output"
    )


def test_a_folder_below_a_file_is_refused_in_one_line(workplace):
    (workplace / "notes.txt").write_text("years of work")
    with pytest.raises(StorageError, match="cannot write to .*--output"):
        probe(workplace / "notes.txt" / "run")


@pytest.mark.parametrize(
    ("state", "told"),
    [(unfinished, "mine is left unfinished.*--overwrite"), (None, "^$")],
)
def test_an_interruption_says_where_the_unfinished_run_stands(workplace, state, told):
    run = Run(workplace / "mine")
    with pytest.raises(KeyboardInterrupt, match=told):
        with told_when_stopped(run):
            if state:
                state(run)
            raise KeyboardInterrupt


def test_empty_output_folder_is_as_good_as_none(workplace):
    (workplace / "mine").mkdir()
    assert new_run("poetry", "mine", overwrite=False).is_empty


def test_overwrite_takes_a_run_and_empties_it_only_when_training_begins(workplace):
    run = finished(Run(workplace / "mine"))
    again = new_run("poetry", str(run.folder), overwrite=True)
    assert run.is_finished
    again.create()
    assert again.is_empty


@pytest.mark.parametrize("config", ['{"architectures": ["GPT2"]}', "[]", "{", ""])
def test_overwrite_never_deletes_another_tools_folder(workplace, config):
    (workplace / "gpt2").mkdir()
    (workplace / "gpt2" / "config.json").write_text(config)
    with pytest.raises(UsageError, match="does not look like a run"):
        new_run("poetry", "gpt2", overwrite=True)
    with pytest.raises(UsageError, match="no longer empty"):
        Run(workplace / "gpt2").create()
    assert (workplace / "gpt2" / "config.json").is_file()


def test_overwrite_never_deletes_what_is_not_a_run(workplace):
    thesis = workplace / "mine" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("years of work")
    with pytest.raises(UsageError, match="does not look like a run"):
        new_run("poetry", "mine", overwrite=True)
    assert thesis.read_text() == "years of work"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_named_as_output_is_refused_in_one_line_and_kept(workplace, overwrite):
    (workplace / "notes.txt").write_text("years of work")
    with pytest.raises(KerasGPT2Error, match=r"notes\.txt"):
        new_run("poetry", "notes.txt", overwrite)
    assert (workplace / "notes.txt").read_text() == "years of work"


def test_finished_runs_come_newest_first():
    runs = [finished(Run(next_free("poetry").folder)) for _ in range(3)]
    unfinished(next_free("poetry"))
    for age, run in zip((2, 3, 1), runs, strict=True):
        os.utime(run.preset, (1_000_000 - age, 1_000_000 - age))
    names = [run.folder.name for run in finished_runs()]
    assert names == ["poetry-3", "poetry", "poetry-2"]


def test_stray_files_among_runs_are_no_runs(workplace):
    assert list(finished_runs()) == []
    finished(next_free("poetry"))
    (workplace / "runs" / "notes.txt").write_text("not a run")
    assert len(list(finished_runs())) == 1


def test_config_is_readable_and_comes_back_the_same(workplace):
    facts = {"prompt": "春眠不覺曉", "learning_rate": 1e-4, "steps": None}
    run = Run(workplace / "deep" / "mine")
    run.create()
    run.write_config(facts)
    text = (run.folder / "config.json").read_text(encoding="utf-8")
    assert "春眠不覺曉" in text
    assert json.loads(text) == facts
