import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { Environment } from '../../src/edge/environment.ts';
import { service } from '../../src/edge/service.ts';
import { UnauthenticatedSockets } from '../../src/admission/unauthenticated.ts';
import { tokenOf } from './client.ts';

const NOW = 1_800_000_000_000;

function begin(silent: UnauthenticatedSockets, count: number, now = NOW) {
  return Array.from({ length: count }, () => silent.begin(now));
}

function patient() {
  const bindings = { ...(env as unknown as Environment), CONNECT_TIMEOUT_MS: '600000' };
  return service(bindings, { localOnly: false, guestsByDefault: false });
}

/** A socket of the Socket.IO door, which has sent its first packet. */
async function open(app: ReturnType<typeof service>) {
  const headers = { upgrade: 'websocket' };
  const url = 'http://chat/socket.io/?EIO=4&transport=websocket';
  const { webSocket } = await app.request(url, { headers }, env);
  const socket = webSocket!;
  const heard = { text: '', isClosed: false };
  socket.addEventListener('message', ({ data }) => (heard.text += String(data)));
  socket.addEventListener('close', () => (heard.isClosed = true));
  socket.accept();
  await expect.poll(() => heard.text).toContain('0{');
  return { socket, heard };
}

describe('an unauthenticated socket', () => {
  it('[ADM8] is closed after two seconds among 250 others, and no other socket is', async () => {
    const app = patient();
    const early = await Promise.all(Array.from({ length: 250 }, () => open(app)));
    const [silent, named] = [await open(app), await open(app)];
    const token = await tokenOf({ sub: 'sally' });
    named.socket.send(`40${JSON.stringify({ token })}`);
    await expect.poll(() => named.heard.text).toContain('40{');
    await expect.poll(() => silent.heard.isClosed).toBe(true);
    expect([...early, named].filter(({ heard }) => heard.isClosed)).toEqual([]);
    for (const { socket } of [...early, named]) socket.close(1000);
  });

  it.each(['websocket', 'polling'])(
    '[ADM8] is let in later among 250 others: %s',
    async (transport) => {
      const app = patient();
      const url = `http://chat/socket.io/?EIO=4&transport=${transport}`;
      const headers = transport === 'websocket' ? { upgrade: transport } : {};
      const come = async () => {
        const from = performance.now();
        const response = await app.request(url, { headers }, env);
        response.webSocket?.accept();
        response.webSocket?.close(1000);
        return { ms: performance.now() - from, ok: response.ok || response.status === 101 };
      };
      const early = await Promise.all(Array.from({ length: 250 }, come));
      const late = await come();
      expect([...early, late].every(({ ok }) => ok)).toBe(true);
      expect(late.ms).toBeGreaterThan(240);
    },
  );

  it('[ADM8] has two seconds among 250 others, or less where CONNECT_TIMEOUT_MS is less', () => {
    const silent = new UnauthenticatedSockets(10_000);
    const patience = begin(silent, 252).map(({ patienceMs }) => patienceMs);
    expect(new Set(patience.slice(0, 250))).toEqual(new Set([10_000]));
    expect(patience.slice(250)).toEqual([2_000, 2_000]);
    expect(begin(new UnauthenticatedSockets(500), 252).at(-1)!.patienceMs).toBe(500);
  });

  it('[ADM8] counts no longer when it has authenticated, or its time is over', () => {
    const silent = new UnauthenticatedSockets(10_000);
    for (const silence of begin(silent, 1_000)) silence.end();
    begin(silent, 250);
    expect(silent.begin(NOW + 9_999).patienceMs).toBe(2_000);
    expect(silent.begin(NOW + 10_000).patienceMs).toBe(10_000);
  });
});
