"""One file a command group: a command parses, calls one service and hands its result to the renderer."""
