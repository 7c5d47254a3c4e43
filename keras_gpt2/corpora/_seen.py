"""Numbers that came before, in eight bytes each."""

import numpy as np

# New numbers wait in a set, sixty bytes each, until so many are sorted in.
WAITING = 2**17


class Seen:
    """A set of 64-bit numbers that grows by tens of millions.

    >>> seen = Seen()
    >>> seen.is_new(7), seen.is_new(7)
    (True, False)
    """

    def __init__(self):
        self.sorted = np.empty(0, "uint64")
        self.waiting: set[int] = set()

    def is_new(self, number: int) -> bool:
        """Whether a number did not come before; from now on it did."""
        if number in self.waiting or self.holds(number):
            return False
        self.waiting.add(number)
        if len(self.waiting) == WAITING:
            new = np.fromiter(self.waiting, "uint64", WAITING)
            self.sorted = np.sort(np.concatenate([self.sorted, new]))
            self.waiting.clear()
        return True

    def holds(self, number: int) -> bool:
        """Whether a number is among those sorted in."""
        place = int(np.searchsorted(self.sorted, np.uint64(number)))
        return place < len(self.sorted) and int(self.sorted[place]) == number
