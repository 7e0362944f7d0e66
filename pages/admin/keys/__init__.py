"""The room "API keys": what programs come in with."""
