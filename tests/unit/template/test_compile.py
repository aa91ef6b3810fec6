from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.template.compile import Template, TemplateFault, assign, compile_path, compile_value
from loadkit.template.functions import FUNCTIONS
from tests.support.users import user

ANN = {"name": "Ann", "tags": ["x", {"deep key": None}], "age": 41, "ok": True, "ratio": 2.0}


def render(value: Any, **variables: Any) -> Any:
    return compile_value(value, FUNCTIONS).render(user(**variables))


def fault(value: Any) -> TemplateFault:
    with pytest.raises(TemplateFault) as caught:
        compile_value(value, FUNCTIONS)
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ ann.age }}", 41),
        ("{{ann.age}}", 41),
        ("{{{ ann.age }}}", 41),
        ("{{ ann.ok }}", True),
        ("{{ ann.ratio }}", 2.0),
        ("{{ ann.tags }}", ["x", {"deep key": None}]),
        ("{{ ann.tags[0] }}", "x"),
        ("{{ ann.tags[1]['deep key'] }}", None),
        ('{{ ann["tags"][0] }}', "x"),
        ("{{ ann.tags.length }}", 2),
        ("{{ ann.tags[7] }}", None),
        ("{{ ann.name.upper }}", None),
        ("{{ missing }}", None),
        ("{{ missing.deeper[0] }}", None),
        ("{{ ['odd name'] }}", 7),
        ("{{ my-var }}", 8),
        ('{{ "{{" }}', "{{"),
    ],
)
def test_a_text_that_is_one_template_keeps_the_type(text: str, value: Any) -> None:
    rendered = render(text, ann=ANN, **{"odd name": 7, "my-var": 8})
    assert rendered == value
    assert type(rendered) is type(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/u/{{ ann.name }}", "/u/Ann"),
        ("{{ ann.name }}/{{ ann.age }}", "Ann/41"),
        ("{{ ann.ok }}-{{ none }}-{{ missing }}", "true--"),
        (" {{ ann.age }}", " 41"),
        ("{{ ann.ratio }}%", "2%"),
        ("q={{ ann.tags }}", 'q=["x",{"deep key":null}]'),
        ("a{{ ann.name }}b{{ ann.ratio }}c{{ none }}d", "aAnnb2cd"),
        ('{"a":{"b":{{ ann.age }}}}', '{"a":{"b":41}}'),
        ('{"a":{"b":{{{ ann.age }}}}}', '{"a":{"b":41}}'),
        ("{{{ ann.age }}", "{41"),
        ("{ {{ ann.age }} }}", "{ 41 }}"),
        ("no templates } here }}", "no templates } here }}"),
    ],
)
def test_other_texts_get_values_as_text(text: str, expected: str) -> None:
    assert render(text, ann=ANN, none=None) == expected


def test_a_rendered_value_is_never_evaluated_again() -> None:
    assert render("<{{ a }}>", a="{{ b }} $& {{ $uuid }}", b="no") == "<{{ b }} $& {{ $uuid }}>"
    assert render("{{ a }}", a="{{ b }}", b="no") == "{{ b }}"


def test_nested_values_are_rendered_with_their_keys() -> None:
    value = {"{{ k }}": [1, "{{ n }}", {"c": True}], "n-{{ n }}": None}
    assert render(value, k="key", n=5) == {"key": [1, 5, {"c": True}], "n-5": None}


def test_containers_with_templates_are_fresh_and_constant_parts_are_shared() -> None:
    template = compile_value({"a": ["{{ n }}"], "constant": [1]}, FUNCTIONS)
    first, second = template.render(user(n=1)), template.render(user(n=2))
    assert (first["a"], second["a"]) == ([1], [2])
    assert first is not second
    assert first["constant"] is second["constant"]


def test_a_value_without_templates_is_constant() -> None:
    template = compile_value({"a": [1, "b"]}, FUNCTIONS)
    assert template.is_constant
    assert template.render(user()) is template.render(user())
    assert template.text(user()) == '{"a":[1,"b"]}'


