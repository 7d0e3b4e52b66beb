'use strict';

const assert = require('node:assert');
const http = require('node:http');
const { after, before, test } = require('node:test');
const zapier = require('zapier-platform-core');

const App = require('../index');

const appTester = zapier.createAppTester(App);
const bundle = { authData: { apiKey: 'koko_canary_of_a_key' } };
let answer;
const server = http.createServer((request, response) => {
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
  response.end(answer.body);
});

before(async () => {
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  bundle.authData.baseUrl = `http://127.0.0.1:${server.address().port}/`;
});
after(() => server.close());

/** What a call ends with, when Koko answers so. */
const refusal = async (status, body, headers = {}) => {
  answer = { status, headers, body: typeof body === 'string' ? body : JSON.stringify(body) };
  const error = await appTester(App.authentication.test, bundle).then(assert.fail, (found) => found);
  assert.doesNotMatch(`${error.stack} ${error.message}`, /canary/);
  return error;
};

const koko = (code, httpStatus, message, more = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  error: { code: -32000, message, data: { code, httpStatus, path: 'hook.me', ...more } },
});

for (const status of [200, 429]) {
  test(`too many requests, by HTTP ${status}`, async () => {
    const error = await refusal(
      status,
      koko('TOO_MANY_REQUESTS', 429, 'Try again in 17 seconds', { retryAfter: 17, limit: 500, window: 3600 }),
    );
    assert.strictEqual(error.name, 'ThrottledError');
    assert.deepStrictEqual(JSON.parse(error.message), { message: 'Koko: Try again in 17 seconds', delay: 17 });
  });
}

test('too many requests, by somebody in between', async () => {
  const error = await refusal(429, '<html>', { 'retry-after': '9' });
  assert.deepStrictEqual([error.name, JSON.parse(error.message).delay], ['ThrottledError', 9]);
});

test('a tool that wants to be left alone', async () => {
  const error = await refusal(
    200,
    koko('TIMEOUT', 408, 'Asana asks for patience', { reason: 'rate_limited', retryAfter: 30 }),
  );
  assert.deepStrictEqual([error.name, JSON.parse(error.message).delay], ['ThrottledError', 30]);
});

test('what may have been made is not tried again', async () => {
  const error = await refusal(200, koko('TIMEOUT', 408, 'Asana does not answer'));
  assert.strictEqual(error.name, 'AppError');
  const said = { message: 'Koko: Asana does not answer', code: 'TIMEOUT', status: 408 };
  assert.deepStrictEqual(JSON.parse(error.message), said);
});

test('every wrong field is named', async () => {
  const fields = { text: ['Required'], timecode: ['Expected number, received string'] };
  const error = await refusal(200, koko('BAD_REQUEST', 400, 'Invalid input: text: Required', { fields }));
  assert.strictEqual(
    JSON.parse(error.message).message,
    'Koko: text: Required\ntimecode: Expected number, received string',
  );
});

test('what is not Koko', async () => {
  const elsewhere = { location: 'https://evil.example/' };
  for (const [status, body, headers] of [
    [200, '<html>Welcome</html>'],
    [200, '{"ok":true}'],
    [200, 'null'],
    [302, '', elsewhere],
    [502, 'Bad gateway'],
  ]) {
    const error = await refusal(status, body, headers);
    const { message, code } = JSON.parse(error.message);
    assert.strictEqual(code, 'NOT_KOKO');
    assert.match(message, new RegExp(`HTTP ${status}`));
  }
});

test('the key is sent to https addresses only', async () => {
  const wrong = ['http://koko.example', 'ftp://koko.example', 'https://koko.example/?', 'https://a@koko.example'];
  for (const baseUrl of wrong) {
    const error = await appTester(App.authentication.test, { authData: { apiKey: 'k', baseUrl } }).then(
      assert.fail,
      (found) => found,
    );
    assert.strictEqual(JSON.parse(error.message).code, 'BAD_ADDRESS', baseUrl);
  }
});
