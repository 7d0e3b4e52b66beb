// A service that is down, answers something else, times out or answers half: a message for a toast, every time.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createTRPCClient, TRPCClientError, type TRPCClient } from "@trpc/client";
import { jsonRpcLink, type IntegrationsRouter, type JsonRpcLinkOptions } from "@koko/integrations-client";

import { echo, serve, type Loopback, type Seen } from "./loopback.js";

type Client = TRPCClient<IntegrationsRouter>;
type Failure = TRPCClientError<IntegrationsRouter>;

const query = (trpc: Client) => trpc.integration.list.query({ teamId: "team_123" });
const mutation = (trpc: Client) => trpc.integration.test.mutate({ integrationId: "int_123" });

function client(url: string, options: Partial<JsonRpcLinkOptions> = {}): Client {
  return createTRPCClient<IntegrationsRouter>({ links: [jsonRpcLink({ url, ...options })] });
}

async function failing(call: Promise<unknown>): Promise<Failure> {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof TRPCClientError, `${error} is a TRPCClientError`);
    return error as Failure;
  }
  throw new assert.AssertionError({ message: "The call should have failed" });
}

/** What a person and Koko's toast get to see. */
function shown(error: Failure): [string | undefined, number | undefined, string] {
  return [error.data?.code, error.data?.httpStatus, error.message];
}

async function against(answering: Parameters<typeof serve>[0], work: (service: Loopback) => Promise<void>): Promise<void> {
  const service = await serve(answering);
  try {
    await work(service);
  } finally {
    await service.close();
  }
}

test("a service that is down", async () => {
  const service = await serve(echo);
  await service.close();
  const trpc = client(service.url);
  assert.deepEqual(shown(await failing(query(trpc))), [
    "SERVICE_UNAVAILABLE",
    503,
    "Koko Integrations cannot be reached. Check your connection and try again.",
  ]);
  const error = await failing(mutation(trpc));
  assert.match(error.message, /cannot be reached\. What you asked for may have been done all the same/);
  assert.equal(error.data?.path, "integration.test");
  assert.ok(error.cause instanceof TypeError);
});

test("a lost connection: queries are sent once more, mutations never", async () => {
  let failures = 1;
  const flaky = (seen: Seen, _: unknown, socket: { destroy(): void }): unknown =>
    failures-- > 0 ? void socket.destroy() : echo(seen);
  await against(flaky, async (service) => {
    let asked = 0;
    const trpc = client(service.url, { headers: () => ({ "x-request-id": `r${++asked}` }) });
    assert.deepEqual(await query(trpc), { teamId: "team_123" });
    assert.deepEqual(service.seen.map(({ headers }) => headers["x-request-id"]), ["r1", "r2"]);
    failures = 1;
    await failing(mutation(trpc));
    assert.equal(service.seen.length, 3);
    failures = 2;
    assert.equal((await failing(query(trpc))).data?.code, "SERVICE_UNAVAILABLE");
    assert.equal(service.seen.length, 5, "once more, not forever");
  });
});

test("an answer that breaks off", async () => {
  let isFirst = true;
  const breaking = (seen: Seen, response: import("node:http").ServerResponse): unknown => {
    if (!isFirst) return echo(seen);
    isFirst = false;
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
    response.write('{"jsonrpc":"2.0",');
    setTimeout(() => response.destroy(), 5);
    return undefined;
  };
  await against(breaking, async (service) => {
    const trpc = client(service.url);
    assert.deepEqual(await query(trpc), { teamId: "team_123" });
    isFirst = true;
    assert.equal((await failing(mutation(trpc))).data?.code, "SERVICE_UNAVAILABLE");
  });
});

