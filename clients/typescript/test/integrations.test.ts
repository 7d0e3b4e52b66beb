// The real tRPC client with Koko's server and the service behind it, which share better-auth's sessions by the database.
import assert from "node:assert/strict";
import { before, test } from "node:test";

import { QueryClient } from "@tanstack/react-query";
import { createTRPCClient, httpBatchLink, TRPCClientError, type TRPCLink } from "@trpc/client";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";
import { sign } from "hono/jwt";
import { jsonRpcLink, type IntegrationsRouter, type WithIntegrations } from "@koko/integrations-client";

import { apiKeyExample, exampleRequest, exampleResponse, oauthFlowExample } from "./api-document.js";
import { playBrowser } from "./consent.js";
import type { AppRouter } from "./koko/router.js";
import { asVisitor, isIntegrations, signOut, signUp, type Visitor } from "./visitor.js";

const TEAM = "team_123";
let ada: Visitor;
let max: Visitor;

before(async () => {
  [ada, max] = [await signUp("Ada"), await signUp("Max")];
  await ada.trpc.team.create.mutate({ id: TEAM, name: "Team" });
  await ada.trpc.project.create.mutate({ id: "project_123", name: "Project" });
});

async function failing(call: Promise<unknown>): Promise<TRPCClientError<WithIntegrations<AppRouter>>> {
  const error = await call.then(() => assert.fail("It should have failed"), (problem: unknown) => problem);
  assert.ok(error instanceof TRPCClientError);
  return error as TRPCClientError<WithIntegrations<AppRouter>>;
}

test("the example of integration.list", async () => {
  const listed = await exampleRequest(ada.trpc);
  assert.deepEqual(listed.map(({ provider }) => provider).sort(), ["discord", "slack", "teams"]);
  assert.deepEqual(
    Object.keys(listed.find(({ provider }) => provider === "teams") ?? {}).sort(),
    Object.keys(exampleResponse.integrations[1] ?? {}).sort(),
  );
});

test("the example of OAuth in three steps", async () => {
  playBrowser();
  const integration = await oauthFlowExample(ada.trpc);
  assert.equal(integration.status, "connected");
  assert.equal(integration.teamId, TEAM);
});

test("the example of keys", async () => {
  const integration = await apiKeyExample(ada.trpc);
  assert.equal(integration.status, "connected");
  assert.ok(!JSON.stringify(integration).includes("AKIA"));
});

test("every other procedure of the API document", async () => {
  const { trpc } = ada;
  const { integrations } = await trpc.integration.list.query({ teamId: TEAM, status: "connected" });
  const slack = integrations.find(({ provider }) => provider === "slack")?.integrationId ?? "";
  const s3 = integrations.find(({ provider }) => provider === "s3")?.integrationId ?? "";
  const status = await trpc.integration.getStatus.query({ integrationId: slack });
  assert.equal(status.health.status, "healthy");
  const tested = await trpc.integration.test.mutate({ integrationId: slack });
  assert.deepEqual([tested.success, tested.errors], [true, undefined]);
  const config = { autoSync: true, syncInterval: 5, notifications: { onComment: true, onApproval: false, onUpload: true } };
  const configured = await trpc.integration.configure.mutate({ integrationId: slack, config });
  assert.deepEqual(configured.integration.config.notifyOn, ["comment", "upload"]);
  const { job } = await trpc.integration.sync.mutate({ integrationId: slack, syncType: "full", entities: ["projects"] });
  assert.ok(["queued", "running"].includes(job.status));
  const imported = await trpc.integration.importAssets.mutate({
    integrationId: s3,
    projectId: "project_123",
    files: [{ externalPath: "Trailer.mp4", title: "The trailer" }],
  });
  assert.equal(imported.job.totalFiles, 1);
  const { logs } = await trpc.integration.getLogs.query({ integrationId: slack, limit: 100 });
  assert.ok(logs.every(({ integrationId }) => integrationId === slack));
  assert.equal((await trpc.integration.disconnect.mutate({ integrationId: slack })).success, true);
});

test("calls to both servers at once, each where it belongs", async () => {
  const { trpc, requests } = asVisitor(ada.cookie);
  const [{ teams }, { integrations }] = await Promise.all([
    trpc.team.list.query(),
    trpc.integration.list.query({ teamId: TEAM }),
  ]);
  assert.deepEqual(teams, [{ id: TEAM, name: "Team" }]);
  assert.ok(integrations.length >= 18);
  assert.deepEqual(requests, [1]);
});

test("a batch of ten is one request", async () => {
  const { trpc, requests } = asVisitor(ada.cookie);
  await Promise.all(Array.from({ length: 10 }, () => trpc.integration.list.query({ teamId: TEAM })));
  assert.deepEqual(requests, [10]);
});

test("a batch in which one fails", async () => {
  const { trpc, requests } = asVisitor(ada.cookie);
  const wrong = failing(trpc.integration.list.query({ teamId: "team_none" }));
  assert.ok((await trpc.integration.list.query({ teamId: TEAM })).integrations.length > 0);
  assert.equal((await wrong).data?.code, "NOT_FOUND");
  assert.deepEqual(requests, [2]);
});

