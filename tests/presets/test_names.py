"""What a model's name means."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import keras_gpt2
from keras_gpt2 import presets
from keras_gpt2.errors import InputError, KerasGPT2Error, UsageError
from keras_gpt2.presets import Scratch, find, newest, parse_scratch
from keras_gpt2.runs import Run


def write_preset(folder, context=256, **facts):
    """The small files of a preset folder."""
    folder.mkdir(parents=True)
    (folder / "task.json").write_text("{}")
    config = {"config": {"max_sequence_length": context}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "keras_gpt2.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    """A place of bundled presets with `jade` in it."""
    monkeypatch.setattr(presets, "BUNDLED", tmp_path / "presets")
    return write_preset(tmp_path / "presets" / "jade", language="zh")


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch):
    """A working directory without runs."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def test_bundled_presets_are_the_folders_with_a_config(bundled):
    (bundled.parent / "__pycache__").mkdir()
    assert presets.names() == ["jade"]
    source = find("jade")
    assert (source.path, source.is_bundled) == (bundled, True)


def test_a_bundled_name_is_not_shadowed_by_a_folder_of_that_name(bundled, workplace):
    write_preset(workplace / "jade")
    assert find("jade").path == bundled


def test_names_of_kerashub_are_kerashubs_own():
    import keras_hub

    assert set(presets.KERASHUB) == set(keras_hub.models.GPT2CausalLM.presets)


@pytest.mark.parametrize("name", [*presets.KERASHUB, "hf://openai-community/gpt2"])
def test_names_and_handles_from_elsewhere_have_no_path(name):
    source = find(name)
    assert (source.name, source.path, source.scratch) == (name, None, None)
    assert source.facts() == {}
    assert source.context() == 1024


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="Did you mean 'gpt2_base_en'"):
        find("gpt2_bsae_en")


def test_a_name_unlike_any_other_is_answered_with_all(bundled):
    with pytest.raises(UsageError) as error:
        find("qqqq")
    assert "Did you mean" not in str(error.value)
    for name in ("jade", *presets.KERASHUB, "scratch:LAYERSxWIDTHxHEADS"):
        assert name in str(error.value)


@pytest.mark.parametrize(
    "name", ["", ".", "a\0b", "no/such/folder", "a.keras", "tree/"]
)
def test_a_name_without_a_model_is_refused(name):
    with pytest.raises((UsageError, InputError)):
        find(name)


def test_a_name_longer_than_the_disk_allows_is_unknown():
    with pytest.raises(UsageError, match="Unknown model"):
        find("x" * 300)


def test_preset_folder_run_folder_and_keras_file_are_found(tmp_path):
    preset = write_preset(tmp_path / "mine")
    assert find(str(preset)).path == preset
    inside = write_preset(tmp_path / "run" / "preset")
    assert find(str(tmp_path / "run")).path == inside
    file = tmp_path / "model.keras"
    file.write_bytes(b"")
    assert find(str(file)).is_keras_file
    assert not find(str(preset)).is_keras_file


def test_hugging_face_folder_is_a_model(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"")
    assert find(str(tmp_path)).path == tmp_path


def test_unfinished_run_is_told_from_a_folder_without_a_model(tmp_path):
    with pytest.raises(InputError, match="a folder without a model"):
        find(str(tmp_path))
    told = set()
    Run(tmp_path).write_config({"config": {}, "data": {}, "versions": {}})
    for name in ("config.json", "history.csv"):  # before and after a validation
        with (tmp_path / name).open("a"):
            pass
        with pytest.raises(InputError, match="an unfinished run.*--overwrite") as error:
            find(str(tmp_path))
        told.add(str(error.value))
    assert len(told) == 1


def test_a_path_that_is_not_there_is_answered_with_the_finished_runs(workplace):
    with pytest.raises(UsageError, match="no such folder: .*none in runs/"):
        find("runs/nothing")
    write_preset(workplace / "runs" / "poetry" / "preset")
    with pytest.raises(UsageError, match="no such folder: .*runs: runs/poetry$"):
        find("runs/nothing")
    with pytest.raises(UsageError, match="no such file: .*model.keras"):
        find("runs/model.keras")


def test_facts_and_context_come_from_the_preset(tmp_path):
    source = find(str(write_preset(tmp_path / "mine", context=96, language="zh")))
    assert source.facts() == {"language": "zh"}
    assert source.context() == 96


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"config": null}', '{"config": []}', "\ud83d", "[" * 100_000],
    ids=["empty", "cut", "list", "null", "inner list", "not UTF-8", "deep"],
)
def test_damaged_config_is_told_in_one_line(tmp_path, text):
    folder = write_preset(tmp_path / "mine")
    (folder / "config.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match=r"config\.json.*damaged") as error:
        find(str(folder)).context()
    assert "\n" not in str(error.value)


def test_newest_prefers_runs_then_bundled_presets(bundled, workplace):
    assert newest("zh").path == bundled
    with pytest.raises(UsageError, match="no English model here"):
        newest("en")
    run = write_preset(workplace / "runs" / "poetry" / "preset", language="en")
    for language in ("en", None):
        path = newest(language).path
        assert path is not None and path.resolve() == run
    assert newest("zh").path == bundled


@pytest.mark.parametrize(
    ("best", "is_taken"), [(5.0, True), (6.0, False), (7.0, False), (None, True)]
)
def test_a_run_that_did_not_better_its_base_is_taken_only_by_name(
    bundled, workplace, best, is_taken
):
    preset = write_preset(workplace / "runs" / "poetry" / "preset", language="zh")
    result = {"before": {"bits_per_character": 6.0}}
    if best is not None:
        result["best"] = {"bits_per_character": best}
    Run(preset.parent).write_config({"result": result})
    path = newest("zh").path
    assert path is not None and path.resolve() == (preset if is_taken else bundled)
    assert find("runs/poetry").path == Path("runs", "poetry", "preset")


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("scratch:6x256x4", Scratch(6, 256, 4)),
        ("scratch:1x1x1", Scratch(1, 1, 1)),
        ("scratch:96x8192x64", Scratch(96, 8192, 64)),
    ],
)
def test_size_of_a_model_from_scratch(name, size):
    assert parse_scratch(name) == size
    assert find(name).scratch == size


@pytest.mark.parametrize(
    "name",
    [
        "scratch:", "scratch:6", "scratch:6x256", "scratch:6x256x4x1", "scratch:axbxc",
        "scratch:0x256x4", "scratch:6x0x4", "scratch:6x256x0", "scratch:6x256x3",
        "scratch:6x4x8", "scratch:-6x256x4", "scratch:6.0x256x4", "scratch:97x256x4",
        "scratch:6x8194x2", "scratch: 6x256x4", "scratch:6X256X4",
    ],
)  # fmt: skip
def test_impossible_sizes_are_refused_with_an_example(name):
    with pytest.raises(UsageError, match="such as scratch:6x256x4. Received: scratch:"):
        find(name)


def test_a_size_of_five_thousand_digits_is_refused():
    with pytest.raises(KerasGPT2Error, match="scratch:LAYERSxWIDTHxHEADS"):
        find(f"scratch:{'1' * 5000}x256x4")


def test_names_are_understood_without_keras():
    code = "import sys, keras_gpt2.presets; sys.exit('keras' in sys.modules)"
    root = Path(keras_gpt2.__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
