import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { Environment } from '../../src/edge/environment.ts';
import { service } from '../../src/edge/service.ts';
import { PendingHandshakes } from '../../src/edge/pending-handshakes.ts';
import { tokenOf } from './client.ts';

const NOW = 1_800_000_000_000;

function add(pending: PendingHandshakes, count: number, now = NOW) {
  return Array.from({ length: count }, () => pending.add(now));
}

function patient() {
  const bindings = { ...(env as unknown as Environment), CONNECT_TIMEOUT_MS: '600000' };
  return service(bindings, { localOnly: false, guestsByDefault: false });
}

/** Opens a Socket.IO WebSocket and waits for the server's first packet. */
async function open(app: ReturnType<typeof service>) {
  const headers = { upgrade: 'websocket' };
  const url = 'http://chat/socket.io/?EIO=4&transport=websocket';
  const { webSocket } = await app.request(url, { headers }, env);
  const socket = webSocket!;
  const heard = { text: '', isClosed: false };
  socket.addEventListener('message', ({ data }) => {
    heard.text += String(data);
  });
  socket.addEventListener('close', () => {
    heard.isClosed = true;
  });
  socket.accept();
  await expect.poll(() => heard.text).toContain('0{');
  return { socket, heard };
}

describe('an unauthenticated socket', () => {
  it('[ADM8] [LIM6] is closed after two seconds among 250 others, and no other socket is', async () => {
    const app = patient();
    const early = await Promise.all(Array.from({ length: 250 }, () => open(app)));
    const token = await tokenOf({ sub: 'sally' });
    const [silent, named] = [await open(app), await open(app)];
    named.socket.send(`40${JSON.stringify({ token })}`);
    await expect.poll(() => named.heard.text).toContain('40{');
    await expect.poll(() => silent.heard.isClosed).toBe(true);
    expect([...early, named].filter(({ heard }) => heard.isClosed)).toEqual([]);
    for (const { socket } of [...early, named]) socket.close(1000);
  });

  it('[ADM8] is accepted with a delay among 250 others: websocket', async () => {
    const app = patient();
    const connect = async (more = '') => {
      const from = performance.now();
      const url = `http://chat/socket.io/?EIO=4&transport=websocket${more}`;
      const { status, webSocket } = await app.request(
        url,
        { headers: { upgrade: 'websocket' } },
        env,
      );
      webSocket?.accept();
      webSocket?.close(1000);
      return { ms: performance.now() - from, status };
    };
    const early = await Promise.all(Array.from({ length: 250 }, () => connect()));
    const late = [await connect(), await connect('&sid=')];
    expect(new Set([...early, ...late].map(({ status }) => status))).toEqual(new Set([101]));
    for (const { ms } of late) expect(ms).toBeGreaterThan(240);
  });

  it('[ADM8] is accepted with a delay among 250 others: polling', async () => {
    const app = patient();
    const open = async (version: number) =>
      app.request(`http://chat/socket.io/?EIO=${version}&transport=polling`, {}, env);
    // A handshake of another version counts too, and starts no object.
    await Promise.all(Array.from({ length: 250 }, () => open(3)));
    const from = performance.now();
    expect((await open(4)).status).toBe(200);
    expect(performance.now() - from).toBeGreaterThan(240);
  });

  it('[ADM8] has two seconds among 250 others, or CONNECT_TIMEOUT_MS if that is less', () => {
    const pending = new PendingHandshakes(10_000);
    const timeouts = add(pending, 252).map(({ timeoutMs }) => timeoutMs);
    expect(new Set(timeouts.slice(0, 250))).toEqual(new Set([10_000]));
    expect(timeouts.slice(250)).toEqual([2_000, 2_000]);
    expect(add(new PendingHandshakes(500), 252).at(-1)!.timeoutMs).toBe(500);
  });

  it('[ADM8] is not counted any more once it has authenticated or its time is over', () => {
    const pending = new PendingHandshakes(10_000);
    for (const handshake of add(pending, 1_000)) handshake.remove();
    add(pending, 250);
    expect(pending.add(NOW + 9_999).timeoutMs).toBe(2_000);
    expect(pending.add(NOW + 10_000).timeoutMs).toBe(10_000);
  });
});
