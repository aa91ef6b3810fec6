def mark(context, events):
    events.counter("marked")
