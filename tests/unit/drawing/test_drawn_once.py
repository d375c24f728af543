"""What is drawn once looks as if it had been drawn each time."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.template import engines
from pytest_django.fixtures import Settings

from annotation.models import Study
from annotation.templatetags import drawn_once as module


@dataclass(frozen=True)
class Part:
    key: str
    more: dict[str, Any] = field(default_factory=dict)


def draw(**inputs: Any) -> str:
    template = engines["django"].from_string('{% load drawn_once %}{% drawn_once "components/key_cap.html" key=key %}')
    return str(template.render(inputs)).strip()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> list[str]:
    """Names of the templates that were really drawn."""
    settings.DEBUG = False
    names: list[str] = []
    real = module.render_to_string

    def counted(name: str, inputs: dict[str, Any]) -> str:
        names.append(name)
        return real(name, inputs)

    monkeypatch.setattr(module, "render_to_string", counted)
    module._drawn.cache_clear()
    return names


def test_the_same_inputs_are_drawn_once_and_others_anew(drawn: list[str]) -> None:
    assert draw(key="a") == draw(key="a") == '<kbd class="key" aria-hidden="true">a</kbd>'
    assert len(drawn) == 1
    assert draw(key="b") == '<kbd class="key" aria-hidden="true">b</kbd>'
    assert len(drawn) == 2


def test_inputs_differ_wherever_they_differ_deep_inside(drawn: list[str]) -> None:
    first, second = Part("a", {"text": ["chest pain"]}), Part("a", {"text": ["no chest pain"]})
    assert "no chest pain" not in draw(key=first)
    assert "no chest pain" in draw(key=second)
    assert "1" in draw(key=1)
    assert len(drawn) == 3


def test_markup_in_an_input_stays_text(drawn: list[str]) -> None:
    assert "<script>" not in draw(key="<script>")
    assert "<script>" not in draw(key="<script>")


def test_a_row_is_refused_because_its_name_does_not_say_all_of_it(drawn: list[str]) -> None:
    with pytest.raises(TypeError, match="key is a row"):
        draw(key=Study(name="Hearts"))


def test_while_templates_are_written_nothing_is_remembered(drawn: list[str], settings: Settings) -> None:
    settings.DEBUG = True
    draw(key="a")
    draw(key="a")
    assert len(drawn) == 2
