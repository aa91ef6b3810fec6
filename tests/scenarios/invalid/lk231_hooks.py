"""Functions of lk231-parameters.yaml, some of which cannot be called there."""


def with_done(context, events, done):
    done()


def one(user):
    user.vars["n"] = 1


def two(r, u):
    r.headers["x"] = u.vars["n"]


def confused(user, ee):
    pass


def needs_word(user, *, colour):
    pass


async def later(user):
    return True
