'use strict';

const { projectField, requestIdField } = require('./choices');
const { call } = require('./koko');

module.exports = {
  key: 'create_task',
  noun: 'Task',
  display: {
    label: 'Create Project Task',
    description: 'Creates a task in the project management tool that a project is mapped to in Koko.',
  },
  operation: {
    inputFields: [
      projectField({ required: true }),
      { key: 'title', label: 'Title', type: 'string', required: true },
      { key: 'description', label: 'Description', type: 'text', required: false },
      {
        key: 'integrationId',
        label: 'Integration ID',
        type: 'string',
        required: false,
        helpText: 'Which tool, for a project that is mapped to several: Koko names them when it has to ask.',
      },
      requestIdField,
    ],
    perform: async (z, bundle) => {
      const { projectId, title, description, integrationId, requestId } = bundle.inputData;
      const wanted = { projectId, title, description, integrationId, requestId };
      return (await call(z, bundle, 'hook.createTask', wanted)).task;
    },
    sample: {
      id: '1200000000000000',
      url: 'https://app.asana.com/0/1/1',
      integrationId: 'int_sample',
      provider: 'asana',
    },
    outputFields: [
      { key: 'id', label: 'Task ID', type: 'string' },
      { key: 'url', label: 'Address', type: 'string' },
      { key: 'integrationId', label: 'Integration ID', type: 'string' },
      { key: 'provider', label: 'Tool', type: 'string' },
    ],
  },
};
