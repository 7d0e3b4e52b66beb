'use strict';

// Against a running service, which tests/clients/test_zapier.py starts.

const assert = require('node:assert');
const http = require('node:http');
const { after, before, describe, test } = require('node:test');
const zapier = require('zapier-platform-core');

const App = require('../index');
const events = require('../src/events');

assert.ok(process.env.KOKO_TEST, 'KOKO_TEST says which service, and what there is in it');
const koko = JSON.parse(process.env.KOKO_TEST);
const HOOK_URL = 'https://hooks.zapier.com/hooks/standard/1/canary/';
const appTester = zapier.createAppTester(App);
const { create_comment: createComment, create_task: createTask } = App.creates;

/** A bundle as Zapier makes it. */
const bundleOf = (more = {}) => ({
  authData: { apiKey: koko.apiKey, baseUrl: koko.url },
  inputData: {},
  meta: {},
  ...more,
});

const run = (perform, more) => appTester(perform, bundleOf(more));
const fails = (perform, more) => run(perform, more).then(assert.fail, (error) => error);

/** What Koko's own server does when something happens. Answers how many deliveries there will be. */
const publish = async (id, type, projectId = koko.projectId) => {
  const params = {
    id,
    type,
    teamId: koko.teamId,
    projectId,
    occurredAt: '2025-01-15T10:30:00Z',
    data: { comment: { id: 'comment_1', videoId: koko.videoId, content: 'Brighter' } },
  };
  const response = await fetch(`${koko.url}/rpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${koko.serviceToken}` },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'event.publish', params }),
  });
  return (await response.json()).result.deliveries;
};

