'use strict';

const assert = require('node:assert');
const { test } = require('node:test');
const zapier = require('zapier-platform-core');
const { validateAppDefinition } = require('zapier-platform-schema');

const App = require('../index');
const events = require('../src/events');

const handle = zapier.createAppHandler(App);

test('Zapier takes the definition', async () => {
  assert.deepStrictEqual((await handle({ command: 'validate' })).results, []);
  const { results: definition } = await handle({ command: 'definition' });
  const { valid, errors } = validateAppDefinition(definition);
  assert.ok(valid, errors.map(String).join('\n'));
});

test('each event is a trigger that a person understands', () => {
  assert.deepStrictEqual(
    Object.keys(App.triggers),
    events.map(({ key }) => key),
  );
  const labels = events.map(({ label }) => label);
  assert.strictEqual(new Set(labels).size, labels.length);
  for (const { operation, display } of Object.values(App.triggers)) {
    assert.match(display.description, /^Triggers when .*\.$/);
    for (const field of operation.outputFields) {
      const value = field.key.split('__').reduce((found, name) => found[name], operation.sample);
      assert.ok(['string', 'number'].includes(typeof value), field.key);
      assert.match(field.label, /^[A-Z]/);
    }
  }
});
