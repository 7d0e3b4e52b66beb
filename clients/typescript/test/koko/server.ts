// Koko's API server: better-auth's sessions and Koko's tRPC router on Hono, over the database that both servers share.
// DATABASE, SECRET, PORT and WEB_ORIGINS come by the environment; "ready" on standard output says that it serves.
import { serve } from "@hono/node-server";
import { trpcServer } from "@hono/trpc-server";
import { betterAuth } from "better-auth";
import { drizzleAdapter } from "better-auth/adapters/drizzle";
import { Hono } from "hono";
import { cors } from "hono/cors";

import { openDatabase } from "./database.js";
import { appRouter } from "./router.js";
import * as schema from "./schema.js";

const { DATABASE = "", SECRET = "", PORT = "", WEB_ORIGINS = "" } = process.env;
const webOrigins = WEB_ORIGINS.split(",");
const db = await openDatabase(DATABASE);

const auth = betterAuth({
  baseURL: `http://127.0.0.1:${PORT}`,
  secret: SECRET,
  trustedOrigins: webOrigins,
  database: drizzleAdapter(db, { provider: "sqlite", schema }),
  emailAndPassword: { enabled: true },
  telemetry: { enabled: false },
  // As Koko has it: its web client and its servers are on different sites.
  advanced: { defaultCookieAttributes: { sameSite: "none", secure: true } },
});

const app = new Hono();
app.use("*", cors({ origin: webOrigins, credentials: true }));
app.on(["GET", "POST"], "/api/auth/*", (c) => auth.handler(c.req.raw));
app.use(
  "/trpc/*",
  trpcServer({
    router: appRouter,
    createContext: async (_, c) => {
      const session = await auth.api.getSession({ headers: c.req.raw.headers });
      return { db, userId: session?.user.id };
    },
  }),
);

const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(PORT) }, () => console.log("ready"));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
