"""WordPiece for Chinese: BERT's ids, and the text back."""

import functools
import itertools
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

import keras_gpt2
from keras_gpt2.corpora import Split, open_corpus
from keras_gpt2.corpora.text import Text
from keras_gpt2.tokenizers import build_wordpiece, read_vocabulary
from keras_gpt2.tokenizers._words import LINE_TOKEN, join
from keras_gpt2.tokenizers.chinese import (
    ChineseGPT2CausalLMPreprocessor,
    ChineseTokenizer,
)

PAGE = [
    "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。",
    "春眠不覺曉\n處處聞啼鳥\r\n夜來風雨聲",
    "GPT-2 was trained by OpenAI in 2019; it's 1.5B parameters, isn't it?",
    "Ünïcödé Café naïve São Tomé ÀÉÎÕÜ ñ ç Ð þ Ł ǅ İstanbul ẞ",
    "e\u0301 a\u0300\u0301 \u0301 \u20dd",  # marks that stand by themselves
    "ＧＰＴ－２，１２３％，（全形）；「引號」『雙』《書》…—～￥＃",
    "😀😃 👨\u200d👩\u200d👧 🇨🇳 👍🏽 ☃ ❤\ufe0f ⭐",
    "さくら、カタカナ、ｶﾀｶﾅ、がぎぐげご、ー・々〆〇",
    "0123456789 ０１２３ ½ ² ① ㈠ Ⅳ 3.14 1,000 50% 2019年12月31日",
    "混排 mixed中文and英文2次 a中b C中D 中E中",
    "a\tb\nc\r\nd\x00e\x1ff\x7fg\x85h\xa0i\u3000j\u2028k\u2029l\u200bm\ufeffn\xado",
    "豈更車 㐀㐁 \U00020000\U0002a6d6 〇々",
    "∑∫√ αβγ ЖЗИ ΑΒΓ אבג عربي ไทย 한국어",
    "$100 + 50 = ~150 ^_^ `code` <b>x</b> | \\ a_b a-b a/b @x #y",
    "[CLS] [SEP] [MASK] [UNK] [PAD] <|endoftext|> <s> </s>",
    "a" * 100 + " " + "b" * 101 + " " + "字" * 200,
    "", " ", "\n", "\x00", "\u0301",
]  # fmt: skip

ALPHABETS = (
    "春眠不覺曉处闻啼鸟𠀀〇々",
    "abcxyzGPT",
    "áéîõüñçÅŁß\u0301\u0300",
    "ＡＢＣａｂｃ１２３，。（）「」！？",
    "😀👍🏽❤\ufe0f\u200d🇨",
    "さくらガギがアー・ｶﾞ",
    "0123456789½²①",
    " \t\n\r\u3000\xa0\u2028\x00\u200b\ufeff",
    ".,;:!?'\"-_()[]{}<>#@$%&*+=/\\|~^`" + LINE_TOKEN,
)
ANY_MIXTURE = st.text(st.sampled_from("".join(ALPHABETS)), max_size=30)
MIXED_TEXTS = st.lists(ANY_MIXTURE, min_size=1, max_size=8)


@pytest.fixture(scope="module")
def vocabulary_file(shared_data) -> Path:
    return shared_data / "vocab" / "bert-base-chinese-vocab.txt"


@pytest.fixture(scope="module")
def bert(vocabulary_file) -> ChineseTokenizer:
    """A tokenizer with the vocabulary of bert-base-chinese."""
    return ChineseTokenizer(read_vocabulary(vocabulary_file))


@pytest.fixture(scope="module")
def hugging_face(vocabulary_file):
    """Hugging Face's tokenizer of bert-base-chinese: text -> ids."""
    tokens = vocabulary_file.read_text("utf-8").removesuffix("\n").split("\n")
    ids = {token: number for number, token in enumerate(tokens)}
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.WordPiece(
            ids, unk_token="[UNK]", max_input_chars_per_word=100
        )
    )
    tokenizer.normalizer = tokenizers.normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


@pytest.fixture(scope="module")
def own(sample_poems) -> ChineseTokenizer:
    """A tokenizer with a vocabulary of the bundled sample."""
    return ChineseTokenizer(build_wordpiece(sample_poems), script="traditional")


@pytest.fixture(scope="module", params=["own", "bert"])
def tokenizer(request) -> ChineseTokenizer:
    return request.getfixturevalue(request.param)


def ids_of(rows) -> list[list[int]]:
    """Plain numbers of a batch of ids, whatever it is made of."""
    rows = rows.to_list() if hasattr(rows, "to_list") else rows
    return [[int(number) for number in row] for row in rows]


