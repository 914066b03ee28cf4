import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, type ConnectOptions } from '../../src/client/index.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

const hosts = useHosts();

describe.each(['node', 'edge'] as const)('an audience at the %s host', (host) => {
  function clientOf(userId: string, options: Partial<ConnectOptions> = {}) {
    const client = connect({ url: hosts[host].url, token: () => tokenFor(userId), ...options });
    onTestFinished(() => client.close());
    return client;
  }

  test('[PRES6] receives messages and a number, and no names', async () => {
    const roomId = newRoom();
    const sent: unknown[][] = [];
    /** A socket that keeps what its client sends, without pings. */
    class Watched extends WebSocket {
      override send(data: string): void {
        if (data !== 'ping') sent.push(JSON.parse(data) as unknown[]);
        super.send(data);
      }
    }
    const speaker = clientOf('speaker').room(roomId);
    await speaker.send('welcome');
    const listener = clientOf('listener', { WebSocket: Watched as never }).room(roomId, {
      quiet: true,
    });
    const heard: string[] = [];
    for (const name of ['userJoined', 'userLeft', 'typing', 'readReceipts'] as const)
      listener.on(name, () => heard.push(name));
    await expect.poll(() => listener.state.messages.length).toBe(1);
    expect(listener.state).toMatchObject({ online: [], onlineCount: 2 });

    // The first message puts the user on the room's list; then the client joins again to learn about itself.
    await listener.send('hello');
    await expect.poll(() => sent.filter(([name]) => name === 'joinRoom')).toHaveLength(1);
    const third = clientOf('third').room(roomId);
    await expect.poll(() => speaker.state.online.length).toBe(3);
    await expect.poll(() => listener.state.onlineCount).toBe(3);
    third.typing();
    await third.send('good evening');
    await expect.poll(() => listener.state.messages.length).toBe(3);
    expect([listener.state.online, heard]).toEqual([[], []]);
    // A small number is no reason for the client to ask for names.
    expect(sent.map(([name]) => name)).toEqual(['message', 'joinRoom']);
    expect(sent[1]?.[1]).toEqual({ quiet: true });
  });
});
