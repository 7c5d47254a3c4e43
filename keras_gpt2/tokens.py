"""Token ids of a corpus on disk: an array per split, mapped into memory.

FOLDER/
├── manifest.json      corpus, account of its rows, size and sha256 of each file
├── tokenizer.json     with assets/: the tokenizer, laid out as in a KerasHub preset
├── train.ids          the documents' tokens one after the other, uint16 or uint32
├── train.starts       where each document begins and the last one ends, int64
├── train.characters   characters of each document, int64
└── validation.*, test.*
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from keras_gpt2.corpora import ReadReport, Split
from keras_gpt2.errors import InputError, StorageError
from keras_gpt2.files import sync
from keras_gpt2.tokenizers import Counting, Coverage, FastTokenizer, load_tokenizer

MANIFEST = "manifest.json"
FORMAT = 1
KINDS = ("ids", "starts", "characters")
# Texts are tokenized about this many characters at a time.
CHUNK_CHARACTERS = 2**20


@dataclass(frozen=True, eq=False)
class TokenSplit:
    """Documents as token ids; `split[row]` is one of them.

    Args:
        ids: int array (tokens,). All documents, one after the other.
        starts: int64 array (documents + 1,). Where each begins; the last ends.
        characters: int64 array (documents,). Characters of each.
    """

    ids: np.ndarray
    starts: np.ndarray
    characters: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[str], tokenizer: FastTokenizer) -> Self:
        """Texts tokenized in memory.

        >>> from keras_gpt2.tokenizers import wordpiece
        >>> tokenizer = wordpiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "春", "眠"])
        >>> TokenSplit.of(["春眠", "眠"], tokenizer)[1]
        array([5], dtype=int32)
        """
        ids, counts = tokenizer.encode_flat(texts)
        starts = np.concatenate([[0], np.cumsum(counts)])
        return cls(ids, starts, np.array([len(text) for text in texts], "int64"))

    def __len__(self) -> int:
        return len(self.characters)

    def __getitem__(self, row: int) -> np.ndarray:
        if not -len(self) <= row < len(self):
            raise IndexError(f"expected a row below {len(self)}. Received: {row}")
        row %= len(self)
        return np.asarray(self.ids[self.starts[row] : self.starts[row + 1]], "int32")

    @property
    def counts(self) -> np.ndarray:
        """Tokens of each document, int64 (documents,)."""
        return np.diff(self.starts)

    def take(self, rows: Sequence[int] | np.ndarray) -> Self:
        """Some of the documents."""
        documents = [self[row] for row in rows]
        starts = np.cumsum([0, *map(len, documents)])
        ids = np.concatenate([np.empty(0, "int32"), *documents])
        return type(self)(ids, starts, self.characters[list(rows)])


@dataclass(frozen=True, eq=False)
class Tokens:
    """A corpus as token ids.

    Args:
        folder: Path. Where they lie.
        splits: mapping of Split to TokenSplit.
        tokenizer: FastTokenizer. Made them.
        report: ReadReport. Account of the rows they come from.
        coverage: Coverage. Account of their text under the vocabulary.
        facts: mapping. "corpus", "script", "language", "prompt" (the opening of the
            first validation document) and "is_sample".
    """

    folder: Path
    splits: Mapping[Split, TokenSplit]
    tokenizer: FastTokenizer
    report: ReadReport
    coverage: Coverage
    facts: Mapping[str, Any]


class HashedFile:
    """A new file whose size and sha256 are those of what was written to it.

    Args:
        path: Path. Must not exist.
    """

    def __init__(self, path: Path):
        self.file = path.open("xb")
        self.checksum = hashlib.sha256()
        self.size = 0

    def write(self, values: np.ndarray) -> None:
        """Append an array."""
        data = values.tobytes()
        self.file.write(data)
        self.checksum.update(data)
        self.size += len(data)

    def close(self) -> dict[str, Any]:
        """Size and sha256, once all is on the disk."""
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        return {"bytes": self.size, "sha256": self.checksum.hexdigest()}


class Writer:
    """Writes a folder of tokens, document by document, in little memory.

    Args:
        folder: Path. Exists, and is empty.
        tokenizer: FastTokenizer.
    """

    def __init__(self, folder: Path, tokenizer: FastTokenizer):
        self.folder = folder
        self.tokenizer = tokenizer
        self.counting = Counting(tokenizer)
        self.dtype = "uint16" if tokenizer.vocabulary_size <= 2**16 else "uint32"
        self.waiting: dict[Split, list[str]] = {split: [] for split in Split}
        self.waiting_characters = 0
        self.sizes = dict.fromkeys(Split, 0)  # tokens written
        names = [f"{split}.{kind}" for split in Split for kind in KINDS]
        self.files = {name: HashedFile(folder / name) for name in names}
        for split in Split:
            self.files[f"{split}.starts"].write(np.zeros(1, "int64"))

    def add_all(self, documents: Iterable[tuple[Split, str]]) -> None:
        """Add documents, each with its split."""
        for split, text in documents:
            self.waiting[split].append(text)
            self.waiting_characters += len(text)
            if self.waiting_characters >= CHUNK_CHARACTERS:
                self.flush()
        self.flush()

    def flush(self) -> None:
        """Tokenize and write what waits."""
        for split, texts in self.waiting.items():
            part = TokenSplit.of(texts, self.tokenizer)
            self.counting.add(texts, part.ids, part.counts)
            starts = part.starts[1:] + self.sizes[split]
            self.files[f"{split}.ids"].write(part.ids.astype(self.dtype))
            self.files[f"{split}.starts"].write(starts)
            self.files[f"{split}.characters"].write(part.characters)
            self.sizes[split] += len(part.ids)
            texts.clear()
        self.waiting_characters = 0

    def finish(self, report: ReadReport, facts: Mapping[str, Any]) -> None:
        """Write tokenizer and manifest; all is on the disk when this returns."""
        written = {name: file.close() for name, file in self.files.items()}
        self.tokenizer.save(self.folder)
        for path in self.folder.rglob("*.*"):
            name = path.relative_to(self.folder).as_posix()
            if name not in written:
                written[name] = digest(path)
                sync(path)
        manifest = {
            "dtype": self.dtype,
            "report": report.to_dict(),
            "coverage": self.counting.finish().to_dict(),
            "facts": dict(facts),
            "files": written,
        }
        signed = {"format": FORMAT, "sha256": signature(manifest), **manifest}
        text = json.dumps(signed, ensure_ascii=False, indent=2) + "\n"
        (self.folder / MANIFEST).write_text(text, encoding="utf-8")
        sync(self.folder / MANIFEST)
        sync(self.folder)


def signature(manifest: Mapping[str, Any]) -> str:
    """sha256 of what a manifest says."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def digest(path: Path) -> dict[str, Any]:
    """Size and sha256 of a file."""
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": checksum}


