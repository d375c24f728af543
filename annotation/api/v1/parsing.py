"""JSON that the database can hold: no lone surrogates, no numbers that are none, no depths without end."""

import json
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class StrictJSONParser(JSONParser):
    """Of two fields of one name in an object, neither counts: the request is refused."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            text = stream.read().decode("utf-8")
            data = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
            json.dumps(data, ensure_ascii=False).encode("utf-8")
        except UnicodeError:
            raise ParseError("The body is not UTF-8, or holds half of a surrogate pair.") from None
        except RecursionError:
            raise ParseError("The JSON is nested too deeply.") from None
        except ValueError as error:
            raise ParseError(f"The body is no JSON: {error}") from None
        return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        raise ValueError("a field is given twice in one object.")
    return read


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number.")
