"""Tokens become the text that the model read, in whichever spelling a tool writes them."""

from annotation.interop.token_text import byte_alphabet, text_of_strings


def spans(tokens: list[str]) -> list[str]:
    text, ends = text_of_strings(tokens)
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def test_plain_tokens_are_joined() -> None:
    assert text_of_strings(["His", " ECG", " shows", "\n", "it"]) == ("His ECG shows\nit", [3, 7, 13, 14, 16])


def test_tokens_that_are_no_text_are_left_out() -> None:
    assert text_of_strings(["<|endoftext|>", "<bos>", "Chest", " pain", "[SEP]"])[0] == "Chest pain"


def test_a_tag_in_a_text_is_text() -> None:
    assert text_of_strings(["<", "b", ">", "x", "<|", "y"])[0] == "<b>x<|y"


def test_the_byte_alphabet_becomes_characters() -> None:
    assert text_of_strings(["caf", "Ã©", " 37", "ÂµÄ"])[0] == "café 37µ"


def test_a_character_of_several_tokens_belongs_to_the_last() -> None:
    assert spans(["a", "âĢ", "ĵ", "b"]) == ["a", "", "–", "b"]


def test_a_window_that_begins_inside_a_character_is_read_from_the_next() -> None:
    assert text_of_strings(["ĵ", " no", "âĢĵ"])[0] == " no–"


def test_real_letters_stay_as_they_are() -> None:
    assert text_of_strings(["naïve", " Größe", " Ω"])[0] == "naïve Größe Ω"


def test_sentencepiece_becomes_text_and_bytes_become_characters() -> None:
    assert text_of_strings(["▁Chest", "▁pain", "<0x0A>", "<0xC3>", "<0xA9>"])[0] == " Chest pain\né"


def test_what_no_database_can_hold_is_written_as_a_mark() -> None:
    text, ends = text_of_strings(["a\x00", "\ud800", "b"])
    assert text[1] == "\u2400"
    assert text.endswith("b")
    assert ends[-1] == len(text)
    assert text.encode("utf-8")


def test_every_byte_has_a_sign_of_its_own() -> None:
    alphabet = byte_alphabet()
    assert sorted(alphabet.values()) == list(range(256))
    assert (alphabet["Ġ"], alphabet["Ċ"], alphabet["a"]) == (32, 10, 97)
