"""Ctrl-C between two steps, never within one: a step half done could not be resumed from."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType


@contextlib.contextmanager
def patient() -> Iterator[Callable[[], bool]]:
    """Hold Ctrl-C back and lend a function that tells whether it came; a second Ctrl-C is not held back."""
    asked = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    if threading.current_thread() is not threading.main_thread():  # signals go to the main thread alone
        yield asked.is_set
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
