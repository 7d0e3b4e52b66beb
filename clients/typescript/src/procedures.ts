// Made by `make types` from the service's OpenRPC document: change the schemas there, not this file.
import type { TRPCMutationProcedure, TRPCQueryProcedure } from "@trpc/server";

export interface Action {
  type: "create_task" | "send_notification" | "update_status" | "webhook";
  config: {
    [k: string]: unknown;
  };
}
export interface Attempt {
  at: string;
  verdict: "delivered" | "retry" | "failed" | "gone";
  status?: number;
  error?: string;
  latency: number;
}
export interface Condition {
  field: string;
  operator: "equals" | "contains" | "greater_than" | "less_than";
  value: unknown;
}
export interface Delivery {
  id: string;
  webhookId: string;
  eventId: string;
  event: string;
  status: "pending" | "delivered" | "failed";
  attempts: Attempt[];
  nextAttemptAt?: string;
  createdAt: string;
  finishedAt?: string;
}
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
  cause: "manual" | "schedule" | "watch" | "webhook";
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
export interface MappingInput {
  kokoField: string;
  externalField: string;
  transform?: "none" | "uppercase" | "lowercase" | "date" | "custom";
  customTransform?: string;
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
  allowedIps?: string[];
  [k: string]: unknown;
}
export interface Trigger {
  id: string;
  event:
    | "video.created"
    | "video.updated"
    | "video.deleted"
    | "comment.created"
    | "comment.resolved"
    | "approval.requested"
    | "approval.completed"
    | "video.uploaded"
    | "video.processing"
    | "video.ready"
    | "video.failed"
    | "comment.updated"
    | "comment.deleted"
    | "comment.reply";
  conditions: Condition[];
  action: Action;
}
/**
 * Publishes an event. It is durable when this answers; publishing it again under its id changes nothing.
 */
export interface EventPublishInput {
  id: string;
  type: string;
  teamId: string;
  projectId?: string;
  actorId?: string;
  occurredAt: string;
  data: {
    [k: string]: unknown;
  };
}
export interface EventPublishOutput {
  accepted: boolean;
  duplicate: boolean;
  deliveries: number;
}
/**
 * Comments on a video of the team's, in the name of who connected the tool.
 */
export interface HookCreateCommentInput {
  videoId: string;
  text: string;
  timecode?: number;
  parentId?: string;
  requestId?: string;
}
export interface HookCreateCommentOutput {
  comment: {
    id: string;
    videoId: string;
    content: string;
    timecode?: number;
    parentId?: string;
    author: {
      id: string;
      name: string;
    };
    createdAt: string;
  };
}
/**
 * Makes a task in the project management tool that the project is mapped to.
 */
export interface HookCreateTaskInput {
  projectId: string;
  title: string;
  /**
   * "" where nothing is said.
   */
  description?: string;
  integrationId?: string;
  requestId?: string;
}
export interface HookCreateTaskOutput {
  task: {
    id: string;
    url?: string;
    integrationId: string;
    provider: string;
  };
}
/**
 * Lists the team's projects, those whose videos changed last first.
 */
export interface HookListProjectsInput {
  /**
   * 20 where nothing is said.
   */
  limit?: number;
  cursor?: string;
}
export interface HookListProjectsOutput {
  projects: {
    id: string;
    name: string;
  }[];
  nextCursor?: string;
}
/**
 * Lists a project's videos, what changed last first.
 */
export interface HookListVideosInput {
  projectId: string;
  /**
   * 20 where nothing is said.
   */
  limit?: number;
  cursor?: string;
}
export interface HookListVideosOutput {
  videos: {
    id: string;
    title: string;
    status: string;
    updatedAt: string;
  }[];
  nextCursor?: string;
}
/**
 * Tells whose key this is: the test of a connection, and its label.
 */
export interface HookMeInput {}
export interface HookMeOutput {
  teamId: string;
  teamName: string;
  integrationId: string;
}
/**
 * Shows what deliveries of an event look like: the team's newest, or a made-up one where there are none.
 */
