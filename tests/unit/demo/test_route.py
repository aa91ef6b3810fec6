import json

from loadkit.demo.route import JSON, Refused, fault, reply


def test_a_reply_carries_json():
    answer = reply(201, {"id": "c1"}, 0.5)
    assert (answer.status, json.loads(answer.body), answer.delay_s, answer.media_type) == (201, {"id": "c1"}, 0.5, JSON)


def test_a_refusal_becomes_a_reply_that_says_why():
    assert Refused(404, "no such cart").reply == fault(404, "no such cart")
    assert json.loads(fault(404, "no such cart").body) == {"error": "no such cart"}
