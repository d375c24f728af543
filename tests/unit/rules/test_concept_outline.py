"""Broader above narrower, as lines of an outline."""

from annotation.queries.concept_list import ConceptRow, Use
from annotation.queries.concept_tree import MOST_LINES, Branch, outline
from annotation.rules.concept_graph import Code, CodeAbove, ConceptGraph

Shape = tuple[str, tuple["Shape", ...]]
CHAIN = ("I21.9", "I21", "I20-I25")


def rows(graph: ConceptGraph) -> list[ConceptRow]:
    return [ConceptRow(pk=pk, name=graph.typed[pk], also=(), use=Use(), codes=(), listed=False) for pk in graph.members]


def shape(branch: Branch) -> Shape:
    return branch.name, tuple(map(shape, branch.below))


def drawn(graph: ConceptGraph) -> list[Shape]:
    return [shape(top) for top in outline(graph, rows(graph)).tops]


def test_a_concept_with_two_broader_ones_stands_under_both() -> None:
    graph = ConceptGraph(typed={1: "stroke", 2: "vascular", 3: "brain"}, narrower=frozenset({(1, 2), (1, 3)}))
    assert drawn(graph) == [("brain", (("stroke", ()),)), ("vascular", (("stroke", ()),))]


def test_a_concept_that_nothing_is_above_or_below_is_no_line() -> None:
    assert drawn(ConceptGraph(typed={1: "stroke"})) == []


def test_steps_between_headings_that_nobody_chose_are_one_line() -> None:
    above = tuple(
        CodeAbove(code=code, term=f"term of {code}", parents=CHAIN[place + 1 : place + 2])
        for place, code in enumerate(CHAIN)
    )
    code = Code(system="icd-10-cm", system_name="ICD-10-CM", code="I21.9", term="term of I21.9", above=above)
    graph = ConceptGraph(typed={1: "infarction"}, codes={1: (code,)})
    assert drawn(graph) == [("ICD-10-CM I21 term of I21", (("infarction", ()),))]


def test_an_outline_that_is_too_long_says_how_many_tops_it_leaves_out() -> None:
    typed = {number: f"c{number:04}" for number in range(2 * MOST_LINES)}
    pairs = frozenset((number, number - 1) for number in range(1, 2 * MOST_LINES, 2))
    found = outline(graph := ConceptGraph(typed=typed, narrower=pairs), rows(graph))
    assert len(found.tops) == MOST_LINES // 2
    assert found.left_out == MOST_LINES // 2
