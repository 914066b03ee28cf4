import type * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { READS_ONLY } from '../../../src/protocol/codes/reading.ts';
import {
  commandNames,
  type OperationName,
  operationNames,
  operations,
  traits,
} from '../../../src/protocol/commands.ts';
import { assertCommandName, isOptionalField, readPayload } from '../../../src/protocol/payloads.ts';
import { problemOf } from '../../support/refusals.ts';

describe('an invalid payload', () => {
  const misfits: [OperationName, unknown, string, string][] = [
    ['joinRoom', null, 'payload', 'must be a JSON object'],
    ['joinRoom', [], 'payload', 'must be a JSON object'],
    ['message', 'hello', 'payload', 'must be a JSON object'],
    ['message', undefined, 'payload', 'must be a JSON object'],
    ['typing', 7, 'payload', 'must be a JSON object'],
    ['joinRoom', { roomId: 7 }, 'roomId', 'must be a string'],
    ['joinRoom', { roomId: '' }, 'roomId', 'must not be empty'],
    ['joinRoom', { roomId: ' r' }, 'roomId', 'must not begin or end with a space'],
    [
      'joinRoom',
      { since: 'x' },
      'since',
      'must be a position as a join reply gave it, such as "0:0"',
    ],
    ['joinRoom', { since: 3 }, 'since', 'must be a position'],
    ['joinRoom', { history: 101 }, 'history', 'must be a whole number from 0 to 100'],
    ['joinRoom', { history: -1 }, 'history', 'must be a whole number from 0 to 100'],
    ['joinRoom', { history: 1.5 }, 'history', 'must be a whole number from 0 to 100'],
    ['joinRoom', { history: '5' }, 'history', 'must be a whole number from 0 to 100'],
    ['joinRoom', { gather: 1 }, 'gather', 'must be true or false'],
    ['message', {}, 'message', 'must be a string'],
    ['message', { message: '' }, 'message', 'must not be empty'],
    ...[' ', '\n\n', '\u0000', '\u200B', '\u3164', '\u2800', '\u200D\uFE0F'].flatMap(
      (message): [OperationName, unknown, string, string][] => [
        ['message', { message }, 'message', 'must have something to read'],
      ],
    ),
    ['editMessage', { seq: 1, mentions: ['bob'] }, 'message', 'must be a string'],
    [
      'editMessage',
      { seq: 1, message: 'a', mentions: 'bob' },
      'mentions',
      'must be a list of user ids',
    ],
    ['editMessage', { seq: 1, message: 'a', meta: [] }, 'meta', 'must be a JSON object'],
    ['message', { message: { text: 'a' } }, 'message', 'must be a string'],
    ['message', { message: 'a', id: '' }, 'id', 'must not be empty'],
    ['message', { message: 'a', id: 5 }, 'id', 'must be a string'],
    ['message', { message: 'a', id: 'x'.repeat(65) }, 'id', 'must be at most 64 characters'],
    ['message', { message: 'a', mentions: ['..'] }, 'mentions.0', 'must not be "." or ".."'],
    ['setRole', { userId: '..', role: 'member' }, 'userId', 'must not be "." or ".."'],
    ['banMember', { userId: '.' }, 'userId', 'must not be "." or ".."'],
    ['typing', { isTyping: 'yes' }, 'isTyping', 'must be true or false'],
    ['getHistory', { limit: 0 }, 'limit', 'must be a whole number from 1 to 100'],
    ['getHistory', { limit: 101 }, 'limit', 'must be a whole number from 1 to 100'],
    ['getHistory', { before: 0 }, 'before', 'must be a whole number from 1 on'],
    ['getHistory', { after: -1 }, 'after', 'must be a whole number from 0 on'],
    ['getHistory', { around: 1e300 }, 'around', 'must be a whole number from 1 on'],
    [
      'getHistory',
      { before: 3, around: 3 },
      'before',
      'goes with none of after, around and at: name one of the four',
    ],
    [
      'getHistory',
      { after: 0, at: 0 },
      'before',
      'goes with none of after, around and at: name one of the four',
    ],
    ['getHistory', { at: -1 }, 'at', 'must be a whole number from 0 on'],
    ['getHistory', { at: '2026-11-27' }, 'at', 'must be a whole number from 0 on'],
    ['pinMessage', {}, 'seq', 'must be a whole number from 1 on'],
    ['unpinMessage', { seq: 0 }, 'seq', 'must be a whole number from 1 on'],
    ['getMissed', {}, 'after', 'must be a position'],
    ['getMissed', { after: '0:0', limit: 501 }, 'limit', 'must be a whole number from 1 to 500'],
    ['getMembers', { limit: 101 }, 'limit', 'must be a whole number from 1 to 100'],
    ['getMembers', { after: '' }, 'after', 'must not be empty'],
    ['getMembers', { online: 'true' }, 'online', 'must be true or false'],
    ['getMembers', { prefix: '' }, 'prefix', 'must not be empty'],
    ['getMembers', { prefix: 'x'.repeat(65) }, 'prefix', 'must be at most 64 characters'],
    [
      'getMembers',
      { prefix: 'a', after: 'b' },
      'after',
      'does not go with prefix: type more of the name to find fewer',
    ],
  ];

  it.each(misfits)('%s %j is refused for %s: it %s', (name, payload, field, why) => {
    expect(problemOf(() => readPayload(name, payload))).toEqual({
      code: 'invalid_payload',
      message: `${field} ${why}.`,
      field,
    });
  });
});

