"""Where chance comes from: a stream of its own for each noun, so that changing one part shifts no other."""

import zlib

import numpy as np


def make_rng(seed: int, community: str, noun: str) -> np.random.Generator:
    """Return the random stream of ``noun`` in one community; the same three give the same numbers."""
    entropy = [seed, zlib.crc32(community.encode()), zlib.crc32(noun.encode())]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
