"""Examples of the procedures of the Integrations API document, by procedure: its own words where it has some.

`rpc.discover` shows them, clients' documentation is made from them, and tests hold each against the schemas.
"""

from typing import Any

from koko_integrations.rpc.example import Example

_INTEGRATION: dict[str, Any] = {
    "id": "int_123",
    "teamId": "team_123",
    "provider": "slack",
    "providerName": "Slack",
    "providerIcon": "https://cdn.example.com/icons/slack.svg",
    "category": "communication",
    "status": "connected",
    "connectedBy": "user_789",
    "connectedAt": "2025-01-10T09:00:00Z",
    "config": {"channelId": "C024BE91L", "notifyOn": ["comment", "approval"]},
    "scope": ["chat:write", "channels:read"],
    "createdAt": "2025-01-10T08:59:12Z",
    "updatedAt": "2025-01-10T09:00:00Z",
}
_PENDING = {name: value for name, value in _INTEGRATION.items() if name not in ("connectedBy", "connectedAt")} | {
    "status": "pending",
    "config": {},
    "scope": [],
    "updatedAt": "2025-01-10T08:59:12Z",
}
_ASANA = _INTEGRATION | {
    "id": "int_456",
    "provider": "asana",
    "providerName": "Asana",
    "providerIcon": "https://cdn.example.com/icons/asana.svg",
    "category": "project_management",
    "config": {"autoSync": True, "syncInterval": 15, "projectMapping": {"project_123": "1201234567890"}},
    "scope": ["projects:read", "tasks:read", "tasks:write"],
}
_BUCKET = _INTEGRATION | {
    "id": "int_s3",
    "provider": "s3",
    "providerName": "AWS S3",
    "providerIcon": "https://cdn.example.com/icons/s3.svg",
    "category": "storage",
    "config": {"accessKeyId": "••••", "secretAccessKey": "••••", "bucket": "my-bucket", "region": "us-east-1"},
    "scope": ["s3:ListBucket", "s3:GetObject"],
}
_CUSTOM = _INTEGRATION | {
    "id": "int_custom",
    "provider": "custom",
    "providerName": "Review archive",
    "providerIcon": "https://cdn.example.com/icons/custom.svg",
    "category": "automation",
    "config": {"webhookUrl": "https://hooks.example.com/koko", "headers": {"x-tenant": "••••"}},
    "scope": [],
}
_MAPPING = {"kokoField": "title", "externalField": "name", "transform": "uppercase"}
_TRIGGER: dict[str, Any] = {
    "event": "comment.created",
    "conditions": [{"field": "comment.content", "operator": "contains", "value": "urgent"}],
    "action": {"type": "create_task", "config": {"projectId": "project_123"}},
}
_REDIRECT = "https://app.koko.com/integrations/callback"

