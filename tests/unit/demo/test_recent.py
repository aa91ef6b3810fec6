from loadkit.demo.recent import Recent


def test_items_are_found_by_the_identifier_they_were_given():
    recent: Recent[str] = Recent("c", most=10)
    assert [recent.add("one"), recent.add("two"), recent.add("three", "own")] == ["c1", "c2", "own"]
    assert (recent.get("c1"), recent.get("own"), recent.get("c9")) == ("one", "three", None)


def test_the_oldest_item_is_forgotten_first():
    recent: Recent[int] = Recent("c", most=3)
    for number in range(10):
        recent.add(number)
    assert len(recent) == 3
    assert (recent.get("c7"), recent.get("c8"), recent.get("c10")) == (None, 7, 9)


def test_a_removed_item_is_gone_and_removing_it_twice_is_no_fault():
    recent: Recent[int] = Recent("c", most=3)
    recent.remove(recent.add(1))
    recent.remove("c1")
    assert recent.get("c1") is None
