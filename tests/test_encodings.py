"""Encodings told from bytes alone, on real novels and on short texts worked by hand."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_gpt2 import encodings
from keras_gpt2.encodings import BROKEN, MARKED, detect
from keras_gpt2.errors import InputError, KerasGPT2Error

POEM = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。\n"
TRADITIONAL_POEM = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。\n"
ENGLISH = "“It was the best of times,” she said; it wasn’t. The café was shut.\n"
NOVELS = {
    "三国演义.gb18030.txt": "gb18030",
    "红楼梦.utf8.txt": "utf-8",
    "西游记.utf8.txt": "utf-8",
    "encodings/sanguo_ch1-3.gbk.txt": "gb18030",
    "encodings/sanguo_ch1-3.trad.big5.txt": "big5",
    "encodings/sanguo_ch1-3.utf16le-bom.txt": "utf-16",
    "encodings/sanguo_ch1-3.utf8-sig.txt": "utf-8-sig",
    "encodings/sanguo_ch1-3.utf8.txt": "utf-8",
}


def read(data: bytes, encoding: str, errors="strict") -> str:
    return "".join(encodings.chunks(io.BytesIO(data), encoding, "a.txt", errors))


@pytest.mark.parametrize("name", NOVELS)
def test_every_novel_is_told(shared_data, name):
    data = (shared_data / "novels" / name).read_bytes()
    assert detect(encodings.samples(io.BytesIO(data), len(data))) == NOVELS[name]
    text = read(data, NOVELS[name])
    assert "\r" not in text and not text.startswith("\ufeff")
    assert encodings.common_share(text) > 0.3


def test_the_same_chapters_read_the_same_in_each_encoding(shared_data):
    folder = shared_data / "novels" / "encodings"
    files = [path for path in folder.iterdir() if "trad" not in path.name]
    texts = {
        read(path.read_bytes(), NOVELS[f"encodings/{path.name}"]) for path in files
    }
    assert len(files) == 4 and len(texts) == 1


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        ("", "utf-8", "utf-8"),
        ("plain", "ascii", "utf-8"),
        (POEM, "utf-8", "utf-8"),
        (POEM, "utf-8-sig", "utf-8-sig"),
        (POEM, "gbk", "gb18030"),
        (POEM + "\U00020000", "gb18030", "gb18030"),
        (TRADITIONAL_POEM, "big5", "big5"),
        (TRADITIONAL_POEM, "gbk", "gb18030"),
        (TRADITIONAL_POEM + "裏碁", "cp950", "cp950"),
        (POEM, "utf-16", "utf-16"),
        (POEM, "utf-16-le", "utf-16-le"),
        (POEM, "utf-16-be", "utf-16-be"),
        (POEM, "utf-32", "utf-32"),
        ("plain text", "utf-16-le", "utf-16-le"),
        ("plain text", "utf-16-be", "utf-16-be"),
        (ENGLISH, "cp1252", "cp1252"),
        ("Voilà, señor Müller", "latin-1", ""),  # à is ŕ in Central Europe
        ("吾輩は猫である。名前はまだ無い。" * 9, "euc-jp", "euc_jp"),
        ("吾輩は猫である。名前はまだ無い。" * 9, "shift_jis", "cp932"),
        ("안녕하세요 저는 학생입니다. " * 9, "euc-kr", ""),
        ("Все счастливые семьи похожи друг на друга. " * 9, "cp1251", ""),
        ("Příliš žluťoučký kůň úpěl ďábelské ódy. " * 9, "cp1250", ""),
    ],
)
def test_encodings_worked_by_hand(text, encoding, told):
    assert detect([text.encode(encoding)]) == told


def test_a_character_cut_at_the_end_of_a_sample_is_no_damage():
    for encoding in ("utf-8", "gb18030", "utf-16-le"):
        data = (POEM * 50).encode(encoding)
        assert len({detect([data[:-cut]]) for cut in range(1, 4)}) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "big5"])
def test_one_broken_byte_in_a_hundred_leaves_the_encoding_as_it_is(encoding):
    data = bytearray((TRADITIONAL_POEM * 40).encode(encoding))
    data[50::100] = b"\xff" * len(data[50::100])
    assert detect([bytes(data)]) == encoding


def test_the_body_of_a_large_file_decides_too():
    data = b"plain\n" * 400_000 + (POEM * 30_000).encode("gbk")
    parts = encodings.samples(io.BytesIO(data), len(data))
    assert sum(map(len, parts)) < 2 * encodings.HEAD_BYTES
    assert detect(parts) == "gb18030"


def test_a_nul_in_a_text_makes_it_no_utf_16():
    for data in (b"a\0", b"\0\0\0\0\0\0\0\0", b"one\0two\0three\0four\0five\0six"):
        assert detect([data]) == "utf-8"


def test_marks_stand_for_broken_bytes_and_line_ends_are_one():
    data = b"\xef\xbb\xbfa\r\nb\rc\n\xff\xfed\xe6\x98"
    assert read(data, "utf-8", MARKED) == f"a\nb\nc\n{BROKEN}{BROKEN}d{BROKEN}"


def test_pieces_join_to_the_text_wherever_a_chunk_ends(monkeypatch):
    text = "春\r\n眠\n\r" * 20
    for encoding in ("utf-8", "gb18030", "utf-16"):
        for size in (1, 2, 3, 5):
            monkeypatch.setattr(encodings, "CHUNK_BYTES", size)
            assert read(text.encode(encoding), encoding) == "春\n眠\n\n" * 20


@pytest.mark.parametrize("size", [1, 3, 2**20])
def test_a_wrong_byte_is_told_by_its_place(monkeypatch, size):
    monkeypatch.setattr(encodings, "CHUNK_BYTES", size)
    with pytest.raises(InputError, match=r"a\.txt is not utf-8 \(byte 12\)"):
        read("春眠不覺".encode() + b"\xff", "utf-8")


def test_a_wrong_encoding_names_a_likely_one():
    with pytest.raises(
        InputError, match=r"is not utf-8 \(byte 0\).*--encoding gb18030"
    ):
        read(POEM.encode("gbk"), "utf-8")
    with pytest.raises(InputError, match="is not gb18030.*--encoding utf-8"):
        read((POEM + "春").encode("utf-8"), "gb18030")


@pytest.mark.parametrize("name", ["klingon", "base64", "idna", "punycode", "undefined"])
def test_what_is_no_encoding_of_files_is_refused(name):
    with pytest.raises(InputError, match=name):
        read(POEM.encode("utf-8"), name)


@given(st.binary(max_size=400), st.sampled_from(["utf-8", "gb18030", "big5", "utf-16"]))
def test_any_bytes_are_told_and_read_without_another_exception(data, encoding):
    told = detect([data]) or "utf-8"
    assert isinstance(read(data, told, MARKED), str)
    try:
        assert read(data, encoding).count(BROKEN) == 0
    except KerasGPT2Error as error:
        assert "\n" not in str(error)


@given(st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"])))
def test_utf_8_is_read_as_it_was_written(text):
    data = text.encode()
    if not encodings.of_wide_characters(data) and data[:2] not in (b"\xff\xfe",):
        assert detect([data]) in ("utf-8", "utf-8-sig")
    assert read(data, "utf-8") == text.removeprefix("\ufeff")
