"""Numbers that came before are known however many there are."""

import random

from keras_gpt2.corpora import _seen


def test_a_number_is_new_but_once(monkeypatch):
    monkeypatch.setattr(_seen, "WAITING", 16)
    seen, before = _seen.Seen(), set()
    numbers = random.Random(0)
    for _ in range(2_000):
        number = numbers.choice(
            [numbers.randrange(300), 2**64 - numbers.randrange(1, 9)]
        )
        assert seen.is_new(number) == (number not in before)
        before.add(number)
    assert len(seen.sorted) + len(seen.waiting) == len(before) > 290