test("errors, as Koko's toast reads them", async () => {
  const interval = failing(ada.trpc.integration.connect.mutate({ teamId: TEAM, provider: "s3", config: { bucket: "A" } }));
  const conflict = failing(apiKeyExample(ada.trpc));
  const stranger = failing(exampleRequest(max.trpc));
  const nobody = failing(exampleRequest(asVisitor("", {}).trpc));
  const seen = (await Promise.all([interval, conflict, stranger, nobody])).map(({ data, message }) => {
    assert.match(message, /^[A-Z][^{<]+$/, "a sentence for a person");
    return [data?.code, data?.httpStatus, data?.path];
  });
  assert.deepEqual(seen, [
    ["BAD_REQUEST", 400, "integration.connect"],
    ["CONFLICT", 409, "integration.connect"],
    ["NOT_FOUND", 404, "integration.list"],
    ["UNAUTHORIZED", 401, "integration.list"],
  ]);
  assert.ok("fields" in ((await interval).data ?? {}), "and a form its fields");
});

test("the cookie's value is also a bearer token; better-auth ends the session for both", async () => {
  const visitor = await signUp("Eve");
  const [, value = ""] = visitor.cookie.split("=");
  const withToken = asVisitor("", { authorization: `Bearer ${value}` });
  assert.equal((await failing(exampleRequest(withToken.trpc))).data?.code, "NOT_FOUND", "signed in, in no team");
  assert.equal((await failing(exampleRequest(asVisitor(`${visitor.cookie}x`).trpc))).data?.code, "UNAUTHORIZED");
  assert.equal((await signOut(visitor)).status, 200);
  assert.equal((await failing(exampleRequest(visitor.trpc))).data?.code, "UNAUTHORIZED");
  assert.equal((await failing(exampleRequest(withToken.trpc))).data?.code, "UNAUTHORIZED");
});

test("Koko's server, with a service token of its own", async () => {
  const { INTEGRATIONS_URL = "", SERVICE_KEY = "" } = process.env;
  const [issuer = "", secret = ""] = SERVICE_KEY.split(":");
  const as = (key: string, more: object = {}) =>
    createTRPCClient<IntegrationsRouter>({
      links: [
        jsonRpcLink({
          url: `${INTEGRATIONS_URL}/rpc`,
          headers: async () => {
            const claims = { iss: issuer, aud: "koko-integrations", exp: Math.floor(Date.now() / 1000) + 60, ...more };
            return { authorization: `Bearer ${await sign(claims, key, "HS256")}` };
          },
        }),
      ],
    });
  assert.ok((await as(secret).integration.list.query({ teamId: TEAM })).integrations.length >= 18);
  const error = await failing(as("another secret").integration.list.query({ teamId: TEAM }));
  assert.equal(error.data?.code, "UNAUTHORIZED");
});

test("TanStack Query", async () => {
  const { trpc, requests } = asVisitor(ada.cookie);
  const queryClient = new QueryClient();
  const proxy = createTRPCOptionsProxy<WithIntegrations<AppRouter>>({ client: trpc, queryClient });
  const options = proxy.integration.list.queryOptions({ teamId: TEAM }, { staleTime: Infinity });
  const [listed] = await Promise.all([queryClient.fetchQuery(options), queryClient.fetchQuery(options)]);
  assert.ok(listed.integrations.length >= 18);
  assert.equal(queryClient.getQueryData(options.queryKey), listed);
  assert.deepEqual(requests, [1]);
  const s3 = listed.integrations.find(({ provider }) => provider === "s3")?.integrationId ?? "";
  const tested = await queryClient.getMutationCache().build(queryClient, proxy.integration.test.mutationOptions()).execute({ integrationId: s3 });
  assert.equal(tested.success, true);
  const away = queryClient.fetchQuery({ ...proxy.integration.getStatus.queryOptions({ integrationId: "none" }), retry: false });
  assert.equal((await failing(away)).data?.code, "NOT_FOUND");
  queryClient.clear();
});

test("without splitLink: a link that sends ours to the service and leaves the rest alone", async () => {
  const { KOKO_URL = "", INTEGRATIONS_URL = "" } = process.env;
  const headers = { cookie: ada.cookie };
  const ours = jsonRpcLink<WithIntegrations<AppRouter>>({ url: new URL("/rpc", INTEGRATIONS_URL), headers });
  const either: TRPCLink<WithIntegrations<AppRouter>> = (runtime) => {
    const link = ours(runtime);
    return ({ op, next }) => (isIntegrations(op) ? link({ op, next }) : next(op));
  };
  const links = [either, httpBatchLink({ url: `${KOKO_URL}/trpc`, headers })];
  const trpc = createTRPCClient<WithIntegrations<AppRouter>>({ links });
  assert.equal((await trpc.team.list.query()).teams.length, 1);
  assert.ok((await exampleRequest(trpc)).length > 0);
});
