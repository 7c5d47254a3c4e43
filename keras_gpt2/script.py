"""Simplified and Traditional Chinese: which one a text is in, and the way across.

Conversions are OpenCC's (https://github.com/BYVoid/OpenCC, Apache-2.0). One simplified
character can stand for several traditional ones (后: 后, 後): OpenCC decides by phrase
and is sometimes wrong, so nothing is converted that need not be.
"""

import functools
import re

SIMPLIFIED = "simplified"
TRADITIONAL = "traditional"
SCRIPTS = (SIMPLIFIED, TRADITIONAL)
# Unified ideographs with extensions, compatibility ideographs, and 〇 々.
HANZI = r"〇々㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff"


@functools.cache
def _converter(name: str):
    import opencc  # here: `--help` must not wait for the dictionaries

    return opencc.OpenCC(name)


def mend(text: str) -> str:
    """The text with U+FFFD for each lone surrogate, which no encoding can hold.

    >>> mend("\\udcff春")
    '\ufffd春'
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def convert(text: str, script: str) -> str:
    """The same text in the given script.

    Args:
        text: str. In either script.
        script: "simplified" or "traditional"; "" returns the text unchanged.

    >>> convert("處處聞啼鳥", "simplified")
    '处处闻啼鸟'
    """
    if not script:
        return text
    return _converter("t2s" if script == SIMPLIFIED else "s2t").convert(mend(text))


def simplify(text: str) -> str:
    """Simplified text that simplifying again leaves as it is.

    OpenCC's own is not: 宮徵 gives 宫徵, which gives 宫征.

    >>> simplify("宮徵")
    '宫征'
    """
    while (simpler := convert(text, SIMPLIFIED)) != text:
        text = simpler
    return text


def detect(text: str) -> str:
    """Script of a text: "simplified", "traditional", or "" where both read the same.

    >>> detect("春眠不觉晓"), detect("春眠不覺曉"), detect("白日依山")
    ('simplified', 'traditional', '')
    """
    simplified = convert(text, SIMPLIFIED)
    traditional = convert(text, TRADITIONAL)
    from_simplified = sum(a != b for a, b in zip(text, traditional, strict=False))
    from_traditional = sum(a != b for a, b in zip(text, simplified, strict=False))
    if from_simplified == from_traditional:
        return ""
    return SIMPLIFIED if from_simplified > from_traditional else TRADITIONAL


def has_hanzi(text: str) -> bool:
    """Whether a text holds a Chinese character.

    >>> has_hanzi("GPT-2"), has_hanzi("春 GPT")
    (False, True)
    """
    return re.search(f"[{HANZI}]", text) is not None
