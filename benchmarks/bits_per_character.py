"""python benchmarks/bits_per_character.py --data-dir RELEASE [--model tang] [--script simplified]

Held-out bits per character of Tang poems: the best n-gram beside a model.

Both see the test split of the release: verses without headings, cut at the model's
context, line end and end of text counted as code length but not as characters. The
n-gram is interpolated by Witten and Bell (1991), over characters, trained on the train
split; the model is whatever --model names.
"""  # noqa: E501

import argparse
import math
from collections import Counter, defaultdict
from pathlib import Path

from keras_gpt2 import backend
from keras_gpt2.corpora import Split
from keras_gpt2.corpora.poetry import Poetry

END = "\0"


class WittenBell:
    """n-gram model over characters, interpolated down to a uniform distribution.

    Args:
        documents: list of str.
        order: int. 3 for a trigram.
    """

    def __init__(self, documents: list[str], order: int):
        self.order = order
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        for document in documents:
            text = END * (order - 1) + document + END
            for end in range(order - 1, len(text)):
                for length in range(order):
                    self.counts[text[end - length : end]][text[end]] += 1
        self.totals = {context: c.total() for context, c in self.counts.items()}
        self.characters = len(self.counts[""]) + 1  # one for the unseen

    def probability(self, char: str, context: str) -> float:
        """P(char | context), by the longest context and all shorter ones."""
        value = 1 / self.characters
        for length in range(len(context) + 1):
            seen = self.counts.get(context[len(context) - length :])
            if seen:
                kinds, total = len(seen), seen.total()
                value = (seen[char] + kinds * value) / (total + kinds)
        return value

    def bits(self, document: str) -> float:
        """Code length of a document and its end."""
        text = END * (self.order - 1) + document + END
        return -sum(
            math.log2(self.probability(text[i], text[i - self.order + 1 : i]))
            for i in range(self.order - 1, len(text))
        )


def ngram_bits(train: list[str], test: list[str], order: int) -> float:
    """Bits per character of an n-gram on the test documents."""
    model = WittenBell(train, order)
    return sum(map(model.bits, test)) / sum(map(len, test))


def model_bits(name: str, test: list[str]) -> tuple[float, float]:
    """Bits per character of a model, and the share of [UNK] among its tokens."""
    backend.choose()
    import keras

    from keras_gpt2.losses import NatsPerToken, token_loss
    from keras_gpt2.models import load_model
    from keras_gpt2.pipelines import TextDataset

    model = load_model(name)
    model.compile(loss=token_loss(), weighted_metrics=[NatsPerToken()])
    dataset = TextDataset(test, model.preprocessor, 64)
    results = keras.Model.evaluate(
        model, dataset.tensors(shuffle=False), verbose=0, return_dict=True
    )
    tokenizer = model.preprocessor.tokenizer
    ids = [token for row in tokenizer.tokenize(test) for token in row]
    unknown = ids.count(tokenizer.token_to_id(tokenizer.oov_token)) / len(ids)
    return dataset.bits_per_character(results["nats_per_token"]), unknown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--script", choices=["simplified", "traditional"])
    parser.add_argument("--limit", type=int, default=256, help="characters of a poem")
    arguments = parser.parse_args()
    corpus = Poetry(folder=arguments.data_dir, script=arguments.script)
    documents = corpus.read().documents
    # Verses alone: headings would make poems easier and counts incomparable.
    train = [text.splitlines()[-1] for text in documents[Split.TRAIN]]
    test = [text[: arguments.limit - 1] for text in documents[Split.TEST]]
    print(f"{len(test):,} test poems, {sum(map(len, test)):,} characters")
    for order in (1, 2, 3):
        print(f"{order}-gram, Witten-Bell  {ngram_bits(train, test, order):.3f}")
    for name in arguments.model:
        bits, unknown = model_bits(name, test)
        print(f"{name}  {bits:.3f}  ([UNK] {unknown:.3%} of tokens)")


if __name__ == "__main__":
    main()
