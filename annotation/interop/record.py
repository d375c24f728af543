"""A JSON object whose fields are asked for by type: what is missing, of another type or too long is refused."""

import math
from typing import Any

from annotation.interop.unreadable import Unreadable

NUMBERS, TEXTS = 65_536, 65_536
"""Longest lists."""
TEXT = 4_000
"""Characters of a text field."""
INDEX = 2**31 - 1


class Record:
    """`place` names it in sentences: file and line."""

    def __init__(self, place: str, fields: dict[str, Any]) -> None:
        self.place = place
        self._fields = fields

    def __contains__(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def raw(self, name: str) -> Any:
        """As it was read, unchecked."""
        return self._fields.get(name)

    def text(self, name: str, *, default: str | None = None, limit: int = TEXT) -> str:
        value = self._value(name, default)
        if not isinstance(value, str):
            raise self.wrong(name, "a text")
        if len(value) > limit:
            raise Unreadable(f"{self.place}: {name} has {len(value):,} characters; at most {limit:,} are read.")
        return clean(value)

    def index(self, name: str) -> int:
        """A number from 0, also where it is written as a text."""
        value = self._value(name, None)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 11:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= INDEX:
            raise self.wrong(name, "a whole number from 0")
        return value

    def number(self, name: str, *, default: float | None = None) -> float:
        return self._number(name, self._value(name, default))

    def numbers(self, name: str, *, limit: int = NUMBERS) -> list[float]:
        """Empty where it is missing."""
        values = self._list(name, limit)
        if set(map(type, values)) <= {float} and all(map(math.isfinite, values)):
            return values
        return [self._number(name, value) for value in values]

    def texts(self, name: str, *, limit: int = TEXTS) -> list[str]:
        """Empty where it is missing."""
        values = self._list(name, limit)
        if not all(isinstance(value, str) and len(value) <= TEXT for value in values):
            raise self.wrong(name, f"a list of texts of at most {TEXT:,} characters")
        return values

    def indices(self, name: str, *, limit: int = NUMBERS) -> list[int]:
        values = self._list(name, limit)
        if not all(isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= INDEX for value in values):
            raise self.wrong(name, "a list of whole numbers from 0")
        return values

    def records(self, name: str, *, limit: int) -> list["Record"]:
        values = self._list(name, limit)
        if not all(isinstance(value, dict) for value in values):
            raise self.wrong(name, "a list of objects")
        return [Record(f"{self.place}, {name} {number}", value) for number, value in enumerate(values, start=1)]

    def wrong(self, name: str, wanted: str) -> Unreadable:
        return Unreadable(f"{self.place}: {name} should be {wanted}.")

    def _value(self, name: str, default: Any) -> Any:
        value = self._fields.get(name)
        if value is None:
            if default is None:
                raise Unreadable(f"{self.place}: {name} is missing. Is this a file of the tool that was named?")
            return default
        return value

    def _list(self, name: str, limit: int) -> list[Any]:
        value = self._value(name, [])
        if not isinstance(value, list):
            raise self.wrong(name, "a list")
        if len(value) > limit:
            raise Unreadable(f"{self.place}: {name} has {len(value):,} entries; at most {limit:,} are read.")
        return value

    def _number(self, name: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, "a number, or numbers only")
        try:
            number = float(value)
        except OverflowError as error:
            raise self.wrong(name, "a finite number") from error
        if not math.isfinite(number):
            raise self.wrong(name, "a finite number")
        return number


def clean(text: str) -> str:
    """As a database can hold it, character for character: NUL as its picture, half a surrogate pair as a mark."""
    if "\x00" in text:
        text = text.replace("\x00", "\u2400")
    return "".join("\ufffd" if "\ud800" <= sign <= "\udfff" else sign for sign in text) if _broken(text) else text


def _broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
