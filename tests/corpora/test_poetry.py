"""Tang and Song poems: the dirt of the release, and what is made of it."""

import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_gpt2.corpora import Row, Split, open_corpus, sample_folder, split_of
from keras_gpt2.corpora.poetry import Poetry, clean, heading_line
from keras_gpt2.errors import InputError, StorageError
from keras_gpt2.script import convert

SAMPLE = sample_folder("poetry") / "全唐诗" / "poet.tang.0.json"
DAWN = "春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。"
MOON = "床前看月光，疑是地上霜。舉頭望山月，低頭思故鄉。"
NO_HANZI = re.compile(r"\W")


def poem(*paragraphs: str, title="春曉", author="孟浩然") -> dict:
    return {"title": title, "author": author, "paragraphs": list(paragraphs)}


def release(folder: Path, poems: list, name="全唐诗/poet.tang.0.json") -> Path:
    """A release with one file; gives its folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(poems), encoding="utf-8")
    return folder


def verses(folder: Path, **options) -> list[str]:
    """Poems of a release in the order they are read, headings cut off."""
    rows = Poetry(folder=folder, **options).rows()
    return [row.text for row in rows if not row.skipped]


def bodies(reading, split: Split) -> set[str]:
    """Verses of a split's documents."""
    return {document.splitlines()[-1] for document in reading.documents[split]}


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (DAWN, DAWN),
        ("春眠 不覺\u3000曉\n，\t處處聞啼鳥。", "春眠不覺曉，處處聞啼鳥。"),
        ("春[眠]不[覺曉]。", "春眠不覺曉。"),
        ("春眠（一作曙）不覺曉〖1〗。", "春眠不覺曉。"),
        ("春眠（一作（曙））不覺曉。", "春眠不覺曉。"),
        ("春眠〖二（三〖四〗五）六〗不覺曉。", "春眠不覺曉。"),
        ("春眠（一作[曙]）不覺曉。", "春眠不覺曉。"),
        ("春眠（一作□，{艹/頻}，Ｘ）不覺曉。", "春眠不覺曉。"),
        ("春眠不覺曉（見《全唐詩》", None),
        ("春眠）不覺曉。", None),
        ("春眠〖1不覺曉。", None),
        ("春[眠不覺曉。", None),
        ("春眠（一〖二）三〗不覺曉。", None),
    ],
)
def test_notes_and_emendations_worked_by_hand(text, cleaned):
    assert clean(text) == ((cleaned, "") if cleaned else ("", "unbalanced note"))


@pytest.mark.parametrize(
    "glyph",
    ["□", "●", "○", "{艹/頻}", "\ue000", "\uf8ff", "⿰亻春", "\ufffd", "[□]"],
)
def test_a_poem_with_a_missing_glyph_is_left_out(glyph):
    assert clean(f"春眠{glyph}覺曉。") == ("", "missing glyph")


@pytest.mark.parametrize("stray", ["A", "1", "(", "さ", "\u200b", "\x00", "☃", "春,"])
def test_a_poem_with_a_stray_character_is_left_out(stray):
    assert clean(f"春眠{stray}覺曉。") == ("", "stray character")


@pytest.mark.parametrize("text", ["", "。", "，。", " \n", "（全詩散佚。）", "〖1〗。"])
def test_a_poem_without_text_is_left_out(text):
    assert clean(text) == ("", "no text")


@pytest.mark.parametrize("char", ["〇", "々", "㐀", "\U00020000", "豈", "「春」", "…"])
def test_rare_hanzi_and_chinese_punctuation_are_text(char):
    assert clean(f"春眠{char}覺曉。") == (f"春眠{char}覺曉。", "")


@given(st.text(alphabet="春眠，。（）〖〗[]□{}A \n", max_size=30))
def test_what_is_kept_holds_no_mark_of_an_editor(text):
    cleaned, reason = clean(text)
    assert bool(cleaned) != bool(reason)
    assert re.fullmatch("[春眠，。]*", cleaned)
    assert clean(cleaned) == (cleaned, "") or reason


def test_a_note_that_spans_items_is_cut_whole(tmp_path):
    record = poem("春眠不覺曉（一作", "曙，見[全唐詩]", "），處處聞啼鳥。")
    assert verses(release(tmp_path, [record])) == ["春眠不覺曉，處處聞啼鳥。"]


@pytest.mark.parametrize(
    ("title", "author", "heading"),
    [
        ("春曉", "孟浩然", "春曉（孟浩然）"),
        (" 涼州詞二首\t一 ", "王 之渙", "涼州詞二首·一（王之渙）"),
        ("", "孟浩然", ""),
        ("春曉", "", ""),
        ("○日", "孟浩然", ""),
    ],
)
def test_headings_worked_by_hand(title, author, heading):
    assert heading_line(title, author) == heading


