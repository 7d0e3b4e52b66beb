'use strict';

const { KOKO_URL, call } = require('./koko');

module.exports = {
  type: 'custom',
  test: (z, bundle) => call(z, bundle, 'hook.me'),
  // What `test` answered is the input here.
  connectionLabel: (z, bundle) => bundle.inputData.teamName,
  fields: [
    {
      key: 'apiKey',
      label: 'Koko API key',
      type: 'password',
      required: true,
      helpText: 'An admin of the team connects **Zapier** among its integrations in Koko; the key is shown then, once.',
    },
    {
      key: 'baseUrl',
      label: 'Address of Koko',
      required: false,
      placeholder: KOKO_URL,
      helpText: 'Leave it empty, unless your team has a Koko of its own.',
    },
  ],
};