export interface HookSampleInput {
  event:
    | "video.created"
    | "video.updated"
    | "video.deleted"
    | "comment.created"
    | "comment.resolved"
    | "approval.requested"
    | "approval.completed"
    | "video.uploaded"
    | "video.processing"
    | "video.ready"
    | "video.failed"
    | "comment.updated"
    | "comment.deleted"
    | "comment.reply"
    | "project.*"
    | "team.*";
  /**
   * 3 where nothing is said.
   */
  limit?: number;
}
export interface HookSampleOutput {
  samples: {
    id: string;
    event: string;
    timestamp: string;
    webhookId: string;
    data: {
      [k: string]: unknown;
    };
  }[];
}
/**
 * Subscribes an address to an event, of one project or of all. The same subscription again has the same id.
 */
export interface HookSubscribeInput {
  hookUrl: string;
  event:
    | "video.created"
    | "video.updated"
    | "video.deleted"
    | "comment.created"
    | "comment.resolved"
    | "approval.requested"
    | "approval.completed"
    | "video.uploaded"
    | "video.processing"
    | "video.ready"
    | "video.failed"
    | "comment.updated"
    | "comment.deleted"
    | "comment.reply"
    | "project.*"
    | "team.*";
  filters?: {
    projectId?: string;
  };
}
export interface HookSubscribeOutput {
  id: string;
}
/**
 * Ends a subscription; one that has ended already is no error.
 */