@functools.cache
def pipeline(tokenizer) -> tuple[list[str], tf.data.Dataset]:
    """A list, and tf.data that tokenizes what is in it; traced but once."""
    texts: list[str] = []
    signature = tf.TensorSpec([None], tf.string)
    dataset = tf.data.Dataset.from_generator(
        lambda: iter([texts]), output_signature=signature
    )
    return texts, dataset.map(tokenizer)


def ids_in_dataset(tokenizer, given: list[str]) -> list[list[int]]:
    """Ids of texts that went through tf.data."""
    texts, dataset = pipeline(tokenizer)
    texts[:] = given
    (rows,) = dataset
    return ids_of(rows)


def every_path(tokenizer, texts: list[str]) -> dict[str, list[list[int]]]:
    """Ids of the same texts along each way through the tokenizer."""
    return {
        "call": ids_of(tokenizer(texts)),
        "one by one": [ids_of([tokenizer.tokenize(text)])[0] for text in texts],
        "TensorFlow": ids_of(tokenizer._tokenize_tf(texts)),
        "tf.data": ids_in_dataset(tokenizer, texts),
        "Python": ids_of(tokenizer._tokenize_python(texts)),
        "Python, one by one": ids_of(map(tokenizer._tokenize_python, texts)),
    }


def assert_paths_agree(tokenizer, texts: list[str]):
    paths = every_path(tokenizer, texts)
    expected = paths.pop("Python")
    for path, ids in paths.items():
        for text, one, other in zip(texts, ids, expected, strict=True):
            assert one == other, (path, text)


def test_ids_are_hugging_faces_on_the_sample(bert, hugging_face, sample_poems):
    assert ids_of(bert(sample_poems)) == list(map(hugging_face, sample_poems))


@pytest.mark.parametrize("text", PAGE)
def test_ids_are_hugging_faces_on_a_mixed_page(bert, hugging_face, text):
    for path, (ids,) in every_path(bert, [text]).items():
        assert ids == hugging_face(text), path


@settings(max_examples=30, deadline=None)
@given(texts=MIXED_TEXTS)
def test_ids_are_hugging_faces_on_any_mixture(bert, hugging_face, texts):
    assert ids_of(bert(texts)) == list(map(hugging_face, texts))


def texts_of(folder: Path) -> list[str]:
    """Pieces of all the Chinese text there is, a list for each kind."""
    poems = open_corpus("poetry", str(folder / "chinese-poetry"), edition="all").read()
    texts = [poem for split in poems.documents.values() for poem in split]
    for name in ("novels", "zh_prose"):
        # What a damaged file holds is text all the same.
        corpus = Text(folder=folder / name, on_bad_rows="replace", document="line")
        texts += [row.text for row in corpus.rows() if row.text]
    return texts


@pytest.mark.slow
def test_ids_are_hugging_faces_on_every_poem_and_novel(bert, hugging_face, shared_data):
    texts = texts_of(shared_data)
    assert len(texts) > 200_000
    batches = tf.data.Dataset.from_tensor_slices(texts).batch(1024)
    in_graph = (row for rows in batches.map(bert) for row in rows.to_list())
    eagerly = bert.fast.encode(texts)
    for text, graph, eager in zip(texts, in_graph, eagerly, strict=True):
        expected = hugging_face(text)
        assert graph == expected and eager.tolist() == expected, text


@pytest.mark.slow
def test_ids_are_hugging_faces_on_ten_thousand_mixtures(bert, hugging_face):
    texts = []

    @settings(max_examples=10_000, deadline=None, database=None)
    @given(text=ANY_MIXTURE)
    def collect(text):
        texts.append(text)

    collect()
    assert len(texts) >= 10_000
    expected = list(map(hugging_face, texts))
    assert [ids.tolist() for ids in bert.fast.encode(texts)] == expected
    assert ids_in_dataset(bert, texts) == expected


def test_neighbours_never_change_the_token_of_what_stands_alone(bert, hugging_face):
    # Each of the first 150,000 code points, beside the next and the one before.
    chars = [chr(point) for point in range(150_000) if not 0xD800 <= point < 0xE000]
    texts = ["".join(chars[start : start + 500]) for start in range(0, 148_000, 499)]
    assert [ids.tolist() for ids in bert.fast.encode(texts)] == [
        hugging_face(text) for text in texts
    ]


