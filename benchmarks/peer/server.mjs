// The two busiest procedures as Koko's own stack would have them: Hono, tRPC 11, Drizzle on libSQL, zod, and the
// session looked up as better-auth does. Ordinary good code: no caches, no hand-prepared statements.
import { serve } from "@hono/node-server";
import { trpcServer } from "@hono/trpc-server";
import { createClient } from "@libsql/client";
import { initTRPC, TRPCError } from "@trpc/server";
import { and, eq, getTableColumns, gte, isNull, sum } from "drizzle-orm";
import { drizzle } from "drizzle-orm/libsql";
import { Hono } from "hono";
import { readFileSync } from "node:fs";
import { z } from "zod";

import { connection, integration, session, team, teamMember, usage, user } from "./schema.mjs";

const { PORT, DATABASE_PATH, AUTH_SECRET, CATALOGUE } = process.env;
const client = createClient({ url: `file:${DATABASE_PATH}` });
await client.execute("PRAGMA busy_timeout = 5000");
const db = drizzle(client);
const catalogue = JSON.parse(readFileSync(CATALOGUE, "utf8"));
const CATEGORIES = ["communication", "project_management", "storage", "creative", "automation"];

const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(AUTH_SECRET), { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);

async function readSignedCookie(header) {
  const found = /(?:^|;\s*)(?:__Secure-)?better-auth\.session_token=([^;]*)/.exec(header ?? "");
  if (!found) return null;
  try {
    const value = decodeURIComponent(found[1]);
    const dot = value.lastIndexOf(".");
    if (dot < 1) return null;
    const token = value.slice(0, dot);
    const signature = Uint8Array.from(atob(value.slice(dot + 1)), (character) => character.charCodeAt(0));
    return (await crypto.subtle.verify("HMAC", key, signature, new TextEncoder().encode(token))) ? token : null;
  } catch {
    return null; // neither percent-encoding nor base64
  }
}

async function getSession(headers) {
  const token = await readSignedCookie(headers.get("cookie"));
  if (!token) return null;
  const [found] = await db.select().from(session).where(eq(session.token, token)).limit(1);
  if (!found || found.expiresAt < new Date()) return null;
  const [owner] = await db.select().from(user).where(eq(user.id, found.userId)).limit(1);
  return owner ? { session: found, user: owner } : null;
}

const t = initTRPC.context().create();
const protectedProcedure = t.procedure.use(async ({ ctx, next }) => {
  if (!ctx.session) throw new TRPCError({ code: "UNAUTHORIZED" });
  return next({ ctx: { session: ctx.session } });
});

async function requireRole(teamId, userId, roles = ["owner", "admin", "member"]) {
  const [member] = await db
    .select({ role: teamMember.role })
    .from(teamMember)
    .innerJoin(team, eq(team.id, teamMember.teamId))
    .where(and(eq(teamMember.teamId, teamId), eq(teamMember.userId, userId), isNull(team.deletedAt)))
    .limit(1);
  if (!member) throw new TRPCError({ code: "NOT_FOUND" });
  if (!roles.includes(member.role)) throw new TRPCError({ code: "FORBIDDEN" });
}

const iso = (date) => date?.toISOString();
// What is sent of a row: no tokens.
const { accessToken, refreshToken, ...shownColumns } = getTableColumns(integration);

const router = t.router({
  integration: t.router({
    list: protectedProcedure
      .input(z.object({
        teamId: z.string(),
        category: z.enum(CATEGORIES).optional(),
        status: z.enum(["connected", "disconnected", "all"]).default("all"),
      }))
      .query(async ({ ctx, input }) => {
        await requireRole(input.teamId, ctx.session.user.id);
        const rows = await db
          .select({ id: integration.id, provider: integration.provider, status: integration.status, connectedAt: integration.connectedAt })
          .from(integration)
          .where(eq(integration.teamId, input.teamId));
        const byProvider = new Map(rows.map((row) => [row.provider, row]));
        const integrations = catalogue
          .filter((entry) => !input.category || entry.category === input.category)
          .map((entry) => {
            const row = byProvider.get(entry.provider);
            const status = row?.status ?? "disconnected";
            return { ...entry, status, integrationId: row?.id, connectedAt: status === "disconnected" ? undefined : iso(row.connectedAt) };
          })
          .filter((entry) => input.status === "all" || entry.status === input.status);
        return { integrations };
      }),
    getStatus: protectedProcedure.input(z.object({ integrationId: z.string() })).query(async ({ ctx, input }) => {
      const [found] = await db
        .select({ row: shownColumns, live: { lastCheckAt: connection.lastCheckAt, lastCheckError: connection.lastCheckError } })
        .from(integration)
        .leftJoin(connection, eq(connection.integrationId, integration.id))
        .where(eq(integration.id, input.integrationId))
        .limit(1);
      if (!found) throw new TRPCError({ code: "NOT_FOUND" });
      const { row, live } = found;
      await requireRole(row.teamId, ctx.session.user.id);
      const midnight = new Date().setUTCHours(0, 0, 0, 0);
      const [used] = await db
        .select({ syncs: sum(usage.syncs), apiCalls: sum(usage.apiCalls) })
        .from(usage)
        .where(and(eq(usage.integrationId, row.id), gte(usage.hourAt, midnight)));
      const issues = live?.lastCheckError ? [live.lastCheckError] : [];
      if (row.tokenExpiresAt && row.tokenExpiresAt < new Date()) issues.push("The access token has expired");
      const { tokenExpiresAt, ...shown } = row;
      return {
        integration: {
          ...shown,
          providerIcon: row.providerIcon ?? undefined,
          connectedBy: row.connectedBy ?? undefined,
          connectedAt: iso(row.connectedAt),
          lastSyncAt: iso(row.lastSyncAt),
          lastSyncStatus: row.lastSyncStatus ?? undefined,
          syncErrors: row.syncErrors ?? undefined,
          createdAt: iso(row.createdAt),
          updatedAt: iso(row.updatedAt),
        },
        health: {
          status: row.status === "connected" ? (issues.length ? "degraded" : "healthy") : "down",
          lastCheck: iso(live?.lastCheckAt ?? row.updatedAt),
          issues: issues.length ? issues : undefined,
        },
        usage: { syncsToday: Number(used?.syncs ?? 0), apiCallsToday: Number(used?.apiCalls ?? 0), lastSync: iso(row.lastSyncAt) },
      };
    }),
  }),
});

const app = new Hono();
app.use("/trpc/*", trpcServer({ router, createContext: async (_, c) => ({ session: await getSession(c.req.raw.headers) }) }));
const server = serve({ fetch: app.fetch, port: Number(PORT), hostname: "127.0.0.1" }, () => console.log(`listening on http://127.0.0.1:${PORT}`));
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
