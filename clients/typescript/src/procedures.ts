// Made by `make types` from the service's OpenRPC document: change the schemas there, not this file.
import type { TRPCMutationProcedure, TRPCQueryProcedure } from "@trpc/server";

export interface Integration {
  id: string;
  teamId: string;
  provider: string;
  providerName: string;
  providerIcon: string;
  category: "communication" | "project_management" | "storage" | "creative" | "automation";
  status: "connected" | "disconnected" | "error" | "pending";
  connectedBy?: string;
  connectedAt?: string;
  config: {
    [k: string]: unknown;
  };
  scope: string[];
  lastSyncAt?: string;
  lastSyncStatus?: "success" | "partial" | "failed";
  syncErrors?: string[];
  createdAt: string;
  updatedAt: string;
}
export interface Job {
  id: string;
  integrationId: string;
  kind: "sync" | "import" | "export";
  status: "queued" | "running" | "succeeded" | "partial" | "failed" | "cancelled";
  cause: "manual" | "schedule" | "watch";
  requestedBy: string;
  syncType?: "full" | "incremental";
  dryRun?: boolean;
  progress: JobProgress;
  entities?: JobEntity[];
  files?: JobFile[];
  errors?: string[];
  notes?: string[];
  estimatedTime?: number;
  createdAt: string;
  startedAt?: string;
  finishedAt?: string;
  nextAttemptAt?: string;
  cancelRequested?: boolean;
}
export interface JobProgress {
  done: number;
  total?: number;
  bytesDone?: number;
  bytesTotal?: number;
}
export interface JobEntity {
  entity: string;
  status: "pending" | "running" | "done" | "failed" | "skipped";
  done: number;
  total?: number;
  created: number;
  updated: number;
  deleted: number;
  pushed: number;
  returned: number;
  failed: number;
  reason?: string;
}
export interface JobFile {
  externalPath?: string;
  title?: string;
  name?: string;
  status: "pending" | "running" | "done" | "skipped" | "failed" | "cancelled";
  size?: number;
  done: number;
  assetId?: string;
  videoId?: string;
  error?: string;
}
export interface Notifications {
  onComment: boolean;
  onApproval: boolean;
  onUpload: boolean;
}
export interface QueuedFilesJob {
  id: string;
  totalFiles: number;
  status: "queued";
}
export interface Settings {
  autoSync?: boolean;
  syncInterval?: number;
  channelId?: string;
  notifyOn?: ("comment" | "approval" | "upload")[];
  notifications?: Notifications;
  projectMapping?: {
    [k: string]: string;
  };
  statusMapping?: {
    [k: string]: string;
  };
  syncFolder?: string;
  importOnUpload?: boolean;
  projectId?: string;
  [k: string]: unknown;
}
/**
 * Cancels a job: at once while it waits, at its next step while it runs or has parts of files to clear away; what
 * it has done stays. For whoever asked for it, and for admins of the team.
 */
export interface IntegrationCancelJobInput {
  jobId: string;
}
export interface IntegrationCancelJobOutput {
  job: Job;
}
/**
 * Changes settings; what is not given stays as it is. Mappings are checked against both sides.
 */
export interface IntegrationConfigureInput {
  integrationId: string;
  config: Settings;
}
export interface IntegrationConfigureOutput {
  integration: Integration;
}
/**
 * Connects an integration: by OAuth in two calls around the user's consent, or by keys in one.
 */
export interface IntegrationConnectInput {
  teamId: string;
  provider:
    | "slack"
    | "teams"
    | "discord"
    | "asana"
    | "monday"
    | "jira"
    | "notion"
    | "trello"
    | "dropbox"
    | "google_drive"
    | "s3"
    | "onedrive"
    | "premiere"
    | "aftereffects"
    | "figma"
    | "zapier"
    | "make";
  authCode?: string;
  redirectUri?: string;
  state?: string;
  apiKey?: string;
  apiSecret?: string;
  config?: {
    [k: string]: unknown;
  };
}
export interface IntegrationConnectOutput {
  integration: Integration;
  /**
   * Where to send the user. Only there while a consent is waited for: not with an authCode, and not with keys.
   */
  authUrl: string;
  apiKey?: string;
}
/**
 * Disconnects an integration: revokes its access where the provider can, and removes the stored credentials.
 */
