'use strict';

const { call } = require('./koko');

const PAGE = 100;

/** A page for a dropdown, from a page of Koko's. */
const toChoices = (entries, nextCursor, label) => ({
  results: entries.map((entry) => ({ id: entry.id, label: label(entry) })),
  paging_token: nextCursor || null,
});

const projects = async (z, bundle) => {
  const page = await call(z, bundle, 'hook.listProjects', { limit: PAGE, cursor: bundle.meta.paging_token });
  return toChoices(page.projects, page.nextCursor, (project) => project.name);
};

const videos = async (z, bundle) => {
  const { projectId } = bundle.inputData;
  if (!projectId) {
    return toChoices([], null);
  }
  const page = await call(z, bundle, 'hook.listVideos', { projectId, limit: PAGE, cursor: bundle.meta.paging_token });
  return toChoices(page.videos, page.nextCursor, (video) =>
    video.status === 'ready' ? video.title : `${video.title} (${video.status})`,
  );
};

/** A field for a project, with the more that an operation says of it. */
const projectField = (more) => ({
  key: 'projectId',
  label: 'Project',
  type: 'string',
  resource: 'project',
  choices: { perform: projects },
  ...more,
});

const videoField = {
  key: 'videoId',
  label: 'Video',
  type: 'string',
  required: true,
  resource: 'video',
  dependsOn: ['projectId'],
  choices: { perform: videos },
};

/** Zapier may ask for the same thing twice; Koko then makes it once. */
const requestIdField = {
  key: 'requestId',
  label: 'Request ID',
  type: 'string',
  required: false,
  helpText:
    'What is made twice under the same ID is made once: a Zap that is replayed does not double it. ' +
    'Best is the ID of whatever begins the Zap. Koko remembers it for 30 days.',
};

module.exports = { projectField, requestIdField, videoField };
