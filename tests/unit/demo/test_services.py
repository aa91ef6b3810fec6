import json
from typing import Any

import pytest

from loadkit.demo import services as service_module
from loadkit.demo.latency import Latency
from loadkit.demo.route import Call, Refused, Reply
from loadkit.demo.services import (
    DIMENSIONS,
    NewAsset,
    NewCampaign,
    NewModel,
    NewWorkflow,
    Services,
    VectorQuery,
)


class ManualClock:
    def __init__(self) -> None:
        self.ns = 0

    def now_ns(self) -> int:
        return self.ns


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def services(clock: ManualClock) -> Services:
    return Services(Latency(), clock.now_ns)


def call(identifier: str = "", body: Any = None) -> Call:
    return Call({"id": identifier}, {}, "", body)


def read(answer: Reply) -> Any:
    return json.loads(answer.body)


def refusal(action: Any, asked: Call) -> int:
    with pytest.raises(Refused) as caught:
        action(asked)
    return caught.value.reply.status


def test_a_registered_model_can_be_looked_up(services: Services):
    made = services.register_model(call(body=NewModel("ranker", "3")))
    assert made.status == 201
    assert read(services.model(call(read(made)["id"]))) == read(made) == {"id": "m1", "name": "ranker", "version": "3"}


def test_a_vector_search_gives_the_best_matches_first(services: Services):
    answer = services.search_vectors(call(body=VectorQuery([0.5] * DIMENSIONS, 4)))
    scores = [match["score"] for match in read(answer)["matches"]]
    assert len(scores) == 4
    assert scores == sorted(scores, reverse=True)
    assert answer.delay_s > 0


def test_a_workflow_runs_for_some_tens_of_milliseconds_and_is_done(services: Services, clock: ManualClock):
    started = services.start_workflow(call(body=NewWorkflow("nightly")))
    workflow_id = read(started)["id"]
    states = []
    for at_ms in (0, 5, 600):
        clock.ns = at_ms * 1_000_000
        states.append(read(services.workflow(call(workflow_id)))["state"])
    assert (started.status, states) == (202, ["running", "running", "done"])


def test_a_campaign_goes_from_draft_to_live_with_its_assets(services: Services):
    campaign_id = read(services.create_campaign(call(body=NewCampaign("spring", 100))))["id"]
    assert refusal(services.launch_campaign, call(campaign_id)) == 409
    added = [services.add_asset(call(campaign_id, NewAsset("image", "/a.png"))) for _ in range(2)]
    assert [read(answer)["assets"] for answer in added] == [1, 2]
    assert read(services.launch_campaign(call(campaign_id)))["state"] == "live"
    assert read(services.campaign(call(campaign_id))) == {
        "id": campaign_id,
        "name": "spring",
        "budget": 100,
        "assets": 2,
        "state": "live",
    }


def test_a_launched_campaign_does_not_change_any_more(services: Services):
    campaign_id = read(services.create_campaign(call(body=NewCampaign("spring"))))["id"]
    asset = call(campaign_id, NewAsset("image", "/a.png"))
    services.add_asset(asset)
    services.launch_campaign(asset)
    assert [refusal(services.add_asset, asset), refusal(services.launch_campaign, asset)] == [409, 409]


def test_a_campaign_takes_a_bounded_number_of_assets(services: Services):
    campaign_id = read(services.create_campaign(call(body=NewCampaign("spring"))))["id"]
    asset = call(campaign_id, NewAsset("image", "/a.png"))
    for _ in range(100):
        services.add_asset(asset)
    assert refusal(services.add_asset, asset) == 422


@pytest.mark.parametrize("action", ["model", "workflow", "campaign", "add_asset", "launch_campaign"])
def test_what_does_not_exist_is_not_found(services: Services, action: str):
    assert refusal(getattr(services, action), call("x1")) == 404


def test_memory_stays_bounded(monkeypatch: pytest.MonkeyPatch, clock: ManualClock):
    monkeypatch.setattr(service_module, "KEPT", 3)
    services = Services(Latency(), clock.now_ns)
    for _ in range(4):
        services.register_model(call(body=NewModel("ranker")))
    assert refusal(services.model, call("m1")) == 404
    assert services.model(call("m4")).status == 200