export interface IntegrationDisconnectInput {
  integrationId: string;
  /**
   * true where nothing is said.
   */
  revokeAccess?: boolean;
}
export interface IntegrationDisconnectOutput {
  success: boolean;
  revoked: boolean;
  reason?: string;
  advice?: string;
}
/**
 * Starts an export of 1 to 50 assets into a folder of the provider, or its top one. Where a file of that name is
 * there, the export of it fails unless `onConflict` says otherwise. integration.getJob follows them.
 */
export interface IntegrationExportAssetsInput {
  integrationId: string;
  assetIds: string[];
  folderId?: string;
  /**
   * "fail" where nothing is said.
   */
  onConflict?: "fail" | "replace" | "rename";
}
export interface IntegrationExportAssetsOutput {
  job: QueuedFilesJob;
}
/**
 * Tells how far a job has come: a sync entity by entity, an import or export file by file.
 */
export interface IntegrationGetJobInput {
  jobId: string;
}
export interface IntegrationGetJobOutput {
  job: Job;
}
/**
 * Lists what an integration did, the newest first; durations are in milliseconds.
 */
export interface IntegrationGetLogsInput {
  integrationId: string;
  action?: "sync" | "import" | "export" | "notify" | "webhook";
  status?: "success" | "failed" | "partial";
  /**
   * 20 where nothing is said.
   */
  limit?: number;
  cursor?: string;
}
export interface IntegrationGetLogsOutput {
  logs: {
    id: string;
    integrationId: string;
    action: "sync" | "import" | "export" | "notify" | "webhook";
    status: "success" | "failed" | "partial";
    details: {
      [k: string]: unknown;
    };
    createdAt: string;
  }[];
  nextCursor?: string;
}
/**
 * Tells an integration's health, with what to do about it, and what it used since midnight UTC.
 */
export interface IntegrationGetStatusInput {
  integrationId: string;
}
export interface IntegrationGetStatusOutput {
  integration: Integration;
  health: {
    status: "healthy" | "degraded" | "down";
    lastCheck: string;
    issues?: string[];
  };
  usage: {
    syncsToday: number;
    apiCallsToday: number;
    lastSync?: string;
  };
  nextAllowedAt?: string;
  nextSyncAt?: string;
}
/**
 * Starts an import of 1 to 50 files into a project, or into one of its folders. Each is verified before it shows;
 * one that fails harms no other. integration.getJob follows them.
 */
export interface IntegrationImportAssetsInput {
  integrationId: string;
  projectId: string;
  folderId?: string;
  files: {
    externalPath: string;
    title?: string;
  }[];
}
export interface IntegrationImportAssetsOutput {
  job: QueuedFilesJob;
}
/**
 * Lists available and connected integrations.
 */
export interface IntegrationListInput {
  teamId: string;
  category?: "communication" | "project_management" | "storage" | "creative" | "automation";
  /**
   * "all" where nothing is said.
   */
  status?: "connected" | "disconnected" | "all";
}
export interface IntegrationListOutput {
  integrations: {
    provider: string;
    providerName: string;
    providerIcon: string;
    category: "communication" | "project_management" | "storage" | "creative" | "automation";
    description: string;
    status: "connected" | "disconnected" | "error" | "pending";
    connectedAt?: string;
    features: string[];
    integrationId?: string;
  }[];
}
/**
 * Shows a folder at the provider, a page at a time: the top one, or the one that `folderId` names. With `query`,
 * what has it in its name. Figma shows the file whose address is the folderId.
 */
export interface IntegrationListFilesInput {
  integrationId: string;
  folderId?: string;
  query?: string;
  cursor?: string;
}
export interface IntegrationListFilesOutput {
  entries: {
    externalPath: string;
    name: string;
    kind: "file" | "folder";
    size?: number;
    mimeType?: string;
    modifiedAt?: string;
    url?: string;
  }[];
  nextCursor?: string;
}
/**
 * Lists an integration's jobs, the newest first.
 */