@pytest.mark.parametrize("layout", ["全唐诗/", "json/", ""])
def test_every_layout_of_the_release_is_read(tmp_path, layout):
    release(tmp_path, [poem(DAWN)], f"{layout}poet.tang.0.json")
    assert verses(tmp_path) == [DAWN]


def test_one_file_of_the_release_is_read(tmp_path):
    release(tmp_path, [poem(DAWN)], "mine.json")
    assert verses(tmp_path / "mine.json") == [DAWN]


def test_files_are_read_in_the_order_of_their_numbers(tmp_path):
    numbers = ("0", "1000", "2000", "10000", "11000")
    for place in reversed(numbers):
        release(tmp_path, [poem("春。")], f"poet.tang.{place}.json")
    names = [path.name for path in Poetry(folder=tmp_path).files()]
    assert names == [f"poet.tang.{place}.json" for place in numbers]


def test_rejected_records_and_other_lists_are_not_read(tmp_path):
    release(tmp_path, [poem(DAWN)])
    for name in ("error/poet.tang.0.json", "authors.tang.json", "唐诗三百首.json"):
        release(tmp_path, [poem(MOON)], f"全唐诗/{name}")
    assert verses(tmp_path) == [DAWN]


def test_editions_are_tang_song_or_both(tmp_path):
    release(tmp_path, [poem(MOON)], "全唐诗/poet.song.0.json")
    release(tmp_path, [poem(DAWN)], "全唐诗/poet.tang.1000.json")
    assert verses(tmp_path) == verses(tmp_path, edition="tang") == [DAWN]
    assert verses(tmp_path, edition="song") == [MOON]
    assert verses(tmp_path, edition="all") == [DAWN, MOON]


def test_a_folder_without_the_release_says_how_to_get_it(tmp_path):
    with pytest.raises(StorageError, match="git clone"):
        open_corpus("poetry", str(tmp_path))
    with pytest.raises(StorageError, match="git clone"):
        open_corpus("poetry", str(tmp_path / "nowhere"))


@pytest.mark.parametrize("value", [{}, "poems", 7, None])
def test_a_file_that_is_no_list_is_named(tmp_path, value):
    release(tmp_path, value)
    with pytest.raises(InputError, match=r"poet\.tang\.0\.json must hold a list"):
        Poetry(folder=tmp_path).read()


@pytest.mark.parametrize("poems", [[], [poem()], [poem("春□。"), poem("。")]])
def test_a_release_without_usable_text_is_told_with_its_count(tmp_path, poems):
    release(tmp_path, poems)
    with pytest.raises(InputError, match=f"no usable text.*0 of {len(poems)} rows"):
        Poetry(folder=tmp_path).read()


def test_script_is_converted_in_verses_and_headings(tmp_path):
    release(tmp_path, [poem(DAWN, title="涼州詞", author="王之渙")])
    (row,) = Poetry(folder=tmp_path, script="simplified").rows()
    assert row.text == "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。"
    assert row.heading == "凉州词（王之涣）"
    for script in (None, "traditional"):
        assert verses(tmp_path, script=script) == [DAWN]


def test_a_prompt_is_the_first_line_of_the_verses():
    assert Poetry.prompt(f"春曉（孟浩然）\n{DAWN}") == "春眠不覺曉"


def test_a_poem_that_opens_with_a_quotation_mark_has_a_prompt():
    prompt = Poetry.prompt("「春眠不覺曉，處處聞啼鳥。」")
    assert prompt.strip("「") == "春眠不覺曉"


def splits(reading) -> dict[str, Split]:
    """Split of each poem, by its verses in simplified hanzi."""
    return {
        NO_HANZI.sub("", convert(text, "simplified")): split
        for split in Split
        for text in bodies(reading, split)
    }


def changed(tmp_path, change) -> dict[str, Split]:
    """Splits of the bundled sample, each record changed."""
    poems = [change(record) for record in json.loads(SAMPLE.read_text("utf-8"))]
    return splits(Poetry(folder=release(tmp_path, poems)).read())


def in_simplified(record: dict) -> dict:
    return json.loads(convert(json.dumps(record, ensure_ascii=False), "simplified"))


def without_commas(record: dict) -> dict:
    return record | {
        "paragraphs": [x.replace("，", "。") for x in record["paragraphs"]]
    }


def with_another_title(record: dict) -> dict:
    return record | {"title": "無題", "author": "佚名"}


def in_one_item(record: dict) -> dict:
    return record | {"paragraphs": ["".join(record["paragraphs"])]}


@pytest.mark.parametrize(
    "change", [in_simplified, without_commas, with_another_title, in_one_item]
)
def test_no_poem_moves_when_its_verses_stay(tmp_path, change):
    before = splits(Poetry(folder=SAMPLE).read())
    assert changed(tmp_path, change) == before
    assert len(before) == 297


