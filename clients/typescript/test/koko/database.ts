// Koko's database: Drizzle on libSQL.
import { createClient } from "@libsql/client";
import { drizzle, type LibSQLDatabase } from "drizzle-orm/libsql";

import * as schema from "./schema.js";

export type Database = LibSQLDatabase<typeof schema>;

/** Opens the file, with Koko's tables in it. */
export async function openDatabase(path: string): Promise<Database> {
  const client = createClient({ url: `file:${path}` });
  await client.execute("PRAGMA journal_mode = WAL");
  await client.execute("PRAGMA busy_timeout = 5000");
  const made = await client.execute("SELECT 1 FROM sqlite_master WHERE name = 'session'");
  if (made.rows.length === 0) await client.executeMultiple(schema.CREATE);
  return drizzle(client, { schema });
}
