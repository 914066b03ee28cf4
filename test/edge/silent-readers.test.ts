import { exports } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { fallsAsleep, newRoom, sleep, tokenOf, within } from './client.ts';

describe('a room with readers only', () => {
  it('sleeps under 50 streams, and wakes for all of them', async () => {
    const roomId = newRoom();
    await send(roomId, 'before');
    const readers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => follow(roomId, `reader ${at}`)),
    );
    for (const reader of readers) await reader.until('before');
    // Only waiting can show that nothing keeps the room awake.
    await fallsAsleep(roomId);

    await send(roomId, 'after');
    for (const reader of readers) {
      const text = await reader.until('after');
      expect(text.match(/^event: /gm)).toHaveLength(2);
      await reader.close();
    }
  });

  it('sleeps under a waiting poll, which is answered when it wakes', async () => {
    const roomId = newRoom();
    await send(roomId, 'before');
    const standing = (await (await ask(roomId, '/events')).json()) as { position: string };
    const waiting = ask(roomId, `/events?since=${standing.position}`);
    // The poll has joined once the room holds a socket for it.
    await within(roomId, async (_, state) => {
      while (state.getWebSockets().length === 0) await new Promise((done) => setTimeout(done, 5));
    });
    const awake = await instanceOf(roomId);
    await sleep(roomId);
    await send(roomId, 'after');
    expect(await instanceOf(roomId)).not.toBe(awake);
    const { events } = (await (await waiting).json()) as { events: [string, object][] };
    expect(events).toMatchObject([['message', { message: 'after' }]]);
  });
});

function instanceOf(roomId: string): Promise<string> {
  return within(roomId, (object) => object.instance);
}

async function ask(roomId: string, path: string, init: RequestInit = {}): Promise<Response> {
  const { headers, ...rest } = init;
  const token = await tokenOf({ sub: 'reader', name: 'reader' });
  return exports.default.fetch(`http://chat/rooms/${roomId}${path}`, {
    ...rest,
    headers: { authorization: `Bearer ${token}`, ...(headers as Record<string, string>) },
  });
}

async function send(roomId: string, message: string): Promise<void> {
  const response = await ask(roomId, '/messages', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message }),
  });
  expect(response.status).toBe(201);
}

async function follow(roomId: string, userId: string) {
  const token = await tokenOf({ sub: userId, name: userId });
  const response = await exports.default.fetch(`http://chat/rooms/${roomId}/events?since=0:0`, {
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
  });
  expect(response.status).toBe(200);
  const reader = response.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  const decoder = new TextDecoder();
  let text = '';
  return {
    /** Waits until the stream has that word. @returns everything received so far */
    async until(word: string): Promise<string> {
      while (!text.includes(word)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`The stream ended before "${word}": ${text}`);
        text += decoder.decode(value, { stream: true });
      }
      return text;
    },
    close: () => reader.cancel(),
  };
}
