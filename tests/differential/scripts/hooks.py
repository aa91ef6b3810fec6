import json


def begin(context, events):
    context.vars["word"] = "begun"


def end(context, events):
    events.counter("ended")


async def step(context, events):
    events.histogram("own.time", 12)
    events.rate("own.rate")


def sign(request, context, events):
    request.headers["x-signed"] = "yes"


def look(request, response, context, events):
    events.counter(f"seen.{response.status}")


def change(request, context, events):
    request.json = {"a": 2, "word": context.vars["word"]}


def keep(request, response, context, events):
    context.vars["kept"] = json.loads(response.body)["id"]


def fewer(context):
    return context.vars["$loopCount"] < 3


def allowed(context):
    return context.vars["word"] == "begun"


def forbidden(context):
    return False