@pytest.mark.parametrize("flags", [*itertools.product([True, False], repeat=2)])
def test_berts_flags_are_respected(vocabulary_file, flags):
    do_lower_case, split_hanzi = flags
    tokens = read_vocabulary(vocabulary_file)
    ours = ChineseTokenizer(
        tokens, do_lower_case=do_lower_case, tokenize_chinese_chars=split_hanzi
    )
    theirs = tokenizers.Tokenizer(
        tokenizers.models.WordPiece(
            {token: number for number, token in enumerate(tokens)},
            unk_token="[UNK]",
            max_input_chars_per_word=100,
        )
    )
    theirs.normalizer = tokenizers.normalizers.BertNormalizer(
        lowercase=do_lower_case, handle_chinese_chars=split_hanzi
    )
    theirs.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    again = ChineseTokenizer.from_config(ours.get_config())
    again.set_vocabulary(tokens)
    for tokenizer in (ours, again):
        paths = every_path(tokenizer, PAGE)
        expected = [theirs.encode(text).ids for text in PAGE]
        for path, ids in paths.items():
            assert ids == expected, path


def test_paths_agree_on_the_sample_and_a_mixed_page(tokenizer, sample_poems):
    assert_paths_agree(tokenizer, sample_poems[:50] + PAGE)


@settings(max_examples=20, deadline=None)
@given(texts=MIXED_TEXTS)
def test_paths_agree_on_any_mixture(tokenizer, texts):
    assert_paths_agree(tokenizer, texts)


def test_a_greek_word_that_ends_in_sigma_has_the_same_ids_everywhere(
    bert, hugging_face
):
    assert_paths_agree(bert, ["ΣΑΣ ΟΔΟΣ."])
    assert ids_of([bert("ΣΑΣ ΟΔΟΣ.")]) == [hugging_face("ΣΑΣ ΟΔΟΣ.")]


def test_a_character_newer_than_pythons_unicode_does_not_vanish(bert, hugging_face):
    text = "春\u0378眠"  # never assigned so far; stands for next year's emoji
    assert_paths_agree(bert, [text])
    assert ids_of([bert(text)]) == [hugging_face(text)]


@pytest.mark.parametrize(
    "word", ["さくら" * 12, "я" * 51, "я" * 100, "я" * 101, "x" * 300, "é" * 101]
)
def test_a_word_of_100_characters_is_counted_in_characters_not_bytes(
    bert, hugging_face, word
):
    assert_paths_agree(bert, [word])
    assert ids_of([bert(word)]) == [hugging_face(word)]


def known_documents(tokenizer, documents: list[str]) -> list[str]:
    """Those without [UNK]."""
    unknown = tokenizer.token_to_id("[UNK]")
    rows = ids_of(tokenizer(documents))
    pairs = zip(documents, rows, strict=True)
    return [document for document, row in pairs if unknown not in row]


def test_every_sample_document_comes_back(own, sample_poems):
    assert known_documents(own, sample_poems) == sample_poems
    assert own.detokenize(own(sample_poems)) == sample_poems
    for poem in sample_poems[:20]:
        assert own.detokenize(own(poem)) == poem


def test_sample_verses_come_back_from_berts_vocabulary(bert, sample_poems):
    verses = [poem.splitlines()[-1] for poem in sample_poems]
    known = known_documents(bert, verses)
    assert len(known) > 90
    assert bert.detokenize(bert(known)) == known


def test_every_known_document_comes_back_as_its_normal_text(bert, tang):
    documents = tang.documents[Split.TEST]
    page = [text for text in PAGE if text.strip()]
    for document in known_documents(bert, documents[:2_000] + page):
        assert bert.detokenize(bert(document)) == bert.normalize(document)


def test_a_thousand_real_poems_come_back(tang):
    poems = tang.documents[Split.TRAIN]
    tokenizer = ChineseTokenizer(build_wordpiece(poems, min_count=2))
    known = known_documents(tokenizer, poems[:1500])[:1000]
    assert len(known) == 1000
    assert tokenizer.detokenize(tokenizer(known)) == known


def test_a_thousand_real_verses_come_back_from_berts_vocabulary(bert, tang):
    verses = tang.documents[Split.VALIDATION] + tang.documents[Split.TEST]
    known = known_documents(bert, verses[:3000])[:1000]
    assert len(known) == 1000
    assert bert.detokenize(bert(known)) == known


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ([], ""),
        (["春", "眠"], "春眠"),
        (["我", "爱", "gp", "##t", "-", "2"], "我爱gpt-2"),
        (["hello", "world"], "hello world"),
        (["hello", ",", "world", "2"], "hello,world 2"),
        (["春", LINE_TOKEN, "眠"], "春\n眠"),
        (["a", LINE_TOKEN, "b"], "a\nb"),
        (["##", "a"], "##a"),
    ],
)
def test_joining_worked_by_hand(tokens, text):
    assert join(tokens) == text


