// What goes wrong on the way, as errors with a message for a toast and tRPC's code in `data.code`.
import { TRPCClientError, type Operation } from "@trpc/client";

const CODES = {
  CLIENT_CLOSED_REQUEST: [-32099, 499],
  TIMEOUT: [-32008, 408],
  BAD_GATEWAY: [-32603, 502],
  SERVICE_UNAVAILABLE: [-32603, 503],
  METHOD_NOT_SUPPORTED: [-32005, 405],
  BAD_REQUEST: [-32600, 400],
} as const;

export interface Circumstances {
  cause?: Error;
  response?: Response;
  httpStatus?: number;
}

/** An error that was made here. */
export function failure(
  op: Operation,
  code: keyof typeof CODES,
  message: string,
  { cause, response, httpStatus }: Circumstances = {},
): TRPCClientError<never> {
  const [number, usual] = CODES[code];
  const data = { code, httpStatus: httpStatus ?? usual, path: op.path };
  return new TRPCClientError<never>(message, {
    result: { error: { code: number, message, data } as never },
    ...(cause && { cause }),
    ...(response && { meta: { response } }),
  });
}

/** An error that the service answered: its own message, number and data, completed where it left something out. */
export function refusal(op: Operation, error: RpcError, response: Response): TRPCClientError<never> {
  const data = { code: "INTERNAL_SERVER_ERROR", httpStatus: 500, path: op.path, ...error.data };
  return TRPCClientError.from<never>({ error: { ...error, data } }, { meta: { response, responseJSON: { error } } });
}

export interface RpcError {
  code: number;
  message: string;
  data?: Record<string, unknown>;
}

/** Nothing came, or not all of it. What a mutation asked for may have been done, so nobody repeats it for the caller. */
export function unreachable(op: Operation, cause: unknown): TRPCClientError<never> {
  const advice =
    op.type === "query"
      ? "Check your connection and try again."
      : "What you asked for may have been done all the same: look before you try again.";
  return failure(op, "SERVICE_UNAVAILABLE", `Koko Integrations cannot be reached. ${advice}`, {
    cause: cause instanceof Error ? cause : new Error(String(cause)),
  });
}

export function tooLate(op: Operation, seconds: number): TRPCClientError<never> {
  const advice = op.type === "query" ? "Try again." : "It may still do what you asked for: look before you try again.";
  return failure(op, "TIMEOUT", `Koko Integrations did not answer within ${seconds} seconds. ${advice}`);
}

/** Something else answered in the service's place: a proxy's page, a login form. */
export function notOurs(op: Operation, response: Response): TRPCClientError<never> {
  const { status } = response;
  const message = `Koko Integrations is not available right now (HTTP ${status} instead of an answer). Try again in a minute.`;
  return failure(op, "BAD_GATEWAY", message, { response, httpStatus: status < 400 ? 502 : status });
}

export function noAnswer(op: Operation, response: Response): TRPCClientError<never> {
  return failure(op, "BAD_GATEWAY", `Koko Integrations left ${op.path} unanswered. Try again.`, { response });
}
