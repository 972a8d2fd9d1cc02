"""``make test-clients``: real clients through Turnout to every provider. docs/clients.md is made of what they did.

Each client is the vendor's own program or SDK, installed into ``.cache/clients`` from ``packages.toml``. It talks to a
real ``turnout serve``, behind which ``turnout simulate`` plays the provider. Between client and Turnout, a recorder
keeps what was said. All of it is on loopback.

A client is a class with the methods of ``client.Client``: in ``commands/`` if a process answers one prompt, else a
program in ``programs/`` that answers prompts line by line. ``__main__.CLIENTS`` lists them.
"""
