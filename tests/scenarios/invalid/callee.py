def total(items, price=2):
    """Return what so many items cost."""
    return items * price