def test_ids_of_every_kind_are_detokenized(own):
    texts = ["春眠", "花落知"]
    ragged = own(texts)
    rows = ids_of(ragged)
    for ids in (rows[0], tuple(rows[0]), np.array(rows[0]), tf.constant(rows[0])):
        assert own.detokenize(ids) == "春眠"
    for ids in (ragged, rows, tf.ragged.constant(rows)):
        assert own.detokenize(ids) == texts
    dense = np.array([rows[0], rows[0]])
    assert own.detokenize(dense) == own.detokenize(tf.constant(dense)) == ["春眠"] * 2
    assert own.detokenize([]) == ""


SPECIAL = ("[CLS]", "[SEP]", "[PAD]", "[MASK]", "[UNK]")
AROUND = (
    "{}",
    "春{}眠",
    " {} ",
    "{}{}",
    "a{}b",
    "{}\n",
    "「{}」",
    "##{}",
    "[{}]",
    "\\{}",
)
INJECTIONS = [place.format(token, token) for token in SPECIAL for place in AROUND]


def test_fifty_special_tokens_in_a_text_give_no_control_id(tokenizer):
    assert len(set(INJECTIONS)) == 50
    control = {tokenizer.token_to_id(token) for token in SPECIAL[:4]}
    assert control == set(tokenizer.special_token_ids)
    for path, rows in every_path(tokenizer, INJECTIONS).items():
        assert control.isdisjoint(itertools.chain.from_iterable(rows)), path


def test_the_preprocessor_alone_sets_control_ids(own):
    preprocessor = ChineseGPT2CausalLMPreprocessor(own, sequence_length=8)
    x, y, weight = preprocessor(["春眠", "[SEP][PAD]"])
    ids = np.array(x["token_ids"])
    assert (ids[:, 0] == own.start_token_id).all()
    assert ids[0, 3] == own.end_token_id
    assert ids[0, 4:].tolist() == [own.pad_token_id] * 4
    assert np.array(weight)[0].tolist() == [1, 1, 1, 0, 0, 0, 0, 0]
    # Eight places, all taken by the ten characters of the second text.
    control = own.special_token_ids
    assert not set(ids[1, 1:].tolist()) & set(control)


def test_a_token_that_is_a_line_separator_shifts_no_id(tmp_path):
    file = tmp_path / "vocabulary.txt"
    file.write_text("[PAD]\n[UNK]\n\u2028\n\x85\n春\n", encoding="utf-8", newline="")
    assert read_vocabulary(file) == ["[PAD]", "[UNK]", "\u2028", "\x85", "春"]


def test_berts_vocabulary_has_its_21128_tokens(vocabulary_file):
    vocabulary = read_vocabulary(vocabulary_file)
    assert len(vocabulary) == 21_128
    assert vocabulary[343] == "\u2028"
    assert vocabulary.index("春") == 3217


def test_a_vocabulary_saved_on_windows_is_read(tmp_path):
    # Python writes "\r\n" there, as KerasHub's save_assets lets it.
    file = tmp_path / "vocabulary.txt"
    file.write_bytes("[PAD]\r\n[UNK]\r\n春\r\n".encode())
    assert read_vocabulary(file) == ["[PAD]", "[UNK]", "春"]


@pytest.mark.parametrize("end", ["", "\n"])
def test_the_last_line_end_is_no_token(tmp_path, end):
    file = tmp_path / "vocabulary.txt"
    file.write_bytes(f"[UNK]\n春{end}".encode())
    assert read_vocabulary(str(file)) == ["[UNK]", "春"]


def test_a_vocabulary_is_built_by_frequency_then_code_point():
    vocabulary = build_wordpiece(["春春眠，", "春眠，曉\n"])
    assert vocabulary[:6] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", LINE_TOKEN]
    assert vocabulary[6:8] + vocabulary[16:18] == ["0", "1", "a", "b"]
    assert vocabulary[42:44] + vocabulary[77:78] == ["##0", "##1", "##z"]
    assert vocabulary[78:] == ["春", "眠", "，", "曉"]


@pytest.mark.parametrize(
    ("options", "built"),
    [
        ({"min_count": 2}, ["春", "眠", "，"]),
        ({"min_count": 3}, ["春"]),
        ({"size": 80}, ["春", "眠"]),
        ({"size": 78}, []),
    ],
)
def test_rare_characters_and_those_over_the_size_are_left_out(options, built):
    assert build_wordpiece(["春春眠，", "春眠，曉\n"], **options)[78:] == built


