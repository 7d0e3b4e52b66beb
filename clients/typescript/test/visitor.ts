// Somebody with an account at Koko, as a tRPC client of both servers in one.
import { createTRPCClient, httpBatchLink, splitLink, type Operation, type TRPCClient } from "@trpc/client";
import { jsonRpcLink, type WithIntegrations } from "@koko/integrations-client";

import { callback } from "./consent.js";
import type { AppRouter } from "./koko/router.js";

const { KOKO_URL = "", INTEGRATIONS_URL = "", WEB_ORIGIN = "" } = process.env;
export type Trpc = TRPCClient<WithIntegrations<AppRouter>>;

export const isIntegrations = (op: Operation): boolean => op.path.startsWith("integration.");

export interface Visitor {
  /** better-auth's cookie, as a browser sends it. */
  cookie: string;
  trpc: Trpc;
  /** The requests that went to Koko Integrations, by how many calls were in each. */
  requests: number[];
}

/** Signs up at Koko's own server. */
export async function signUp(name: string): Promise<Visitor> {
  const body = { name, email: `${name.toLowerCase()}@koko.test`, password: "correct horse battery" };
  const response = await postToKoko("/api/auth/sign-up/email", body);
  if (!response.ok) throw new Error(`Signing up: ${response.status} ${await response.text()}`);
  const [cookie = ""] = (response.headers.getSetCookie()[0] ?? "").split(";");
  return asVisitor(cookie);
}

export function signOut({ cookie }: Visitor): Promise<Response> {
  return postToKoko("/api/auth/sign-out", {}, { cookie });
}

function postToKoko(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  const sent = { "content-type": "application/json", origin: WEB_ORIGIN, ...headers };
  return fetch(KOKO_URL + path, { method: "POST", headers: sent, body: JSON.stringify(body) });
}

export function asVisitor(cookie: string, headers: Record<string, string> = { cookie, origin: WEB_ORIGIN }): Visitor {
  const requests: number[] = [];
  const counting = (url: string, init: RequestInit): Promise<Response> => {
    const calls = JSON.parse(String(init.body)) as unknown;
    requests.push(Array.isArray(calls) ? calls.length : 1);
    return fetch(url, init);
  };
  const trpc = createTRPCClient<WithIntegrations<AppRouter>>({
    links: [
      callback(),
      splitLink({
        condition: isIntegrations,
        true: jsonRpcLink({ url: `${INTEGRATIONS_URL}/rpc`, headers, fetch: counting }),
        false: httpBatchLink({ url: `${KOKO_URL}/trpc`, headers }),
      }),
    ],
  });
  return { cookie, trpc, requests };
}
