"""Models that come with fromnoise: one folder each, listed with their checksums in manifest.json."""

__version__ = "0.1.0"
