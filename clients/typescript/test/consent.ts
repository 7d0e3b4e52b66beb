// What happens in a browser between two calls of integration.connect: the page leaves for the consent page, somebody
// allows it, and the page comes back with a code.
import type { TRPCLink } from "@trpc/client";
import type { AnyTRPCRouter } from "@trpc/server";
import { observable } from "@trpc/server/observable";

const PLACEHOLDER = "oauth_code_from_callback";
let code: Promise<string> | undefined;

async function consent(url: string): Promise<string> {
  const body = new URLSearchParams({ decision: "allow" });
  const answer = await fetch(url, { method: "POST", body, redirect: "manual" });
  return new URL(answer.headers.get("location") ?? "").searchParams.get("code") ?? "";
}

/** `window.location.href = authUrl` allows whatever is asked for. */
export function playBrowser(): void {
  const location = {
    set href(url: string) {
      code = consent(url);
    },
  };
  Object.defineProperty(globalThis, "window", { value: { location }, configurable: true });
}

/** Puts the callback's code where the API document has words for it. */
export function callback<TRouter extends AnyTRPCRouter>(): TRPCLink<TRouter> {
  return () =>
    ({ op, next }) => {
      const input = op.input as { authCode?: string } | undefined;
      if (input?.authCode !== PLACEHOLDER) return next(op);
      return observable((observer) => {
        void code?.then((authCode) => next({ ...op, input: { ...input, authCode } }).subscribe(observer));
      });
    };
}
