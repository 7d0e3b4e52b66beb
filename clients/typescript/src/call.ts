// One procedure call on its way: who waits for it, and whether it has ended.
import { TRPCClientError, type Operation } from "@trpc/client";

import { failure } from "./failures.js";

export interface Answer {
  data: unknown;
  response: Response;
}

export interface Waiting {
  answered(answer: Answer): void;
  failed(error: TRPCClientError<never>): void;
}

export class Call {
  readonly op: Operation;
  /** The params as JSON. */
  readonly params: string;
  hasEnded = false;
  /** Told when nobody waits any longer, for whatever reason. */
  onEnd: (() => void) | undefined;
  #waiting: Waiting;

  /** Throws TypeError where the input is not JSON. */
  constructor(op: Operation, waiting: Waiting) {
    this.op = op;
    const params = JSON.stringify(op.input ?? {}) as string | undefined;
    if (params === undefined) throw new TypeError("Not JSON");
    this.params = params;
    this.#waiting = waiting;
    if (op.signal?.aborted) this.#aborted();
    else op.signal?.addEventListener("abort", this.#aborted, { once: true });
  }

  answer(answer: Answer): void {
    if (this.leave()) this.#waiting.answered(answer);
  }

  fail(error: TRPCClientError<never>): void {
    if (this.leave()) this.#waiting.failed(error);
  }

  /** Ends it without a word; whether it had not ended before. */
  leave(): boolean {
    if (this.hasEnded) return false;
    this.hasEnded = true;
    this.op.signal?.removeEventListener("abort", this.#aborted);
    this.onEnd?.();
    return true;
  }

  #aborted = (): void => {
    const reason: unknown = this.op.signal?.reason;
    const cause = reason instanceof Error ? reason : new DOMException("The call was aborted", "AbortError");
    this.fail(failure(this.op, "CLIENT_CLOSED_REQUEST", cause.message, { cause }));
  };
}
