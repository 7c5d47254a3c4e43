"""A run becomes a bundled preset of half its size."""

import h5py
import numpy as np
import pytest

from keras_gpt2 import presets
from keras_gpt2.models import load_model, logits, save_model
from keras_gpt2.presets import bundle

POEM = "白日依山盡，黃河入海流。"


@pytest.fixture
def bundled(tiny_model, tmp_path, monkeypatch):
    """A tiny model, bundled as `garden`."""
    for module in (presets, bundle):
        monkeypatch.setattr(module, "BUNDLED", tmp_path / "bundled")
    save_model(tiny_model, tmp_path / "preset", {"language": "zh"})
    return bundle.bundle(str(tmp_path / "preset"), "garden")


def test_a_bundled_preset_is_found_by_its_name(bundled):
    assert presets.names() == ["garden"]
    assert presets.find("garden").is_bundled
    assert presets.find("garden").facts() == {"language": "zh"}


def test_its_weights_are_float16_and_half_the_size(bundled, tmp_path):
    kinds = set()

    def note(_, item):
        if isinstance(item, h5py.Dataset):
            kinds.add(item.dtype)

    with h5py.File(bundled / bundle.WEIGHTS) as file:
        file.visititems(note)
    assert kinds == {np.dtype("float16")}
    size = (bundled / bundle.WEIGHTS).stat().st_size
    assert size < 0.75 * (tmp_path / "preset" / bundle.WEIGHTS).stat().st_size


def test_it_computes_in_float32_what_the_run_did(bundled, tiny_model):
    model = load_model("garden")
    assert model.backbone.token_embedding.embeddings.dtype == "float32"
    before, after = (logits(each, [POEM]) for each in (tiny_model, model))
    # float16 keeps 11 bits: 2**-11 of logits of size about 1.
    assert np.abs(before - after).max() <= 2**-11


def test_bundling_again_keeps_the_model_card(bundled, tmp_path):
    (bundled / "README.md").write_text("card", encoding="utf-8")
    bundle.bundle(str(tmp_path / "preset"), "garden")
    assert (bundled / "README.md").read_text(encoding="utf-8") == "card"