describe('the app and the service', () => {
  // It stands where the service believes hooks.zapier.com to be.
  const received = [];
  let arrived = () => {};
  const hooks = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ url: request.url, body: JSON.parse(Buffer.concat(chunks)) });
    response.end('{}');
    arrived();
  });

  const next = async () => {
    while (received.length === 0) {
      await new Promise((resolve) => {
        arrived = resolve;
      });
    }
    return received.shift();
  };

  before(() => new Promise((done) => hooks.listen(koko.hooksPort, '127.0.0.1', done)));
  after(() => {
    hooks.closeAllConnections();
    hooks.close();
  });

  test('a connection is called by its team', async () => {
    const me = await run(App.authentication.test);
    assert.strictEqual(me.teamId, koko.teamId);
    assert.strictEqual(await run(App.authentication.connectionLabel, { inputData: me }), koko.teamName);
  });

  test('a wrong key, and one that was revoked', async () => {
    for (const apiKey of ['koko_wrong', koko.revokedKey, 'nonsense']) {
      const authData = { apiKey, baseUrl: koko.url };
      const error = await fails(App.authentication.test, { authData });
      assert.strictEqual(error.name, 'ExpiredAuthError');
      assert.match(error.message, /Connect Zapier in Koko again/);
      assert.doesNotMatch(error.message, new RegExp(apiKey));
      const later = await fails(createComment.operation.perform, { authData, inputData: { videoId: 'v', text: 't' } });
      assert.strictEqual(later.name, 'ExpiredAuthError');
    }
  });

  test('a Zap is turned on, begins, and is turned off', async () => {
    const { operation } = App.triggers.comment_created;
    const subscribeData = await run(operation.performSubscribe, { targetUrl: HOOK_URL });
    assert.strictEqual(await publish('event_1', 'comment.created'), 1);
    const { url, body } = await next();
    assert.strictEqual(url, new URL(HOOK_URL).pathname);
    const [begun] = await run(operation.perform, { cleanedRequest: body });
    assert.deepStrictEqual(begun, {
      id: 'event_1',
      event: 'comment.created',
      timestamp: '2025-01-15T10:30:00Z',
      webhookId: subscribeData.id,
      data: { comment: { id: 'comment_1', videoId: koko.videoId, content: 'Brighter' } },
    });
    const [newest] = await run(operation.performList);
    assert.deepStrictEqual({ ...newest, webhookId: subscribeData.id }, begun);
    // Zapier may turn off twice.
    for (const _ of [1, 2]) {
      await run(operation.performUnsubscribe, { targetUrl: HOOK_URL, subscribeData });
    }
    assert.strictEqual(await publish('event_2', 'comment.created'), 0);
  });

  test('a Zap for one project', async () => {
    const { operation } = App.triggers.video_ready;
    const inputData = { projectId: koko.projectId };
    const subscribeData = await run(operation.performSubscribe, { targetUrl: HOOK_URL, inputData });
    assert.strictEqual(await publish('event_3', 'video.ready', 'another'), 0);
    assert.strictEqual(await publish('event_4', 'video.ready'), 1);
    assert.strictEqual((await next()).body.id, 'event_4');
    await run(operation.performUnsubscribe, { targetUrl: HOOK_URL, subscribeData });
  });

  test('addresses that are not Zapier’s', async () => {
    const { operation } = App.triggers.video_ready;
    const error = await fails(operation.performSubscribe, { targetUrl: 'https://hooks.zapier.com.evil.example/1' });
    assert.match(JSON.parse(error.message).message, /hookUrl/);
  });

  test('samples have the shape that the app says', async () => {
    for (const { key, type } of events.filter((event) => event.type !== 'comment.created')) {
      const { operation } = App.triggers[key];
      const [sample] = await run(operation.performList);
      assert.strictEqual(sample.event, type);
      if (sample.id.startsWith('sample_')) {
        const { webhookId, timestamp } = operation.sample;
        assert.deepStrictEqual({ ...sample, webhookId, timestamp }, operation.sample);
      }
    }
  });

  test('projects and videos to choose from', async () => {
    const [projects, videos] = createComment.operation.inputFields.map(({ choices }) => choices?.perform);
    const found = await run(projects);
    assert.deepStrictEqual(found, { results: [{ id: koko.projectId, label: koko.projectName }], paging_token: null });
    assert.deepStrictEqual((await run(videos)).results, []);
    const inputData = { projectId: koko.projectId };
    const first = await run(videos, { inputData });
    assert.strictEqual(first.results.length, 100);
    const second = await run(videos, { inputData, meta: { paging_token: first.paging_token } });
    assert.strictEqual(second.paging_token, null);
    const all = [...first.results, ...second.results];
    assert.strictEqual(new Set(all.map(({ id }) => id)).size, koko.videos);
    assert.ok(all.some(({ label }) => label.endsWith(' (processing)')));
  });

  test('a comment, and a reply that a replay does not double', async () => {
    const { perform, sample } = createComment.operation;
    const said = { videoId: koko.videoId, text: 'From Zapier', timecode: 62.5 };
    const comment = await run(perform, { inputData: said });
    assert.deepStrictEqual(Object.keys(comment).sort(), Object.keys(sample).sort());
    const reply = { videoId: koko.videoId, text: 'A reply', parentId: comment.id, requestId: 'run_1', timecode: '' };
    const made = await run(perform, { inputData: reply });
    assert.strictEqual(made.parentId, comment.id);
    assert.deepStrictEqual(await run(perform, { inputData: reply }), made);
  });

  test('a task that a replay does not double', async () => {
    const { perform, sample } = createTask.operation;
    const inputData = { projectId: koko.projectId, title: 'From Zapier', description: 'By a Zap', requestId: 'run_2' };
    const task = await run(perform, { inputData });
    assert.deepStrictEqual(Object.keys(task).sort(), Object.keys(sample).sort());
    assert.strictEqual(task.provider, 'asana');
    assert.deepStrictEqual(await run(perform, { inputData }), task);
  });

  test('what is refused says why', async () => {
    const error = await fails(createTask.operation.perform, { inputData: { projectId: 'nobodys', title: 'T' } });
    const said = { message: 'Koko: Project not found', code: 'NOT_FOUND', status: 404 };
    assert.deepStrictEqual(JSON.parse(error.message), said);
  });
});
