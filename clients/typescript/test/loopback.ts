// A service on loopback that answers as a test wants it to.
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";

export interface RpcRequest {
  jsonrpc: string;
  id: number;
  method: string;
  params: Record<string, unknown>;
}

export interface Seen {
  headers: IncomingHttpHeaders;
  body: RpcRequest | RpcRequest[];
  /** The calls, one or many. */
  calls: RpcRequest[];
}

export interface Loopback {
  url: string;
  seen: Seen[];
  close(): Promise<void>;
}

type Answering = (seen: Seen, response: ServerResponse, socket: Socket) => unknown;

/** Serves until it is closed. What `answering` answers is sent as JSON, unless it has answered by itself. */
export async function serve(answering: Answering): Promise<Loopback> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request)) as RpcRequest | RpcRequest[];
    const one = { headers: request.headers, body, calls: Array.isArray(body) ? body : [body] };
    seen.push(one);
    const answer = await answering(one, response, request.socket);
    if (answer === undefined) return;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/rpc`, seen, close };
}

/** Each call's params, given back. */
export function echo({ body, calls }: Seen): unknown {
  const answers = calls.map(({ id, params }) => ({ jsonrpc: "2.0", id, result: params }));
  return Array.isArray(body) ? answers : answers[0];
}
