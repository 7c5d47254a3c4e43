"""The cache of tokens: found when nothing changed, made anew when anything did."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keras_gpt2 import cache
from keras_gpt2.corpora import open_corpus, sample_folder
from keras_gpt2.preparation import Preparation, VocabularyChoice
from keras_gpt2.presets import find

TANG = find("tang")


@pytest.fixture(autouse=True)
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))


def sample(**options):
    return open_corpus("poetry", str(sample_folder("poetry")), **options)


def silent(text):
    raise AssertionError(text)


def test_tokens_are_made_once():
    first = Preparation(sample(), TANG).cached(silent)
    made = (first.folder / "manifest.json").stat().st_mtime_ns
    again = Preparation(sample(), TANG).cached(silent)
    assert again.folder == first.folder
    assert (again.folder / "manifest.json").stat().st_mtime_ns == made
    (entry,) = cache.entries()
    assert (entry.corpus, entry.documents) == ("poetry", 297)


def test_whatever_decides_the_tokens_decides_their_place(tmp_path):
    release = tmp_path / "release"
    release.mkdir()
    for path in sample().files():
        (release / path.name).write_bytes(path.read_bytes())
    changed = tmp_path / "changed"
    changed.mkdir()
    for path in sample().files():
        text = path.read_text("utf-8").replace("白日", "紅日")
        (changed / path.name).write_text(text, "utf-8")
    one_poem = tmp_path / "poet.tang.0.json"
    poems = json.loads(sample().files()[0].read_text("utf-8"))
    one_poem.write_text(json.dumps(poems[:1]), "utf-8")
    preparations = [
        Preparation(sample(), TANG),
        Preparation(sample(script="simplified"), TANG),
        Preparation(sample(on_bad_rows="skip"), TANG),
        Preparation(sample(), find("scratch:1x8x1"), VocabularyChoice("build")),
        Preparation(sample(), find("scratch:1x8x1"), VocabularyChoice("build", 500)),
        Preparation(sample(), find("scratch:1x8x1"), VocabularyChoice("build", 500, 3)),
        Preparation(sample(), TANG, VocabularyChoice("extend", 9000)),
        Preparation(sample(), TANG, VocabularyChoice("extend", 9000, 2, ("[a]",))),
        Preparation(sample(), TANG, without=open_corpus("poetry", str(one_poem))),
        Preparation(sample(encoding="utf-8"), TANG),
        Preparation(open_corpus("poetry", str(changed)), TANG),
    ]
    folders = [preparation.cached(silent).folder for preparation in preparations]
    assert len(set(folders)) == len(folders) == len(cache.entries())
    moved = Preparation(open_corpus("poetry", str(release)), TANG)
    one = moved.cached(silent).folder
    elsewhere = release.rename(tmp_path / "elsewhere")
    moved = Preparation(open_corpus("poetry", str(elsewhere)), TANG)
    assert moved.cached(silent).folder == one  # contents count, not where they lie


def test_a_damaged_entry_is_made_anew_with_a_warning():
    first = Preparation(sample(), TANG).cached(silent)
    whole = (first.folder / "train.ids").read_bytes()
    (first.folder / "train.ids").write_bytes(whole[:-2])
    told = []
    again = Preparation(sample(), TANG).cached(told.append)
    assert (again.folder / "train.ids").read_bytes() == whole
    assert len(told) == 1 and "train.ids is damaged" in told[0]


def test_a_damaged_entry_can_be_met_by_two_at_once():
    folder = Preparation(sample(), TANG).cached(silent).folder
    cache.discard(folder)
    cache.discard(folder)  # the other's was first
    assert list(folder.parent.iterdir()) == []


def test_what_cannot_be_read_is_listed_and_can_be_cleared():
    folder = Preparation(sample(), TANG).cached(silent).folder
    (folder / "manifest.json").write_text("{}")
    (folder.parent / ".DS_Store").touch()
    (folder.parent / "notes.txt").touch()
    (entry,) = cache.entries()
    assert (entry.corpus, entry.documents) == ("?", 0) and entry.num_bytes > 1000
    entry.remove()
    assert cache.entries() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows can only go by age")
def test_only_what_nobody_works_on_is_removed():
    folder = cache.cache_folder()
    folder.mkdir(parents=True)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    here, mine = cache.hidden(folder / "a"), cache.hidden(folder / "b")
    dead = folder / here.name.replace(f"~{os.getpid()}~", f"~{gone.pid}~")
    foreign = folder / f".c~elsewhere~{gone.pid}~00"
    old = folder / f".d~elsewhere~{gone.pid}~00"
    for path in (mine, dead, foreign, old):
        path.mkdir()
    os.utime(old, (0, 0))
    cache.remove_abandoned(folder)
    assert sorted(folder.iterdir()) == sorted([mine, foreign])


def test_nothing_half_done_gets_a_name(monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keras_gpt2.tokens.sync", full)
    with pytest.raises(OSError, match="No space left"):
        Preparation(sample(), TANG).cached(silent)
    assert list(cache.cache_folder().iterdir()) == []


def test_whoever_comes_second_keeps_the_first_ones():
    folder = cache.cache_folder() / "name"
    folder.parent.mkdir(parents=True)
    with cache.whole_or_nothing(folder) as partial:
        (partial / "mine").touch()
        folder.mkdir()
        (folder / "manifest.json").touch()
    assert [path.name for path in folder.iterdir()] == ["manifest.json"]
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_nobody_else_can_read_the_tokens():
    tokens = Preparation(sample(), TANG).cached(silent)
    assert tokens.folder.stat().st_mode & 0o777 == 0o700
    assert tokens.folder.parent.stat().st_mode & 0o777 == 0o700


MAKE = """
import sys
from keras_gpt2.corpora import open_corpus
from keras_gpt2.preparation import Preparation
from keras_gpt2.presets import find
corpus = open_corpus("poetry", sys.argv[1])
print(Preparation(corpus, find("tang")).cached(print).folder, flush=True)
"""


def kill_while_caching(release: str, seconds: float) -> bool:
    """Kill -9 a process a time after it began to write; whether that was in time."""
    command = [sys.executable, "-c", MAKE, release]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    partial = cache.cache_folder()
    while process.poll() is None and not any(partial.glob(".*/train.ids")):
        time.sleep(0.001)
    time.sleep(seconds)
    was_alive = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return was_alive


def first_files(release: Path, folder: Path, number: int = 8) -> Path:
    """A release of the first files of another: enough to be killed in the middle."""
    folder.mkdir()
    for path in sorted((release / "全唐诗").glob("poet.tang.*.json"))[:number]:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL on Windows")
@pytest.mark.parametrize("kills", [2, pytest.param(30, marks=pytest.mark.slow)])
def test_killed_while_caching_the_next_gives_the_same_bytes(
    kills, shared_data, tmp_path, monkeypatch
):
    release = str(first_files(shared_data / "chinese-poetry", tmp_path / "release"))

    def make() -> bytes:
        command = [sys.executable, "-c", MAKE, release]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (entry,) = cache.entries()
        assert len(list(cache.cache_folder().iterdir())) == 1  # nothing left behind
        return (entry.folder / "manifest.json").read_bytes()

    expected, in_time = make(), 0
    for number in range(kills):
        monkeypatch.setenv(cache.VARIABLE, str(tmp_path / f"cache-{number}"))
        in_time += kill_while_caching(release, 0.4 * number / kills)
        assert make() == expected
    assert in_time >= 0.8 * kills
