"""An imported run's files have the types of those that a worker writes."""

import pytest

from annotation.gateway.written_runs import LATENTS, SNIPPETS
from annotation.interop.choosing import DECILES, KINDS, Wish
from annotation.interop.profile import DENSE_FROM, SINGLE_TOKEN_FROM
from saeserve import contract


def test_the_tables_have_the_columns_and_types_of_mined_ones() -> None:
    latents = pytest.importorskip("saeserve.mining.write_latents")
    snippets = pytest.importorskip("saeserve.mining.write_snippets")
    assert {f.name: f.type for f in LATENTS} == {f.name: f.type for f in latents.LATENTS}
    assert {f.name: f.type for f in SNIPPETS} == {f.name: f.type for f in snippets.SNIPPETS}


def test_kinds_and_defaults_are_those_of_a_mining_request() -> None:
    request = contract.MiningRequest(model="m", sae="s", corpus_digest="c")
    assert KINDS == contract.SNIPPET_KINDS
    assert DECILES == 10
    assert all(getattr(request, name) == value for name, value in vars(Wish()).items())
    assert (DENSE_FROM, SINGLE_TOKEN_FROM) == (contract.DENSE_FROM, contract.SINGLE_TOKEN_FROM)


def test_an_import_request_is_the_same_run_only_if_all_of_it_is_the_same() -> None:
    one = contract.ImportRequest(
        tool="delphi", model="m", sae="s", corpus_digest="c", files={"a": "b"}, notes=[], **vars(Wish())
    )
    assert contract.ImportRequest.from_dict(one.to_dict()).digest == one.digest
    assert contract.ImportRequest.from_dict(one.to_dict() | {"files": {"a": "c"}}).digest != one.digest