@pytest.mark.parametrize("line", ["宮徵調", "於戲社稷", "乾綱既一", "幺麼千崖"])
def test_no_poem_moves_where_a_second_conversion_differs_from_the_first(tmp_path, line):
    # OpenCC leaves 徵 in 宮徵, but takes it to 征 in 宫徵: the first pass' own output.
    release(tmp_path, [poem(line)])
    keys = set()
    for script in (None, "simplified"):
        corpus = Poetry(folder=tmp_path, script=script)
        keys |= {corpus.key(row) for row in corpus.rows()}
    assert len(keys) == 1


def test_no_poem_moves_where_punctuation_parts_a_phrase(tmp_path):
    # 昏沈 is a phrase to OpenCC (昏沉), 昏，沈 is none.
    release(
        tmp_path, [poem("寂寞過朝昏，沈憂豈易論。"), poem("寂寞過朝昏沈憂豈易論。")]
    )
    corpus = Poetry(folder=tmp_path)
    assert len({corpus.key(row) for row in corpus.rows()}) == 1


def test_reversing_the_file_moves_no_poem(tmp_path):
    poems = json.loads(SAMPLE.read_text("utf-8"))
    release(tmp_path, poems[::-1])
    forward, backward = Poetry(folder=SAMPLE).read(), Poetry(folder=tmp_path).read()
    assert splits(backward) == splits(forward)
    assert backward.report == forward.report


def test_a_split_is_decided_by_simplified_hanzi_alone(tmp_path):
    reading = Poetry(folder=release(tmp_path, [poem(DAWN)])).read()
    (split,) = (split for split in Split if reading.documents[split])
    assert split is split_of("春眠不觉晓处处闻啼鸟夜来风雨声花落知多少")


def test_a_poem_in_another_script_or_punctuation_is_a_duplicate(tmp_path):
    release(
        tmp_path, [poem(DAWN), poem(convert(DAWN, "simplified").replace("，", "；"))]
    )
    report = Poetry(folder=tmp_path).read().report
    assert (report.used.total(), report.duplicates) == (1, 1)


def test_about_half_of_the_training_poems_have_a_heading_and_no_others():
    documents = Poetry(folder=SAMPLE).read().documents
    headed = ["\n" in document for document in documents[Split.TRAIN]]
    # Four standard deviations of a fair coin thrown 237 times: 0.13.
    assert abs(sum(headed) / len(headed) - 0.5) < 0.13
    for split in (Split.VALIDATION, Split.TEST):
        assert not any("\n" in document for document in documents[split])


def test_a_poem_keeps_or_lacks_its_heading_in_either_script():
    def headed(script) -> list[bool]:
        documents = Poetry(folder=SAMPLE, script=script).read().documents[Split.TRAIN]
        return ["\n" in document for document in documents]

    assert headed("simplified") == headed("traditional")


def test_excluded_poems_and_those_sharing_a_line_are_left_out(tmp_path):
    shares_a_line = "夜來風雨聲，花謝鳥無鳴。"
    release(tmp_path / "all", [poem(DAWN), poem(MOON), poem(shares_a_line)])
    release(tmp_path / "held", [poem(convert(DAWN, "simplified"))])
    held = Poetry(folder=tmp_path / "held").all_passages()
    reading = Poetry(folder=tmp_path / "all").read(exclude=held)
    assert set.union(*(bodies(reading, split) for split in Split)) == {MOON}
    assert reading.report.skipped == {"excluded": 2}
    assert reading.report.read == 3


def test_a_line_of_four_characters_is_too_common_to_exclude(tmp_path):
    release(tmp_path / "all", [poem("明月在天，清風滿袖。")])
    release(tmp_path / "held", [poem("明月在天，流水無聲。")])
    held = Poetry(folder=tmp_path / "held").all_passages()
    assert Poetry(folder=tmp_path / "all").read(exclude=held).report.used.total() == 1


def test_a_whole_poem_of_short_lines_is_excluded_too(tmp_path):
    short = [poem("明月在天，清風滿袖。"), poem(MOON)]
    release(tmp_path, short)
    held = Poetry(folder=release(tmp_path / "held", short[:1])).all_passages()
    report = Poetry(folder=tmp_path).read(exclude=held).report
    assert report.skipped == {"excluded": 1}


