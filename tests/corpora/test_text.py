"""Text of one's own: what a document is, where it goes, what is left of the text."""

import itertools
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_gpt2 import encodings
from keras_gpt2.corpora import Split, open_corpus, sample_folder
from keras_gpt2.corpora.text import Text
from keras_gpt2.errors import KerasGPT2Error, StorageError, UsageError

PARAGRAPH = "It was a bright cold day, and the clocks were striking thirteen. " * 5
FAST = settings(max_examples=200, deadline=None)
THOROUGH = settings(FAST, max_examples=2000)
LINE = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from(" \t春é<|"),
    max_size=20,
)


def write(folder: Path, text: str | bytes, name: str = "mine.txt") -> Path:
    """A file with that text; gives its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def documents(path: Path, **options) -> list[str]:
    """Usable rows of a file, in their order."""
    return [row.text for row in Text(folder=path, **options).rows() if not row.skipped]


def skipped(path: Path, **options) -> list[str]:
    rows = Text(folder=path, **options).rows()
    return [row.skipped for row in rows if row.skipped]


def test_lines_of_end_of_text_separate_documents(tmp_path):
    text = "<|endoftext|>\nOne.\n\nStill one.\n<|endoftext|>  \r\n\n<|endoftext|>\nTwo"
    path = write(tmp_path, text)
    assert documents(path) == ["One.\n\nStill one.", "Two"]
    assert skipped(path) == ["no text", "no text"]


def test_end_of_text_inside_a_line_is_ordinary_text(tmp_path):
    text = "She said <|endoftext|> and left.\n\n <|endoftext|>"
    assert documents(write(tmp_path, text), document="paragraph") == [
        "She said <|endoftext|> and left.", "<|endoftext|>",
    ]  # fmt: skip


def test_paragraphs_are_gathered_to_about_2000_characters(tmp_path):
    path = write(tmp_path, "\n \n\n".join([PARAGRAPH] * 20))
    found = documents(path)
    assert [len(text) // 100 for text in found] == [22, 22, 19]
    assert "\n\n".join(found) == "\n\n".join([PARAGRAPH.strip()] * 20)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("file", ["a\nb\n\nc\n---\nd --- e"]),
        ("paragraph", ["a\nb", "c\n---\nd --- e"]),
        ("line", ["a", "b", "c", "---", "d --- e"]),
        ("---", ["a\nb\n\nc", "d --- e"]),
        (" --- ", ["a\nb\n\nc\n---\nd", "e"]),
        ("nowhere", ["a\nb\n\nc\n---\nd --- e"]),
    ],
)
def test_the_reader_says_what_a_document_is(tmp_path, how, expected):
    path = write(tmp_path, "a\nb\n\nc\n---\nd --- e\n")
    assert documents(path, document=how) == expected


def test_a_document_must_be_said_if_at_all(tmp_path):
    with pytest.raises(UsageError, match="--document must not be empty"):
        Text(folder=tmp_path, document="")


def test_a_blank_line_is_a_row_without_text_where_lines_are_documents(tmp_path):
    assert skipped(write(tmp_path, "a\n\n \nb\n"), document="line") == ["no text"] * 2


def test_a_large_text_without_a_blank_line_is_gathered_from_its_lines(tmp_path):
    line = "A line of a long list of lines, each of them a sentence.\n"
    path = write(tmp_path, line * (16 * 10**6 // len(line) + 1))
    found = documents(path)
    assert set(map(len, found[:-1])) == {36 * len(line) - 1}
    assert sum(text.count("\n") + 1 for text in found) == path.stat().st_size / len(
        line
    )


def test_rows_name_the_line_at_which_they_begin(tmp_path):
    path = write(tmp_path, "\n\na\nb\n \n\n\nc\n")
    rows = Text(folder=path, document="paragraph").rows()
    assert [row.where for row in rows] == [f"{path}, line 3", f"{path}, line 8"]


@pytest.mark.parametrize(
    "word", ["NA", "null", "None", "007", "=1+1", "nan", "\ufeff."]
)
def test_words_that_mean_something_elsewhere_are_kept(tmp_path, word):
    path = write(tmp_path, f"one\n{word}\n two  \r\n")
    assert documents(path, document="line") == ["one", word, "two"]


def test_text_is_composed_and_without_a_byte_order_mark(tmp_path):
    path = write(tmp_path, "cafe\u0301\r\nnoir \r".encode("utf-8-sig"))
    assert documents(path) == ["café\nnoir"]


def test_one_document_is_split_by_position(tmp_path):
    words = [f"w{number}." for number in range(4000)]
    path = write(tmp_path, " ".join(words))
    reading = Text(folder=path).read()
    parts = [reading.documents[split] for split in Split]
    assert reading.report.used == dict.fromkeys(Split, 1)
    assert reading.report.skipped == {"gap between splits": 2}
    assert reading.report.read == 5
    found = [part[0].split() for part in parts]
    for part, share in zip(found, (0.895, 0.045, 0.05), strict=True):
        assert abs(len(part) / len(words) - share) < 0.005
    for one, other in itertools.combinations(found, 2):
        assert set(one).isdisjoint(other)
    assert set(itertools.chain(*found)) < set(
        words
    )  # no word is cut, some are left out


@pytest.mark.parametrize("text", ["春眠不覺曉" * 300, "x" * 1000, "One. " * 2000])
def test_any_one_document_of_some_length_has_three_parts_that_do_not_touch(
    tmp_path, text
):
    rows = list(Text(folder=write(tmp_path, text)).rows())
    assert [row.split for row in rows if row.split] == list(Split)
    assert 0.98 < sum(len(row.text) for row in rows) / len(text) < 0.995


def test_a_short_document_stays_whole(tmp_path):
    assert Text(folder=write(tmp_path, "Brief.")).read().report.read == 1


def test_a_folder_is_read_in_order_and_only_what_is_text(tmp_path):
    names = ("b.txt", "a/z.MD", "a/b/c.txt", ".hidden.txt", ".git/x.txt", "pic.png")
    for name in names:
        write(tmp_path, name, name)
    assert documents(tmp_path) == ["a/b/c.txt", "a/z.MD", "b.txt"]


def test_each_file_of_a_folder_has_its_own_encoding(tmp_path):
    poem = "白日依山盡，黃河入海流。欲窮千里目，更上一層樓。"
    for encoding in ("utf-8", "big5", "gb18030", "utf-16"):
        write(tmp_path, poem.encode(encoding), f"{encoding}.txt")
    assert documents(tmp_path) == [poem] * 4


def test_script_is_converted_and_moves_no_document(tmp_path):
    path = write(tmp_path, "處處聞啼鳥\n春眠不覺曉\nplain\n")
    corpora = [Text(folder=path, document="line", script=script)
               for script in (None, "simplified", "traditional")]  # fmt: skip
    keys = [[corpus.key(row) for row in corpus.rows()] for corpus in corpora]
    assert keys[0] == keys[1] == keys[2]
    render = corpora[1].render
    simplified = [render(row, Split.TRAIN) for row in corpora[1].rows()]
    assert simplified == ["处处闻啼鸟", "春眠不觉晓", "plain"]


def test_excluded_documents_and_their_long_lines_are_left_out(tmp_path):
    line = "This very sentence is long enough to be found wherever it may stand."
    held = Text(folder=write(tmp_path, f"{line}\nHeld.", "held.txt")).all_passages()
    path = write(tmp_path, f"Some.\n{line}\n<|endoftext|>\nOther.", "all.txt")
    report = Text(folder=path).read(exclude=held).report
    assert report.skipped == {"excluded": 1} and report.used.total() == 1


def test_nothing_to_read_says_what_can_be_read(tmp_path):
    write(tmp_path, "x", "thesis.docx")
    for path in (tmp_path, tmp_path / "thesis.docx", tmp_path / "nowhere"):
        with pytest.raises(StorageError, match=r"\.jsonl"):
            open_corpus("text", str(path))


def test_the_sample_is_sixty_fables():
    report = Text(folder=sample_folder("text")).read().report
    assert report.used.total() == report.read >= 60


@pytest.mark.parametrize("how", ["auto", "file", "paragraph", "line", "--", "b\n"])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_rows_are_the_same_wherever_a_chunk_ends(tmp_path, monkeypatch, how, size):
    text = "a\r\n \t\r\n\r\nb\n--\nc --  \nd\n<|endoftext|> \ne\n\n\n\nf\u3000\n"
    corpus = Text(folder=write(tmp_path, text), document=how)
    whole = list(corpus.rows())
    monkeypatch.setattr(encodings, "CHUNK_BYTES", size)
    assert list(corpus.rows()) == whole


@given(st.text(min_size=2).map(str.strip).filter(lambda text: len(text) > 1))
def test_a_prompt_opens_its_document_and_leaves_some(document):
    prompt = Text.prompt(document)
    assert document.startswith(prompt) and document != prompt
    assert prompt and len(prompt) <= 60


def test_a_prompt_ends_with_a_word():
    assert Text.prompt("A crow found a jug.\nIt was dry.") == "A crow found a jug."
    assert Text.prompt(PARAGRAPH).endswith("were striking")


def check_round_trip(folder: Path, lines: list[str], joiner: str) -> None:
    path = write(folder, joiner.join(lines))
    expected = [unicodedata.normalize("NFC", line.strip()) for line in lines]
    if not lines[-1]:
        expected.pop()
    corpus = Text(folder=path, document="line", encoding="utf-8")
    rows = list(corpus.rows())
    assert [row.text for row in rows if row.text] == list(filter(None, expected))
    assert len(rows) == len(expected)
    try:
        report = corpus.read().report
        assert report.read == len(rows)
        assert report.used.total() + report.duplicates == sum(map(bool, expected))
    except KerasGPT2Error:
        assert not any(expected)


@FAST
@given(lines=st.lists(LINE, min_size=2), joiner=st.sampled_from(["\n", "\r\n", "\r"]))
def test_lines_come_back_as_they_were(tmp_path_factory, lines, joiner):
    lines[0] = lines[0].lstrip("\ufeff")
    check_round_trip(tmp_path_factory.mktemp("text"), lines, joiner)


@pytest.mark.slow
@THOROUGH
@given(lines=st.lists(LINE, min_size=2), joiner=st.sampled_from(["\n", "\r\n", "\r"]))
def test_lines_come_back_as_they_were_at_length(tmp_path_factory, lines, joiner):
    lines[0] = lines[0].lstrip("\ufeff")
    check_round_trip(tmp_path_factory.mktemp("text"), lines, joiner)


def test_no_script_moves_a_piece_of_a_novel_to_another_split(shared_data):
    path = shared_data / "novels" / "红楼梦.utf8.txt"
    readings = [
        Text(folder=path, script=script).read() for script in (None, "traditional")
    ]
    one, other = (reading.report.used for reading in readings)
    assert one == other and one.total() > 300
    assert readings[0].documents != readings[1].documents
