"""Simplified and Traditional Chinese."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_gpt2.script import SIMPLIFIED, TRADITIONAL, convert, detect, has_hanzi

# Text from outside may hold any code point, half a surrogate pair included: Python
# decodes the bytes of a broken argument to such halves.
ANY_TEXT = st.text(st.characters() | st.characters(categories=["Cs"]), max_size=20)


@pytest.mark.parametrize(
    ("simplified", "traditional"),
    [
        ("春眠不觉晓，处处闻啼鸟。", "春眠不覺曉，處處聞啼鳥。"),
        ("白发三千丈", "白髮三千丈"),  # 发: 髮 hair
        ("出发", "出發"),  # 发: 發 set out
        ("皇后", "皇后"),  # 后: 后 empress
        ("然后", "然後"),  # 后: 後 after
    ],
)
def test_one_character_for_several_is_told_apart_by_its_phrase(simplified, traditional):
    assert convert(traditional, SIMPLIFIED) == simplified
    assert convert(simplified, TRADITIONAL) == traditional


def test_no_script_leaves_the_text_alone():
    assert convert("處处", "") == "處处"


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("举头望明月", SIMPLIFIED),
        ("舉頭望明月", TRADITIONAL),
        ("處處闻啼鳥", TRADITIONAL),  # the majority
        ("白日依山", ""),
        ("GPT-2, 2019", ""),
        ("", ""),
    ],
)
def test_script_is_told_by_the_characters_that_differ(text, script):
    assert detect(text) == script


def test_every_sample_poem_is_traditional_until_it_is_converted(sample_poems):
    assert {detect(poem) for poem in sample_poems} == {TRADITIONAL}
    simplified = {detect(convert(poem, SIMPLIFIED)) for poem in sample_poems}
    assert simplified == {SIMPLIFIED}


@given(ANY_TEXT)
def test_no_text_makes_detection_fail(text):
    assert detect(text) in ("", SIMPLIFIED, TRADITIONAL)


@given(st.text(st.characters(max_codepoint=0x2FFF, exclude_categories=["Cs"])))
def test_what_is_not_chinese_is_never_changed(text):
    assert convert(text, SIMPLIFIED) == text == convert(text, TRADITIONAL)


@pytest.mark.parametrize("char", ["春", "〇", "々", "㐀", "\U00020000", "豈"])
def test_every_block_of_hanzi_counts(char):
    assert has_hanzi(f"GPT{char}")


@pytest.mark.parametrize("text", ["", "GPT-2", "さくら", "，。", "ＧＰＴ", "☃"])
def test_what_looks_chinese_but_is_no_hanzi_does_not(text):
    assert not has_hanzi(text)