describe('a payload', () => {
  it('[WIRE9] loses its unknown fields', () => {
    const payload = { message: 'a', senderId: 'somebody else', seq: 9, rev: 9, timestamp: 1 };
    expect(readPayload('message', payload)).toEqual({ message: 'a' });
  });

  it('may have a claimed name of any form, which is validated only where it is used', () => {
    expect(readPayload('message', { message: 'a', sender: 7 })).toEqual({
      message: 'a',
      sender: 7,
    });
    expect(readPayload('joinRoom', { username: [] })).toEqual({ username: [] });
  });
});

/** The smallest valid payload of each operation. */
const least: Record<OperationName, object> = {
  joinRoom: {},
  leaveRoom: {},
  message: { message: 'a' },
  appendMessage: { seq: 1, offset: 0, text: 'a' },
  finishMessage: { seq: 1 },
  runCommand: { name: 'vote' },
  stopMessage: { seq: 1 },
  typing: {},
  getHistory: {},
  getMissed: { after: '0:0' },
  getMembers: {},
  editMessage: { seq: 1, message: 'a' },
  deleteMessage: { seq: 1 },
  addReaction: { seq: 1, emoji: '👍' },
  removeReaction: { seq: 1, emoji: '👍' },
  getReactions: { seq: 1 },
  searchMessages: { query: 'a' },
  markRead: { readUpTo: 1 },
  updateRoom: {},
  setRole: { userId: 'bob', role: 'member' },
  kickMember: { userId: 'bob' },
  banMember: { userId: 'bob' },
  unbanMember: { userId: 'bob' },
  muteMember: { userId: 'bob' },
  unmuteMember: { userId: 'bob' },
  pinMessage: { seq: 1 },
  unpinMessage: { seq: 1 },
  getPins: {},
  sendSignal: { name: 'wave' },
  getRoom: {},
  getChanges: { after: '0:0' },
  getMessage: { seq: 1 },
  getAudit: {},
  deleteRoom: {},
  reopenRoom: {},
  eraseUser: { userId: 'bob' },
  getConversation: { userId: 'bob' },
  getNotice: { userId: 'bob' },
  exportUser: { userId: 'bob' },
  setReading: {},
  quitRoom: {},
  peekDirect: { userId: 'bob', other: 'alice' },
  prepareDirect: {},
  openDirect: { userId: 'bob', other: 'alice' },
  setBlocked: { userId: 'bob', blocked: true },
  tellRoom: {},
  exportRoom: {},
  importRoom: { text: '', line: 1 },
  importFile: { fileId: 'a', size: 1 },
  reserveFile: { name: 'a', size: 1 },
  completeFile: { fileId: 'a', type: 'image/png', sha256: 'a' },
  dropFile: { fileId: 'a' },
  sweepFiles: { keys: [] },
  getFile: { fileId: 'a' },
  makeIncoming: { name: 'a', keyHash: 'a' },
  getIncoming: {},
  revokeIncoming: { id: 'a' },
  sayIncoming: { keyHash: 'a', text: 'a' },
};

