import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser } from '../support/browser.ts';
import { Company } from '../support/browser-company.ts';
import { violations } from '../support/browser-hands.ts';
import { type Host, startEdgeHost, startNodeHost } from '../support/browser-hosts.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const hosts = [
  ['node', startNodeHost],
  ['edge', startEdgeHost],
] as const;

describe.skipIf(!hasBrowser).each(hosts)(
  'a page of another origin, with the %s host',
  (_, start) => {
    const company = Company.forAll();
    let host: Host;
    let shop: Server;
    let html = '';
    let shopUrl = '';

    beforeAll(async () => {
      host = await start();
      shop = createServer((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(html);
      });
      await new Promise<void>((resolve) => {
        shop.listen(0, '127.0.0.1', resolve);
      });
      shopUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/`;
    });

    afterAll(async () => {
      shop?.close();
      await host?.close();
    });

    const pageWith = (body: string) =>
      `<!doctype html><html lang="en"><title>A shop</title><main><h1>A shop</h1>${body}</main></html>`;
    const token = (name: string) =>
      `fetch('${host.url}test-token?username=${name}').then((r) => r.text())`;
    /** A room in the page of the shop, with the token of this user. */
    const embedded = (name: string) => `<script type="module" src="${host.url}embed.js"></script>
      <parlor-chat room="${company.room}"></parlor-chat>
      <script>document.querySelector('parlor-chat').token = () => ${token(name)};</script>`;
    const say = (message: string) => company.ask(host.url, 'Ann', 'POST', '/messages', { message });

    test('embeds a room in three lines, with the token of its own user', async () => {
      html = pageWith(embedded('Cleo'));
      const cleo = await company.arrives(shopUrl);
      const { page } = cleo;
      await page.getByLabel('Message', { exact: true }).fill('is this in **stock**?');
      await page.keyboard.press('Enter');
      await page.locator('parlor-chat strong').getByText('stock').waitFor();
      const ann = await company.comesIn('Ann', host.url);
      await ann.message('is this in stock?').locator('.name', { hasText: 'Cleo' }).waitFor();
      await ann.write('yes, two of them');
      await page.locator('parlor-chat').getByText('yes, two of them').waitFor();
      expect(await violations(page, axe)).toEqual([]);
    });

    test('gives the token when the element asks for it, and leaves the room when it is removed', async () => {
      html = pageWith(`<script>
        document.addEventListener('parlor-token', ({ detail }) => detail.give(${token('Dora')}));
      </script>
      <script type="module" src="${host.url}embed.js"></script>
      <parlor-chat room="${company.room}"></parlor-chat>`);
      const dora = await company.arrives(shopUrl);
      const ann = await company.comesIn('Ann', host.url);
      await expect.poll(() => ann.here()).toEqual(['Ann', 'Dora']);
      await dora.page.evaluate("document.querySelector('parlor-chat').remove()");
      await expect.poll(() => ann.here()).toEqual(['Ann']);
    });

    test('leaves messages unread while its window has no focus', async () => {
      const lines = Array.from({ length: 20 }, (_, at) => `line ${at}`);
      // oxlint-disable-next-line no-await-in-loop -- in this order
      for (const message of lines) await say(message);
      html = pageWith(embedded('Cleo'));
      const { page } = await company.arrives(shopUrl);
      const box = page.locator('parlor-chat');
      const unread = () =>
        page.evaluate<number>("document.querySelector('parlor-chat').room.state.unread");
      await box.getByText('line 19', { exact: true }).waitFor();
      await page.evaluate("document.hasFocus = () => false; dispatchEvent(new Event('blur'))");
      await say('on the second screen');
      await box.getByText('on the second screen').waitFor();
      // The box has scrolled to it: the event of that comes before the second frame.
      await page.evaluate(
        'new Promise((then) => requestAnimationFrame(() => requestAnimationFrame(then)))',
      );
      expect(await unread()).toBe(1);
      await page.evaluate("delete document.hasFocus; dispatchEvent(new Event('focus'))");
      await expect.poll(unread).toBe(0);
    });

    test('keeps the focus while others type and write, and the place while older messages load', async () => {
      const lines = Array.from({ length: 60 }, (_, at) => `line ${at} https://example.org/`);
      // oxlint-disable-next-line no-await-in-loop -- in this order
      for (const message of lines) await say(message);
      html = pageWith(embedded('Cleo'));
      const { page } = await company.arrives(shopUrl);
      const box = page.locator('parlor-chat');
      const rows = box.locator('.message .text');
      await expect.poll(() => rows.allTextContents()).toEqual(lines.slice(-50));
      await box.getByRole('link').last().focus();
      const focused = () =>
        page.evaluate<string | undefined>(
          "document.querySelector('parlor-chat').shadowRoot.activeElement?.href",
        );
      const ann = await company.comesIn('Ann', host.url);
      await ann.field.pressSequentially('h');
      await box.getByText('Ann is typing').waitFor();
      await ann.write('hello');
      await box.getByText('hello', { exact: true }).waitFor();
      expect(await focused()).toBe('https://example.org/');

      const first = rows.getByText('line 10 ');
      await box.getByRole('button', { name: 'earlier' }).scrollIntoViewIfNeeded();
      const before = await first.boundingBox();
      await box.getByRole('button', { name: 'earlier' }).click();
      await expect.poll(() => rows.allTextContents()).toEqual([...lines, 'hello']);
      expect((await first.boundingBox())?.y).toBeCloseTo(before?.y ?? 0, 0);
    });

    test('names the files of a message', async () => {
      html = pageWith(embedded('Cleo'));
      const { page } = await company.arrives(shopUrl);
      const ann = await company.comesIn('Ann', host.url);
      const chosen = ann.page.waitForEvent('filechooser');
      await ann.page.getByRole('button', { name: 'Attach files' }).click();
      const file = { name: 'price_list_2.txt', mimeType: 'text/plain', buffer: Buffer.from('1') };
      await (await chosen).setFiles([file]);
      await ann.page.locator('.upload progress[hidden]').waitFor({ state: 'attached' });
      await ann.write('');
      const named = page.locator('parlor-chat').getByText('price_list_2.txt', { exact: true });
      await expect.poll(() => named.count()).toBe(1);
    });

    test('puts a reader on the list of the room once its window gets the focus', async () => {
      await say('before Fay');
      html = pageWith(`<script>document.hasFocus = () => false;</script>${embedded('Fay')}`);
      const { page } = await company.arrives(shopUrl);
      await page.locator('parlor-chat').getByText('before Fay', { exact: true }).waitFor();
      const listed = async () => {
        type List = { members: { username: string }[] };
        const list = await company.ask<List>(host.url, 'Ann', 'GET', '/members?prefix=Fay');
        return list.members.map(({ username }) => username);
      };
      expect(await listed()).toEqual([]);
      await page.evaluate("delete document.hasFocus; dispatchEvent(new Event('focus'))");
      await expect.poll(listed).toEqual(['Fay']);
    });

    test('uses the client library without a bundler', async () => {
      html = pageWith('');
      const eve = await company.arrives(shopUrl);
      const said = await eve.page
        .evaluate(`import('${host.url}client.js').then(async ({ connect }) => {
      const client = connect({ url: '${host.url}', token: () => ${token('Eve')} });
      const { message } = await client.room(${JSON.stringify(company.room)}).send('from a plain page');
      client.close();
      return message;
    })`);
      expect(said).toBe('from a plain page');
    });
  },
);
