import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { BareConnection, frameOf, upgradeRequest } from '../support/bare-connection.ts';
import { type Host, startNodeHost } from '../support/hosts.ts';
import { ask } from '../support/http-client.ts';
import { tokenFor } from '../support/tokens.ts';

let host: Host;
beforeAll(async () => {
  // A high limit, so that it is not this one that cuts off a client here.
  host = await startNodeHost({ CONNECT_TIMEOUT_MS: '600000' });
});
afterAll(async () => {
  await host.close();
  expect(host.failures).toEqual([]);
});

/** An open socket whose client neither answers a Close frame nor ends when the server does. */
async function open(path: string, Authorization: string) {
  const connection = new BareConnection(host.url, { isStubborn: true });
  onTestFinished(() => connection.destroy());
  connection.write(upgradeRequest(path, { Authorization }));
  await connection.until(/^HTTP\/1\.1 101 /);
  return connection;
}

const text = (payload: string) => frameOf({ opcode: 1, payload });

const transports = {
  async native() {
    const connection = await open('/rooms/ended/ws', `Bearer ${await tokenFor('native')}`);
    await connection.until(/\["joined"/);
    const command = (name: string, fields: object, at: number) =>
      text(JSON.stringify([name, fields, at]));
    return { connection, command };
  },
  async 'Socket.IO'() {
    const connection = await open('/socket.io/?EIO=4&transport=websocket', '');
    connection.write(text(`40${JSON.stringify({ token: await tokenFor('socket') })}`));
    await connection.until(/40\{"sid"/);
    const command = (name: string, fields: object, at: number) =>
      text(`42${at}${JSON.stringify([name, { roomId: 'ended', ...fields }])}`);
    connection.write(command('joinRoom', {}, 0));
    await connection.until(/430\[/);
    return { connection, command };
  },
};

/** More than the buffers of both operating systems hold for a connection that the host does not read. */
const HELD_BYTES = 32 * 1024 * 1024;

describe.each(Object.entries(transports))('the %s transport of the node host', (_, enter) => {
  it('stops reading a frame that is too big, and cuts a client that keeps sending', async () => {
    const { connection } = await enter();
    connection.write(frameOf({ opcode: 1, length: 2n ** 40n }));
    const sent = await connection.pour(Buffer.alloc(64 * 1024, 'a'));
    // A Close frame with code 1009.
    expect(connection.text).toContain('\x88\x02\x03\xf1');
    expect(sent).toBeLessThan(HELD_BYTES);
  });

  it('cuts a client that is closed while it floods', async () => {
    const { connection, command } = await enter();
    for (let at = 1; at <= 5; at++) connection.write(command('refreshToken', { token: 'x' }, at));
    const sent = await connection.pour(command('typing', {}, 9));
    expect(connection.text).toMatch(/unauthorized[^]*\x88/);
    expect(sent).toBeLessThan(HELD_BYTES);
  });
});

describe('a body that continues after the answer is not read by the node host', () => {
  const LENGTH = `Content-Length: ${2 ** 40}\r\n`;
  const CHUNKED = 'Transfer-Encoding: chunked\r\n';
  it.each([
    ['too big', `POST /rooms/ended/messages HTTP/1.1\r\n${LENGTH}`, '413'],
    ['without a length', `POST /rooms/ended/messages HTTP/1.1\r\n${CHUNKED}`, '413'],
    ['of a request that needs none', `GET /health HTTP/1.1\r\n${LENGTH}`, '200'],
    [
      'of a polling client',
      `POST /socket.io/?EIO=4&transport=polling&sid=SID HTTP/1.1\r\n${LENGTH}`,
      '4',
    ],
  ])('%s', async (_, head, status) => {
    const { text: opened } = await ask(host.url, '/socket.io/?EIO=4&transport=polling');
    const [, sid = ''] = /"sid":"([^"]+)"/.exec(opened) ?? [];
    const connection = new BareConnection(host.url, { isStubborn: true });
    onTestFinished(() => connection.destroy());
    const authorization = `Authorization: Bearer ${await tokenFor('body')}\r\n`;
    connection.write(`${head.replace('SID', sid)}Host: localhost\r\n${authorization}\r\n`);
    const part = 'a'.repeat(64 * 1024);
    const chunk = head.includes('chunked') ? `10000\r\n${part}\r\n` : part;
    const sent = await connection.pour(Buffer.from(chunk));
    expect(connection.text.startsWith(`HTTP/1.1 ${status}`)).toBe(true);
    expect(sent).toBeLessThan(HELD_BYTES);
  });
});

it('a refused upgrade is cut off, although the client keeps sending', async () => {
  const connection = new BareConnection(host.url, { isStubborn: true });
  onTestFinished(() => connection.destroy());
  connection.write(upgradeRequest('/rooms/ended/ws', { Authorization: 'Bearer nonsense' }));
  const sent = await connection.pour(Buffer.alloc(1_024));
  expect(connection.text).toMatch(/^HTTP\/1\.1 401 [^]*"unauthorized"/);
  expect(sent).toBeLessThan(HELD_BYTES);
});
