"""How a browser reads: with patience, whatever else the machine does."""

PATIENCE_MS = 180_000  # what does not come at all is told; how soon it comes is judged by no test


def context_of(chromium, **options):
    """Open a context of the browser that waits long for what it is told to wait for."""
    context = chromium.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    return context
