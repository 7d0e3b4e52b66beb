"""JSON-RPC 2.0 over one endpoint: envelope, schemas, dispatch. Knows nothing of integrations."""