def test_a_vocabulary_holds_characters_as_the_tokenizer_sees_them():
    built = build_wordpiece(["Ａ É\u0301 a1\x00\u3000 豈 " + LINE_TOKEN])[78:]
    assert built == ["豈", "ａ", "##ａ"]


def test_a_built_vocabulary_knows_every_latin_word_and_number():
    tokenizer = ChineseTokenizer(build_wordpiece(["春"]))
    text = "春Hello2019春"
    assert tokenizer.token_to_id("[UNK]") not in list(tokenizer(text))
    assert tokenizer.detokenize(tokenizer(text)) == "春hello2019春"


@pytest.mark.parametrize("text", ["さくら", "Привет", "😀😀", "한국"])
def test_a_built_vocabulary_knows_the_words_it_was_built_from(text):
    tokenizer = ChineseTokenizer(build_wordpiece([text]))
    assert tokenizer.token_to_id("[UNK]") not in list(tokenizer(text))


def test_line_ends_are_white_space_without_a_token_for_them():
    tokenizer = ChineseTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "春"])
    assert ids_of([tokenizer("春\n春\r\n春")]) == [[5, 5, 5]]


@pytest.fixture(scope="module")
def odd_model(make_tiny_model):
    """A tiny model whose vocabulary holds tokens that line readers lose."""
    model = make_tiny_model(dropout=0.0)
    vocabulary = model.preprocessor.tokenizer.get_vocabulary()
    vocabulary[-2:] = ["\u2028", "\x85"]
    tokenizer = ChineseTokenizer(vocabulary, script="traditional")
    model.preprocessor = ChineseGPT2CausalLMPreprocessor(tokenizer, 64)
    return model


@pytest.fixture(scope="module", params=["preset", "keras"])
def reloaded(request, odd_model, tmp_path_factory):
    """The same model from disk."""
    path = str(tmp_path_factory.mktemp("saved") / f"model.{request.param}")
    if request.param == "preset":
        odd_model.save_to_preset(path)
        return keras_hub.models.GPT2CausalLM.from_preset(path)
    odd_model.save(path)
    return keras.saving.load_model(path)


def test_a_saved_model_comes_back_with_our_classes(reloaded):
    assert type(reloaded.preprocessor) is ChineseGPT2CausalLMPreprocessor
    assert type(reloaded.preprocessor.tokenizer) is ChineseTokenizer
    assert reloaded.preprocessor.tokenizer.script == "traditional"


def test_a_saved_model_gives_equal_ids(reloaded, odd_model, sample_poems):
    before, after = odd_model.preprocessor.tokenizer, reloaded.preprocessor.tokenizer
    assert after.get_vocabulary() == before.get_vocabulary()
    texts = sample_poems[:50] + PAGE
    assert ids_of(after(texts)) == ids_of(before(texts))
    x_before, x_after = (m.preprocessor(texts)[0] for m in (odd_model, reloaded))
    assert np.array_equal(x_before["token_ids"], x_after["token_ids"])


# Keras' other backends, and a module that each needs.
BACKENDS = {"jax": "jax", "torch": "torch", "numpy": "scipy"}

WITHOUT_TENSORFLOW = """
import json, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "tensorflow_text"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from keras_gpt2.tokenizers.chinese import *

given = json.load(sys.stdin)
tokenizer = ChineseTokenizer(given["vocabulary"])
rows = [[int(i) for i in row] for row in tokenizer(given["texts"])]
preprocessor = ChineseGPT2CausalLMPreprocessor(tokenizer, sequence_length=16)
x, y, weight = preprocessor(given["texts"])
ids = keras.ops.convert_to_numpy(x["token_ids"]).tolist()
text = tokenizer.detokenize(tokenizer(given["texts"]))
print(json.dumps({"rows": rows, "ids": ids, "text": text}))
"""


def test_ids_and_text_are_the_same_without_tensorflow(own, sample_poems):
    backend = next((name for name, needs in BACKENDS.items() if find_spec(needs)), None)
    if backend is None:
        pytest.skip("wants a Keras backend besides TensorFlow: jax, torch, or scipy")
    texts = sample_poems[:20] + [text for text in PAGE if text]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW],
        input=json.dumps({"vocabulary": own.get_vocabulary(), "texts": texts}),
        env={**os.environ, "KERAS_BACKEND": backend},
        cwd=Path(keras_gpt2.__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["rows"] == ids_of(own(texts))
    assert answer["text"] == own.detokenize(own(texts))
    x, _, _ = ChineseGPT2CausalLMPreprocessor(own, sequence_length=16)(texts)
    assert answer["ids"] == np.array(x["token_ids"]).tolist()
