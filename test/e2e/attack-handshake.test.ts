import { describe, expect, it, onTestFinished } from 'vitest';
import {
  BareConnection,
  type FrameParts,
  frameOf,
  upgradeRequest,
} from '../support/bare-connection.ts';
import { BackgroundTraffic } from '../support/background-traffic.ts';
import { ask } from '../support/http-client.ts';
import { useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

const hosts = useHosts();

/** A Close frame after the head of the upgrade. */
const CLOSE = /\r\n\r\n[^]*\x88/;
const PATHS = {
  native: '/rooms/handshakes/ws',
  'Socket.IO': '/socket.io/?EIO=4&transport=websocket',
};
const transports = (['node', 'edge'] as const).flatMap((host) =>
  (['native', 'Socket.IO'] as const).map((transport) => ({
    host,
    transport,
    path: PATHS[transport],
  })),
);

function dial(url: string): BareConnection {
  const connection = new BareConnection(url);
  onTestFinished(() => connection.destroy());
  return connection;
}

const authorized = async () => ({ Authorization: `Bearer ${await tokenFor('mallory')}` });

// Not at the edge, where Miniflare itself accepts compression, whatever the Worker's flags say.
it.each(Object.entries(PATHS))(
  'the %s transport of the node host refuses compression',
  async (_, path) => {
    const connection = dial(hosts.node.url);
    const offered = { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' };
    connection.write(upgradeRequest(path, { ...(await authorized()), ...offered }));
    const [head] = await connection.until(/^HTTP\/1\.1 101 [^]*?\r\n\r\n/);
    expect(head).not.toMatch(/extensions/i);
  },
);

describe.each(transports)(
  'the handshake of the $transport transport on the $host host',
  ({ host, path }) => {
    it('refuses protocols older than RFC 6455', async () => {
      const older: Record<string, string>[] = [
        { 'Sec-WebSocket-Version': '8' },
        {
          'Sec-WebSocket-Version': '0',
          'Sec-WebSocket-Key1': '18x 6]8vM;54 *(5:  {   U1]8  z [  8',
        },
      ];
      for (const headers of older) {
        const connection = dial(hosts[host].url);
        connection.write(upgradeRequest(path, { ...(await authorized()), ...headers }));
        const [, status] = await connection.until(/^HTTP\/1\.1 (\d+) /);
        expect([headers, status]).toEqual([headers, expect.stringMatching(/^4\d\d$/)]);
      }
    });

    const broken: Record<string, FrameParts[]> = {
      // workerd accepts unmasked frames.
      ...(host === 'node' && {
        'is not masked': [{ opcode: 1, payload: '["typing",{}]', isMasked: false }],
      }),
      'is marked as compressed': [{ opcode: 1, isCompressed: true, payload: 'bomb'.repeat(999) }],
      'has an unknown opcode': [{ opcode: 3, payload: 'x' }],
      'continues a message that was not begun': [{ opcode: 0, payload: 'x' }],
      'begins a message within another': [
        { opcode: 1, payload: 'x', isLast: false },
        { opcode: 1, payload: 'y' },
      ],
      'is a fragmented ping': [{ opcode: 9, payload: 'x', isLast: false }],
      'claims to be 8 EiB long': [{ opcode: 1, payload: 'x', length: 2n ** 63n - 1n }],
      'claims to be 1 GiB long': [{ opcode: 1, payload: 'x', length: 2n ** 30n }],
    };

    it.each(Object.entries(broken))('closes on a frame that %s', async (_, frames) => {
      const traffic = await BackgroundTraffic.enter(hosts[host].url);
      const connection = dial(hosts[host].url);
      connection.write(upgradeRequest(path, await authorized()));
      await connection.until(/^HTTP\/1\.1 101 [^]*?\r\n\r\n/);
      for (const frame of frames) connection.write(frameOf(frame));
      // workerd sends Close at once, and closes the connection when the room next sleeps.
      await Promise.race([connection.ended(), connection.until(CLOSE)]);
      expect(await traffic.goOn()).toEqual([]);
    });
  },
);

it('refuses an invalid Host', async () => {
  const odd = ['1.2.3.4.5', '300.1.1.1', '[::1', 'a:99999', 'a%b', 'a<b', 'a b'];
  for (const host of odd) {
    const { status } = await ask(hosts.node.url, '/rooms/x/messages', { headers: { host } });
    expect([host, status]).toEqual([host, 400]);
  }
});

it.each(['node', 'edge'] as const)('the %s host sets no cookie', async (host) => {
  const headers = { authorization: `Bearer ${await tokenFor('alice')}` };
  const paths = ['/', '/health', '/rooms/x', '/socket.io/?EIO=4&transport=polling', '/nowhere'];
  for (const path of paths) {
    const answer = await ask(hosts[host].url, path, { headers });
    expect([path, answer.headers['set-cookie']]).toEqual([path, undefined]);
  }
});
