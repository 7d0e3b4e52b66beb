'use strict';

const { projectField } = require('./choices');
const { call } = require('./koko');

const SAMPLES = 3;

/** Names and types for the fields of a payload, which Zapier writes with two underscores between levels. */
const outputFields = (value, path = []) =>
  Object.entries(value).flatMap(([name, inner]) =>
    inner !== null && typeof inner === 'object'
      ? outputFields(inner, [...path, name])
      : [
          {
            key: [...path, name].join('__'),
            label: labelOf(path[0] === 'data' ? [...path.slice(1), name] : [...path, name]),
            type: name === 'timestamp' ? 'datetime' : typeof inner === 'number' ? 'number' : 'string',
          },
        ],
  );

/** "Comment Author Name" for comment, author, name. */
const labelOf = (path) =>
  path
    .map((part) => part.replace(/([A-Z])/g, ' $1').replace(/\bid\b/i, 'ID'))
    .map((part) => part[0].toUpperCase() + part.slice(1))
    .join(' ');

/** A REST hook for an event: Koko posts to Zapier as it happens. */
const hookTrigger = (event) => {
  const sample = {
    id: `sample_${event.type}`,
    event: event.type,
    timestamp: '2025-01-15T10:30:00Z',
    webhookId: 'hook_sample',
    data: event.data,
  };
  return {
    key: event.key,
    noun: event.noun,
    display: { label: event.label, description: event.description },
    operation: {
      type: 'hook',
      inputFields: [projectField({ required: false, helpText: 'Leave it empty for all of the team’s projects.' })],
      performSubscribe: (z, bundle) =>
        call(z, bundle, 'hook.subscribe', {
          hookUrl: bundle.targetUrl,
          event: event.type,
          filters: bundle.inputData.projectId ? { projectId: bundle.inputData.projectId } : undefined,
        }),
      performUnsubscribe: (z, bundle) => call(z, bundle, 'hook.unsubscribe', { id: bundle.subscribeData.id }),
      perform: (z, bundle) => [bundle.cleanedRequest],
      performList: async (z, bundle) =>
        (await call(z, bundle, 'hook.sample', { event: event.type, limit: SAMPLES })).samples,
      sample,
      outputFields: outputFields(sample),
    },
  };
};

module.exports = { hookTrigger };
