"""The language of dynamic groups: read to a tree, written back, answered for any user, refused with a column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.directory import expressions
from purser.directory.expressions import FLAGS, OPERATORS, TEXTS, And, Compare, Expression, Not, Or, matches, parse, written
from purser.kernel.errors import Refused

ADA = {"department": "Sales", "city": "Bremen", "mail": "ada@alder.example", "enabled": True}
ADA |= {"extensionAttribute3": 'a "b" \\c'}

TRUE_OF_ADA = (
    'department = "sales"',
    'DEPARTMENT = "SALES" AND City = "bremen"',
    'department != "Surgery"',
    'department in ("Board", "Sales")',
    'not department in ("Board")',
    'department not in ("Board", "Surgery")',
    'mail ends with "@ALDER.example"',
    'mail starts with "ada" and mail contains "@alder."',
    "country is empty",
    "not city is empty",
    "enabled = true and guest = false and guest != true",
    'department = "x" or department = "Sales" and city = "Bremen"',
    'not (department = "x" or city = "y")',
    r'extensionattribute3 = "a \"b\" \\c"',
)
FALSE_OF_ADA = (
    'department = "Sale"',
    '(department = "x" or department = "Sales") and city = "Bonn"',
    'not department = "Sales" or city = "Bonn"',
    "department is empty",
    "enabled = false",
    'mailbox = "user"',
    'job_title contains "chief"',
)

comparisons = st.one_of(
    st.builds(
        Compare,
        st.sampled_from(TEXTS),
        st.sampled_from(["=", "!=", "starts with", "ends with", "contains"]),
        st.tuples(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=8)),
    ),
    st.builds(
        Compare,
        st.sampled_from(TEXTS),
        st.sampled_from(["in", "not in"]),
        st.lists(st.text('ab"\\ ', max_size=4), min_size=1, max_size=3).map(tuple),
    ),
    st.builds(Compare, st.sampled_from(TEXTS), st.just("is empty")),
    st.builds(Compare, st.sampled_from(FLAGS), st.sampled_from(["=", "!="]), st.sampled_from([("true",), ("false",)])),
)
trees: st.SearchStrategy[Expression] = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)
users = st.dictionaries(st.sampled_from(TEXTS), st.text(max_size=5)).flatmap(
    lambda texts: st.dictionaries(st.sampled_from(FLAGS), st.booleans()).map(lambda flags: {**texts, **flags})
)


@pytest.mark.parametrize("text", TRUE_OF_ADA)
def test_it_matches_whom_it_says(text: str) -> None:
    assert matches(parse(text), ADA)


@pytest.mark.parametrize("text", FALSE_OF_ADA)
def test_it_leaves_out_whom_it_does_not_say(text: str) -> None:
    assert not matches(parse(text), ADA)


def test_and_binds_closer_than_or_and_not_closest() -> None:
    a, b, c = (Compare("city", "=", (name,)) for name in "abc")
    assert parse('city = "a" or city = "b" and not city = "c"') == Or((a, And((b, Not(c)))))
    assert parse('(city = "a" or city = "b") and city = "c"') == And((Or((a, b)), c))


@given(trees)
def test_it_writes_what_it_reads_and_reads_what_it_writes(tree: Expression) -> None:
    assert parse(written(tree)) == tree


@given(trees, users)
def test_it_answers_for_every_tree_and_user_as_the_words_say(tree: Expression, user: dict[str, object]) -> None:
    assert matches(tree, user) is plainly(tree, user)  # type: ignore[arg-type]  # texts and flags


def plainly(tree: Expression, user: dict[str, object]) -> bool:
    """The oracle: each operator spelt out, and nothing shared with the engine."""
    if isinstance(tree, Not):
        return not plainly(tree.of, user)
    if isinstance(tree, And | Or):
        answers = [plainly(part, user) for part in tree.parts]
        return False not in answers if isinstance(tree, And) else True in answers
    held = user.get(tree.attribute, False if tree.attribute in FLAGS else "")
    has = str(held).lower() if isinstance(held, bool) else str(held).strip().casefold()
    asked = [value.strip().casefold() for value in tree.values]
    size = len(asked[0]) if asked else 0
    return {
        "=": lambda: has == asked[0],
        "!=": lambda: has != asked[0],
        "in": lambda: any(has == one for one in asked),
        "not in": lambda: not any(has == one for one in asked),
        "starts with": lambda: has[:size] == asked[0],
        "ends with": lambda: size == 0 or has[-size:] == asked[0],
        "contains": lambda: has.find(asked[0]) >= 0,
        "is empty": lambda: has == "",
    }[tree.operator]()


words = st.sampled_from([*TEXTS[:3], *OPERATORS, "and", "not", "(", ")", '"x"', ",", "true"])


@given(st.text(max_size=60) | st.lists(words).map(" ".join))
def test_any_text_is_read_or_refused_with_a_column(text: str) -> None:
    assert read(text) in ("read", "refused")


def read(text: str) -> str:
    try:
        tree = parse(text)
    except Refused as refusal:
        named = refusal.code == "expression" and ("Column" in refusal.text or "empty" in refusal.text)
        return "refused" if named else refusal.text
    matches(tree, ADA)
    return "read" if parse(written(tree)) == tree else "written otherwise"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('departement = "x"', "Column 1: expected an attribute"),
        ('department is "x"', "Column 15: expected “empty” after “is”, but there is “x”"),
        ('department > "x"', "Column 12: '>' means nothing here"),
        ('department "x"', "Column 12: expected one of =, !=, in"),
        ("department = Sales", "Column 14: expected a text in double quotes, but there is “sales”"),
        ('department = "x', "Column 14: this text in quotes does not end"),
        ('department in "x"', "Column 15: expected “(”"),
        ('department in ("x" "y")', "Column 20: expected “)”"),
        ('city = "a" city = "b"', "Column 12: expected “and”, “or” or the end"),
        ('city = "a" and', "Column 15: expected an attribute"),
        ('(city = "a"', "Column 12: expected “)”, but the expression ends"),
        ('enabled = "true"', "Column 11: expected true or false"),
        ("enabled is empty", "Column 9: expected one of =, !=, but there is “is”"),
        ("   ", "The expression is empty"),
    ],
)
def test_it_names_the_column_and_what_was_expected(text: str, says: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(text)
    assert refused.value.text.startswith(says), refused.value.text


def test_it_bounds_length_and_depth() -> None:
    deep = expressions.DEEPEST
    fits = "(" * deep + "enabled = true" + ")" * deep
    assert matches(parse(fits), ADA)
    for text in ("(" + fits + ")", "not " * (deep + 1) + "enabled = true"):
        with pytest.raises(Refused, match=f"more than {deep} deep"):
            parse(text)
    long = 'city = "' + "x" * 2_000 + '"'
    with pytest.raises(Refused, match="2,009 characters; at most 2,000"):
        parse(long)
    parse(" or ".join(['city="x"'] * 150))  # as wide as it likes: depth is what costs
