// The terminating link: what `httpBatchLink` is for tRPC's own wire format, for JSON-RPC 2.0.
import { splitLink, TRPCClientError, type Operation, type TRPCLink } from "@trpc/client";
import type { AnyTRPCRouter } from "@trpc/server";

import { batching, MAX_CALLS } from "./batching.js";
import { Call, type Waiting } from "./call.js";
import { exchange } from "./exchange.js";
import { failure } from "./failures.js";

export type JsonRpcHeaders = HeadersInit | Record<string, string | undefined>;

export interface JsonRpcLinkOptions {
  /** Where the service is: `https://integrations.koko.com/rpc`. */
  url: string | URL;
  /** Added to each request. A function is asked before each, and again before a query is sent a second time. */
  headers?: JsonRpcHeaders | ((opts: { opList: Operation[] }) => JsonRpcHeaders | Promise<JsonRpcHeaders>);
  /** Whether cookies travel along; "include" where nothing is said, as Koko's session is a cookie. */
  credentials?: RequestCredentials;
  /** The most calls in one request: 50 where nothing is said, which is also the most that the service takes. */
  maxItems?: number;
  /** When a request is given up, in milliseconds: after a minute where nothing is said. */
  timeoutMs?: number;
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/**
 * Sends calls to Koko Integrations. Calls of one tick share a request, queries and mutations apart, so that a page need
 * not wait for a slow mutation.
 */
export function jsonRpcLink<TRouter extends AnyTRPCRouter>(options: JsonRpcLinkOptions): TRPCLink<TRouter> {
  // What tRPC makes an observable with is in @trpc/server; splitLink wraps ours in one.
  return splitLink<TRouter>({ condition: () => true, true: terminating(options), false: [] });
}

function terminating<TRouter extends AnyTRPCRouter>(options: JsonRpcLinkOptions): TRPCLink<TRouter> {
  return () => {
    const maxCalls = Math.min(options.maxItems ?? MAX_CALLS, MAX_CALLS);
    const send = (calls: Call[]): void => void exchange(calls, options);
    const loaders = { query: batching(send, maxCalls), mutation: batching(send, maxCalls) };

    function subscribe(op: Operation, waiting: Waiting): { unsubscribe(): void } {
      if (op.type === "subscription") {
        waiting.failed(failure(op, "METHOD_NOT_SUPPORTED", "Koko Integrations has no subscriptions"));
        return { unsubscribe() {} };
      }
      let call: Call;
      try {
        call = new Call(op, waiting);
      } catch (cause) {
        const message = `The input of ${op.path} cannot be sent as JSON`;
        waiting.failed(failure(op, "BAD_REQUEST", message, { cause: cause as Error }));
        return { unsubscribe() {} };
      }
      if (!call.hasEnded) loaders[op.type](call);
      return { unsubscribe: () => void call.leave() };
    }

    return ({ op }) =>
      ({
        subscribe: (observer: Observer) =>
          subscribe(op, {
            answered({ data, response }) {
              observer.next({ result: { type: "data", data }, context: { response } });
              observer.complete();
            },
            failed: observer.error,
          }),
      }) as unknown as ReturnType<ReturnType<TRPCLink<TRouter>>>;
  };
}

interface Observer {
  next(value: { result: { type: "data"; data: unknown }; context: { response: Response } }): void;
  error(error: TRPCClientError<never>): void;
  complete(): void;
}
