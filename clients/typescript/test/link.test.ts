// jsonRpcLink under the real tRPC client, against a service on loopback.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { createTRPCClient, loggerLink, TRPCClientError, type TRPCClient } from "@trpc/client";
import { jsonRpcLink, type IntegrationsRouter, type JsonRpcLinkOptions } from "@koko/integrations-client";

import { echo, serve, type Loopback } from "./loopback.js";

const open: Loopback[] = [];
afterEach(async () => {
  for (const loopback of open.splice(0)) await loopback.close();
});

async function loopback(answering: Parameters<typeof serve>[0] = echo): Promise<Loopback> {
  const started = await serve(answering);
  open.push(started);
  return started;
}

function client(url: string, options: Partial<JsonRpcLinkOptions> = {}): TRPCClient<IntegrationsRouter> {
  return createTRPCClient<IntegrationsRouter>({ links: [jsonRpcLink({ url, ...options })] });
}

const list = (trpc: TRPCClient<IntegrationsRouter>, teamId = "team_123") => trpc.integration.list.query({ teamId });
const testIt = (trpc: TRPCClient<IntegrationsRouter>, id = "int_123") => trpc.integration.test.mutate({ integrationId: id });

test("a call alone is a request object", async () => {
  const service = await loopback();
  assert.deepEqual(await list(client(service.url)), { teamId: "team_123" });
  assert.deepEqual(service.seen[0]?.body, {
    jsonrpc: "2.0",
    id: 1,
    method: "integration.list",
    params: { teamId: "team_123" },
  });
  assert.equal(service.seen[0]?.headers["content-type"], "application/json");
});

test("ten calls of a tick are one request, and each gets its own answer", async () => {
  const service = await loopback((seen) => (echo(seen) as unknown[]).reverse());
  const trpc = client(service.url);
  const teams = Array.from({ length: 10 }, (_, n) => `team_${n}`);
  const answers = await Promise.all(teams.map((team) => list(trpc, team)));
  assert.equal(service.seen.length, 1);
  assert.deepEqual(answers, teams.map((teamId) => ({ teamId })));
});

test("queries do not wait for mutations", async () => {
  const service = await loopback();
  const trpc = client(service.url);
  await Promise.all([list(trpc), testIt(trpc), list(trpc)]);
  const requests = service.seen.map(({ calls }) => calls.map(({ method }) => method).join());
  assert.deepEqual(requests.sort(), ["integration.list,integration.list", "integration.test"]);
});

test("a request holds at most 50 calls, whatever is asked for", async () => {
  for (const [maxItems, sizes] of [[undefined, [50, 50, 20]], [100, [50, 50, 20]], [40, [40, 40, 40]]] as const) {
    const service = await loopback();
    const trpc = client(service.url, maxItems === undefined ? {} : { maxItems });
    await Promise.all(Array.from({ length: 120 }, (_, n) => list(trpc, `team_${n}`)));
    assert.deepEqual(service.seen.map(({ calls }) => calls.length).sort((a, b) => b - a), [...sizes]);
  }
});

test("calls that are too large for one request of the service's 1 MiB travel apart", async () => {
  const service = await loopback();
  const trpc = client(service.url);
  const long = "é".repeat(140_000);
  await Promise.all(["a", "b", "c", "d"].map((id) => trpc.integration.list.query({ teamId: id + long })));
  assert.deepEqual(service.seen.map(({ calls }) => calls.length), [2, 2]);
});

test("headers are asked for before each request, and told which calls are in it", async () => {
  const service = await loopback();
  let count = 0;
  const trpc = client(service.url, {
    headers: async ({ opList }) => {
      count += 1;
      return { authorization: `Bearer ${count}`, "x-request-id": opList.map(({ path }) => path).join("+"), "x-not": undefined };
    },
  });
  await Promise.all([list(trpc), list(trpc)]);
  await list(trpc);
  assert.deepEqual(
    service.seen.map(({ headers }) => [headers.authorization, headers["x-request-id"], headers["x-not"]]),
    [["Bearer 1", "integration.list+integration.list", undefined], ["Bearer 2", "integration.list", undefined]],
  );
  await list(client(service.url, { headers: new Headers({ authorization: "Bearer fixed" }) }));
  assert.equal(service.seen[2]?.headers.authorization, "Bearer fixed");
});

