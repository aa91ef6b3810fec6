"""The hooks of every-key.yaml."""


def mark(request, user):
    request.headers["x-marked"] = "yes"


def count(response, user):
    user.vars["responses"] = user.vars.get("responses", 0) + 1


def begin(user):
    user.vars["basket"] = "empty"


def addToBasket(user):
    user.vars["basket"] = "lamp"


def isNotDone(user):
    user.vars["rounds"] = user.vars.get("rounds", 0) + 1
    return user.vars["rounds"] < 3


def end(user):
    pass


def noteError(error, user):
    user.log(f"every key: {error}")
