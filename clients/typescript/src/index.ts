// Koko Integrations for tRPC clients: a link that reaches the service, and the types of what it can do.
import type { Integration, IntegrationConnectInput, IntegrationGetLogsOutput, IntegrationListOutput } from "./procedures.js";

export { jsonRpcLink, type JsonRpcHeaders, type JsonRpcLinkOptions } from "./link.js";
export type * from "./procedures.js";
export type { IntegrationsErrorShape, IntegrationsRouter, WithIntegrations } from "./router.js";

// The API document's own names for parts of these.
export type IntegrationProvider = IntegrationConnectInput["provider"] | "custom";
export type IntegrationCategory = Integration["category"];
export type ConnectionStatus = Integration["status"];
export type IntegrationLog = IntegrationGetLogsOutput["logs"][number];
export type ListedIntegration = IntegrationListOutput["integrations"][number];
