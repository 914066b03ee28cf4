import type { Browser, Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FileInfo } from '../../src/protocol/objects.ts';
import { hasBrowser, sharedBrowser } from '../support/browser.ts';
import { newRoom, useHosts } from '../support/for-each-transport.ts';
import { tokenFor } from '../support/tokens.ts';

/** The script of each attack: if it runs, it marks the origin's storage. */
const MARK = "localStorage.setItem('marked', '1')";
const HTML = `<!doctype html><title>x</title><script>${MARK}</script><img src=x onerror="${MARK}">`;
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" onload="${MARK}"><script>${MARK}</script></svg>`;
const GIF =
  'GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;';
const PDF = `%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>>endobj\ntrailer<</Root 1 0 R>>`;

/** Uploads of an attacker: the claimed name and type, and the bytes. */
const attacks: readonly [name: string, type: string, text: string][] = [
  ['page.html', 'text/html', HTML],
  ['page.png', 'image/png', HTML],
  ['page', '', HTML],
  ['picture.svg', 'image/svg+xml', SVG],
  ['picture.svg', 'image/png', `<?xml version="1.0"?>${SVG}`],
  [
    'page.xhtml',
    'application/xhtml+xml',
    `<html xmlns="http://www.w3.org/1999/xhtml"><script>${MARK}</script></html>`,
  ],
  ['paper.pdf', 'application/pdf', PDF],
  ['code.js', 'text/javascript', MARK],
  ['both.gif', 'image/gif', `${GIF}${HTML}`],
  ['both.html', 'text/html', `GIF89a/*${HTML}*/=1;${MARK}`],
  ['both.js', 'text/javascript', `GIF89a=1;${MARK}`],
  ['sheet.css', 'text/css', `@import "javascript:${MARK}";`],
  ['a.html"; filename="b.png', 'image/png', HTML],
  ['../../index.html', 'text/html', HTML],
  ['..\\..\\index.html', 'text/html', HTML],
  ['x\r\ncontent-type: text/html\r\n\r\n.html', 'text/html', HTML],
  ['\u202Egnp.html', 'image/png', HTML],
];

describe.runIf(hasBrowser)('a browser', () => {
  const hosts = useHosts();
  let browser: Browser;
  beforeAll(async () => {
    browser = await sharedBrowser();
  });

  it.each(['node', 'edge'] as const)(
    'runs nothing of an uploaded file, however it is opened, on the %s host',
    async (host) => {
      const page = await (await browser.newContext()).newPage();
      await page.goto(hosts[host].url);
      const roomId = newRoom();
      await Promise.all(
        attacks.map(async (attack) => {
          const file = await upload(hosts[host].url, roomId, attack);
          expect(file.name).not.toMatch(/[/\\\r\n\u202E]/);
          await openInEveryWay(page, file.url);
        }),
      );
      expect(await page.evaluate("localStorage.getItem('marked')")).toBeNull();
      // The mark works: an attack that runs would be noticed.
      await page.evaluate(MARK);
      expect(await page.evaluate("localStorage.getItem('marked')")).toBe('1');
      await page.context().close();
    },
    300_000,
  );

  it.each(['node', 'edge'] as const)('shows a picture of a message in place (%s)', async (host) => {
    const page = await (await browser.newContext()).newPage();
    await page.goto(hosts[host].url);
    const { url } = await upload(hosts[host].url, newRoom(), ['a.gif', '', GIF]);
    expect(
      await page.evaluate(
        `new Promise((resolve) => {
          const image = new Image();
          image.onload = () => resolve(image.naturalWidth);
          image.onerror = () => resolve('failed');
          image.src = ${JSON.stringify(url)};
        })`,
      ),
    ).toBe(1);
    await page.context().close();
  });
});

async function upload(
  origin: string,
  roomId: string,
  [name, type, text]: (typeof attacks)[number],
): Promise<{ name: string; url: string }> {
  const authorization = `Bearer ${await tokenFor('mallory')}`;
  const room = `${origin}/rooms/${roomId}`;
  const response = await fetch(`${room}/files`, {
    method: 'POST',
    headers: {
      authorization,
      'x-file-name': encodeURIComponent(name),
      ...(type !== '' && { 'content-type': type }),
    },
    body: Buffer.from(text, 'latin1'),
  });
  expect(response.status).toBe(201);
  const { file } = (await response.json()) as { file: FileInfo };
  const token = await fetch(`${room}/file-token`, { headers: { authorization } });
  const { fileToken } = (await token.json()) as { fileToken: string };
  return { name: file.name, url: `/rooms/${roomId}/files/${file.fileId}?t=${fileToken}` };
}

/** Loads a file in every kind of element and in a window of its own; resolves when all are done. */
async function openInEveryWay(page: Page, url: string): Promise<void> {
  await page.evaluate(
    `(async (url) => {
      const attributes = { img: 'src', video: 'src', audio: 'src', iframe: 'src', embed: 'src', object: 'data', script: 'src', link: 'href' };
      await Promise.all(Object.entries(attributes).map(async ([name, attribute]) => {
        const element = document.createElement(name);
        const over = new Promise((resolve) => {
          for (const event of ['load', 'error', 'loadedmetadata']) element.addEventListener(event, resolve);
          // An attachment in a frame ends without an event.
          setTimeout(resolve, 1_000);
        });
        if (name === 'link') element.rel = 'stylesheet';
        element[attribute] = url;
        document.body.append(element);
        await over;
        element.remove();
      }));
    })(${JSON.stringify(url)})`,
  );
  const opened = await page.context().newPage();
  // The navigation fails where the browser downloads the file.
  await opened.goto(new URL(url, page.url()).href).catch(() => undefined);
  await opened.close();
}
