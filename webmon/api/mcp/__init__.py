"""The MCP server: tools for assistants, each of which asks the REST API."""
