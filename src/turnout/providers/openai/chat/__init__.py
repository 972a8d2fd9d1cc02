"""OpenAI's Chat Completions, as upstreams speak it (https://platform.openai.com/docs/api-reference/chat)."""
