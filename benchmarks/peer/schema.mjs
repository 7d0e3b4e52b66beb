// The shared tables, as Drizzle declares them.
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

const at = (name) => integer(name, { mode: "timestamp_ms" });

export const user = sqliteTable("user", { id: text("id").primaryKey(), name: text("name").notNull(), email: text("email").notNull() });
export const session = sqliteTable("session", {
  id: text("id").primaryKey(),
  token: text("token").notNull(),
  userId: text("user_id").notNull(),
  expiresAt: at("expires_at").notNull(),
});
export const team = sqliteTable("team", { id: text("id").primaryKey(), name: text("name").notNull(), deletedAt: at("deleted_at") });
export const teamMember = sqliteTable("team_member", {
  id: text("id").primaryKey(),
  teamId: text("team_id").notNull(),
  userId: text("user_id").notNull(),
  role: text("role", { enum: ["owner", "admin", "member"] }).notNull(),
});
export const integration = sqliteTable("integration", {
  id: text("id").primaryKey(),
  teamId: text("team_id").notNull(),
  provider: text("provider").notNull(),
  providerName: text("provider_name").notNull(),
  providerIcon: text("provider_icon"),
  category: text("category", { enum: ["communication", "project_management", "storage", "creative", "automation"] }).notNull(),
  status: text("status", { enum: ["connected", "disconnected", "error", "pending"] }).notNull(),
  connectedBy: text("connected_by"),
  connectedAt: at("connected_at"),
  config: text("config", { mode: "json" }).notNull(),
  scope: text("scope", { mode: "json" }).notNull(),
  accessToken: text("access_token"),
  refreshToken: text("refresh_token"),
  tokenExpiresAt: at("token_expires_at"),
  lastSyncAt: at("last_sync_at"),
  lastSyncStatus: text("last_sync_status", { enum: ["success", "partial", "failed"] }),
  syncErrors: text("sync_errors", { mode: "json" }),
  createdAt: at("created_at").notNull(),
  updatedAt: at("updated_at").notNull(),
});
export const connection = sqliteTable("integration_connection", {
  integrationId: text("integration_id").primaryKey(),
  lastCheckAt: at("last_check_at"),
  lastCheckError: text("last_check_error"),
});
export const usage = sqliteTable("integration_usage", {
  integrationId: text("integration_id").notNull(),
  hourAt: integer("hour_at").notNull(),
  syncs: integer("syncs").notNull(),
  apiCalls: integer("api_calls").notNull(),
});
