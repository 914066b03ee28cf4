import { describe, expect, it } from 'vitest';
import { Refusal } from '../../../src/protocol/codes/errors.ts';
import {
  ackLine,
  commandLine,
  eventLine,
  positionLine,
  readFrame,
} from '../../../src/protocol/frames.ts';
import { splitLines } from '../../support/split-lines.ts';
import { readSettings } from '../../../src/settings/settings.ts';

const { limits } = readSettings({}).settings;

const NO_TUPLE =
  'Send commands as JSON: ["<command>", payload] or ["<command>", payload, ref], one a line.';

function problemOf(text: string): unknown {
  try {
    readFrame(text, limits);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.problem;
    throw error;
  }
}

function deep(levels: number): string {
  return `["a",${'['.repeat(levels)}${']'.repeat(levels)}]`;
}

describe('a frame of a client', () => {
  it('holds one command or several, one a line', () => {
    expect(readFrame('["typing",{}]', limits)).toEqual([{ name: 'typing', payload: {} }]);
    expect(readFrame('["a",{"x":1},0]\n["b",null]', limits)).toEqual([
      { name: 'a', payload: { x: 1 }, ref: 0 },
      { name: 'b', payload: null },
    ]);
    expect(readFrame('["a",{},null]', limits)).toEqual([{ name: 'a', payload: {} }]);
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
  ])('that is %j is refused whole', (text) => {
    expect(problemOf(text)).toEqual({ code: 'invalid_payload', message: NO_TUPLE });
  });

  it.each(['-1', '1.5', '"1"', '9007199254740992', '[]'])('with the ref %s is refused', (ref) => {
    expect(problemOf(`["typing",{},${ref}]`)).toEqual({
      code: 'invalid_payload',
      message: 'ref must be a whole number from 0 on.',
      field: 'ref',
    });
  });

  it('holds at most 64 commands', () => {
    const lines = Array.from({ length: 64 }, () => '["typing",{}]');
    expect(readFrame(lines.join('\n'), limits)).toHaveLength(64);
    expect(problemOf([...lines, '["typing",{}]'].join('\n'))).toEqual({
      code: 'invalid_payload',
      message: 'Send at most 64 commands in one frame.',
    });
    expect(problemOf('\n'.repeat(60_000))).toMatchObject({ code: 'invalid_payload' });
  });

  it('is nested at most 16 levels deep, the tuple being the first', () => {
    expect(problemOf(deep(15))).toBeUndefined();
    expect(problemOf(deep(16))).toEqual({
      code: 'invalid_payload',
      message: 'Nest JSON at most 16 levels deep.',
    });
    expect(problemOf(deep(30_000))).toMatchObject({ code: 'invalid_payload' });
  });
});

describe('a line', () => {
  it('is a tuple without a raw newline', () => {
    expect(eventLine('message', { message: 'a\nb' })).toBe('["message",{"message":"a\\nb"}]');
    expect(ackLine(7, { ok: true })).toBe('["ack",7,{"ok":true}]');
    expect(positionLine('e-1_A:12')).toBe('["position","e-1_A:12"]');
  });

  it('has no character that any reader takes for the end of a line', () => {
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
