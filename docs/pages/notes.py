"""What the schema cannot say about scenario files: the sentences around the tables of keys."""

from __future__ import annotations

INTRODUCTION = """
A scenario file is YAML 1.2 or JSON. Unknown keys are errors, except those that start with `x-`, which are yours.
Where a number or `true` is wanted, a text with a [template](functions.md) in it will do.

| what | how it is written |
| --- | --- |
| duration | `90` (seconds), `90s`, `250ms`, `1m30s`, `5m`, `2h` |
| rate | `50` (per second), `50/s`, `30/min` |
| list or one | where a key takes "mapping or list", one mapping means a list with one element |

Several files, an environment and the command line make one scenario, in this order; what comes later wins: the files of
`extends`, the files on the command line one after the other, `--config`, `--environment`, `--target`, `--insecure`,
`--payload`, `--overrides`, `--variables`. Mappings are merged key by key and lists replace each other, except that the
`scenarios` of several files on the command line add up.
"""

NOTES = {
    "config": """
Texts here are rendered once, before load starts, except what each virtual user gets: `variables` and `http.defaults`.
See [templates](functions.md).
""",
    "config.phases": """
Phases follow each other without a gap. Each needs `duration` and one way to start virtual users, or `pause` alone. See
[open and closed models](../concepts/open-and-closed-models.md) for which to choose.

After the last phase nobody is started any more; virtual users still at work get `--graceful-stop` (30 s) to finish.
Those cut off then are `vusers.failed` with `errors.CANCELLED`. A last phase with `arrivalCount` is over as soon as its
arrivals have been started, however much of its duration is left: its meaning is the number, not the time. The run then
ends when they are done, or when the graceful stop has passed.

An arrival that is due while `maxVusers` virtual users are active is dropped and counted (`arrivals.dropped`,
`vusers.skipped`). One that the generator could not start before the end of its phase is dropped as well, and counts
against [the measurement](../concepts/validity.md).

A phase with `warmup: true` is measured like any other and never judged: thresholds and checks leave its numbers out, and
rates are taken over the time of the other phases. The generator itself is
[watched](../concepts/validity.md) from the start. A request belongs to the phase in which it was due, however late its
response comes; everything else to the phase in which it happens.

Without `phases`, and with `--solo`, one virtual user runs once.
""",
    "config.ensure": """
Without `plugins: {ensure: {}}` nothing here is judged, as in Artillery; a warning says so. `config.thresholds` needs no
plugin.
""",
    "scenarios": """
Each virtual user (in a closed phase: each visit) picks one scenario by weight. The pick depends on nothing but the seed
and the virtual user's number.
""",
    "request": """
Send an HTTP/1.1 request and wait for its response. A text instead of a mapping is the `url`. Any response is a success for
the virtual user, whatever its status: what must hold is said by `expect`, by `match`, and by thresholds. A request
without a valid response ends the virtual user.

Redirects are followed up to 10 times. A POST that is answered with 301 or 302, and any request but HEAD that is answered with
303, goes on as a GET without its body; all else keeps method and body. The headers `Authorization`, `Cookie` and
`Proxy-Authorization` of the step are not sent to another origin. The timeout covers all hops together.
""",
    "capture": """
All captures of a step are read before any is stored. A value that is missing, or an empty text, is a failure; `null`, `0`
and `false` are values. Bodies above 1 MiB are not read.
""",
    "expect": """
Checks run after the captures and may use what was just captured. A failed check is counted in `checks.failed` and the
virtual user goes on. At the end of the run any failed check means exit code 3, unless a threshold on `checks.*` says how
many may fail.
""",
}

PHASE_SHAPES = (
    ("`arrivalRate: R`", "New virtual users, R per second: number k at k/R, for k = 0, 1, ... before the end. So R times the "
                         "duration, rounded up."),
    ("`arrivalRate: R`, `rampTo: S`", "The rate changes linearly from R to S; number k starts when the planned count reaches k. "
                                      "Without `arrivalRate` it starts at 0."),
    ("either of these, `mode: poisson`", "The same mean rate at random instants, as independent people make them. The same seed "
                                         "gives the same instants."),
    ("`arrivalCount: N`", "N new virtual users, evenly spread over the duration, the first at once."),
    ("`users: N`", "N users repeat visits as fast as the target answers. The visit in progress at the end is finished."),
    ("`users: N`, `rampTo: M`", "The number of users changes linearly from N to M."),
    ("`users: N`, `throughput: R`", "User u's k-th request is due at (u + k N)/R from the start of the phase. Requests that "
                                    "become due while the user waits for the target are owed, and the wait counts in response "
                                    "time; those that pass in `think` are skipped."),
    ("`arrivalRate: R`, `steps: {to: S, count: N}`", "N steady rates from R to S, each for the same time."),
    ("`arrivalRate: R`, `spike: {to: S, ...}`", "R, but once a rise to S, a time at S and a fall."),
    ("`replay: FILE`", "An arrival at each instant that the file names, divided by `speed`."),
    ("`users: N`, `iterations: V`", "N users make V visits in all; who is done begins the next one."),
    ("`users: N`, `iterationsPerUser: V`", "Each of N users makes V visits."),
    ("`pause: D`", "Nobody is started for D; virtual users at work go on."),
)  # fmt: skip

STEPS = """
A step is a mapping with one action. An item of a `flow` may itself be a list of steps, such as a YAML anchor that several
scenarios share.
"""
