"""What a training costs, and whether this machine has it."""

from types import SimpleNamespace

import pytest

from keras_gpt2.estimates import machine_memory, memory_bytes, memory_warning

# Of gpt2_base_en: 4 values of 4 bytes per parameter, and per position 12 layers of 34
# widths and 3 vocabularies of float32.
BACKBONE = SimpleNamespace(
    num_layers=12,
    hidden_dim=768,
    vocabulary_size=50257,
    count_params=lambda: 124_439_808,
)
PER_POSITION = 4 * (34 * 12 * 768 + 3 * 50257)


def test_memory_is_that_of_the_widest_batch():
    model = 0.8e9 + 16 * 124_439_808
    assert memory_bytes(BACKBONE, 0) == model
    assert memory_bytes(BACKBONE, 1000) == model + 1000 * PER_POSITION


def test_enough_memory_is_no_matter():
    assert memory_warning(BACKBONE, 16, 1, 1024, 64e9) == ""
    assert memory_warning(BACKBONE, 16, 1, 1024, float("inf")) == ""


@pytest.mark.parametrize(
    ("memory", "accumulate", "remedy"),
    [
        (25e9, 1, "try --accumulate 2"),  # 16 x 1024 positions: 33.2 GB
        (10e9, 2, "try --accumulate 8"),  # 4 parts would take 10.4 GB
        (3e9, 1, "try a smaller --preset"),
    ],
)
def test_too_little_memory_names_the_fewest_parts_that_fit(memory, accumulate, remedy):
    line = memory_warning(BACKBONE, 16, accumulate, 1024, memory)
    assert line.endswith(f"the {memory / 1e9:.0f} GB of this machine: {remedy}")


def test_this_machine_has_some_memory():
    assert machine_memory() > 2**28
