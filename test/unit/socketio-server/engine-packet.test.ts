import { describe, expect, it } from 'vitest';
import {
  decodeBody,
  decodeFrame,
  encodeBody,
  encodeFrame,
  encodeMessages,
  packetIn,
} from '../../../src/socketio-server/engine-packet.ts';

const BYTES = Uint8Array.from([1, 2, 3, 4]);

describe('Engine.IO packets', () => {
  it('are text frames, or bytes as they are', () => {
    expect(encodeFrame({ type: 'message', data: 'hé' })).toBe('4hé');
    expect(encodeFrame({ type: 'message', data: '' })).toBe('4');
    expect(encodeFrame({ type: 'message', data: BYTES })).toBe(BYTES);
    expect(encodeFrame({ type: 'noop' })).toBe('6');
  });

  it('can share a body, with bytes as base64', () => {
    const body = encodeBody(['4a', BYTES, BYTES.buffer, '1']);
    expect(body).toBe('4a\x1ebAQIDBA==\x1ebAQIDBA==\x1e1');
  });

  it('encode more bytes as base64 than a call may have arguments', () => {
    const bytes = new Uint8Array(300_000).map((_, i) => i);
    const expected = `b${Buffer.from(bytes).toString('base64')}`;
    expect(encodeBody([bytes])).toBe(expected);
  });

  it('are read from frames', () => {
    expect(decodeFrame('4hello')).toEqual({ type: 'message', data: 'hello' });
    expect(decodeFrame('4')).toEqual({ type: 'message', data: '' });
    expect(decodeFrame('2probe')).toEqual({ type: 'ping', data: 'probe' });
    expect(decodeFrame(BYTES.buffer)).toEqual({ type: 'message', data: BYTES.buffer });
    expect(decodeFrame('bAQIDBA==')).toEqual({ type: 'message', data: BYTES.buffer });
    expect(decodeFrame('abc').type).toBe('error');
    expect(decodeFrame('').type).toBe('error');
  });

  it('are read from a body up to the first malformed one', () => {
    expect(decodeBody('4a\x1ebAQIDBA==\x1e3')).toEqual([
      { type: 'message', data: 'a' },
      { type: 'message', data: BYTES.buffer },
      { type: 'pong' },
    ]);
    expect(decodeBody('4a\x1ex\x1e4b').map(({ type }) => type)).toEqual(['message', 'error']);
    expect(decodeBody('').map(({ type }) => type)).toEqual(['error']);
  });

  it('of messages are encoded once, and their size is that of their frames', () => {
    expect(encodeMessages(['hé', BYTES])).toEqual({ frames: ['4hé', BYTES], bytes: 8 });
  });

  it('are read from our own frames, where a view of bytes stays that view', () => {
    const view = BYTES.subarray(1, 3);
    expect(packetIn(view)).toEqual({ type: 'message', data: view });
    expect(['4', '4hé', '2', '6'].map(packetIn)).toEqual([
      { type: 'message', data: '' },
      { type: 'message', data: 'hé' },
      { type: 'ping' },
      { type: 'noop' },
    ]);
  });
});
