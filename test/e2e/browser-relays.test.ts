import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { hasBrowser } from '../support/browser.ts';
import { Company } from '../support/browser-company.ts';
import { type Host, startEdgeHost } from '../support/browser-hosts.ts';
import { followStream } from '../support/browser-stream.ts';

/** Above 200 users a room sends how many are online, and no names. */
const CROWD = 201;
const MESSAGES_PER_SECOND = 50;

const company = Company.forAll();

describe.skipIf(!hasBrowser)('the page at the edge, on a relay', () => {
  let host: Host;
  beforeAll(async () => {
    if (hasBrowser) host = await startEdgeHost({ RELAY_ABOVE: '1', COMMAND_BURST: '100000' });
  });
  afterAll(() => host?.close());

  /** The socket of a guest who has joined. */
  async function listener(): Promise<WebSocket> {
    const url = `${host.url.replace('http', 'ws')}rooms/${encodeURIComponent(company.room)}/ws`;
    const socket = new WebSocket(url, ['parlor.v1']);
    onTestFinished(() => socket.terminate());
    await once(socket, 'message');
    return socket;
  }

  test('[STRM7] follows a message that streams, and does not redraw what it has drawn', async () => {
    expect(await followStream(company, host.url)).toEqual([]);
  });

  test('[PRES4] shows a number in a crowd, and accepts typing at 50 messages a second', async () => {
    const crowd = await Promise.all(Array.from({ length: CROWD }, listener));
    const ann = await company.comesIn('Ann', host.url);
    const people = ann.page.getByRole('button', { name: `${CROWD + 1} here` });
    await people.waitFor();

    let said = 0;
    const talk = setInterval(() => {
      const message = `number ${++said} of many`;
      crowd[said % 10]!.send(JSON.stringify(['message', { message }]));
    }, 1_000 / MESSAGES_PER_SECOND);
    onTestFinished(() => clearInterval(talk));
    await ann.message('of many').first().waitFor();
    const text = 'and so say I';
    await ann.field.pressSequentially(text, { delay: 50 });
    expect(await ann.field.inputValue()).toBe(text);
    await ann.field.press('Enter');
    await ann.hasSent(text);
    clearInterval(talk);
    await ann.message(`number ${said} of many`).waitFor();
    crowd[0]!.close();
    await ann.page.getByRole('button', { name: `${CROWD} here` }).waitFor();
  });
});
