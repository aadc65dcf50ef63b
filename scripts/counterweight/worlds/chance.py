"""Chance that depends on what is asked, not on when: each draw is a hash of the seed, a purpose and an entity.

So the same problem has the same fate in every world of a seed, whatever the tool's settings, behaviours or other
problems are, and worlds differ only in what their settings change.
"""

import hashlib

import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
TOKEN_BITS = 40
TOKEN_MASK = np.uint64((1 << TOKEN_BITS) - 1)


def mixed(values):
    """splitmix64's finaliser: every bit of the input moves every bit of the output."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


class Chance:
    """Draws of one seed. `ids` are whole numbers that identify the entities, one draw each."""

    def __init__(self, seed):
        self.seed = seed
        self._keys = {}

    def key(self, purpose):
        if purpose not in self._keys:
            digest = hashlib.blake2b(f"{self.seed}:{purpose}".encode(), digest_size=8).digest()
            self._keys[purpose] = np.uint64(int.from_bytes(digest, "little"))
        return self._keys[purpose]

    def uniform(self, purpose, ids):
        """One number in (0, 1) for each id."""
        bits = mixed(np.asarray(ids).astype(np.uint64) * GOLDEN + self.key(purpose))
        return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53

    def normal(self, purpose, ids):
        """Standard normal."""
        radius = np.sqrt(-2.0 * np.log(self.uniform(purpose + " radius", ids)))
        return radius * np.cos(2 * np.pi * self.uniform(purpose + " angle", ids))

    def exponential(self, purpose, ids, mean):
        return -np.log(self.uniform(purpose, ids)) * mean

    def lognormal(self, purpose, ids, median, sigma):
        return median * np.exp(sigma * self.normal(purpose, ids))

    def happens(self, purpose, ids, probability):
        return self.uniform(purpose, ids) < probability

    def pick(self, purpose, ids, weights):
        """Position in `weights`, by their size."""
        edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        return np.searchsorted(edges, self.uniform(purpose, ids) * edges[-1], side="right").clip(max=len(edges) - 1)

    def stream(self, purpose):
        """A numpy generator, for what is drawn once and in a fixed order."""
        return np.random.Generator(np.random.PCG64(int(self.key(purpose))))

    def token(self, kind, ids):
        """Another whole number below 2**40 for each id, a different one for each: neither size nor order tell of the
        id, so nothing can be read from keys that are made of it. Ids must lie below 2**40."""
        key = self.key("token " + kind)
        values = np.asarray(ids).astype(np.uint64)
        for turn in range(3):
            # each step can be undone, so no two ids share a token
            values = (values * ((key >> np.uint64(turn)) | np.uint64(1)) + (key >> np.uint64(7))) & TOKEN_MASK
            values ^= values >> np.uint64(TOKEN_BITS // 2 - turn)
        return values.astype(np.int64)
