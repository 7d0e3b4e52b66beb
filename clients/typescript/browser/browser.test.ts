// Koko's page in a real browser: cookies across origins, CORS, Origin, and the three steps of OAuth with a person.
// CHROMIUM is the browser. The page may be at WEB_ORIGIN, on another site than the servers, and at SAME_SITE_ORIGIN; it
// may not be at ELSEWHERE.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { build } from "esbuild";
import { chromium, type BrowserContext, type Page } from "playwright-core";

const { CHROMIUM = "", WEB_ORIGIN = "", SAME_SITE_ORIGIN = "", ELSEWHERE = "", KOKO_URL = "", INTEGRATIONS_URL = "" } = process.env;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
// Chromium keeps other sites' cookies away unless it is told otherwise.
const THIRD_PARTY_COOKIES = { profile: { cookie_controls_mode: 0, block_third_party_cookies: false } };

const pages: Server[] = [];
const profiles = mkdtempSync(join(tmpdir(), "koko-browser-"));

before(async () => {
  const { outputFiles } = await build({
    entryPoints: ["built/pages/browser/page.js"],
    bundle: true,
    format: "esm",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
    write: false,
  });
  const servers = JSON.stringify({ koko: KOKO_URL, integrations: INTEGRATIONS_URL });
  const script = `window.servers = ${servers};\n${outputFiles[0]?.text}`;
  for (const origin of [WEB_ORIGIN, SAME_SITE_ORIGIN, ELSEWHERE]) await serve(new URL(origin), script);
});

after(() => {
  for (const server of pages) server.close();
  rmSync(profiles, { recursive: true, force: true, maxRetries: 5 });
});

async function serve({ hostname, port }: URL, script: string): Promise<void> {
  const html = '<!doctype html><title>Koko</title><body><script type="module" src="/page.js"></script>';
  const server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : html);
  });
  pages.push(server);
  await new Promise<void>((ready) => server.listen(Number(port), hostname, ready));
}

async function browsing(preferences: object, work: (page: Page) => Promise<void>): Promise<void> {
  const profile = mkdtempSync(join(profiles, "profile-"));
  mkdirSync(join(profile, "Default"));
  writeFileSync(join(profile, "Default", "Preferences"), JSON.stringify(preferences));
  const browser: BrowserContext = await chromium.launchPersistentContext(profile, { executablePath: CHROMIUM, args: FLAGS });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    await work(page);
  } finally {
    await browser.close();
  }
}

/** Its code; the message is for a person. */
async function toastOf(page: Page): Promise<string> {
  const toast = page.getByRole("alert");
  await toast.waitFor();
  assert.match((await toast.textContent()) ?? "", /^[A-Z][^{<]+$/);
  return (await toast.getAttribute("data-code")) ?? "";
}

async function signUpAndConnect(page: Page, origin: string, site: string): Promise<void> {
  await page.goto(origin);
  assert.equal(await toastOf(page), "UNAUTHORIZED");
  const [listing] = await Promise.all([
    page.waitForRequest((request) => request.url().startsWith(INTEGRATIONS_URL) && request.method() === "POST"),
    page.getByRole("button", { name: "Sign up" }).click(),
  ]);
  await page.getByText("slack: disconnected").waitFor();
  const headers = await listing.allHeaders();
  assert.deepEqual([headers.origin, headers["sec-fetch-site"]], [origin, site]);
  assert.match(headers.cookie ?? "", /^better-auth\.session_token=/);
  // Koko's own router is beside it.
  await page.getByRole("heading", { name: "Browser" }).waitFor();

  await page.getByRole("button", { name: "Connect Slack" }).click();
  await page.getByRole("button", { name: "Allow" }).click();
  await page.getByRole("heading", { name: "Slack: connected" }).waitFor();
  assert.equal(new URL(page.url()).origin, origin);
  await page.goto(origin);
  await page.getByText("slack: connected").waitFor();
}

test("a page on the servers' own site, in a browser as it comes", async () => {
  await browsing({}, (page) => signUpAndConnect(page, SAME_SITE_ORIGIN, "same-site"));
});

test("a page on another site, in a browser that lets cookies go there; and one that may not ask", async () => {
  await browsing(THIRD_PARTY_COOKIES, async (page) => {
    await signUpAndConnect(page, WEB_ORIGIN, "cross-site");

    // The browser has the cookie, but the origin is not on the list.
    await page.goto(ELSEWHERE);
    assert.equal(await toastOf(page), "SERVICE_UNAVAILABLE");
    const attempts = await page.evaluate(async (url) => {
      const body = '{"jsonrpc":"2.0","id":1,"method":"integration.list","params":{"teamId":"team_localhost"}}';
      // A form's content type needs no preflight, and its answer cannot be read.
      const simple = await fetch(url, { method: "POST", body, mode: "no-cors", credentials: "include" });
      const asked = await fetch(url, { method: "POST", body, credentials: "include" }).then(() => "read", () => "refused");
      return [simple.type, asked];
    }, `${INTEGRATIONS_URL}/rpc`);
    assert.deepEqual(attempts, ["opaque", "refused"]);
  });
});
