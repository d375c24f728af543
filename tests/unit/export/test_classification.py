"""Nothing leaves by oversight: every field is classified, and columns come from fields that may leave alone."""

import re

import pytest
from django.apps import apps

from annotation.export.chosen import Chosen
from annotation.export.classification import CLASSIFICATION
from annotation.export.schema import EXAMPLE_ANSWER, tables

MODELS = {model.__name__: model for model in apps.get_app_config("annotation").get_models()}
TEXT_OF_NOTES = {
    "Document": {"text"},
    "StagedDocument": {"text", "content"},
    "ImportedExplanation": {"text"},
    "Corpus": {"source"},
    "Snippet": {"tokens", "start", "end", "context_start", "context_end", "document", "section"},
}
WHO_SOMEBODY_IS = {
    "User": {"name", "email", "password"},
    "Institution": {"name"},
    "SignInLink": {"token_digest"},
    "Webhook": {"url", "secret"},
    "ExternalRound": {"exported_by", "file"},
    "ExternalRater": {"annotator"},
}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_field_is_classified_once(name: str) -> None:
    meta = MODELS[name]._meta
    fields = {field.name for field in (*meta.concrete_fields, *meta.many_to_many)} - {"id"}
    listed = CLASSIFICATION[name].all
    assert set(listed) == fields, "Say in annotation/export/classification.py whether the new field may leave."
    assert len(listed) == len(set(listed))


def test_no_model_is_listed_that_there_is_not() -> None:
    assert set(CLASSIFICATION) == set(MODELS)


def test_every_released_column_comes_from_fields_that_may_leave() -> None:
    for table in tables([EXAMPLE_ANSWER], ["<item>"]):
        for column in table.columns:
            for model, field in re.findall(r"([A-Z]\w+)\.(\w+)", column.source):
                known = CLASSIFICATION[model]
                may = known.leaving | set(known.with_text.split() if table.name == "snippets" else ())
                assert field == "id" or field in may, f"{table.name}.{column.name} from {model}.{field}"


def test_nobody_who_chose_nothing_gets_the_tables_that_are_chosen() -> None:
    plain = {table.name for table in tables([EXAMPLE_ANSWER], ["<item>"], Chosen())}
    assert {table.name for table in tables([EXAMPLE_ANSWER], ["<item>"])} - plain == {"snippets", "raters"}


@pytest.mark.parametrize(("model", "fields"), [*TEXT_OF_NOTES.items(), *WHO_SOMEBODY_IS.items()])
def test_text_of_notes_and_who_somebody_is_stay(model: str, fields: set[str]) -> None:
    assert not fields & CLASSIFICATION[model].leaving
