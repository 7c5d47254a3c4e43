"""Files that strangers made: damaged, mislabelled, or no files at all."""

import errno
import os
import re
import signal
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_gpt2.errors import InputError, KerasGPT2Error, StorageError
from keras_gpt2.files import (
    MAX_JSON_BYTES,
    damage,
    is_json_lines,
    mend,
    read_json,
    read_text,
)

POEM = "春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。\n"
SIMPLIFIED_POEM = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。\n"
# Half a surrogate pair is a code point too; JSON can spell it.
ANY_TEXT = st.text(
    st.characters() | st.characters(categories=["Cs", "Cc"]), max_size=30
)


@pytest.fixture(autouse=True)
def deadline():
    """Ends a test that hangs; reading a pipe would."""

    def give_up(*_):
        raise TimeoutError("hung for 5 seconds")

    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(5)
    yield
    signal.alarm(0)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "poems.json"


def refusal(read, path) -> str:
    """The one line that reading ends in."""
    with pytest.raises(KerasGPT2Error) as error:
        read(path)
    message = str(error.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1, column 1"),
        ("春眠", "line 1, column 1"),
        ('[\n  {"title": "春曉"', "line 2, column 17"),
        ('[\n  {"title": "春', "line 2, column 13"),
        ('[{"title": "春曉"},\n]', "line [12], column"),
        ("[1, 2] 3", "line 1, column 8"),
        ("[1, 2\x00]", "line 1, column 6"),
        ('{"a": 1}\n{"a": 2}\n', "line 2, column 1.*It looks like JSON Lines"),
    ],
    ids=["empty", "text", "cut", "cut inside a string", "trailing comma", "more after",
         "NUL", "JSON Lines"],
)  # fmt: skip
def test_what_is_no_json_is_told_with_line_and_column(path, text, said):
    path.write_text(text, encoding="utf-8")
    assert re.search(said, refusal(read_json, path))


