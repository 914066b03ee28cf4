import { describe, expect, it } from 'vitest';
import {
  ackLine,
  ackRef,
  commandLine,
  controlLine,
  eventLine,
  eventName,
  gatheredLine,
  isEphemeral,
  isJoined,
  isRefused,
  isReply,
  isSignal,
  joinReplyIn,
  payloadIn,
  payloadText,
  positionLine,
  problemIn,
  readControl,
  readFrame,
  replyIn,
  resultIn,
  type Result,
  revOf,
  signalKey,
  splitFrame,
} from '../../../src/protocol/frames.ts';
import { problemOf } from '../../support/refusals.ts';
import { splitLines } from '../../support/split-lines.ts';
import { readSettings } from '../../../src/settings/settings.ts';

const { limits } = readSettings({}).settings;

const NO_TUPLE =
  'Send commands as JSON: ["<command>", payload] or ["<command>", payload, ref], one a line.';

function frameProblem(text: string): unknown {
  return problemOf(() => readFrame(text, limits));
}

function deep(levels: number): string {
  return `["a",${'['.repeat(levels)}${']'.repeat(levels)}]`;
}

describe('a frame of a client', () => {
  it('[WIRE2] holds one or more commands, one a line', () => {
    expect(readFrame('["typing",{}]', limits)).toEqual([{ name: 'typing', payload: {} }]);
    expect(readFrame('["a",{"x":1},0]\n["b",null]', limits)).toEqual([
      { name: 'a', payload: { x: 1 }, ref: 0 },
      { name: 'b', payload: null },
    ]);
    expect(readFrame('["a",{},null]', limits)).toEqual([{ name: 'a', payload: {} }]);
  });

  it('[SIG2] holds signals of several arguments, which end with a ref or null', () => {
    const [one, two] = readFrame('["a","x",[1],null,7]\n["a",1,2,null]', limits);
    expect(one).toEqual({ name: 'a', payload: 'x', more: [[1], null], ref: 7 });
    expect(two).toEqual({ name: 'a', payload: 1, more: [2] });
    expect(readFrame(commandLine(one!), limits)).toEqual([one]);
    expect(readFrame(commandLine(two!), limits)).toEqual([two]);
  });

  it.each([
    '',
    ' ',
    '{}',
    '[]',
    '["typing"]',
    '["typing",{},1,2]',
    '[1,{}]',
    '[null,{}]',
    '["typing",{}]\n',
    '["typing",{}]\n\n["typing",{}]',
    '["typing",{}',
    'ping ',
    '["typing",{}]["typing",{}]',
  ])('is refused whole if it is %j', (text) => {
    expect(frameProblem(text)).toEqual({ code: 'invalid_payload', message: NO_TUPLE });
  });

  it.each(['-1', '1.5', '"1"', '9007199254740992', '[]'])('is refused with the ref %s', (ref) => {
    expect(frameProblem(`["typing",{},${ref}]`)).toEqual({
      code: 'invalid_payload',
      message: 'ref must be a whole number from 0 on.',
      field: 'ref',
    });
  });

  it('holds at most 64 commands', () => {
    const lines = Array.from({ length: 64 }, () => '["typing",{}]');
    expect(readFrame(lines.join('\n'), limits)).toHaveLength(64);
    expect(frameProblem([...lines, '["typing",{}]'].join('\n'))).toEqual({
      code: 'invalid_payload',
      message: 'Send at most 64 commands in one frame.',
    });
    expect(frameProblem('\n'.repeat(60_000))).toMatchObject({ code: 'invalid_payload' });
  });

  it('[LIM8] is nested at most 16 levels deep, counted from the tuple', () => {
    expect(frameProblem(deep(15))).toBeUndefined();
    expect(frameProblem(deep(16))).toEqual({
      code: 'invalid_payload',
      message: 'Nest JSON at most 16 levels deep.',
    });
    expect(frameProblem(deep(30_000))).toMatchObject({ code: 'invalid_payload' });
  });
});

describe('a line', () => {
  it('is a tuple without a raw newline', () => {
    expect(eventLine('message', { message: 'a\nb' })).toBe('["message",{"message":"a\\nb"}]');
    expect(ackLine(7, { ok: true })).toBe('["ack",7,{"ok":true}]');
    expect(positionLine('e-1_A:12')).toBe('["position","e-1_A:12"]');
  });

  it('[WIRE3] has no character that any reader treats as a line end', () => {
    const message = 'a\n\v\f\r\u001c\u001d\u001e\u0085\u2028\u2029b';
    const result = { ok: true as const, message };
    for (const line of [eventLine('message', { message }), ackLine(1, result)]) {
      expect(splitLines(line)).toEqual([line]);
      expect(line).toContain(String.raw`\u0085\u2028\u2029b`);
      expect((JSON.parse(line) as unknown[]).at(-1)).toMatchObject({ message });
    }
  });

  it('of a command reads back as that command', () => {
    for (const command of [
      { name: 'message', payload: { message: '\u2028"\\\n' }, ref: 3 },
      { name: 'typing', payload: {} },
    ]) {
      expect(readFrame(commandLine(command), limits)).toEqual([command]);
    }
  });
});

