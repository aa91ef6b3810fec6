from loadkit.outputs.outlook import HEIGHT, chart


def test_the_largest_value_reaches_the_top_and_nothing_is_higher():
    lines = list(chart([0, 25, 50, 100, 0, 0, 0, 0], 40))
    columns = [line[15:].ljust(8) for line in lines[:HEIGHT]]
    assert lines[0].split("|")[0].strip() == "100"
    assert [sum(line[column] != " " for line in columns) for column in range(4)] == [0, 2, 3, HEIGHT]
    assert lines[-1].split() == ["0", "40s"]


def test_what_is_small_can_still_be_seen():
    assert list(chart([0.001, 100], 1))[HEIGHT - 1].endswith("|▁█")


def test_without_blocks_it_is_ascii():
    text = "\n".join(chart([1, 2, 3], 60, blocks=False))
    assert text.isascii()
    assert text.count("#") == 2 + 4 + 6


def test_nothing_at_all_is_an_empty_chart():
    assert next(chart([0, 0], 1)).strip() == "0 |"


def test_large_numbers_are_grouped():
    assert next(chart([324_100_004], 1)).strip().startswith("324,100,004 |")
