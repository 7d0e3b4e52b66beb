// The code of the Integrations API document, letter for letter, where a client of Koko's stands: that it compiles is
// half of the proof, the other half is in integrations.test.ts.
import type { TRPCClient } from "@trpc/client";
import type {
  Integration,
  IntegrationConnectInput,
  IntegrationListOutput,
  IntegrationLog,
  WithIntegrations,
} from "@koko/integrations-client";

import type { AppRouter } from "./koko/router.js";

type Trpc = TRPCClient<WithIntegrations<AppRouter>>;

/** integration.list, "Example Request". */
export async function exampleRequest(trpc: Trpc) {
  const { integrations } = await trpc.integration.list.query({
    teamId: "team_123",
    category: "communication",
  });
  return integrations;
}

/** integration.connect, "OAuth Flow Example". */
export async function oauthFlowExample(trpc: Trpc) {
  // Step 1: Get OAuth URL
  const { authUrl } = await trpc.integration.connect.mutate({
    teamId: "team_123",
    provider: "slack",
    redirectUri: "https://app.koko.com/integrations/callback",
  });

  // Step 2: Redirect user to authUrl
  window.location.href = authUrl;

  // Step 3: After OAuth callback, complete connection
  const { integration } = await trpc.integration.connect.mutate({
    teamId: "team_123",
    provider: "slack",
    authCode: "oauth_code_from_callback",
    redirectUri: "https://app.koko.com/integrations/callback",
  });
  return integration;
}

/** integration.connect, "API Key Example". */
export async function apiKeyExample(trpc: Trpc) {
  const { integration } = await trpc.integration.connect.mutate({
    teamId: "team_123",
    provider: "s3",
    config: {
      accessKeyId: "AKIA...",
      secretAccessKey: "...",
      bucket: "my-bucket",
      region: "us-east-1",
    },
  });
  return integration;
}

/** integration.list, "Example Response". */
export const exampleResponse: IntegrationListOutput = {
  "integrations": [
    {
      "provider": "slack",
      "providerName": "Slack",
      "providerIcon": "https://cdn.example.com/icons/slack.svg",
      "category": "communication",
      "description": "Get notifications in Slack when videos are uploaded or commented on",
      "status": "connected",
      "connectedAt": "2025-01-10T09:00:00Z",
      "features": ["Comment notifications", "Upload alerts", "Approval requests"]
    },
    {
      "provider": "teams",
      "providerName": "Microsoft Teams",
      "providerIcon": "https://cdn.example.com/icons/teams.svg",
      "category": "communication",
      "description": "Send notifications to Microsoft Teams channels",
      "status": "disconnected",
      "features": ["Comment notifications", "Upload alerts"]
    }
  ]
};

// The data models, as the document's readers use them.
export const iconOf = ({ providerIcon, status }: Integration): string => (status === "connected" ? providerIcon : "");
export const isBad = ({ status }: IntegrationLog): boolean => status !== "success";

// What zod would refuse to compile, so do these types.
export const incomplete: IntegrationConnectInput[] = [
  // @ts-expect-error: teamId is missing
  { provider: "slack" },
  // @ts-expect-error: there is no such provider
  { teamId: "team_123", provider: "slak" },
  // @ts-expect-error: custom has a procedure of its own
  { teamId: "team_123", provider: "custom" },
  // @ts-expect-error: a typing error
  { teamId: "team_123", provider: "slack", redirectUrl: "https://app.koko.com" },
];
export function misuse(trpc: Trpc): void {
  // @ts-expect-error: list is a query
  void trpc.integration.list.mutate;
  // @ts-expect-error: connect is a mutation
  void trpc.integration.connect.query;
  // @ts-expect-error: there is no such procedure
  void trpc.integration.lst;
  // Koko's own are untouched.
  void trpc.team.create.mutate({ id: "team_123", name: "Team" });
}
