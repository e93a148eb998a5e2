"""One script a question; run each from the repository root as `python -m benchmarks.NAME --help`."""
