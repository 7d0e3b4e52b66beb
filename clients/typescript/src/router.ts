// The service as a tRPC router, for the type checker alone.
import type { TRPC_ERROR_CODE_KEY, TRPC_ERROR_CODE_NUMBER } from "@trpc/server/rpc";
import type { AnyTRPCRouter, TRPCBuiltRouter } from "@trpc/server";

import type { IntegrationsRecord } from "./procedures.js";

/** What an error of the service carries. */
export interface IntegrationsErrorShape {
  code: TRPC_ERROR_CODE_NUMBER;
  message: string;
  data: {
    code: TRPC_ERROR_CODE_KEY;
    httpStatus: number;
    path?: string;
    /** Of a BAD_REQUEST: each wrong field, as a dotted path, with what is wrong with it. */
    fields?: Record<string, string[]>;
    /** Of a TOO_MANY_REQUESTS or TIMEOUT: in how many seconds to try again. */
    retryAfter?: number;
    [context: string]: unknown;
  };
}

/** The service alone: `createTRPCClient<IntegrationsRouter>({ links: [jsonRpcLink({ url })] })`. */
export type IntegrationsRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: IntegrationsErrorShape; transformer: false },
  IntegrationsRecord
>;

/** Koko's own router with the service's procedures beside its own: `createTRPCClient<WithIntegrations<AppRouter>>`. */
export type WithIntegrations<TRouter extends AnyTRPCRouter> = TRPCBuiltRouter<
  TRouter["_def"]["_config"]["$types"],
  TRouter["_def"]["record"] & IntegrationsRecord
>;
