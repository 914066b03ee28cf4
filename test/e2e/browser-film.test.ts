import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasBrowser, type Visitor } from '../support/browser.ts';
import { Company } from '../support/browser-company.ts';
import { type Host, startEdgeHost, startNodeHost } from '../support/browser-hosts.ts';
import { temporaryFolder } from '../support/folder.ts';
import { frameOfWebp, webmOf } from '../support/webm.ts';

const MIB = 1024 * 1024;
const SIZE = { width: 320, height: 240 };

/** A picture of noise, encoded as WebP by the browser. */
async function noise({ page }: Visitor): Promise<Buffer> {
  const url = await page.evaluate<string>(
    `(() => {
      const canvas = document.createElement('canvas');
      canvas.width = ${SIZE.width};
      canvas.height = ${SIZE.height};
      const context = canvas.getContext('2d', { alpha: false });
      const image = context.createImageData(canvas.width, canvas.height);
      crypto.getRandomValues(new Uint8Array(image.data.buffer, 0, 65536));
      for (let at = 3; at < image.data.length; at += 4) image.data[at] = 255;
      context.putImageData(image, 0, 0);
      return canvas.toDataURL('image/webp', 0.8);
    })()`,
  );
  return Buffer.from(url.split(',')[1] ?? '', 'base64');
}

async function attach({ page }: Visitor, name: string, buffer: Buffer): Promise<void> {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, buffer);
  const opened = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Attach files' }).click();
  await (await opened).setFiles([path]);
  await page.locator('.upload progress[hidden]').first().waitFor({ state: 'attached' });
}

describe.skipIf(!hasBrowser).each([
  ['node', startNodeHost],
  ['edge', startEdgeHost],
] as const)('files in the page of the %s host', (_, start) => {
  const company = Company.forAll();
  let host: Host;
  beforeAll(async () => {
    host = await start();
  });
  afterAll(() => host.close());

  test('are shown where they are pictures, and a film of 24 MiB plays from where the user seeks', async () => {
    const ann = await company.comesIn('Ann', host.url);
    const webp = await noise(ann);
    await attach(ann, 'a.webp', webp);
    await ann.write('');
    const image = ann.page.locator('#messages .file img');
    const isLoaded = () => image.evaluate((one: { naturalWidth: number }) => one.naturalWidth > 0);
    await image.waitFor();
    await expect.poll(isLoaded).toBe(true);

    const frame = frameOfWebp(webp);
    // Rounded up to whole seconds of ten frames each.
    const frames = Math.ceil((24 * MIB) / frame.length / 10) * 10;
    const film = webmOf({ frame, ...SIZE, frames });
    expect(film.length).toBeLessThan(25 * MIB);
    await attach(ann, 'long.webm', film);
    const begins: number[] = [];
    ann.page.on('request', (request) => {
      const range = /bytes=(\d+)-/.exec(request.headers()['range'] ?? '')?.[1];
      if (/\/files\/.+t=/.test(request.url())) begins.push(Number(range ?? 0));
    });
    await ann.write('look');
    const video = ann.page.locator('#messages .file video');
    await video.waitFor();
    const seekTo = (frames / 10) * 0.9;
    const seen = await video.evaluate(
      (player: any, to: number) =>
        new Promise((resolve, reject) => {
          player.onerror = () => reject(new Error('It cannot be played.'));
          player.onloadedmetadata = () => {
            player.currentTime = to;
          };
          player.onseeked = () => {
            player.muted = true;
            player.play().catch(reject);
          };
          player.ontimeupdate = () => {
            const { currentTime, videoWidth, duration } = player;
            if (currentTime > to) resolve({ currentTime, videoWidth, duration });
          };
          player.preload = 'metadata';
          player.load();
        }),
      seekTo,
    );
    expect(seen).toMatchObject({ videoWidth: SIZE.width, duration: frames / 10 });
    expect(Math.max(...begins)).toBeGreaterThan(16 * MIB);
  });
});
