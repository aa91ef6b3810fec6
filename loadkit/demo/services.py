"""The demo's other services: a model registry, a vector search, workflows to poll for, and campaigns."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from loadkit.demo.latency import VECTOR_SEARCH, WORKFLOW, Latency
from loadkit.demo.recent import Recent
from loadkit.demo.route import Call, Refused, Reply, Route, reply
from loadkit.demo.shop import Text
from loadkit.units import NS_PER_S

DIMENSIONS = 8
KEPT = 20_000  # of models, workflows and campaigns each; some 10 MB when full
_DOCUMENTS = 64
_MOST_ASSETS = 100


class NewModel(Struct):
    """The body of POST /models."""

    name: Text
    version: Text = "1"


class VectorQuery(Struct):
    """The body of POST /vectors/search: a point, and how many neighbours of it are wanted."""

    vector: Annotated[list[float], Meta(min_length=DIMENSIONS, max_length=DIMENSIONS)]
    k: Annotated[int, Meta(ge=1, le=_DOCUMENTS)] = 5


class NewWorkflow(Struct):
    """The body of POST /workflows."""

    name: Text


class NewCampaign(Struct):
    """The body of POST /campaigns."""

    name: Text
    budget: Annotated[float, Meta(ge=0)] = 0.0


class NewAsset(Struct):
    """The body of POST /campaigns/{id}/assets."""

    kind: Text
    url: Text


@dataclass(frozen=True, slots=True)
class Workflow:
    """Something that takes its time: done when the clock reaches `done_ns`."""

    name: str
    done_ns: int


@dataclass(slots=True)
class Campaign:
    """Draft until it is launched, which takes at least one asset."""

    name: str
    budget: float
    assets: int = 0
    state: str = "draft"


class Services:
    """The services' actions and what they remember. `now_ns` is any clock that never goes back."""

    def __init__(self, latency: Latency, now_ns: Callable[[], int], seed: int = 0) -> None:
        self._latency = latency
        self._now_ns = now_ns
        self._models: Recent[NewModel] = Recent("m", KEPT)
        self._workflows: Recent[Workflow] = Recent("w", KEPT)
        self._campaigns: Recent[Campaign] = Recent("k", KEPT)
        draw = random.Random(f"documents {seed}").uniform
        self._documents = [(f"d{n}", [draw(-1, 1) for _ in range(DIMENSIONS)]) for n in range(1, _DOCUMENTS + 1)]

    def routes(self) -> tuple[Route, ...]:
        """Return what the services answer."""
        return (
            Route("POST", "/models", self.register_model, NewModel),
            Route("GET", "/models/{id}", self.model),
            Route("POST", "/vectors/search", self.search_vectors, VectorQuery),
            Route("POST", "/workflows", self.start_workflow, NewWorkflow),
            Route("GET", "/workflows/{id}", self.workflow),
            Route("POST", "/campaigns", self.create_campaign, NewCampaign),
            Route("GET", "/campaigns/{id}", self.campaign),
            Route("POST", "/campaigns/{id}/assets", self.add_asset, NewAsset),
            Route("POST", "/campaigns/{id}/launch", self.launch_campaign),
        )

    def register_model(self, call: Call) -> Reply:
        """Register a model."""
        model_id = self._models.add(call.body)
        return reply(201, {"id": model_id, "name": call.body.name, "version": call.body.version})

    def model(self, call: Call) -> Reply:
        """Look a model up."""
        model_id = call.path["id"]
        model = self._models.get(model_id)
        if model is None:
            raise Refused(404, f"there is no model {model_id[:50]}")
        return reply(200, {"id": model_id, "name": model.name, "version": model.version})

    def search_vectors(self, call: Call) -> Reply:
        """Find the documents whose vectors have the largest dot product with the query's."""
        asked: VectorQuery = call.body
        scored = [
            (round(sum(a * b for a, b in zip(asked.vector, vector, strict=True)), 6), document)
            for document, vector in self._documents
        ]
        scored.sort(reverse=True)
        matches = [{"id": document, "score": score} for score, document in scored[: asked.k]]
        return reply(200, {"matches": matches}, self._latency.draw_s(VECTOR_SEARCH))

    def start_workflow(self, call: Call) -> Reply:
        """Accept a workflow; it runs on by itself."""
        done_ns = self._now_ns() + round(self._latency.draw_s(WORKFLOW) * NS_PER_S)
        workflow_id = self._workflows.add(Workflow(call.body.name, done_ns))
        return reply(202, {"id": workflow_id, "state": "running"})

    def workflow(self, call: Call) -> Reply:
        """Say whether a workflow is done."""
        workflow_id = call.path["id"]
        workflow = self._workflows.get(workflow_id)
        if workflow is None:
            raise Refused(404, f"there is no workflow {workflow_id[:50]}")
        state = "done" if self._now_ns() >= workflow.done_ns else "running"
        return reply(200, {"id": workflow_id, "name": workflow.name, "state": state})

    def create_campaign(self, call: Call) -> Reply:
        """Create a campaign as a draft."""
        campaign = Campaign(call.body.name, call.body.budget)
        return _campaign(201, self._campaigns.add(campaign), campaign)

    def campaign(self, call: Call) -> Reply:
        """Show a campaign."""
        return _campaign(200, call.path["id"], self._known_campaign(call))

    def add_asset(self, call: Call) -> Reply:
        """Add an image, a text or a film to a draft."""
        campaign = self._known_campaign(call)
        if campaign.state != "draft":
            raise Refused(409, "the campaign has been launched")
        if campaign.assets == _MOST_ASSETS:
            raise Refused(422, f"a campaign has at most {_MOST_ASSETS} assets")
        campaign.assets += 1
        return reply(201, {"assetId": f"a{campaign.assets}", "kind": call.body.kind, "assets": campaign.assets})

    def launch_campaign(self, call: Call) -> Reply:
        """Make a draft live."""
        campaign = self._known_campaign(call)
        if campaign.state != "draft":
            raise Refused(409, "the campaign has been launched")
        if not campaign.assets:
            raise Refused(409, "a campaign needs an asset before it is launched")
        campaign.state = "live"
        return _campaign(200, call.path["id"], campaign)

    def _known_campaign(self, call: Call) -> Campaign:
        campaign = self._campaigns.get(call.path["id"])
        if campaign is None:
            raise Refused(404, f"there is no campaign {call.path['id'][:50]}")
        return campaign


def _campaign(status: int, campaign_id: str, campaign: Campaign) -> Reply:
    shown = {"id": campaign_id, "name": campaign.name, "budget": campaign.budget}
    return reply(status, {**shown, "assets": campaign.assets, "state": campaign.state})