for (const [what, status, body, type] of [
  ["a proxy's page", 502, "<html><body>Bad gateway</body></html>", "text/html"],
  ["a login form", 200, "<!doctype html><form>", "text/html"],
  ["nothing", 204, "", "application/json"],
  ["an empty page", 503, "", "text/plain"],
  ["another API's JSON", 500, '{"error":"upstream"}', "application/json"],
  ["JSON that is no answer", 200, "null", "application/json"],
  ["an error without a message", 200, '{"jsonrpc":"2.0","id":1,"error":{"code":1}}', "application/json"],
] as const) {
  test(`instead of the service, ${what} with HTTP ${status}`, async () => {
    const page = (_: Seen, response: import("node:http").ServerResponse): void => {
      response.writeHead(status, { "content-type": type }).end(body);
    };
    await against(page, async (service) => {
      const message = `Koko Integrations is not available right now (HTTP ${status} instead of an answer). Try again in a minute.`;
      const errors = await Promise.all([failing(query(client(service.url))), failing(mutation(client(service.url)))]);
      for (const error of errors) assert.deepEqual(shown(error), ["BAD_GATEWAY", status < 400 ? 502 : status, message]);
      assert.equal(service.seen.length, 2, "it was reached: nothing is sent again");
      assert.ok(!errors.some(({ message }) => message.includes("<")));
    });
  });
}

test("a service that does not answer in time", async () => {
  await against(() => undefined, async (service) => {
    let sent = 0;
    const counting = (url: string, init: RequestInit): Promise<Response> => {
      sent += 1;
      return fetch(url, init);
    };
    const trpc = client(service.url, { timeoutMs: 50, fetch: counting });
    const [asked, done] = await Promise.all([failing(query(trpc)), failing(mutation(trpc))]);
    assert.deepEqual(shown(asked), ["TIMEOUT", 408, "Koko Integrations did not answer within 0.05 seconds. Try again."]);
    assert.match(done.message, /within 0.05 seconds. It may still do what you asked for/);
    assert.equal(sent, 2, "whoever has waited is not made to wait once more");
  });
});

test("a body that stalls counts as no answer", async () => {
  const stalling = (_: Seen, response: import("node:http").ServerResponse): void => {
    response.writeHead(200, { "content-type": "application/json" }).write("[");
  };
  await against(stalling, async (service) => {
    assert.equal((await failing(query(client(service.url, { timeoutMs: 50 })))).data?.code, "TIMEOUT");
  });
});

test("half a batch: whoever was answered has an answer", async () => {
  const half = (seen: Seen): unknown => (echo(seen) as unknown[]).slice(0, 2).concat([{ jsonrpc: "2.0", id: 99, result: {} }, null, 7]);
  await against(half, async (service) => {
    const trpc = client(service.url);
    const [first, second, third] = ["a", "b", "c"].map((teamId) => trpc.integration.list.query({ teamId }));
    const failed = failing(third as Promise<unknown>);
    assert.deepEqual(await Promise.all([first, second]), [{ teamId: "a" }, { teamId: "b" }]);
    assert.deepEqual(shown(await failed), ["BAD_GATEWAY", 502, "Koko Integrations left integration.list unanswered. Try again."]);
  });
});

test("what is wrong with the request as a whole is told to each of its calls", async () => {
  const error = { code: -32029, message: "Too many requests", data: { code: "TOO_MANY_REQUESTS", httpStatus: 429, retryAfter: 12 } };
  const limited = (_: Seen, response: import("node:http").ServerResponse): unknown => {
    response.statusCode = 429;
    return { jsonrpc: "2.0", error, id: null };
  };
  await against(limited, async (service) => {
    const trpc = client(service.url);
    for (const failed of await Promise.all([failing(query(trpc)), failing(query(trpc))])) {
      assert.deepEqual(shown(failed), ["TOO_MANY_REQUESTS", 429, "Too many requests"]);
      assert.equal(failed.data?.retryAfter, 12);
      assert.equal(failed.data?.path, "integration.list");
      assert.equal((failed.meta?.response as Response).status, 429);
    }
  });
});

test("an error without data still has a code to read", async () => {
  const bare = ({ calls }: Seen): unknown => ({ jsonrpc: "2.0", id: calls[0]?.id, error: { code: -32000, message: "Odd" } });
  await against(bare, async (service) => {
    assert.deepEqual(shown(await failing(query(client(service.url)))), ["INTERNAL_SERVER_ERROR", 500, "Odd"]);
  });
});