describe('reading a line', () => {
  const reply = { position: 'e:3' };
  const joined = eventLine('joined', { ok: true, ...reply });
  const refused = ackLine(12, {
    ok: false,
    error: { code: 'conflict', message: 'a, "b"]' },
  });
  const message = eventLine('message', { rev: 7, message: '["ack",1,' });

  it('distinguishes replies from events', () => {
    expect([joined, refused, message].map(isReply)).toEqual([true, true, false]);
    expect([joined, refused, message].map(isJoined)).toEqual([true, false, false]);
    expect([joined, refused, message].map(ackRef)).toEqual([undefined, 12, undefined]);
  });

  it('finds the result of a reply, and whether it is a refusal', () => {
    expect(joinReplyIn(joined)).toEqual({ ok: true, ...reply });
    const problem = { code: 'conflict', message: 'a, "b"]' };
    const result = JSON.stringify({ ok: false, error: problem });
    expect(replyIn(refused)).toEqual({ ref: 12, result });
    expect(replyIn(joined)).toEqual({ result: '{"ok":true,"position":"e:3"}' });
    const results = [joined, refused].map((line) => replyIn(line)!.result);
    expect(results.map(isRefused)).toEqual([false, true]);
  });

  it('finds the name and the payload of an event', () => {
    expect(eventName(message)).toBe('message');
    expect(payloadText(message)).toBe(String.raw`{"rev":7,"message":"[\"ack\",1,"}`);
    expect(payloadIn<'message'>(message)).toEqual({ rev: 7, message: '["ack",1,' });
  });

  it('finds the rev of durable events only', () => {
    const lines = ['message', 'messageUpdated', 'reactionsUpdated', 'typing', 'roomUpdated'];
    expect(lines.map((name) => revOf(eventLine(name, { rev: 7 })))).toEqual([
      7,
      7,
      7,
      undefined,
      undefined,
    ]);
    expect([joined, refused].map(revOf)).toEqual([undefined, undefined]);
  });

  it('[WIRE6] separates the position line from a frame', () => {
    expect(splitFrame(`${message}\n${joined}\n${positionLine('e-1_A:12')}`)).toEqual({
      lines: [message, joined],
      position: 'e-1_A:12',
    });
    expect(splitFrame(message)).toEqual({ lines: [message], position: undefined });
  });
});

describe('the line of a signal', () => {
  it('is known by its name, and is ephemeral', () => {
    const lines = ['["cursor",{}]', '["typing",{}]', '["message",{}]', '["error",{}]'];
    const replies = ['["ack",1,{"ok":true}]', '["joined",{"ok":true}]', '["inbox",{"ok":true}]'];
    const ofInboxes = ['["conversationUpdated",{}]', '["inboxTotals",{}]'];
    const all = [...lines, ...replies, ...ofInboxes];
    expect(all.filter(isSignal)).toEqual(['["cursor",{}]']);
    expect(all.filter(isEphemeral)).toEqual(['["cursor",{}]', '["typing",{}]']);
  });

  it.each([
    ['an object', [{ x: 1, userId: 'alice' }, { userId: 'bob' }]],
    ['a text', ['hello', { userId: 'bob' }, { userId: 'alice' }]],
    ['a list', [[1, { userId: 'bob' }], { userId: 'alice' }]],
    ['null', [null, { userId: 'alice' }]],
  ])('[SIG4] names its sender when its first argument is %s', (_, args) => {
    expect(signalKey(eventLine('cursor', ...args))).toBe('["alice","cursor"]');
  });
});

describe('other lines', () => {
  it('carry control data, which no command can be mistaken for', () => {
    const identity = { userId: 'alice', name: '{"renew"' };
    for (const control of [{ renew: identity }, { lags: true as const }])
      expect(readControl(controlLine(control))).toEqual(control);
    for (const line of [commandLine({ name: '{', payload: { renew: identity } }), '["{",{}]']) {
      expect(readControl(line)).toBe(undefined);
    }
  });

  it('gather several events in one', () => {
    const lines = [eventLine('typing', { a: 1 }), eventLine('message', { b: '"],["' })];
    expect(JSON.parse(gatheredLine(lines))).toEqual([
      'events',
      [
        ['typing', { a: 1 }],
        ['message', { b: '"],["' }],
      ],
    ]);
  });

  it('hold a result or a problem', () => {
    const error = { code: 'muted', message: 'Wait.' } as const;
    expect(resultIn(ackLine(3, { ok: true, a: '\u2028' } as Result))).toEqual({
      ok: true,
      a: '\u2028',
    });
    expect(problemIn(replyIn(ackLine(3, { ok: false, error }))!.result)).toEqual(error);
    expect(problemIn(replyIn(ackLine(3, { ok: true }))!.result)).toBe(undefined);
  });
});