export interface HookUnsubscribeInput {
  id: string;
}
export interface HookUnsubscribeOutput {
  success: boolean;
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
 * Makes a webhook of the team's own. The secret is shown this once; one is made where none is given.
 */
export interface IntegrationCreateCustomInput {
  teamId: string;
  name: string;
  description?: string;
  webhookUrl: string;
  events: (
    | "video.created"
    | "video.updated"
    | "video.deleted"
    | "comment.created"
    | "comment.resolved"
    | "approval.requested"
    | "approval.completed"
    | "video.uploaded"
    | "video.processing"
    | "video.ready"
    | "video.failed"
    | "comment.updated"
    | "comment.deleted"
    | "comment.reply"
    | "project.*"
    | "team.*"
  )[];
  headers?: {
    [k: string]: string;
  };
  secret?: string;
}
export interface IntegrationCreateCustomOutput {
  integration: Integration;
  webhookSecret: string;
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
 * Writes a video's comments as markers, each on its frame, with the replies to it.
 */
export interface IntegrationExportMarkersInput {
  integrationId: string;
  videoId: string;
  format: "json" | "csv" | "edl" | "fcpxml";
  fps?: number;
  /**
   * "00:00:00:00" where nothing is said.
   */
  startTimecode?: string;
  /**
   * true where nothing is said.
   */
  includeResolved?: boolean;
}
export interface IntegrationExportMarkersOutput {
  format: "json" | "csv" | "edl" | "fcpxml";
  fileName: string;
  contentType: string;
  content: string;
}
/**
 * Lists what was sent of events, the newest first, with every attempt; latencies are in milliseconds.
 */
export interface IntegrationGetDeliveriesInput {
  integrationId: string;
  status?: "pending" | "delivered" | "failed";
  event?: string;
  /**
   * 20 where nothing is said.
   */
  limit?: number;
  cursor?: string;
}
export interface IntegrationGetDeliveriesOutput {
  deliveries: Delivery[];
  nextCursor?: string;
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
 * Tells how an integration's runs went: by hour for 24h and 7d, by day for 30d and 90d (UTC).
 */
export interface IntegrationGetMetricsInput {
  integrationId: string;
  /**
   * "7d" where nothing is said.
   */
  period?: "24h" | "7d" | "30d" | "90d";
}
export interface IntegrationGetMetricsOutput {
  totals: {
    runs: number;
    succeeded: number;
    partial: number;
    failed: number;
    items: number;
    latencyP50?: number;
    latencyP95?: number;
    successRate?: number;
    apiCalls: number;
  };
  series: {
    runs: number;
    succeeded: number;
    partial: number;
    failed: number;
    items: number;
    latencyP50?: number;
    latencyP95?: number;
    at: string;
    apiCalls: number;
  }[];
  byAction: {
    [k: string]: {
      runs: number;
      succeeded: number;
      partial: number;
      failed: number;
      items: number;
      latencyP50?: number;
      latencyP95?: number;
      successRate?: number;
    };
  };
  byError: {
    error: string;
    count: number;
    lastAt: string;
  }[];
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
 * The triggers of an integration, in order, as setTriggers takes them; secrets are masked.
 */
export interface IntegrationGetTriggersInput {
  integrationId: string;
}
export interface IntegrationGetTriggersOutput {
  triggers: Trigger[];
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
 * Lists what there is at the provider to choose from: channels, projects, boards, sites, workspaces; and of the
 * project that `projectId` names the statuses, with `done` where nothing is left to do, and the fields of its tasks,
 * with their `type`, and whether they are `writable` by mapFields.
 */
export interface IntegrationListResourcesInput {
  integrationId: string;
  kind: "channels" | "projects" | "boards" | "statuses" | "fields" | "sites" | "workspaces";
  projectId?: string;
}
export interface IntegrationListResourcesOutput {
  resources: {
    id: string;
    name: string;
    parentName?: string;
    done?: boolean;
    type?: "text" | "number" | "date" | "datetime" | "checkbox" | "choice" | "choices" | "url" | "other";
    writable?: boolean;
  }[];
}
/**
 * Says which of Koko's values goes into which field of the tasks at the provider, in place of what was said for
 * that entityType before. Fields must be there on both sides; scripts are compiled and tried.
 */
export interface IntegrationMapFieldsInput {
  integrationId: string;
  entityType: "project" | "video" | "comment";
  mappings: {
    kokoField: string;
    externalField: string;
    transform?: "none" | "uppercase" | "lowercase" | "date" | "custom";
    customTransform?: string;
  }[];
}
export interface IntegrationMapFieldsOutput {
  integration: Integration;
  mappings: {
    kokoField: string;
    externalField: string;
    transform: "none" | "uppercase" | "lowercase" | "date" | "custom";
    customTransform?: string;
    direction: "both" | "toExternal";
    reason?: string;
    externalFieldId: string;
    missingIn?: string[];
    warning?: string;
  }[];
}
/**
 * Shows what mappings make of an item: the `sample`, or else of the newest comment of a mapped project, its video
 * or its project. Without mappings, of those that are stored. Nothing is stored, and nothing is sent.
 */
export interface IntegrationPreviewMappingInput {
  integrationId: string;
  /**
   * "comment" where nothing is said.
   */
  entityType?: "project" | "video" | "comment";
  mappings?: MappingInput[];
  sample?: {
    [k: string]: unknown;
  };
}
export interface IntegrationPreviewMappingOutput {
  item: {
    [k: string]: unknown;
  };
  mappings: {
    kokoField: string;
    externalField: string;
    transform: "none" | "uppercase" | "lowercase" | "date" | "custom";
    customTransform?: string;
    direction?: "both" | "toExternal";
    reason?: string;
    value?: unknown;
    result?: unknown;
    error?: string;
    line?: number;
    column?: number;
  }[];
}
/**
 * Sends everything again that has failed since then, and what was published while a webhook was off.
 */
export interface IntegrationRecoverInput {
  integrationId: string;
  since: string;
}
export interface IntegrationRecoverOutput {
  recovered: number;
}
/**
 * Sends a delivery again, under the same id, with seven attempts ahead of it.
 */
export interface IntegrationRedeliverInput {
  deliveryId: string;
}
export interface IntegrationRedeliverOutput {
  delivery: Delivery;
}
/**
 * Gives a webhook another secret, shown this once. Until the time told, deliveries are signed with both.
 */
export interface IntegrationRotateSecretInput {
  integrationId: string;
  secret?: string;
}
export interface IntegrationRotateSecretOutput {
  webhookSecret: string;
  previousValidUntil: string;
}
/**
 * Says what is to be done by itself when something happens in Koko, in place of what was said before; an empty
 * list ends all of it. An event sets off every trigger whose conditions all hold, in the order of the list.
 */
export interface IntegrationSetTriggersInput {
  integrationId: string;
  triggers: {
    id?: string;
    event:
      | "video.created"
      | "video.updated"
      | "video.deleted"
      | "comment.created"
      | "comment.resolved"
      | "approval.requested"
      | "approval.completed"
      | "video.uploaded"
      | "video.processing"
      | "video.ready"
      | "video.failed"
      | "comment.updated"
      | "comment.deleted"
      | "comment.reply";
    conditions: {
      field: string;
      operator: "equals" | "contains" | "greater_than" | "less_than";
      value: unknown;
    }[];
    action: {
      type: "create_task" | "send_notification" | "update_status" | "webhook";
      config: {
        [k: string]: unknown;
      };
    };
  }[];
}
export interface IntegrationSetTriggersOutput {
  integration: Integration;
  triggers: {
    id: string;
    event:
      | "video.created"
      | "video.updated"
      | "video.deleted"
      | "comment.created"
      | "comment.resolved"
      | "approval.requested"
      | "approval.completed"
      | "video.uploaded"
      | "video.processing"
      | "video.ready"
      | "video.failed"
      | "comment.updated"
      | "comment.deleted"
      | "comment.reply";
    conditions: {
      field: string;
      operator: "equals" | "contains" | "greater_than" | "less_than";
      value: unknown;
    }[];
    action: {
      type: "create_task" | "send_notification" | "update_status" | "webhook";
      config: {
        [k: string]: unknown;
      };
    };
  }[];
}
/**
 * Posts a video's card to a channel of Slack, Teams or Discord. `channelId` says which; not where the connection
 * is a channel's own address.
 */
export interface IntegrationShareInput {
  integrationId: string;
  videoId: string;
  channelId?: string;
  message?: string;
}
export interface IntegrationShareOutput {
  success: boolean;
  messageId?: string;
  channelId?: string;
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
 * Tests a connection with a real call, a webhook with a ping; latency is in milliseconds.
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
/**
 * Shows what an event, of the past by its id or a made-up one, would set off, condition by condition, and what
 * that would do. Nothing is done.
 */
export interface IntegrationTestTriggersInput {
  integrationId: string;
  event:
    | string
    | {
        id?: string;
        type: string;
        projectId?: string;
        actorId?: string;
        occurredAt?: string;
        data: {
          [k: string]: unknown;
        };
      };
}
export interface IntegrationTestTriggersOutput {
  event: {
    id?: string;
    type: string;
    timestamp: string;
    projectId?: string;
    actorId?: string;
  };
  triggers: {
    triggerId: string;
    position: number;
    event:
      | "video.created"
      | "video.updated"
      | "video.deleted"
      | "comment.created"
      | "comment.resolved"
      | "approval.requested"
      | "approval.completed"
      | "video.uploaded"
      | "video.processing"
      | "video.ready"
      | "video.failed"
      | "comment.updated"
      | "comment.deleted"
      | "comment.reply";
    matches: boolean;
    wouldRun: boolean;
    reason?: string;
    ran?: string;
    conditions: {
      field: string;
      operator: "equals" | "contains" | "greater_than" | "less_than";
      value: unknown;
      found?: unknown;
      holds: boolean;
      reason?: string;
    }[];
    action: {
      type: "create_task" | "send_notification" | "update_status" | "webhook";
      would?: {
        [k: string]: unknown;
      };
    };
    warnings: string[];
  }[];
}

/** Every procedure, as tRPC's routers hold them. */
export type IntegrationsRecord = {
  event: {
    publish: TRPCMutationProcedure<{ meta: object; input: EventPublishInput; output: EventPublishOutput }>;
  };
  hook: {
    createComment: TRPCMutationProcedure<{ meta: object; input: HookCreateCommentInput; output: HookCreateCommentOutput }>;
    createTask: TRPCMutationProcedure<{ meta: object; input: HookCreateTaskInput; output: HookCreateTaskOutput }>;
    listProjects: TRPCQueryProcedure<{ meta: object; input: HookListProjectsInput; output: HookListProjectsOutput }>;
    listVideos: TRPCQueryProcedure<{ meta: object; input: HookListVideosInput; output: HookListVideosOutput }>;
    me: TRPCQueryProcedure<{ meta: object; input: HookMeInput; output: HookMeOutput }>;
    sample: TRPCQueryProcedure<{ meta: object; input: HookSampleInput; output: HookSampleOutput }>;
    subscribe: TRPCMutationProcedure<{ meta: object; input: HookSubscribeInput; output: HookSubscribeOutput }>;
    unsubscribe: TRPCMutationProcedure<{ meta: object; input: HookUnsubscribeInput; output: HookUnsubscribeOutput }>;
  };
  integration: {
    cancelJob: TRPCMutationProcedure<{ meta: object; input: IntegrationCancelJobInput; output: IntegrationCancelJobOutput }>;
    configure: TRPCMutationProcedure<{ meta: object; input: IntegrationConfigureInput; output: IntegrationConfigureOutput }>;
    connect: TRPCMutationProcedure<{ meta: object; input: IntegrationConnectInput; output: IntegrationConnectOutput }>;
    createCustom: TRPCMutationProcedure<{ meta: object; input: IntegrationCreateCustomInput; output: IntegrationCreateCustomOutput }>;
    disconnect: TRPCMutationProcedure<{ meta: object; input: IntegrationDisconnectInput; output: IntegrationDisconnectOutput }>;
    exportAssets: TRPCMutationProcedure<{ meta: object; input: IntegrationExportAssetsInput; output: IntegrationExportAssetsOutput }>;
    exportMarkers: TRPCQueryProcedure<{ meta: object; input: IntegrationExportMarkersInput; output: IntegrationExportMarkersOutput }>;
    getDeliveries: TRPCQueryProcedure<{ meta: object; input: IntegrationGetDeliveriesInput; output: IntegrationGetDeliveriesOutput }>;
    getJob: TRPCQueryProcedure<{ meta: object; input: IntegrationGetJobInput; output: IntegrationGetJobOutput }>;
    getLogs: TRPCQueryProcedure<{ meta: object; input: IntegrationGetLogsInput; output: IntegrationGetLogsOutput }>;
    getMetrics: TRPCQueryProcedure<{ meta: object; input: IntegrationGetMetricsInput; output: IntegrationGetMetricsOutput }>;
    getStatus: TRPCQueryProcedure<{ meta: object; input: IntegrationGetStatusInput; output: IntegrationGetStatusOutput }>;
    getTriggers: TRPCQueryProcedure<{ meta: object; input: IntegrationGetTriggersInput; output: IntegrationGetTriggersOutput }>;
    importAssets: TRPCMutationProcedure<{ meta: object; input: IntegrationImportAssetsInput; output: IntegrationImportAssetsOutput }>;
    list: TRPCQueryProcedure<{ meta: object; input: IntegrationListInput; output: IntegrationListOutput }>;
    listFiles: TRPCQueryProcedure<{ meta: object; input: IntegrationListFilesInput; output: IntegrationListFilesOutput }>;
    listJobs: TRPCQueryProcedure<{ meta: object; input: IntegrationListJobsInput; output: IntegrationListJobsOutput }>;
    listResources: TRPCQueryProcedure<{ meta: object; input: IntegrationListResourcesInput; output: IntegrationListResourcesOutput }>;
    mapFields: TRPCMutationProcedure<{ meta: object; input: IntegrationMapFieldsInput; output: IntegrationMapFieldsOutput }>;
    previewMapping: TRPCQueryProcedure<{ meta: object; input: IntegrationPreviewMappingInput; output: IntegrationPreviewMappingOutput }>;
    recover: TRPCMutationProcedure<{ meta: object; input: IntegrationRecoverInput; output: IntegrationRecoverOutput }>;
    redeliver: TRPCMutationProcedure<{ meta: object; input: IntegrationRedeliverInput; output: IntegrationRedeliverOutput }>;
    rotateSecret: TRPCMutationProcedure<{ meta: object; input: IntegrationRotateSecretInput; output: IntegrationRotateSecretOutput }>;
    setTriggers: TRPCMutationProcedure<{ meta: object; input: IntegrationSetTriggersInput; output: IntegrationSetTriggersOutput }>;
    share: TRPCMutationProcedure<{ meta: object; input: IntegrationShareInput; output: IntegrationShareOutput }>;
    sync: TRPCMutationProcedure<{ meta: object; input: IntegrationSyncInput; output: IntegrationSyncOutput }>;
    test: TRPCMutationProcedure<{ meta: object; input: IntegrationTestInput; output: IntegrationTestOutput }>;
    testTriggers: TRPCQueryProcedure<{ meta: object; input: IntegrationTestTriggersInput; output: IntegrationTestTriggersOutput }>;
  };
};
