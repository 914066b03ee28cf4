import { describe, expect, it } from 'vitest';
import { assertPlain, depthOfText } from '../../../src/protocol/shape.ts';
import { problemOf } from '../../support/refusals.ts';

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

describe('the depth of a JSON text', () => {
  it.each([
    ['', 0],
    ['1', 0],
    ['"[[["', 0],
    ['[]', 1],
    ['{}', 1],
    ['[{"a":[]}]', 3],
    ['[[],[],[[]]]', 3],
    [String.raw`["\"[[[[",[]]`, 2],
    [String.raw`["\\",[[]]]`, 3],
    ['["a",{}]\n["b",{"c":{}}]', 3],
  ])('of %s is %i', (text, depth) => {
    expect(depthOfText(text)).toBe(depth);
  });

  it('is counted without recursion', () => {
    expect(depthOfText('['.repeat(1_000_000))).toBe(1_000_000);
  });
});

describe('a payload', () => {
  it.each([[{}], [null], ['text'], [{ a: [1, 'b', null, { c: true }] }], [nested(8)]])(
    'may be %j',
    (value) => {
      expect(problemOf(() => assertPlain(value, 16))).toBeUndefined();
    },
  );

  it('of 100,000 levels is refused without a stack overflow', () => {
    expect(problemOf(() => assertPlain(nested(100_000), 16))).toEqual({
      code: 'invalid_payload',
      message: 'Nest JSON at most 16 levels deep.',
    });
  });

  it.each(['__proto__', 'constructor', 'prototype'])(
    '[WIRE8] cannot contain the key %s anywhere',
    (key) => {
      const value: unknown = JSON.parse(`{"roomId":"r","a":[{"b":{"${key}":{"x":1}}}]}`);
      expect(problemOf(() => assertPlain(value, 16))).toEqual({
        code: 'invalid_payload',
        message: `${key} is not allowed as a key.`,
        field: key,
      });
    },
  );

  it('[WIRE8] cannot contain a lone surrogate, in a text or in a key', () => {
    expect(problemOf(() => assertPlain({ a: { b: 'x\uD800' } }, 16))).toEqual({
      code: 'invalid_payload',
      message: 'a.b must be well-formed Unicode.',
      field: 'a.b',
    });
    expect(problemOf(() => assertPlain({ 'x\uDC00': 1 }, 16))).toMatchObject({
      code: 'invalid_payload',
      message: 'A key must be well-formed Unicode.',
    });
    expect(problemOf(() => assertPlain('\uD800', 16))).toMatchObject({ field: 'payload' });
  });

  it('cannot contain values outside of JSON', () => {
    expect(problemOf(() => assertPlain({ a: new Uint8Array(1) }, 16))).toEqual({
      code: 'invalid_payload',
      message: 'a must be JSON, not binary.',
      field: 'a',
    });
    expect(problemOf(() => assertPlain({ a: new Map() }, 16))).toMatchObject({ field: 'a' });
  });

  it('names a field of at most 128 characters', () => {
    const value = { ['k'.repeat(5_000)]: '\uD800' };
    expect(problemOf(() => assertPlain(value, 16))).toMatchObject({ field: 'k'.repeat(128) });
  });
});