_LIST = Example(
    "The communication integrations of a team",
    {"teamId": "team_123", "category": "communication"},
    {
        "integrations": [
            {
                "provider": "slack",
                "providerName": "Slack",
                "providerIcon": "https://cdn.example.com/icons/slack.svg",
                "category": "communication",
                "description": "Get notifications in Slack when videos are uploaded or commented on",
                "status": "connected",
                "connectedAt": "2025-01-10T09:00:00Z",
                "features": ["Comment notifications", "Upload alerts", "Approval requests"],
            },
            {
                "provider": "teams",
                "providerName": "Microsoft Teams",
                "providerIcon": "https://cdn.example.com/icons/teams.svg",
                "category": "communication",
                "description": "Send notifications to Microsoft Teams channels",
                "status": "disconnected",
                "features": ["Comment notifications", "Upload alerts"],
            },
        ]
    },
)
_CONNECT = (
    Example(
        "OAuth, step 1: where to send the user",
        {"teamId": "team_123", "provider": "slack", "redirectUri": _REDIRECT},
        {
            "integration": _PENDING,
            "authUrl": "https://slack.com/oauth/v2/authorize?client_id=1234.5678&scope=chat%3Awrite&state=hF3k9",
        },
    ),
    Example(
        "OAuth, step 3: the code of the callback",
        {
            "teamId": "team_123",
            "provider": "slack",
            "authCode": "oauth_code_from_callback",
            "redirectUri": _REDIRECT,
        },
        {"integration": _INTEGRATION},
    ),
    Example(
        "By keys",
        {
            "teamId": "team_123",
            "provider": "s3",
            "config": {
                "accessKeyId": "AKIA...",
                "secretAccessKey": "...",
                "bucket": "my-bucket",
                "region": "us-east-1",
            },
        },
        {"integration": _BUCKET},
    ),
)
_DISCONNECT = Example(
    "Disconnect, and revoke at the provider",
    {"integrationId": "int_123", "revokeAccess": True},
    {"success": True, "revoked": True},
)
_GET_STATUS = Example(
    "A healthy integration",
    {"integrationId": "int_123"},
    {
        "integration": _INTEGRATION,
        "health": {"status": "healthy", "lastCheck": "2025-01-15T10:30:00Z"},
        "usage": {"syncsToday": 4, "apiCallsToday": 112, "lastSync": "2025-01-15T10:15:00Z"},
    },
)
_SYNC = Example(
    "What has changed, of tasks and comments",
    {"integrationId": "int_456", "syncType": "incremental", "entities": ["tasks", "comments"]},
    {"job": {"id": "job_123", "status": "queued", "estimatedTime": 4200}},
)
_CONFIGURE = Example(
    "Keep two projects in step, every 15 minutes",
    {
        "integrationId": "int_456",
        "config": {"autoSync": True, "syncInterval": 15, "projectMapping": {"project_123": "1201234567890"}},
    },
    {"integration": _ASANA},
)
_GET_LOGS = Example(
    "The last syncs that failed",
    {"integrationId": "int_456", "action": "sync", "status": "failed", "limit": 20},
    {
        "logs": [
            {
                "id": "log_123",
                "integrationId": "int_456",
                "action": "sync",
                "status": "failed",
                "details": {"itemsProcessed": 0, "itemsFailed": 0, "errors": ["Asana is down"], "duration": 20134},
                "createdAt": "2025-01-15T10:30:00Z",
            }
        ]
    },
)
_TEST = Example(
    "A connection that works",
    {"integrationId": "int_123"},
    {"success": True, "latency": 142, "permissions": ["chat:write", "channels:read"]},
)
_IMPORT_ASSETS = Example(
    "One file of a bucket",
    {
        "integrationId": "int_s3",
        "projectId": "project_123",
        "files": [{"externalPath": "Rushes/Day 1/Scene 1 take 1.mp4", "title": "The first take"}],
    },
    {"job": {"id": "job_124", "totalFiles": 1, "status": "queued"}},
)
_CREATE_CUSTOM = Example(
    "A webhook for comments",
    {
        "teamId": "team_123",
        "name": "Review archive",
        "webhookUrl": "https://hooks.example.com/koko",
        "events": ["comment.created", "approval.completed"],
        "headers": {"x-tenant": "acme"},
    },
    {"integration": _CUSTOM, "webhookSecret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
)
_MAP_FIELDS = Example(
    "Task names from video titles",
    {"integrationId": "int_456", "entityType": "video", "mappings": [_MAPPING]},
    {
        "integration": _ASANA,
        "mappings": [
            _MAPPING
            | {
                "externalFieldId": "1200000000000107",
                "direction": "toExternal",
                "reason": "The transform cannot be undone",
            }
        ],
    },
)
_SET_TRIGGERS = Example(
    "A task for every urgent comment",
    {"integrationId": "int_456", "triggers": [_TRIGGER]},
    {"integration": _ASANA, "triggers": [{"id": "trg_123", **_TRIGGER}]},
)
_GET_METRICS = Example(
    "The last week",
    {"integrationId": "int_456", "period": "7d"},
    {
        "totals": {
            "runs": 4,
            "succeeded": 3,
            "partial": 0,
            "failed": 1,
            "items": 250,
            "latencyP50": 840,
            "latencyP95": 2100,
            "successRate": 0.75,
            "apiCalls": 9,
        },
        "series": [
            {
                "at": "2025-01-15T10:00:00Z",
                "runs": 4,
                "succeeded": 3,
                "partial": 0,
                "failed": 1,
                "items": 250,
                "latencyP50": 840,
                "latencyP95": 2100,
                "apiCalls": 9,
            }
        ],
        "byAction": {
            "sync": {
                "runs": 4,
                "succeeded": 3,
                "partial": 0,
                "failed": 1,
                "items": 250,
                "latencyP50": 840,
                "latencyP95": 2100,
                "successRate": 0.75,
            }
        },
        "byError": [{"error": "Asana did not answer in time", "count": 1, "lastAt": "2025-01-15T10:20:00Z"}],
    },
)

EXAMPLES: dict[str, tuple[Example, ...]] = {
    "integration.list": (_LIST,),
    "integration.connect": _CONNECT,
    "integration.disconnect": (_DISCONNECT,),
    "integration.getStatus": (_GET_STATUS,),
    "integration.sync": (_SYNC,),
    "integration.configure": (_CONFIGURE,),
    "integration.getLogs": (_GET_LOGS,),
    "integration.test": (_TEST,),
    "integration.importAssets": (_IMPORT_ASSETS,),
    "integration.createCustom": (_CREATE_CUSTOM,),
    "integration.mapFields": (_MAP_FIELDS,),
    "integration.setTriggers": (_SET_TRIGGERS,),
    "integration.getMetrics": (_GET_METRICS,),
}
"""By the name on the wire."""
