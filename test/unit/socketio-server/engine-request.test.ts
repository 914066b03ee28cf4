import { describe, expect, it } from 'vitest';
import { readEngineRequest, refusalReply } from '../../../src/socketio-server/engine-request.ts';

const SID = 'abcdefghijklmnopqrst_-';

function read(method: string, query: string, upgrade = false): unknown {
  return readEngineRequest(method, new URLSearchParams(query), upgrade);
}

describe('a request to an Engine.IO path', () => {
  it('opens a session by polling or by a WebSocket', () => {
    for (const query of ['EIO=4&transport=polling', 'EIO=4&transport=polling&sid='])
      expect(read('GET', query)).toEqual({ kind: 'open', transport: 'polling' });
    expect(read('GET', 'EIO=4&transport=websocket', true)).toEqual({
      kind: 'open',
      transport: 'websocket',
    });
  });

  it('names the session it belongs to', () => {
    expect(read('GET', `EIO=4&transport=polling&sid=${SID}`)).toEqual({ kind: 'poll', sid: SID });
    expect(read('POST', `EIO=4&transport=polling&sid=${SID}`)).toEqual({ kind: 'post', sid: SID });
    expect(read('GET', `EIO=4&transport=websocket&sid=${SID}`, true)).toEqual({
      kind: 'upgrade',
      sid: SID,
    });
  });

  it.each([
    ['GET', 'EIO=4', false, 'unknown transport'],
    ['GET', 'EIO=4&transport=abc', false, 'unknown transport'],
    ['GET', 'EIO=4&transport=__proto__', false, 'unknown transport'],
    ['GET', 'transport=polling', false, 'unsupported protocol version'],
    ['GET', 'EIO=3&transport=polling', false, 'unsupported protocol version'],
    ['POST', 'EIO=4&transport=polling', false, 'bad handshake method'],
    ['PUT', 'EIO=4&transport=polling', false, 'bad handshake method'],
    ['GET', 'EIO=4&transport=websocket', false, 'bad request'],
    ['GET', 'EIO=4&transport=polling', true, 'bad request'],
    ['GET', 'EIO=4&transport=polling&sid=abc', false, 'unknown sid'],
    ['GET', `EIO=4&transport=polling&sid=${SID}%00`, false, 'unknown sid'],
    ['GET', `EIO=3&transport=polling&sid=${SID}`, false, 'bad request'],
    ['GET', `EIO=4&transport=websocket&sid=${SID}`, false, 'bad request'],
    ['PUT', `EIO=4&transport=polling&sid=${SID}`, false, 'bad request'],
  ])('is refused: %s ?%s, upgrade %s: %s', (method, query, upgrade, error) => {
    expect(read(method, query, upgrade)).toEqual({ kind: 'refused', error });
  });

  it("is refused with the official server's error messages", () => {
    expect(refusalReply('unknown sid')).toEqual({
      status: 400,
      contentType: 'application/json',
      body: '{"code":1,"message":"Session ID unknown"}',
    });
    expect(refusalReply('forbidden').status).toBe(403);
  });
});
