"""The command line: a front end that parses, calls one service, and hands its result to the renderer."""
