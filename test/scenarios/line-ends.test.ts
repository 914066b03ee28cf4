import { expect, it } from 'vitest';
import type { HostName } from '../../src/settings/declarations.ts';
import { ask } from '../support/http-client.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { rawSocket } from '../support/raw-socket.ts';
import { splitLines } from '../support/split-lines.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

const hosts = useHosts();

const TEXT = 'a\u0085b\u2028c\u2029d\u000be\u001ef é😀';

it.each<HostName>(['node', 'edge'])(
  '[WIRE2] [WIRE3] no text in a message breaks a line of a stream, an export or a frame of the %s host',
  async (name) => {
    const { url } = hosts[name];
    const roomId = newRoom();
    const token = await tokenFor('alice', { admin: true });
    const headers = { authorization: `Bearer ${token}` };
    const native = rawSocket(`${url}/rooms/${roomId}/ws`, headers);
    await native.frame((frame) => frame.startsWith('["joined"'));
    const visitor = new HttpVisitor(url, token);
    const body = { message: TEXT, meta: { [TEXT]: TEXT } };
    expect((await visitor.ask('POST', roomId, '/messages', { body })).status).toBe(201);

    const frame = await native.frame((text) => text.startsWith('["message"'));
    native.socket.terminate();
    const [line = '', position = '', ...others] = splitLines(frame);
    expect([JSON.parse(line), JSON.parse(position), others]).toMatchObject([
      ['message', body],
      ['position', expect.any(String)],
      [],
    ]);

    const exported = await ask(url, `/rooms/${roomId}/export`, { headers });
    expect(exported.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    const lines = splitLines(exported.text);
    expect(lines.map((one) => (JSON.parse(one) as { type: string }).type)).toEqual([
      'export',
      'message',
      'member',
      'end',
    ]);
    expect(JSON.parse(lines[1]!)).toMatchObject(body);

    const abort = new AbortController();
    const stream = await fetch(`${url}/rooms/${roomId}/events?since=0:0`, {
      headers: { ...headers, accept: 'text/event-stream' },
      signal: abort.signal,
    });
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    let text = '';
    for await (const chunk of stream.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (/^data: .*\n\n/m.test(text)) break;
    }
    abort.abort();
    const data = splitLines(text).find((one) => one.startsWith('data: '))!;
    expect(JSON.parse(data.slice('data: '.length))).toMatchObject(body);
  },
);
