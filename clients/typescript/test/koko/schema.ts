// Koko's tables, as far as these tests need them: better-auth's own, and teams and projects. Names as in Drizzle's
// declarations, columns as in the database.
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

const at = (name: string) => integer(name, { mode: "timestamp_ms" });

export const user = sqliteTable("user", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  email: text("email").notNull().unique(),
  emailVerified: integer("email_verified", { mode: "boolean" }).notNull().default(false),
  image: text("image"),
  createdAt: at("created_at").notNull(),
  updatedAt: at("updated_at").notNull(),
});
export const session = sqliteTable("session", {
  id: text("id").primaryKey(),
  expiresAt: at("expires_at").notNull(),
  token: text("token").notNull().unique(),
  createdAt: at("created_at").notNull(),
  updatedAt: at("updated_at").notNull(),
  ipAddress: text("ip_address"),
  userAgent: text("user_agent"),
  userId: text("user_id").notNull(),
});
export const account = sqliteTable("account", {
  id: text("id").primaryKey(),
  accountId: text("account_id").notNull(),
  providerId: text("provider_id").notNull(),
  userId: text("user_id").notNull(),
  accessToken: text("access_token"),
  refreshToken: text("refresh_token"),
  idToken: text("id_token"),
  accessTokenExpiresAt: at("access_token_expires_at"),
  refreshTokenExpiresAt: at("refresh_token_expires_at"),
  scope: text("scope"),
  password: text("password"),
  createdAt: at("created_at").notNull(),
  updatedAt: at("updated_at").notNull(),
});
export const verification = sqliteTable("verification", {
  id: text("id").primaryKey(),
  identifier: text("identifier").notNull(),
  value: text("value").notNull(),
  expiresAt: at("expires_at").notNull(),
  createdAt: at("created_at").notNull(),
  updatedAt: at("updated_at").notNull(),
});
export const team = sqliteTable("team", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  slug: text("slug").notNull().unique(),
  ownerId: text("owner_id").notNull(),
  deletedAt: at("deleted_at"),
});
export const teamMember = sqliteTable("team_member", {
  id: text("id").primaryKey(),
  teamId: text("team_id").notNull(),
  userId: text("user_id").notNull(),
  role: text("role", { enum: ["owner", "admin", "member"] }).notNull(),
  joinedAt: at("joined_at").notNull(),
});
export const project = sqliteTable("project", {
  id: text("id").primaryKey(),
  name: text("name").notNull(),
  ownerId: text("owner_id").notNull(),
  status: text("status").notNull(),
});
export const projectMember = sqliteTable("project_member", {
  projectId: text("project_id").notNull(),
  userId: text("user_id").notNull(),
  role: text("role", { enum: ["owner", "editor", "reviewer", "viewer"] }).notNull(),
  canUpload: integer("can_upload", { mode: "boolean" }).notNull(),
});

/** What Koko's own migrations have made before Koko Integrations comes. */
export const CREATE = `
CREATE TABLE user (id text PRIMARY KEY NOT NULL, name text NOT NULL, email text NOT NULL UNIQUE,
  email_verified integer DEFAULT false NOT NULL, image text, created_at integer NOT NULL, updated_at integer NOT NULL);
CREATE TABLE session (id text PRIMARY KEY NOT NULL, expires_at integer NOT NULL, token text NOT NULL UNIQUE,
  created_at integer NOT NULL, updated_at integer NOT NULL, ip_address text, user_agent text,
  user_id text NOT NULL REFERENCES user(id) ON DELETE CASCADE);
CREATE TABLE account (id text PRIMARY KEY NOT NULL, account_id text NOT NULL, provider_id text NOT NULL,
  user_id text NOT NULL REFERENCES user(id) ON DELETE CASCADE, access_token text, refresh_token text, id_token text,
  access_token_expires_at integer, refresh_token_expires_at integer, scope text, password text,
  created_at integer NOT NULL, updated_at integer NOT NULL);
CREATE TABLE verification (id text PRIMARY KEY NOT NULL, identifier text NOT NULL, value text NOT NULL,
  expires_at integer NOT NULL, created_at integer NOT NULL, updated_at integer NOT NULL);
CREATE TABLE team (id text PRIMARY KEY NOT NULL, name text NOT NULL, slug text NOT NULL UNIQUE,
  owner_id text NOT NULL REFERENCES user(id), deleted_at integer);
CREATE TABLE team_member (id text PRIMARY KEY NOT NULL, team_id text NOT NULL REFERENCES team(id) ON DELETE CASCADE,
  user_id text NOT NULL REFERENCES user(id) ON DELETE CASCADE, role text NOT NULL, joined_at integer NOT NULL);
CREATE TABLE project (id text PRIMARY KEY NOT NULL, name text NOT NULL, owner_id text NOT NULL REFERENCES user(id),
  status text NOT NULL);
CREATE TABLE project_member (project_id text NOT NULL REFERENCES project(id) ON DELETE CASCADE,
  user_id text NOT NULL REFERENCES user(id) ON DELETE CASCADE, role text NOT NULL, can_upload integer NOT NULL);
`;