@pytest.mark.parametrize(
    ("value", "text"),
    [("{{ n }}", "5"), ("{{ f }}", "1"), ("{{ missing }}", ""), (["{{ n }}"], "[5]"), (7, "7"), ("a{{ n }}", "a5")],
)
def test_text_gives_text_whatever_the_type(value: Any, text: str) -> None:
    assert compile_value(value, FUNCTIONS).text(user(n=5, f=1.0)) == text


@pytest.mark.parametrize(
    ("value", "uses"),
    [
        ("{{ a.b }}{{ c[0] }}{{ a }}", (((), ("a", "c")),)),
        ({"k": ["{{ a }}", "x"], "{{ b }}": 1}, ((("{{ b }}",), ("b",)), (("k", 0), ("a",)))),
        ("{{ $randomNumber(low, 9) }}", (((), ("low",)),)),
        ("{{ $loopCount }}{{ $loopElement.id }}", (((), ("$loopCount", "$loopElement")),)),
        ("{{ $environment }}{{ $testId }}{{ $dirname }}{{ $scenarioFile }}{{ target }}{{ $uuid }}", ()),
        ("plain", ()),
    ],
)
def test_uses_name_the_variables_of_each_text(value: Any, uses: Any) -> None:
    assert compile_value(value, FUNCTIONS).uses == uses


