"""Progress of mining on a terminal: one bar that is drawn again and again; elsewhere one plain line a report."""

from typing import TextIO

from saeserve.contract import Progress

BAR = 24
CLEAR = "\r\x1b[K"


class ProgressLines:
    """Watches runs. With several runs each report names its own."""

    def __init__(self, stream: TextIO, *, several: bool) -> None:
        self._stream, self._several = stream, several
        self._drawn = False

    def watch(self, digest: str, progress: Progress) -> None:
        name = f"{digest[:8]} " if self._several else ""
        if not self._stream.isatty():
            print(name + line(progress), file=self._stream, flush=True)
            return
        self._stream.write(CLEAR + name + bar(progress) + line(progress))
        self._stream.flush()
        self._drawn = True

    def end(self) -> None:
        """Leave the bar as it is and go on below it."""
        if self._drawn:
            self._stream.write("\n")
            self._stream.flush()
        self._drawn = False


def line(progress: Progress) -> str:
    """Phase, how far, how fast, how long still."""
    speed = f", {progress.tokens_per_second:,.0f} a second" if progress.tokens_per_second else ""
    left = f", {duration(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    return f"{progress.phase}: {progress.done:,} of {progress.total:,}{speed}{left}"


def bar(progress: Progress) -> str:
    filled = round(BAR * progress.done / max(1, progress.total))
    return f"[{'#' * filled}{'.' * (BAR - filled)}] "


def duration(seconds: float) -> str:
    """Hours and minutes, or minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
