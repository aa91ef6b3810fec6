from docs.pages.markdown import anchor, block, code, flow_yaml, table


def test_a_table_keeps_to_its_cells() -> None:
    assert table(("a", "b"), [("x|y", "two\nlines")]) == "| a | b |\n| --- | --- |\n| x\\|y | two lines |"


def test_code_with_backticks_in_it_stays_code() -> None:
    assert code("name") == "`name`"
    assert code("a `b`") == "`` a `b` ``"


def test_a_block_names_its_language() -> None:
    assert block("a: 1\n", "yaml") == "```yaml\na: 1\n```"


def test_anchors_are_those_of_the_host() -> None:
    assert anchor("`config.http`") == "confighttp"
    assert anchor("Coming from Artillery") == "coming-from-artillery"


def test_values_are_written_as_in_a_scenario_file() -> None:
    assert flow_yaml({"count": 10, "over": ["red", "green"]}) == "{count: 10, over: [red, green]}"
    assert flow_yaml("{{ id }}") == "'{{ id }}'"
    assert flow_yaml(10) == "10"
