// One HTTP exchange: calls out, answers in, and each call told how it went.
import { TRPCClientError } from "@trpc/client";

import type { Call } from "./call.js";
import { noAnswer, notOurs, refusal, tooLate, unreachable, type RpcError } from "./failures.js";
import type { JsonRpcLinkOptions } from "./link.js";

const TIMEOUT_MS = 60_000;

interface RpcAnswer {
  id: unknown;
  result?: unknown;
  error?: RpcError;
}

/** The connection was refused or lost: nobody knows how far the request came. */
class Lost extends Error {}
class TooLate extends Error {}

/** Sends calls and settles each. Where the connection is lost, queries are sent once more, in a request of their own. */
export async function exchange(calls: Call[], options: JsonRpcLinkOptions, attempts = 2): Promise<void> {
  try {
    const { response, text } = await post(calls, options);
    deliver(calls, response, text);
  } catch (problem) {
    const left = calls.filter((call) => !call.hasEnded);
    const again = problem instanceof Lost && attempts > 1 ? left.filter((call) => call.op.type === "query") : [];
    for (const call of left) if (!again.includes(call)) call.fail(explain(call, problem, options));
    if (again.length > 0) await exchange(again, options, attempts - 1);
  }
}

function explain(call: Call, problem: unknown, options: JsonRpcLinkOptions): TRPCClientError<never> {
  if (problem instanceof Lost) return unreachable(call.op, problem.cause);
  if (problem instanceof TooLate) return tooLate(call.op, (options.timeoutMs ?? TIMEOUT_MS) / 1000);
  return TRPCClientError.from<never>(problem instanceof Error ? problem : new Error(String(problem)));
}

async function post(calls: Call[], options: JsonRpcLinkOptions): Promise<{ response: Response; text: string }> {
  const headers = await headersOf(calls, options);
  const controller = new AbortController();
  const lastOneOut = (): void => {
    if (calls.every((call) => call.hasEnded)) controller.abort();
  };
  for (const call of calls) call.onEnd = lastOneOut;
  lastOneOut();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    controller.abort();
  }, options.timeoutMs ?? TIMEOUT_MS);
  try {
    // Called without an owner: a browser's fetch refuses any other than the window.
    const request = options.fetch ?? fetch;
    const response = await request(String(options.url), {
      method: "POST",
      headers,
      body: bodyOf(calls),
      credentials: options.credentials ?? "include",
      signal: controller.signal,
    });
    return { response, text: await response.text() };
  } catch (cause) {
    throw isLate ? new TooLate() : new Lost("", { cause });
  } finally {
    clearTimeout(timer);
  }
}

async function headersOf(calls: Call[], options: JsonRpcLinkOptions): Promise<Headers> {
  const { headers: given = {} } = options;
  const chosen = typeof given === "function" ? await given({ opList: calls.map((call) => call.op) }) : given;
  const pairs = Symbol.iterator in chosen ? [...chosen] : Object.entries(chosen);
  const headers = new Headers({ "content-type": "application/json" });
  for (const [name, value] of pairs) if (name !== undefined && value !== undefined) headers.set(name, value);
  return headers;
}

/** Ids are places in the batch: one to as many as there are. */
function bodyOf(calls: Call[]): string {
  const each = calls.map(
    ({ op, params }, index) =>
      `{"jsonrpc":"2.0","id":${index + 1},"method":${JSON.stringify(op.path)},"params":${params}}`,
  );
  return calls.length === 1 ? String(each[0]) : `[${each.join(",")}]`;
}

function deliver(calls: Call[], response: Response, text: string): void {
  const answers = parse(text);
  const byId = new Map(answers?.map((answer) => [answer.id, answer]));
  // What is wrong with the request as a whole is told under no id.
  const general = byId.get(null)?.error;
  calls.forEach((call, index) => {
    const own = byId.get(index + 1);
    if (own?.error) call.fail(refusal(call.op, own.error, response));
    else if (own) call.answer({ data: own.result, response });
    else if (general) call.fail(refusal(call.op, general, response));
    else if (answers?.length && response.ok) call.fail(noAnswer(call.op, response));
    else call.fail(notOurs(call.op, response));
  });
}

/** What of a body are JSON-RPC answers; undefined when it is not even JSON. */
function parse(text: string): RpcAnswer[] | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  return (Array.isArray(body) ? body : [body]).filter(isAnswer);
}

function isAnswer(value: unknown): value is RpcAnswer {
  if (typeof value !== "object" || value === null || !("id" in value)) return false;
  if (!("error" in value)) return "result" in value;
  const error = value.error as Partial<RpcError> | null;
  return typeof error === "object" && typeof error?.code === "number" && typeof error.message === "string";
}