LONE_SURROGATE = poem(MOON, title="靜夜\ud83d思")
NUL = poem("春眠不\x00覺曉，處處聞啼鳥。")
MALFORMED = [
    {"title": "春曉", "author": "孟浩然"},
    {"title": "春曉", "paragraphs": [DAWN]},
    poem(DAWN) | {"paragraphs": DAWN},
    poem(DAWN) | {"paragraphs": [DAWN, None]},
    poem(DAWN) | {"title": None},
    [DAWN], DAWN, 7, None, {},
]  # fmt: skip


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (LONE_SURROGATE, "lone surrogate"),
        (NUL, "control character"),
        *((record, "not a poem") for record in MALFORMED),
    ],
)
def test_a_bad_row_stops_with_its_place_and_the_ways_out(tmp_path, record, said):
    release(tmp_path, [poem(DAWN), record])
    said = rf"^{said}.*poet\.tang\.0\.json, poem 2\)\. --on-bad-rows skip.*replace"
    with pytest.raises(InputError, match=said):
        Poetry(folder=tmp_path).read()


def test_bad_rows_are_skipped_and_counted(tmp_path):
    release(tmp_path, [poem(DAWN), LONE_SURROGATE, NUL, *MALFORMED])
    report = Poetry(folder=tmp_path, on_bad_rows="skip").read().report
    assert report.used.total() == 1
    assert report.skipped == {
        "lone surrogate": 1, "control character": 1, "malformed": len(MALFORMED)
    }  # fmt: skip


def test_bad_rows_are_mended_where_they_can_be(tmp_path):
    release(tmp_path, [LONE_SURROGATE, NUL, poem("春眠\ud83d不覺曉。"), *MALFORMED])
    corpus = Poetry(folder=tmp_path, on_bad_rows="replace")
    rows = [row for row in corpus.rows() if not row.skipped]
    assert [row.text for row in rows] == [MOON, "春眠不覺曉，處處聞啼鳥。"]
    assert [row.heading for row in rows] == ["", "春曉（孟浩然）"]
    skipped = corpus.read().report.skipped
    assert skipped == {"missing glyph": 1, "malformed": len(MALFORMED)}


ANY_TEXT = st.text(
    st.characters() | st.characters(categories=["Cs", "Cc"]) | st.sampled_from("春，（")
)
ANY_JSON = st.recursive(
    st.none() | st.integers() | ANY_TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
ANY_POEM = st.fixed_dictionaries(
    {"title": ANY_JSON, "author": ANY_JSON, "paragraphs": st.lists(ANY_JSON)}
)


@given(ANY_JSON | ANY_POEM, st.sampled_from(["skip", "replace"]))
def test_no_record_makes_a_tolerant_reader_fail(record, on_bad_rows):
    row = Poetry(folder=SAMPLE, on_bad_rows=on_bad_rows).row(record, "here")
    assert bool(row.text) != bool(row.skipped)


def test_every_real_poem_is_accounted_for(tang):
    documents = sum(map(len, tang.documents.values()))
    rest = tang.report.skipped.total() + tang.report.duplicates
    assert documents + rest == tang.report.read == 55_604


def test_no_note_or_missing_glyph_remains_in_a_real_poem(tang):
    for split in Split:
        assert not re.search(r"[（）〖〗\[\]{}□●○]", "".join(bodies(tang, split)))


def test_no_two_splits_share_a_real_poem(tang):
    keys = [set(map(in_hanzi, bodies(tang, split))) for split in Split]
    for one, other in itertools.combinations(keys, 2):
        assert one.isdisjoint(other)


def in_hanzi(text: str) -> str:
    return NO_HANZI.sub("", convert(text, "simplified"))


def test_real_splits_have_their_shares(tang):
    total = tang.report.used.total()
    for split, share in zip(Split, (0.8, 0.1, 0.1), strict=True):
        # Four standard deviations of 53,816 draws: 0.007.
        assert abs(tang.report.used[split] / total - share) < 0.007


def test_about_half_of_the_real_training_poems_have_a_heading_and_no_others(tang):
    headed = ["\n" in document for document in tang.documents[Split.TRAIN]]
    # Four standard deviations of 43,048 throws: 0.0096; 1.4 % have no title to show.
    assert 0.5 - 0.0096 - 0.014 < sum(headed) / len(headed) < 0.5 + 0.0096
    for split in (Split.VALIDATION, Split.TEST):
        assert not any("\n" in document for document in tang.documents[split])


def test_every_real_poem_has_a_prompt(tang):
    for document in itertools.chain.from_iterable(tang.documents.values()):
        assert Poetry.prompt(document), document


def test_no_real_poem_moves_under_script_or_punctuation(tang):
    key = Poetry(folder=SAMPLE).key
    moved = []
    for text in itertools.chain.from_iterable(bodies(tang, split) for split in Split):
        variants = (text, convert(text, "simplified"), NO_HANZI.sub("", text))
        splits = {split_of(key(Row("", variant))) for variant in variants}
        if len(splits) > 1:
            moved.append(text)
    assert moved == []
