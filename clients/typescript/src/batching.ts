// Calls that are made in one tick travel in one request.
import type { Call } from "./call.js";

/** What the service takes in one request: 50 calls, and 1 MiB, which this many characters of UTF-8 cannot exceed. */
export const MAX_CALLS = 50;
export const MAX_CHARACTERS = 300_000;

/** Answers what takes a call; `send` gets the calls of each request. */
export function batching(send: (calls: Call[]) => void, maxCalls: number): (call: Call) => void {
  let waiting: Call[] = [];

  function flush(): void {
    const calls = waiting.filter((call) => !call.hasEnded);
    waiting = [];
    let batch: Call[] = [];
    let characters = 0;
    for (const call of calls) {
      characters += call.params.length;
      if (batch.length === maxCalls || (batch.length > 0 && characters > MAX_CHARACTERS)) {
        send(batch);
        batch = [];
        characters = call.params.length;
      }
      batch.push(call);
    }
    if (batch.length > 0) send(batch);
  }

  return (call) => {
    if (waiting.push(call) === 1) setTimeout(flush);
  };
}