export interface IntegrationListJobsInput {
  integrationId: string;
  status?: "queued" | "running" | "succeeded" | "partial" | "failed" | "cancelled";
  /**
   * 20 where nothing is said.
   */
  limit?: number;
  cursor?: string;
}
export interface IntegrationListJobsOutput {
  jobs: Job[];
  nextCursor?: string;
}
/**
 * Lists what there is at the provider to choose from: channels, projects, boards, sites, workspaces; and the
 * statuses of the project that `projectId` names, with `done` where nothing is left to do.
 */
export interface IntegrationListResourcesInput {
  integrationId: string;
  kind: "channels" | "projects" | "boards" | "statuses" | "sites" | "workspaces";
  projectId?: string;
}
export interface IntegrationListResourcesOutput {
  resources: {
    id: string;
    name: string;
    parentName?: string;
    done?: boolean;
  }[];
}
/**
 * Starts a sync, or answers with the one that is at it. estimatedTime is in milliseconds, from this integration's
 * own history. With dryRun nothing is changed on either side; with force a full sync may remove more than half.
 */
export interface IntegrationSyncInput {
  integrationId: string;
  /**
   * "incremental" where nothing is said.
   */
  syncType?: "full" | "incremental";
  entities?: ("projects" | "tasks" | "comments" | "files")[];
  /**
   * false where nothing is said.
   */
  dryRun?: boolean;
  /**
   * false where nothing is said.
   */
  force?: boolean;
}
export interface IntegrationSyncOutput {
  job: {
    id: string;
    status: "queued" | "running";
    estimatedTime: number;
  };
}
/**
 * Tests a connection with a real call; latency is in milliseconds.
 */
export interface IntegrationTestInput {
  integrationId: string;
}
export interface IntegrationTestOutput {
  success: boolean;
  latency: number;
  permissions: string[];
  errors?: string[];
}

/** Every procedure, as tRPC's routers hold them. */
export type IntegrationsRecord = {
  integration: {
    cancelJob: TRPCMutationProcedure<{ meta: object; input: IntegrationCancelJobInput; output: IntegrationCancelJobOutput }>;
    configure: TRPCMutationProcedure<{ meta: object; input: IntegrationConfigureInput; output: IntegrationConfigureOutput }>;
    connect: TRPCMutationProcedure<{ meta: object; input: IntegrationConnectInput; output: IntegrationConnectOutput }>;
    disconnect: TRPCMutationProcedure<{ meta: object; input: IntegrationDisconnectInput; output: IntegrationDisconnectOutput }>;
    exportAssets: TRPCMutationProcedure<{ meta: object; input: IntegrationExportAssetsInput; output: IntegrationExportAssetsOutput }>;
    getJob: TRPCQueryProcedure<{ meta: object; input: IntegrationGetJobInput; output: IntegrationGetJobOutput }>;
    getLogs: TRPCQueryProcedure<{ meta: object; input: IntegrationGetLogsInput; output: IntegrationGetLogsOutput }>;
    getStatus: TRPCQueryProcedure<{ meta: object; input: IntegrationGetStatusInput; output: IntegrationGetStatusOutput }>;
    importAssets: TRPCMutationProcedure<{ meta: object; input: IntegrationImportAssetsInput; output: IntegrationImportAssetsOutput }>;
    list: TRPCQueryProcedure<{ meta: object; input: IntegrationListInput; output: IntegrationListOutput }>;
    listFiles: TRPCQueryProcedure<{ meta: object; input: IntegrationListFilesInput; output: IntegrationListFilesOutput }>;
    listJobs: TRPCQueryProcedure<{ meta: object; input: IntegrationListJobsInput; output: IntegrationListJobsOutput }>;
    listResources: TRPCQueryProcedure<{ meta: object; input: IntegrationListResourcesInput; output: IntegrationListResourcesOutput }>;
    sync: TRPCMutationProcedure<{ meta: object; input: IntegrationSyncInput; output: IntegrationSyncOutput }>;
    test: TRPCMutationProcedure<{ meta: object; input: IntegrationTestInput; output: IntegrationTestOutput }>;
  };
};
