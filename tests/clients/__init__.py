"""What real clients sent (``make test-clients ARGS="CLIENT --provider openai --record"``), replayed."""