@pytest.mark.parametrize("name", ["$env", "$processEnvironment"])
def test_environment_variables_are_read_when_compiled(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOADKIT_HOST", "example")
    template = compile_value("http://{{ " + name + ".LOADKIT_HOST }}/", FUNCTIONS)
    monkeypatch.delenv("LOADKIT_HOST")
    assert template.is_constant
    assert template.source == template.render(user()) == "http://example/"
    assert template.unset_env == ()


def test_an_unset_environment_variable_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOADKIT_UNSET", raising=False)
    template = compile_value({"a": "{{ $env.LOADKIT_UNSET }}"}, FUNCTIONS)
    assert template.render(user()) == {"a": "undefined"}
    assert template.unset_env == ((("a",), "LOADKIT_UNSET"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ $echo(1, -2, 1.5, 2e2) }}", [1, -2, 1.5, 200.0]),
        ("{{ $echo('a b', \"c,)}}\", 'it\\'s') }}", ["a b", "c,)}}", "it's"]),
        ("{{ $echo(true, false, null) }}", [True, False, None]),
        ("{{ $echo( n , ann.name, missing ) }}", [5, "Ann", None]),
        ("{{ $echo($env.LOADKIT_HOST) }}", ["h"]),
        ("{{ $echo() }}", []),
        ("{{ $echo }}", []),
        ("x{{ $echo(1) }}", "x[1]"),
    ],
)
def test_functions_are_called_with_typed_arguments(text: str, expected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOADKIT_HOST", "h")
    echo = type(FUNCTIONS["$uuid"])(
        name="$echo", call=lambda user, *args: [*args], max_args=None, doc="", example="{{ $echo(1) }}"
    )
    assert compile_value(text, {"$echo": echo}).render(user(n=5, ann=ANN)) == expected


@pytest.mark.parametrize(
    ("text", "code", "offset", "says"),
    [
        ("{{ a }", "LK204", 0, "never closed"),
        ("x {{ a", "LK204", 2, "never closed"),
        ("{{", "LK204", 2, "ends inside"),
        ("{{ }}", "LK204", 3, "expected before"),
        ("{{ a | upper }}", "LK204", 5, "unexpected '|'"),
        ("{{ a + 1 }}", "LK204", 5, "unexpected '+'"),
        ("{{ a..b }}", "LK204", 5, "expected before"),
        ("{{ a[ }}", "LK204", 4, "expected before"),
        ("{{ $env }}", "LK204", 3, "one name"),
        ("{{ $randomNumber(1) }}", "LK204", 3, "does not take 1 argument"),
        ("{{ $randomNumber }}", "LK204", 3, "does not take 0 arguments"),
        ("{{ $randomNumber(1 2) }}", "LK204", 19, "is expected"),
        ("{{ $randomNumber(9, 1) }}", "LK204", 3, "above"),
        ("{{ $randomNumber(1, 2 }}", "LK204", 22, "is expected"),
        ('{{ $randomString("x") }}', "LK204", 3, "not a whole number"),
        ("{{ $randomStrin(5) }}", "LK203", 3, 'unknown function "$randomStrin"'),
        ("{{ randomString(5) }}", "LK203", 3, 'unknown function "randomString"'),
    ],
)
def test_faults_say_what_is_wrong_and_where(text: str, code: str, offset: int, says: str) -> None:
    found = fault(text)
    assert (found.code, found.offset) == (code, offset)
    assert says in str(found)
    assert found.hint


def test_an_unknown_function_gets_the_closest_match() -> None:
    assert fault("{{ $randomStrin(5) }}").hint == 'did you mean "$randomString"?'
    assert fault("{{ randomString(5) }}").hint == 'did you mean "$randomString"?'
    assert fault("{{ $zzz() }}").hint == "known functions: $pick, $randomNumber, $randomString, $sequence, $uuid"


def test_all_faults_of_a_value_are_reported_by_path() -> None:
    found = fault({"a": ["{{ x }}", "{{ x"], "{{ b": "{{ $no() }}"})
    assert [(one.code, one.where) for one in (found, *found.others)] == [
        ("LK204", ("{{ b",)),
        ("LK204", ("a", 1)),
        ("LK203", ("{{ b",)),
    ]


def test_all_faults_of_a_text_are_reported_in_its_order_beside_what_it_reads() -> None:
    found = fault(["{{ $one() }} {{ a }} {{ b | c }} {{ $two() }} {{ d }} {{ $one(", "{{ e }}"])
    assert [(one.code, one.offset, one.where) for one in (found, *found.others)] == [
        ("LK203", 3, (0,)),
        ("LK204", 26, (0,)),
        ("LK203", 36, (0,)),
        ("LK203", 57, (0,)),
    ]
    assert found.uses == (((0,), ("a", "d")), ((1,), ("e",)))


def test_constant_wraps_any_value() -> None:
    template = Template.constant([1, None])
    assert (template.render(user()), template.text(user()), template.is_constant) == ([1, None], "[1,null]", True)


def test_paths_can_be_imported_from_here() -> None:
    variables: dict[str, Any] = {}
    assign(variables, "pet[id]", 3)
    assert compile_path("pet.id")(variables) == 3


PARTS = st.sampled_from(
    ["{{", "}}", "{", "}", " ", "a", "b.c", "[0]", "$uuid", "$randomNumber(", "1", ",", ")", '"', "'", "\\", "|"]
)


@given(st.lists(PARTS, max_size=12).map("".join) | st.text(max_size=30))
def test_any_text_renders_or_is_a_fault(text: str) -> None:
    template, offset = None, 0
    try:
        template = compile_value(text, FUNCTIONS)
    except TemplateFault as found:
        offset = found.offset
    assert 0 <= offset <= len(text)
    assert template is None or isinstance(template.text(user(a="x", b={"c": [1]})), str)


@given(st.text(), st.text(), st.text(alphabet="ab {}"))
def test_values_stand_unchanged_in_the_text(prefix: str, value: str, suffix: str) -> None:
    prefix, suffix = prefix.replace("{{", ""), suffix.replace("{{", "").lstrip("}")
    if prefix.endswith("{"):
        prefix += " "
    assert render(f"{prefix}{{{{ a }}}}{suffix}", a=value) == f"{prefix}{value}{suffix}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(alphabet="abc{} "),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="abc", max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_values_without_templates_render_as_they_are(value: Any) -> None:
    try:
        template = compile_value(value, FUNCTIONS)
    except TemplateFault:
        assert "{{" in str(value)
    else:
        if "{{" not in str(value):
            assert template.is_constant
            assert template.render(user()) == value
