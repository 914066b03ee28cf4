import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { BareConnection, frameOf, upgradeRequest } from '../support/bare-connection.ts';
import { type Host, startNodeHost } from '../support/hosts.ts';
import { tokenFor } from '../support/tokens.ts';

let host: Host;
beforeAll(async () => {
  host = await startNodeHost();
});
afterAll(async () => {
  await host.close();
  expect(host.failures).toEqual([]);
});

/** An open socket whose client neither answers a Close nor ends when the other side does. */
async function open(path: string, Authorization: string) {
  const connection = new BareConnection(host.url, { isStubborn: true });
  onTestFinished(() => connection.destroy());
  connection.write(upgradeRequest(path, { Authorization }));
  await connection.until(/^HTTP\/1\.1 101 /);
  return connection;
}

const text = (payload: string) => frameOf({ opcode: 1, payload });

const doors = {
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

/** What two systems may hold of a connection whose one end is not read, with room to spare. */
const HELD_BYTES = 32 * 1024 * 1024;

/** A socket that is not cut by then stays for good, or until a timeout of many seconds. */
const timeout = 20_000;

describe.each(Object.entries(doors))('the %s door of the node host', (_, enter) => {
  it(
    'reads no more of a frame that is too big, and cuts who goes on sending',
    { timeout },
    async () => {
      const { connection } = await enter();
      connection.write(frameOf({ opcode: 1, length: 2n ** 40n }));
      const sent = await connection.pour(Buffer.alloc(64 * 1024, 'a'));
      // A Close frame with 1009.
      expect(connection.text).toContain('\x88\x02\x03\xf1');
      expect(sent).toBeLessThan(HELD_BYTES);
    },
  );

  it('cuts who is sent away while ahead of their pace', { timeout }, async () => {
    const { connection, command } = await enter();
    for (let at = 1; at <= 5; at++) connection.write(command('refreshToken', { token: 'x' }, at));
    const sent = await connection.pour(command('typing', {}, 9));
    expect(connection.text).toMatch(/unauthorized[^]*\x88/);
    expect(sent).toBeLessThan(HELD_BYTES);
  });
});

it('a refused upgrade is cut off, though the client goes on', { timeout }, async () => {
  const connection = new BareConnection(host.url, { isStubborn: true });
  onTestFinished(() => connection.destroy());
  connection.write(upgradeRequest('/rooms/ended/ws', { Authorization: 'Bearer nonsense' }));
  const sent = await connection.pour(Buffer.alloc(1_024));
  expect(connection.text).toMatch(/^HTTP\/1\.1 401 [^]*"unauthorized"/);
  expect(sent).toBeLessThan(HELD_BYTES);
});
