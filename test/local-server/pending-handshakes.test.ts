import { describe, expect, it, onTestFinished } from 'vitest';
import { BareConnection, upgradeRequest } from '../support/bare-connection.ts';
import { startNodeHost, type TestSettings } from '../support/hosts.ts';
import { ask } from '../support/http-client.ts';
import { HttpVisitor } from '../support/http-visitor.ts';
import { NativeVisitor } from '../support/native-visitor.ts';
import { PollingVisitor } from '../support/polling-visitor.ts';
import { SocketIoVisitor } from '../support/socketio-visitor.ts';
import { newRoom } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';
import { ok, type Visitor } from '../support/visitor.ts';

const POLLING = '/socket.io/?EIO=4&transport=polling';
const SOCKET_IO = '/socket.io/?EIO=4&transport=websocket';
const [HALF = ''] = upgradeRequest('/rooms/r/ws').split('\r\n\r\n');

async function start(settings: TestSettings): Promise<string> {
  const host = await startNodeHost(settings);
  onTestFinished(async () => {
    await host.close();
    expect(host.failures).toEqual([]);
  });
  return host.url;
}

function dial(url: string, bytes = ''): BareConnection {
  const connection = new BareConnection(url);
  onTestFinished(() => connection.destroy());
  connection.write(bytes);
  return connection;
}

/** Opens nine unauthenticated connections: a silent one, and two each of four kinds. @returns the first */
async function crowd(url: string): Promise<BareConnection> {
  const silent = dial(url);
  for (let times = 0; times < 2; times++) {
    dial(url);
    dial(url, HALF);
    await dial(url, upgradeRequest(SOCKET_IO)).until(/^HTTP\/1\.1 101 [^]*0\{"sid"/);
    expect((await ask(url, POLLING)).status).toBe(200);
  }
  return silent;
}

/** A client that begins by polling and upgrades to a WebSocket, as in browsers. */
class UpgradingVisitor extends SocketIoVisitor {
  override async join(roomId: string) {
    this.socket.io.opts.transports = ['polling', 'websocket'];
    const joined = await super.join(roomId);
    await this.until('to have upgraded', () => this.socket.io.engine.transport.name !== 'polling');
    return joined;
  }
}

const kinds: Record<string, new (url: string, who: { token: string }) => Visitor> = {
  'a WebSocket': NativeVisitor,
  'Socket.IO': SocketIoVisitor,
  'Socket.IO, polling': PollingVisitor,
  'Socket.IO, polling at first': UpgradingVisitor,
};

async function enter(url: string, kind: string, roomId: string): Promise<Visitor> {
  const visitor = new kinds[kind]!(url, { token: await tokenFor(kind) });
  onTestFinished(() => visitor.close());
  ok(await visitor.join(roomId));
  return visitor;
}

const FEW = { MAX_UNAUTHENTICATED_SOCKETS: '10', CONNECT_TIMEOUT_MS: '600000' };

describe('of unauthenticated connections', () => {
  it('[ADM7] the node host drops the oldest, and accepts clients that authenticate at once', async () => {
    const url = await start(FEW);
    const first = await crowd(url);
    for (const kind of Object.keys(kinds)) {
      await crowd(url);
      await enter(url, kind, newRoom());
    }
    await first.ended();
    const { text } = await ask(url, '/metrics');
    expect(Number(/^parlor_unauthenticated_sockets (\d+)$/m.exec(text)?.[1])).toBeLessThanOrEqual(
      10,
    );
    const dropped = /^parlor_unauthenticated_sockets_dropped_total (\d+)$/m.exec(text)?.[1];
    expect(Number(dropped)).toBeGreaterThanOrEqual(40 - 10);
  });

  it('[ADM7] none delays authenticated connections', async () => {
    const url = await start(FEW);
    const roomId = newRoom();
    const visitors: Visitor[] = [];
    for (const kind of Object.keys(kinds)) visitors.push(await enter(url, kind, roomId));
    const reader = new HttpVisitor(url, await tokenFor('reader'));
    const stream = await reader.follow(roomId);
    onTestFinished(() => stream.close());
    for (const message of ['one', 'two']) {
      for (let times = 0; times < 3; times++) await crowd(url);
      const { status } = await reader.ask('POST', roomId, '/messages', { body: { message } });
      expect(status).toBe(201);
      for (const one of visitors) await one.hears('message', (heard) => heard.message === message);
      await stream.hears('message', (heard) => heard['message'] === message);
    }
  });

  it('[ADM9] those that have sent half a request are closed after CONNECT_TIMEOUT_MS', async () => {
    const url = await start({ CONNECT_TIMEOUT_MS: '100' });
    const connection = dial(url, HALF);
    await connection.ended();
    expect(connection.text).toMatch(/^HTTP\/1\.1 408 /);
  });
});