def test_a_broken_list_is_not_taken_for_json_lines(path):
    path.write_text('[{"a": 1},\n {"a": 2]', encoding="utf-8")
    assert "JSON Lines" not in refusal(read_json, path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_nesting_of_depth_100000_is_refused(path, text):
    path.write_text(text)
    assert "nested too deeply" in refusal(read_json, path)


def test_an_integer_of_5000_digits_is_refused(path):
    path.write_text(f'[{{"id": {"7" * 5000}}}]')
    assert "limit" in refusal(read_json, path)


def test_a_file_too_large_for_memory_is_refused_unread(path):
    with open(path, "wb") as file:
        file.truncate(MAX_JSON_BYTES + 1)  # sparse: takes no room on the disk
    assert f"{MAX_JSON_BYTES:,}" in refusal(read_json, path)


@pytest.mark.parametrize("read", [read_json, read_text])
def test_a_pipe_is_refused_and_never_waited_for(path, read):
    os.mkfifo(path)
    assert "is a pipe, not a file" in refusal(read, path)


@pytest.mark.parametrize("read", [read_json, read_text])
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_refused(path, read, device):
    path.symlink_to(device)
    assert "is a device, not a file" in refusal(read, path)


@pytest.mark.parametrize("read", [read_json, read_text])
def test_a_folder_is_refused(tmp_path, read):
    assert "is a folder, not a file" in refusal(read, tmp_path)


@pytest.mark.parametrize("read", [read_json, read_text])
def test_a_symlink_loop_is_refused(path, read):
    path.symlink_to(path)
    with pytest.raises(StorageError, match=os.strerror(errno.ELOOP)):
        read(path)


@pytest.mark.parametrize("read", [read_json, read_text])
def test_a_missing_file_is_named(path, read):
    with pytest.raises(StorageError, match=r"poems\.json"):
        read(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
@pytest.mark.parametrize("read", [read_json, read_text])
def test_an_unreadable_file_is_named(path, read):
    path.write_text("[]")
    path.chmod(0)
    with pytest.raises(StorageError, match=os.strerror(errno.EACCES)):
        read(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_is_no_text(path, encoding):
    path.write_text(f'["{POEM.strip()}"]', encoding=encoding)
    assert read_json(path) == [POEM.strip()]
    assert read_text(path) == f'["{POEM.strip()}"]'


@pytest.mark.parametrize(
    ("text", "encoding", "offset"),
    [
        # The first byte that cannot begin a character of UTF-8.
        (SIMPLIFIED_POEM, "gb18030", 0),
        (POEM, "big5", 0),
        ("Tang: " + SIMPLIFIED_POEM, "gb18030", 6),
        ("x" * 12_345 + SIMPLIFIED_POEM, "gbk", 12_345),
        (POEM, "utf-16", 0),
        # A character of GB 18030 that GBK does not have.
        (SIMPLIFIED_POEM + "\U00020000", "gb18030", 0),
    ],
)
def test_another_encoding_is_told_with_offset_and_a_way_to_read_it(
    path, text, encoding, offset
):
    path.write_bytes(text.encode(encoding))
    message = refusal(read_text, path)
    assert f"is not UTF-8 (byte {offset:,})" in message
    advised = re.search(r"try --encoding (\S+)$", message)
    assert advised and read_text(path, advised[1]) == text


def test_a_file_in_no_encoding_is_not_guessed_at(path):
    path.write_bytes(b"\xe6\x98\xa5\xff\xff")
    assert "It is in no encoding we know" in refusal(read_text, path)


def test_a_wrong_encoding_asked_for_is_told(path):
    path.write_bytes(POEM.encode("utf-8") + b"\xff")
    with pytest.raises(InputError, match="is not gb18030"):
        read_text(path, "gb18030")
    with pytest.raises(InputError, match="--encoding klingon is unknown"):
        read_text(path, "klingon")


@pytest.mark.parametrize("codec", ["base64", "idna"])
def test_a_codec_that_is_no_encoding_of_files_is_refused(path, codec):
    path.write_bytes(POEM.encode("utf-8"))
    with pytest.raises(InputError, match=codec):
        read_text(path, codec)


@pytest.mark.parametrize(
    ("text", "name", "mended"),
    [
        ("春眠\t不覺\r\n曉", "", "春眠\t不覺\r\n曉"),
        ("a\x00b", "control character", "ab"),
        ("a\x1b[31mb", "control character", "a[31mb"),
        ("a\x85b", "control character", "ab"),
        ("\ud83d", "lone surrogate", "\ufffd"),
        ("\ude00\ud83d", "lone surrogate", "\ufffd\ufffd"),
        ("a\x00\ud83d", "lone surrogate", "a\ufffd"),
        ("\u200b\ufeff\U0001f600", "", "\u200b\ufeff\U0001f600"),
    ],
)
def test_damage_and_its_mending_worked_by_hand(text, name, mended):
    assert damage(text) == name
    assert mend(text) == mended


def test_two_halves_that_meet_are_the_character_they_spell():
    assert mend("\ud83d\ude00") == "\U0001f600"


@given(ANY_TEXT)
def test_what_is_mended_is_sound_and_can_be_written(text):
    mended = mend(text)
    assert damage(mended) == ""
    assert mended.encode("utf-8").decode("utf-8") == mended
    assert mend(mended) == mended


@given(ANY_TEXT)
def test_sound_text_is_left_alone(text):
    if not damage(text):
        assert mend(text) == text


@given(ANY_TEXT)
def test_mending_keeps_every_sound_character_in_its_order(text):
    def is_sound(char: str) -> bool:
        return char in "\t\r\n" or unicodedata.category(char) not in ("Cc", "Cs")

    # Two halves may meet and become a character, so both sides lose those.
    kept = [char for char in mend(text) if char != "\ufffd" and char <= "\uffff"]
    sound = filter(is_sound, text.replace("\ufffd", ""))
    assert kept == [char for char in sound if char <= "\uffff"]


def test_a_second_line_nested_deeply_is_no_json_lines():
    assert not is_json_lines("{}\n" + "[" * 100_000)
