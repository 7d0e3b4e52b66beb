// A page of Koko's web client: React, TanStack Query and one tRPC client for both servers. The test that serves it says
// where they are, in `window.servers`.
import { QueryClient, QueryClientProvider, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { createTRPCClient, httpBatchLink, splitLink } from "@trpc/client";
import { createTRPCContext } from "@trpc/tanstack-react-query";
import { jsonRpcLink, type WithIntegrations } from "@koko/integrations-client";
import { useEffect, useState, type ReactNode } from "react";
import { createRoot } from "react-dom/client";

import type { AppRouter } from "../test/koko/router.js";

declare global {
  interface Window {
    servers: { koko: string; integrations: string };
  }
}

type Router = WithIntegrations<AppRouter>;

const TEAM = `team_${location.hostname}`;
const CALLBACK = `${location.origin}/integrations/callback`;
const { koko, integrations } = window.servers;
const { TRPCProvider, useTRPC, useTRPCClient } = createTRPCContext<Router>();
const withCookies = (url: RequestInfo | URL | string, init?: RequestInit) => fetch(url, { ...init, credentials: "include" });

const client = createTRPCClient<Router>({
  links: [
    splitLink({
      condition: (op) => op.path.startsWith("integration."),
      true: jsonRpcLink({ url: `${integrations}/rpc` }),
      false: httpBatchLink({ url: `${koko}/trpc`, fetch: withCookies as typeof fetch }),
    }),
  ],
});

/** Koko's toast: the message for a person, the code for the page. */
function Toast({ error }: { error: { message: string; data?: { code?: string } | null } | null }): ReactNode {
  return error && <p role="alert" data-code={error.data?.code}>{error.message}</p>;
}

function SignUp(): ReactNode {
  const trpc = useTRPCClient();
  const queryClient = useQueryClient();
  const signUp = useMutation({
    mutationFn: async () => {
      const body = JSON.stringify({ name: "Bea", email: `bea@${location.hostname}.test`, password: "correct horse battery" });
      const headers = { "content-type": "application/json" };
      await withCookies(`${koko}/api/auth/sign-up/email`, { method: "POST", headers, body });
      await trpc.team.create.mutate({ id: TEAM, name: "Browser" });
    },
    onSuccess: () => queryClient.invalidateQueries(),
  });
  return <button onClick={() => signUp.mutate()}>Sign up</button>;
}

function Integrations(): ReactNode {
  const trpc = useTRPC();
  const list = useQuery(trpc.integration.list.queryOptions({ teamId: TEAM, category: "communication" }, { retry: false }));
  const teams = useQuery(trpc.team.list.queryOptions(undefined, { retry: false }));
  const connect = useMutation(trpc.integration.connect.mutationOptions());
  const leave = async (): Promise<void> => {
    const { authUrl } = await connect.mutateAsync({ teamId: TEAM, provider: "slack", redirectUri: CALLBACK });
    window.location.href = authUrl;
  };
  return (
    <main>
      <Toast error={list.error} />
      <h1>{teams.data?.teams.map(({ name }) => name).join()}</h1>
      <ul>{list.data?.integrations.map(({ provider, status }) => <li key={provider}>{`${provider}: ${status}`}</li>)}</ul>
      <button onClick={() => void leave()}>Connect Slack</button>
    </main>
  );
}

function Callback(): ReactNode {
  const trpc = useTRPC();
  const connect = useMutation(trpc.integration.connect.mutationOptions());
  const [came] = useState(() => new URLSearchParams(location.search));
  const { mutate } = connect;
  useEffect(() => {
    const [authCode, state] = [came.get("code") ?? "", came.get("state") ?? ""];
    mutate({ teamId: TEAM, provider: "slack", authCode, state, redirectUri: CALLBACK });
  }, [came, mutate]);
  return (
    <main>
      <Toast error={connect.error} />
      <h1>{connect.data && `${connect.data.integration.providerName}: ${connect.data.integration.status}`}</h1>
    </main>
  );
}

const queryClient = new QueryClient();
createRoot(document.body.appendChild(document.createElement("div"))).render(
  <QueryClientProvider client={queryClient}>
    <TRPCProvider trpcClient={client} queryClient={queryClient}>
      <SignUp />
      {location.href.startsWith(CALLBACK) ? <Callback /> : <Integrations />}
    </TRPCProvider>
  </QueryClientProvider>,
);
