"""A multiset of fingerprints, which stores how often each record is delivered in 16 bytes a record."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import chain, repeat, starmap
from struct import iter_unpack
from typing import TYPE_CHECKING

from .records import FINGERPRINT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


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
        """Return how often the multiset holds the fingerprint."""
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
        for fingerprint in fingerprints:
            self._added[fingerprint] = self._added.get(fingerprint, 0) + 1

    def counts(self) -> Counter[bytes]:
        """Return how often the multiset holds each fingerprint."""
        return Counter(entry for (entry,) in iter_unpack(f"{FINGERPRINT_BYTES}s", self.pack()))

    def raise_to(self, counts: Mapping[bytes, int]) -> None:
        """Make each fingerprint count at least as often as `counts` says."""
        for fingerprint, wanted in counts.items():
            if (missing := wanted - self.count(fingerprint)) > 0:
                self._added[fingerprint] = self._added.get(fingerprint, 0) + missing

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
