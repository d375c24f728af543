"""The components as they reach the browser: text as text, nothing inline, each one documented."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.template import engines

from annotation.views.drawing.distribution import Method
from annotation.views.drawing.forest import Estimate

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
COMPONENTS = sorted((ROOT / "templates" / "components").glob("*.html"))
INLINE = re.compile(r"\sstyle=|<style|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)


class Words(HTMLParser):
    """Collects the text of one element, by class."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted, self.depth, self.text = wanted, 0, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth or self.wanted in (dict(attrs).get("class") or "").split():
            self.depth += 1

    def handle_endtag(self, tag: str) -> None:
        self.depth = max(0, self.depth - 1)

    def handle_data(self, data: str) -> None:
        self.text += data if self.depth else ""


def render(source: str, **context: Any) -> str:
    return engines["django"].from_string("{% load consilium %}" + source).render(context)


def words(html: str, wanted: str) -> str:
    reader = Words(wanted)
    reader.feed(html)
    return reader.text


def test_a_snippet_with_markup_in_it_is_shown_as_the_text_that_it_is() -> None:
    text = 'BP <script>alert(1)</script> & "120"\n  ok'
    tokens = [{"start": 3, "end": 11, "activation": 2.0}]
    html = render("{% token_strip text tokens 2.0 meta=text %}", text=text, tokens=tokens)
    assert words(html, "strip-text") == text
    assert "<script" not in html


def test_a_strip_says_in_words_where_it_fires_and_a_foil_that_it_does_not() -> None:
    tokens = [{"start": 6, "end": 10, "activation": 2.0}]
    assert "Fires most on: pain, level 5 of 5." in render("{% token_strip 'chest pain' tokens 2.0 %}", tokens=tokens)
    assert "does not fire" in render("{% token_strip 'chest tube' tokens 2.0 %}", tokens=[])


def test_the_histogram_has_a_name_and_the_same_numbers_as_a_table() -> None:
    html = render("{% histogram edges counts %}", edges=[1.0, 2.0, 4.0], counts=[1234, 7])
    assert 'aria-label="Activation histogram: 1,241 firings, most of them at activation 1 to 2"' in html
    assert html.count('<td class="number">') == 2
    assert "never fired" in render("{% histogram edges counts %}", edges=[1.0, 2.0], counts=[0])


def test_an_undefined_estimate_reads_as_a_sentence() -> None:
    html = render("{% forest rows 'Agreement' %}", rows=[Estimate(label="Flags", n=64, reason="one category only")])
    assert words(html, "reason") == "Undefined: one category only"


def test_every_cell_of_a_distribution_names_its_method_and_ties_are_said() -> None:
    html = render(
        "{% distribution c m 'Category' %}", c=["heart", "lung"], m=[Method(name="majority", shares=[0.5, 0.5])]
    )
    assert html.count('data-method="majority"') == 2
    assert html.count(">tied<") == 2


def test_progress_asks_again_only_while_it_is_told_where() -> None:
    assert 'hx-get="/p/"' in render("{% progress 1 2 poll='/p/' %}")
    assert "hx-" not in render("{% progress 2 2 %}")


def test_block_tags_keep_their_content_and_escape_their_titles() -> None:
    html = render("{% card title=title %}<p>in {{ x }}</p>{% endcard %}", x="<i>", title="<b>")
    assert "<p>in &lt;i&gt;</p>" in html
    assert "&lt;b&gt;" in html


def test_filters_write_none_as_a_dash_and_numbers_in_one_way() -> None:
    assert render("{{ x|decimal }} {{ y|count }} {{ y|percent }} {{ i|interval }}", x=-0.5, y=None, i=(0.1, 0.2)) == (
        "−0.50 – – [0.10, 0.20]"
    )
    assert render("{{ d|clock }}", d=datetime(2020, 11, 3, 10, 42, tzinfo=UTC)) == "3 Nov 2020, 10:42"
    assert render("{{ d|digest }}", d="a" * 64) == "a" * 12 + "…"


def test_a_chosen_option_stays_chosen_whatever_its_type() -> None:
    options = [{"value": 1, "label": "Low", "key": "1"}, {"value": 2, "label": "High", "key": "2"}]
    source = "{% include 'components/option_group.html' with name='n' legend='N' options=o value=v only %}"
    html = render(source, o=options, v="2")
    assert re.findall(r'value="(\d)" checked', html) == ["2"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_an_inline_style_script_or_handler(template: Path) -> None:
    assert INLINE.findall(template.read_text()) == []


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda path: path.stem)
def test_every_component_is_in_the_readme(component: Path) -> None:
    assert f"`{component.stem}`" in (ROOT / "templates" / "components" / "README.md").read_text()
