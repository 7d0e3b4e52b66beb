'use strict';

const { version: platformVersion } = require('zapier-platform-core');

const authentication = require('./src/authentication');
const createComment = require('./src/create-comment');
const createTask = require('./src/create-task');
const events = require('./src/events');
const { hookTrigger } = require('./src/hook-trigger');
const { addKey, readAnswer } = require('./src/middleware');
const { version } = require('./package.json');

const byKey = (operations) => Object.fromEntries(operations.map((operation) => [operation.key, operation]));

module.exports = {
  version,
  platformVersion,
  authentication,
  beforeRequest: [addKey],
  afterResponse: [readAnswer],
  triggers: byKey(events.map(hookTrigger)),
  creates: byKey([createComment, createTask]),
  // The middleware says what a refusal means, in words of Koko's.
  flags: { skipThrowForStatus: true, throwForThrottlingEarly: false },
};