def open_tokens(folder: Path) -> Tokens:
    """Tokens from their folder, every byte checked.

    Raises:
        InputError: if the folder holds no tokens, or damaged ones.
        StorageError: if it cannot be read.
    """
    manifest = read_manifest(folder)
    for name, expected in manifest["files"].items():
        check_file(folder / name, expected)
    splits = {split: map_split(folder, split, manifest["dtype"]) for split in Split}
    told = manifest["report"]
    report = ReadReport(
        Counter(told["used"]), Counter(told["skipped"]), told["duplicates"]
    )
    coverage = Coverage(**manifest["coverage"])
    tokenizer = load_tokenizer(folder)
    return Tokens(folder, splits, tokenizer, report, coverage, manifest["facts"])


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a folder of tokens says of itself.

    Raises:
        InputError: if it is none, damaged, or of another format.
        StorageError: if it cannot be read.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        version, expected = manifest.pop("format"), manifest.pop("sha256")
    except FileNotFoundError as error:
        raise InputError(
            f"{folder} holds no tokens (no {MANIFEST}). Make them: keras-gpt2 prepare"
        ) from error
    except OSError as error:
        raise StorageError(f"cannot read {path} ({error.strerror})") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path} is damaged. Make the tokens again") from error
    if version != FORMAT:
        raise InputError(
            f"{folder} has tokens of format {version}, this version reads {FORMAT}. "
            "Make them again: keras-gpt2 prepare"
        )
    if signature(manifest) != expected:
        raise InputError(f"{path} is damaged. Make the tokens again")
    return manifest


def check_file(path: Path, expected: Mapping[str, Any]) -> None:
    """Refuse a file that is not what the manifest says."""
    try:
        found = digest(path)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing. Make the tokens again") from error
    except OSError as error:
        raise StorageError(f"cannot read {path} ({error.strerror})") from error
    if found != expected:
        raise InputError(
            f"{path} is damaged ({found['bytes']:,} bytes, {expected['bytes']:,} "
            "expected, or other contents). Make the tokens again"
        )


def map_split(folder: Path, split: Split, dtype: str) -> TokenSplit:
    """A split's arrays, left on disk until they are used."""
    kinds = {"ids": dtype, "starts": "int64", "characters": "int64"}
    return TokenSplit(
        **{
            name: map_array(folder / f"{split}.{name}", kind)
            for name, kind in kinds.items()
        }
    )


def map_array(path: Path, dtype: str) -> np.ndarray:
    """An array in a file; an empty file cannot be mapped."""
    if not path.stat().st_size:
        return np.empty(0, dtype)
    return np.memmap(path, dtype, mode="r")
