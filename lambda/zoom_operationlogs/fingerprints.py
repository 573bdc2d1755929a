"""A multiset of fingerprints: how often each record is delivered, in 16 bytes a record."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from itertools import chain, repeat, starmap
from struct import iter_unpack
from typing import TYPE_CHECKING

from .records import FINGERPRINT_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from .records import Record

MOST_DISTINCT = 1_000_000  # records of one object: more than any has; it bounds memory
LOOK_EVERY = 1000  # records


def count_records(
    records: Iterable[Record],
    identity: Callable[[Record], bytes],
    date_of: Callable[[Record], date],
    look: Callable[[], None],
    most: int,
) -> dict[date, Counter[bytes]]:
    """Return how often each record, by its identity, is in one object, by date.

    `look` is called every `LOOK_EVERY` records, and may raise to stop. Raises ValueError for more than `most` records:
    each costs time, however small it is.
    """
    counts: defaultdict[date, Counter[bytes]] = defaultdict(Counter)
    distinct = 0
    for number, record in enumerate(records, 1):
        if number % LOOK_EVERY == 0:
            look()
        of_date = counts[date_of(record)]
        known = len(of_date)
        of_date[identity(record)] += 1
        distinct += len(of_date) - known
        if number > most or distinct > MOST_DISTINCT:
            raise ValueError(f"more than {min(number - 1, most):,} records")
    return counts


class FingerprintCounts:
    """A multiset of fingerprints: a sorted, packed blob, and the additions made since it was packed.

    The blob repeats each fingerprint as often as it counts, so that after `pack` it is the whole multiset.
    """

    def __init__(self, packed: bytes | memoryview = b"") -> None:
        """Take a blob made by `pack`. Raises ValueError if its length is not a multiple of 16 bytes."""
        if len(packed) % FINGERPRINT_BYTES:
            raise ValueError("a packed multiset of fingerprints has a length that is not a multiple of 16 bytes")
        self._packed = memoryview(packed)
        self._added: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._packed) // FINGERPRINT_BYTES + sum(self._added.values())

    def count(self, fingerprint: bytes) -> int:
        """Return how often the multiset has the fingerprint."""
        added = self._added.get(fingerprint, 0)
        size = len(self._packed) // FINGERPRINT_BYTES
        if not size:
            return added
        first = at = bisect_left(range(size), fingerprint, key=self._at)
        while at < size and self._at(at) == fingerprint:
            at += 1
        return added + at - first

    def add(self, fingerprints: Iterable[bytes]) -> None:
        """Count each of the fingerprints once more."""
        for entry in fingerprints:
            self._added[entry] = self._added.get(entry, 0) + 1

    def counts(self) -> Counter[bytes]:
        """Return how often the multiset has each fingerprint."""
        return Counter(entry for (entry,) in iter_unpack(f"{FINGERPRINT_BYTES}s", self.pack()))

    def raise_to(self, counts: Mapping[bytes, int]) -> None:
        """Raise the count of each fingerprint to at least the one in `counts`."""
        for entry, wanted in counts.items():
            if (missing := wanted - self.count(entry)) > 0:
                self._added[entry] = self._added.get(entry, 0) + missing

    def pack(self) -> memoryview:
        """Merge the additions into the blob and return it. Equal multisets give equal bytes."""
        if self._added:
            entries = [entry for (entry,) in iter_unpack(f"{FINGERPRINT_BYTES}s", self._packed)]
            entries.extend(chain.from_iterable(starmap(repeat, self._added.items())))
            entries.sort()
            self._packed, self._added = memoryview(b"".join(entries)), {}
        return self._packed

    def _at(self, index: int) -> bytes:
        return bytes(self._packed[index * FINGERPRINT_BYTES : (index + 1) * FINGERPRINT_BYTES])