test("headers that cannot be had fail the calls and send nothing", async () => {
  const service = await loopback();
  const trpc = client(service.url, { headers: () => Promise.reject(new Error("Signed out")) });
  await assert.rejects(list(trpc), (error) => error instanceof TRPCClientError && error.message === "Signed out");
  assert.equal(service.seen.length, 0);
});

test("cookies travel unless told otherwise", async () => {
  const service = await loopback();
  const asked: (RequestCredentials | undefined)[] = [];
  const watched = (url: string, init: RequestInit): Promise<Response> => {
    asked.push(init.credentials);
    return fetch(url, init);
  };
  await list(client(service.url, { fetch: watched }));
  await list(client(service.url, { fetch: watched, credentials: "omit" }));
  assert.deepEqual(asked, ["include", "omit"]);
});

test("an aborted call ends at once, and the others of its batch go on", async () => {
  const service = await loopback(async (seen) => {
    await release;
    return echo(seen);
  });
  let letGo = (): void => {};
  const release = new Promise<void>((resolve) => (letGo = resolve));
  const trpc = client(service.url);
  const aborting = new AbortController();
  const aborted = trpc.integration.list.query({ teamId: "a" }, { signal: aborting.signal });
  const kept = list(trpc, "b");
  while (service.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  aborting.abort();
  await assert.rejects(aborted, (error) => {
    assert.ok(error instanceof TRPCClientError);
    assert.equal((error.cause as Error).name, "AbortError");
    assert.equal(error.data?.code, "CLIENT_CLOSED_REQUEST");
    return true;
  });
  letGo();
  assert.deepEqual(await kept, { teamId: "b" });
});

test("when all of a batch are aborted, so is the request", async () => {
  let hungUp = (): void => {};
  const gone = new Promise<void>((resolve) => (hungUp = resolve));
  const service = await loopback((_, response) => void response.on("close", hungUp));
  const trpc = client(service.url);
  const aborting = new AbortController();
  const calls = ["a", "b"].map((teamId) => trpc.integration.list.query({ teamId }, { signal: aborting.signal }));
  const ended = Promise.allSettled(calls);
  while (service.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  aborting.abort();
  await gone;
  assert.deepEqual((await ended).map(({ status }) => status), ["rejected", "rejected"]);
  assert.equal(service.seen.length, 1, "nothing is sent again");
});

test("a call that is aborted before its tick ends is not sent", async () => {
  const service = await loopback();
  const trpc = client(service.url);
  const signal = AbortSignal.abort();
  await assert.rejects(trpc.integration.list.query({ teamId: "a" }, { signal }));
  await list(trpc, "b");
  assert.deepEqual(service.seen.flatMap(({ calls }) => calls.map(({ params }) => params.teamId)), ["b"]);
});

test("an input that is not JSON fails alone", async () => {
  const service = await loopback();
  const trpc = client(service.url);
  const wrong = trpc.integration.connect.mutate({ teamId: "t", provider: "s3", config: { size: 1n } });
  const right = trpc.integration.connect.mutate({ teamId: "t", provider: "s3", config: { size: 1 } });
  await assert.rejects(wrong, /The input of integration.connect cannot be sent as JSON/);
  assert.ok(await right);
});

test("other links see a link like any other", async () => {
  const service = await loopback();
  const lines: string[] = [];
  const logger = loggerLink<IntegrationsRouter>({ logger: (op) => lines.push(`${op.direction} ${op.path}`) });
  const trpc = createTRPCClient<IntegrationsRouter>({ links: [logger, jsonRpcLink({ url: service.url })] });
  await list(trpc);
  assert.deepEqual(lines, ["up integration.list", "down integration.list"]);
});
