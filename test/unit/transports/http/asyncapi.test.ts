import specs from '@asyncapi/specs';
import { Ajv, type ValidateFunction } from 'ajv';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applicationOf } from '../../../../src/app/application.ts';
import { commandNames, transportCommands } from '../../../../src/protocol/commands.ts';
import { eventNames } from '../../../../src/protocol/events.ts';
import { inboxCommands, type InboxEntry } from '../../../../src/protocol/inbox-commands.ts';
import { inboxEvents } from '../../../../src/protocol/inbox-events.ts';
import { asyncApi } from '../../../../src/transports/http/asyncapi.ts';
import { openApi } from '../../../../src/transports/http/openapi.ts';
import { examplesIn } from '../../../docs/examples.ts';
import app from '../../../fixtures/app.ts';
import { PROJECT } from '../../../support/program.ts';

interface Description {
  channels: Record<string, { messages: Record<string, { name: string; payload: object }> }>;
  operations: Record<string, { action: string; messages: { $ref: string }[] }>;
  components: { schemas: Record<string, object> };
}

const own = applicationOf(app);
const description = JSON.parse(JSON.stringify(asyncApi('1.2.3', own))) as Description;

/** A validator for every message of a channel, by its key. */
function validators(channel: string): ReadonlyMap<string, ValidateFunction> {
  const { components } = description;
  const ajv = new Ajv({ strict: false, validateFormats: false });
  return new Map(
    Object.entries(description.channels[channel]!.messages).map(([key, { payload }]) => [
      key,
      ajv.compile({ ...payload, components }),
    ]),
  );
}

describe('/asyncapi.json', () => {
  it('is valid by the official schema of AsyncAPI 3.0', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const isValid = ajv.compile(specs.schemasWithoutId['3.0.0'] as object);
    for (const made of [description, JSON.parse(JSON.stringify(asyncApi('1.2.3')))]) {
      expect([isValid(made), isValid.errors]).toEqual([true, null]);
    }
  });

  it('has every command with its reply, every event, and everything that the application declares', () => {
    const inbox = Object.entries(inboxCommands) as [string, InboxEntry][];
    const expected = [
      ...[...commandNames, ...Object.keys(transportCommands)].map((name) => `room.receive.${name}`),
      ...eventNames.map((name) => `room.send.${name}`),
      'room.send.joined',
      'room.send.position',
      ...inbox.filter(([, { http }]) => http !== true).map(([name]) => `inbox.receive.${name}`),
      ...Object.keys(inboxEvents).map((name) => `inbox.send.${name}`),
      'inbox.send.inbox',
      'inbox.send.position',
      ...['vote', 'closePoll', 'point', 'cursor', 'tick'].map((name) => `room.receive.${name}`),
      ...['cursor', 'tick'].map((name) => `room.send.${name}`),
    ];
    expect(Object.keys(description.operations).toSorted()).toEqual(expected.toSorted());
    expect(Object.keys(description.components.schemas)).toContain('kind.poll');
  });

  it('refers only to what it defines', () => {
    const refs = JSON.stringify(description).matchAll(/"\$ref":"#\/([^"]+)"/g);
    for (const [, path = ''] of refs) {
      const found = path
        .split('/')
        .reduce<unknown>(
          (at, key) => (at as Record<string, unknown> | undefined)?.[key],
          description,
        );
      expect(found, path).toBeTypeOf('object');
    }
  });

  it.each([
    ['room', 'tuples'],
    ['inbox', 'inbox-tuples'],
  ])('fits every example of docs/protocol.md of a %s', (channel, language) => {
    const page = readFileSync(join(PROJECT, 'docs', 'protocol.md'), 'utf8');
    const messages = validators(channel);
    const asked = new Map<string, string>();
    let count = 0;
    for (const { who, way, tuple } of examplesIn(page, language)) {
      const [name, ref] = tuple;
      if (way === '>') asked.set(`${who} ${String(tuple[2])}`, name);
      const isOpening = name === 'joined' || name === 'inbox';
      const event = isOpening ? name : `${name}.event`;
      const reply = `${asked.get(`${who} ${String(ref)}`)}.reply`;
      const key = way === '>' ? `${name}.command` : name === 'ack' ? reply : event;
      const validate = messages.get(key);
      expect(validate, key).toBeDefined();
      expect([tuple, validate!(tuple), validate!.errors]).toEqual([tuple, true, null]);
      count++;
    }
    expect(count).toBeGreaterThan(10);
  });

  it('describes the arguments of declared commands and signals', () => {
    const messages = validators('room');
    const vote = messages.get('vote.command')!;
    expect(vote(['vote', { seq: 1, option: 0 }, 7])).toBe(true);
    expect(vote(['vote', { seq: 1, option: 'first' }, 7])).toBe(false);
    const from = { roomId: 'r', userId: 'u', username: 'U' };
    expect(messages.get('cursor.event')!(['cursor', { x: 1, y: 2, ...from }])).toBe(true);
    expect(messages.get('cursor.event')!(['cursor', { x: 1, y: 2 }])).toBe(false);
  });
});

it('/openapi.json has a path for each declared command and signal, and the data of each kind', () => {
  const { paths, components } = JSON.parse(JSON.stringify(openApi('1.2.3', own))) as {
    paths: Record<
      string,
      { post: { requestBody: { content: Record<string, { schema: object }> } } }
    >;
    components: { schemas: Record<string, object> };
  };
  const bodyOf = (path: string) =>
    paths[`/rooms/{roomId}/${path}`]!.post.requestBody.content['application/json']!.schema;
  expect(bodyOf('commands/vote')).toMatchObject({
    properties: { data: { properties: { seq: { type: 'integer' }, option: { minimum: 0 } } } },
  });
  expect(bodyOf('signals/cursor')).toMatchObject({
    properties: { data: { required: ['x', 'y'] } },
  });
  expect(components.schemas['Kind.poll']).toMatchObject({ required: ['question', 'options'] });
});
