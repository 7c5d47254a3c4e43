"""A corpus by name, from where its release lies on this disk."""

import dataclasses
from pathlib import Path

from keras_gpt2 import registry
from keras_gpt2.corpora._corpus import Corpus
from keras_gpt2.errors import StorageError, UsageError

PACKAGE = "keras_gpt2.corpora"
# The samples ship in the wheel beside the package, and stand in data/ of a checkout.
SAMPLE_FOLDERS = (
    Path(__file__).parents[1] / "data" / "samples",
    Path(__file__).parents[2] / "data" / "samples",
)


def names() -> list[str]:
    """Corpora by name, sorted."""
    return registry.names(PACKAGE)


def corpus_class(name: str) -> type[Corpus]:
    """Class of a corpus: its facts, and how it is read.

    Raises:
        UsageError: if there is no such corpus.
    """
    return registry.load(PACKAGE, name).CORPUS


def sample_folder(name: str) -> Path:
    """Where the bundled sample of a corpus lies."""
    folders = [folder / name for folder in SAMPLE_FOLDERS]
    return next((folder for folder in folders if folder.is_dir()), folders[-1])


def release_folder(name: str) -> Path:
    """Where `download` puts a release, and a user drops one by hand."""
    return Path("data") / name


def open_corpus(name: str, data_dir: str | None = None, **options) -> Corpus:
    """A corpus on disk: `data_dir`, else data/NAME/, else the bundled sample.

    Args:
        name: str. Name of the corpus.
        data_dir: str or None. Folder or file of the release.
        **options: fields of the corpus, such as `script` or `edition`.

    Raises:
        UsageError: if there is no such corpus, or it has no such field.
        StorageError: if `data_dir` does not exist or holds no file of the release.
    """
    cls = corpus_class(name)
    known = [field.name for field in dataclasses.fields(cls)]
    for option in options.keys() - set(known):
        raise UsageError(registry.unknown("settings", option, known))
    if data_dir is None:
        corpus = cls(folder=release_folder(name), **options)
        if release_folder(name).is_dir() and corpus.files():
            return corpus
        sample = cls(folder=sample_folder(name), **options)
        if sample.files():
            return sample
        raise StorageError(
            f"the bundled sample of {name} holds no such part. Get the release: "
            f"{cls.download}"
        )
    corpus = cls(folder=Path(data_dir), **options)
    if not corpus.folder.exists():
        fault = f"{data_dir} does not exist"
    elif not corpus.files():
        fault = f"no file of the {name} release in {data_dir}"
    else:
        return corpus
    raise StorageError(
        f"{fault}. Point --data-dir at the folder the release was unpacked to, or get "
        f"it: {cls.download}"
    )


def is_sample(corpus: Corpus) -> bool:
    """Whether a corpus is its bundled sample."""
    return corpus.folder.resolve() == sample_folder(corpus.name).resolve()


def on_disk(name: str) -> str:
    """Which release of a corpus is here, and its size."""
    folders = {"release": release_folder(name), "sample": sample_folder(name)}
    found = [
        f"{kind} in {folder} ({megabytes(files):.1f} MB)"
        for kind, folder in folders.items()
        if folder.is_dir() and (files := corpus_class(name)(folder=folder).files())
    ]
    return "; ".join(found) or "nothing"


def megabytes(files: list[Path]) -> float:
    """Size of files in MB."""
    return sum(path.stat().st_size for path in files) / 1e6