/** Every field of every operation. */
const fields = operationNames.flatMap((name) =>
  Object.entries<z.ZodType>(operations[name].payload.shape).map(([field, schema]) => ({
    name,
    field,
    isOptional: schema.safeParse(undefined).success,
  })),
);

describe('null', () => {
  // Optional fields in `least`, such as the text of a message without a kind, are needed there.
  const optional = fields.filter(
    ({ name, field, isOptional }) => isOptional && !Object.hasOwn(least[name], field),
  );
  const needed = fields.filter(({ isOptional }) => !isOptional);

  it.each(optional)('[WIRE9] in the optional $field of $name counts as absent', (about) => {
    const { name, field } = about;
    const read = readPayload(name, { ...least[name], [field]: null });
    expect(Object.hasOwn(read, field)).toBe(field === 'retentionDays');
    expect(read).toEqual({
      ...readPayload(name, least[name]),
      // The one field in which null has a meaning: keep messages for ever.
      ...(field === 'retentionDays' && { retentionDays: null }),
    });
    expect(isOptionalField(name, field)).toBe(true);
  });

  it.each(needed)(
    '[WIRE9] in $field of $name, which is required, is refused',
    ({ name, field }) => {
      const problem = problemOf(() => readPayload(name, { ...least[name], [field]: null }));
      expect(problem).toMatchObject({ code: 'invalid_payload', field });
      expect(isOptionalField(name, field)).toBe(false);
    },
  );

  it('[WIRE9] is kept in nested fields', () => {
    const meta = { a: null, b: [null, { c: null }] };
    expect(readPayload('message', { message: 'a', meta })).toEqual({ message: 'a', meta });
    expect(problemOf(() => readPayload('message', { message: 'a', mentions: [null] }))).toEqual({
      code: 'invalid_payload',
      message: 'mentions.0 must be a string.',
      field: 'mentions.0',
    });
  });

  it('leaves the given payload unchanged', () => {
    const payload = { message: 'a', id: null, replyTo: 1 };
    expect(readPayload('message', payload)).toEqual({ message: 'a', replyTo: 1 });
    expect(payload).toEqual({ message: 'a', id: null, replyTo: 1 });
  });
});

describe('a command name', () => {
  it.each(['joinRoom', 'leaveRoom', 'message', 'typing', 'getHistory', 'getMissed', 'getMembers'])(
    'may be %s',
    (name) => {
      expect(problemOf(() => assertCommandName(name))).toBeUndefined();
    },
  );

  it.each(['', 'Message', 'getRoom', '__proto__', 'constructor', 'toString', 'joined', 'ack'])(
    'cannot be %j',
    (name) => {
      expect(problemOf(() => assertCommandName(name))).toMatchObject({ code: 'unknown_command' });
    },
  );
});

describe('the table of operations', () => {
  const routed = operationNames.filter((name) => traits.get(name)?.route !== undefined);

  it('gives reading commands names that a client recognises without the table', () => {
    const reading = commandNames.filter((name) => traits.get(name)?.route?.startsWith('GET '));
    expect(commandNames.filter((name) => READS_ONLY.test(name))).toEqual(reading);
  });

  it('has a summary for every route, and a route for every operation of HTTP only', () => {
    for (const name of routed) expect(traits.get(name)?.summary, name).toMatch(/^[A-Z].+\.$/);
    const ofHttp = operationNames.filter((name) => traits.get(name)?.via === 'http');
    expect(ofHttp.filter((name) => !routed.includes(name))).toEqual([]);
    expect(commandNames.filter((name) => ofHttp.includes(name))).toEqual([]);
  });

  it.each(routed)('has only required fields in the path of %s', (name) => {
    const fields = [...(traits.get(name)?.route ?? '').matchAll(/:(\w+)/g)];
    for (const [, field = ''] of fields) {
      expect(Object.keys(operations[name].payload.shape)).toContain(field);
      expect(isOptionalField(name, field)).toBe(false);
    }
  });

  it('has costs of commands, and no entry for names such as "constructor"', () => {
    expect(traits.get('constructor')).toBe(undefined);
    expect(traits.get('joinRoom')?.cost).toBe(10);
  });
});
